/**
 * What may differ, reviewed. Theirs is Kubernetes 1.20.2 and ours follows 1.32: most of it is what Kubernetes changed in
 * between, with the file of its source that says so. An entry that allows nothing any more fails the run.
 */
import type { Allowed } from "./difference.ts";

const everywhere: readonly Allowed[] = [
  {
    sequences: "*",
    at: "*.body.items.*.apiVersion",
    theirs: "absent",
    why: "Ours keeps the bytes of an object as they are stored, kind and all, in lists too. Custom objects in lists carry theirs upstream as well: decoders take both.",
  },
  { sequences: "*", at: "*.body.items.*.kind", theirs: "absent", why: "As apiVersion." },
  {
    sequences: "*",
    at: "**.items",
    theirs: /^null$/,
    ours: /^\[\]$/,
    why: "An empty PartialObjectMetadataList is a nil slice upstream (asPartialObjectMetadataList in apiserver/pkg/endpoints/handlers/response.go). Clients have to take null and [] alike.",
  },
  {
    sequences: "*",
    at: "*.body.metadata.continue",
    theirs: /^$/,
    ours: "absent",
    why: 'UnstructuredList wrote "continue": "" until 1.21 (SetContinue in apimachinery/pkg/apis/meta/v1/unstructured/unstructured_list.go).',
  },
  {
    sequences: "*",
    at: "*.headers.warning",
    theirs: "absent",
    ours: /299 - "(unknown|duplicate) field/,
    why: "fieldValidation is Warn by default since 1.25 (apiserver/pkg/endpoints/handlers/rest.go).",
  },
  {
    sequences: "*",
    at: "**.managedFields.*.subresource",
    theirs: "absent",
    why: "Managers are told apart by subresource since 1.22 (ManagedFieldsEntry in apimachinery/pkg/apis/meta/v1/types.go).",
  },
  {
    sequences: "*",
    at: "*.body.columnDefinitions.*.description",
    why: "What describes a column is for people, and ours is shorter.",
  },
  {
    sequences: "*",
    at: "**.labels",
    theirs: "absent",
    ours: /^\{"kubernetes.io\/metadata.name":"\$ns"\}$/,
    why: "Namespaces are labelled with their name since 1.21 (SetDefaults_Namespace in pkg/apis/core/v1/defaults.go).",
  },
];

const findings: readonly Allowed[] = [
  {
    sequences: "*",
    at: "*.body.details.causes.*.reason",
    theirs: /^FieldValueInvalid$/,
    ours: /^FieldValueTypeInvalid$/,
    why: "A wrong type has a reason of its own since 1.24 (ErrorTypeTypeInvalid in apimachinery/pkg/util/validation/field/errors.go).",
  },
  {
    sequences: "*",
    at: "*.body.**message",
    theirs: /Invalid value: .* in body should (be at most|have at most) \d+ (chars long|items|properties)/,
    ours: /Too (long: may not be more than \d+ bytes|many: \d+: must have at most \d+ items)/,
    why: "TooLong and TooMany since 1.25 (apiextensions-apiserver/pkg/apiserver/validation/validation.go), in the words of 1.32 (apimachinery/pkg/util/validation/field/errors.go).",
  },
  {
    sequences: "values: minProperties broken",
    at: "*.body.**message",
    theirs: /Invalid value: 2: /,
    ours: /Invalid value: 1: /,
    why: "The value is what there is and no longer what is asked for (TooFewProperties in kube-openapi/pkg/validation/errors/schema.go).",
  },
  {
    sequences: "values: *",
    at: "*.body.details.causes.*.field",
    theirs: /^spec\.(list|listWithDefaults|deep|keyed)/,
    ours: /^spec\.(list|listWithDefaults|deep|keyed)\[\d\]/,
    why: "As in the message.",
  },
  {
    sequences: "formats: *",
    at: "*.body.details.causes.1",
    theirs: /must be of type string: \\"null\\"/,
    ours: "absent",
    why: "As in the message.",
  },
];

const selectors: readonly Allowed[] = [
  {
    sequences: "label selector: *",
    at: "*.body.message",
    theirs: /^unable to parse requirement: (invalid label|for 'Gt', 'Lt' operators)/,
    ours: /^unable to parse requirement: (<nil>|values\[0\](\[env\])?): Invalid value: "/,
    why: "These are field errors since 1.21 (NewRequirement in apimachinery/pkg/labels/selector.go).",
  },
  {
    sequences: "label selector: *",
    at: "*.body.message",
    theirs: /expected: '=', '!=', '==', 'in', notin'$/,
    ours: /expected: in, notin, =, ==, !=, gt, lt$/,
    why: "Reworded in 1.21 (parseOperator in apimachinery/pkg/labels/selector.go).",
  },
];

const revisions: readonly Allowed[] = [
  {
    sequences: "revisions of a list: *",
    at: "*",
    theirs: /^500 resourceVersion: Invalid value/,
    ours: /^400/,
    why: "What a client gets wrong is a 400; upstream's watch cache lets it become a 500 (GetList in apiserver/pkg/storage/cacher/cacher.go).",
  },
];

/** The words of Go's decoders and printers, which tell of Go's types. */
const words: readonly Allowed[] = [
  {
    sequences: "*",
    at: "*.body.**message",
    theirs:
      /(cannot be handled as|is unrecognized \(must be of type) .*(error found in #\d+ byte|couldn't get version\/kind|no kind "|unknown conversion|wireType|yaml: |unexpected GroupVersion|json: )/,
    why: "Same code and reason. How a body cannot be decoded is told by Go's decoders, in words that changed with them (json-iterator until 1.22, sigs.k8s.io/json since).",
  },
  {
    sequences: "*",
    at: "*.body.**message",
    theirs: /(Invalid|Duplicate|Unsupported) value: (&?[a-z0-9]+\.[A-Z]|\[\]|map\[)[^ ]*[{(]/,
    ours: /(Invalid|Duplicate|Unsupported) value: ["{[]/,
    why: "Go prints values that are no text in Go's syntax (%#v, ErrorBody in apimachinery/pkg/util/validation/field/errors.go); ours are JSON.",
  },
  {
    sequences: "*",
    at: "*.body.**message",
    theirs: /must have at most \d+ bytes$/,
    ours: /may not be more than \d+ bytes$/,
    why: "Reworded in 1.32 (TooLong in apimachinery/pkg/util/validation/field/errors.go).",
  },
  {
    sequences: "*",
    at: "*.body.**message",
    theirs: /value: "\\x00"/,
    ours: /value: "\\u0000"/,
    why: "Go's and JSON's way to write a character that cannot be printed.",
  },
  {
    sequences: "Secret: a docker*",
    at: "*.body.**message",
    theirs: /<secret contents redacted>": (unexpected end of JSON|invalid character)/,
    ours: /<secret contents redacted>": invalid character/,
    why: "What Go's JSON parser met.",
  },
  {
    sequences: "pages: continued by what is no token",
    at: "*.body.message",
    theirs: /^invalid continue token: continue key is not valid/,
    ours: /^invalid continue token: continue key is not valid/,
    why: "What Go's JSON parser met.",
  },
  {
    sequences: "*patch: that is *",
    at: "*.body.message",
    theirs: /^(json: cannot unmarshal|unexpected end of JSON|unexpected EOF)/,
    why: "Same code and reason; what Go's JSON parser met.",
  },
  {
    sequences: "JSON patch: whose operations are text",
    at: "*.body.message",
    theirs: /^json: cannot unmarshal/,
    why: "Same code and reason; what Go's JSON parser met.",
  },
  {
    sequences: "JSON patch: *",
    at: "*.body.details.causes",
    theirs: "absent",
    ours: /"field":"patch"/,
    why: "Ours says what could not be done where upstream only says that something could not (applyJSPatch in apiserver/pkg/endpoints/handlers/patch.go drops it).",
  },
];

/** What ours refuses, or serves, for its own safety. */
const ownWays: readonly Allowed[] = [
  {
    sequences: "*",
    at: "*",
    theirs: /^500 (?!Internal)/,
    ours: /^4\d\d/,
    why: "What a client gets wrong is a 4xx here; upstream lets some of it become a 500.",
  },
  {
    sequences: "*: __proto__ in it",
    at: "*",
    ours: /^(400 the field "__proto__" is not accepted|404 )/,
    why: "The field __proto__ is refused, for the sake of clients and controllers in JavaScript.",
  },
  {
    sequences: "*",
    at: "*",
    theirs: /^405/,
    ours: /^(200|404)$/,
    why: "HEAD is answered as HTTP wants it (RFC 9110, 9.1); upstream has no route for it.",
  },
  {
    sequences: "methods: *",
    at: "*",
    ours: /^400$/,
    why: "Node's HTTP parser takes no unknown methods.",
  },
  {
    sequences: 'Accept: "application/json;q=0"',
    at: "*",
    theirs: /^(2|4)\d\d/,
    ours: /^406/,
    why: "q=0 means never (RFC 9110, 12.4.2); upstream does not look at it.",
  },
  {
    sequences: 'Accept: "*"',
    at: "*",
    theirs: /^406( 406: Not Acceptable)?$/,
    ours: /^(200|201|404)/,
    why: "go-restful compares media types as text where routes have their own list; ours takes what the header allows (RFC 9110, 12.5.1).",
  },
  {
    sequences: 'Accept: "*"',
    at: "*.body.message",
    theirs: /^(406: Not Acceptable|only the following media types are accepted: .*)$/,
    ours: /^only the following media types are accepted: /,
    why: "go-restful has words of its own for built-in kinds.",
  },
  {
    sequences: "*",
    at: "*.body.details",
    theirs: /^\{\}$/,
    ours: "absent",
    why: "go-restful's refusals have empty details (406, 415).",
  },
  {
    sequences: "types of patches: *",
    at: "*.body.message",
    theirs: /^415: Unsupported Media Type$/,
    ours: /^the body of the request was in an unknown format/,
    why: "go-restful has words of its own.",
  },
  {
    sequences: 'Accept: "application/vnd.kubernetes.protobuf, application/json"',
    at: "**",
    theirs: /^(application\/vnd.kubernetes.protobuf|k8s)/,
    why: "Ours answers in JSON where clients take that too, as all do that know custom kinds.",
  },
  {
    sequences: "*",
    at: "*.headers.etag",
    theirs: "absent",
    ours: /^present$/,
    why: "Discovery documents have an ETag, the legacy ones too.",
  },
  {
    sequences: "definition: *",
    at: "*.body.status.**",
    why: "Ours names and establishes a kind in the same step; upstream's controllers do it a moment later (pkg/controller/status/naming_controller.go).",
  },
  {
    sequences: "schema of *",
    at: "*.body.status.**",
    why: "As above.",
  },
  {
    sequences: "life of a definition: *",
    at: "0.body.status.**",
    why: "As above.",
  },
];

/** What changed between the releases in one place. */
const changes: readonly Allowed[] = [
  {
    sequences: "discovery: *",
    at: "*.body.*.singularName",
    theirs: /^$/,
    why: "Built-in resources have a singular name since 1.26 (SingularNameProvider in apiserver/pkg/endpoints/installer.go).",
  },
  {
    sequences: "discovery: *",
    at: "*.body.*.storageVersionHash",
    why: "It hashes the version that objects are stored in, and that of Leases and others was a beta in 1.20 (StorageVersionHash in apiserver/pkg/endpoints/discovery/storageversionhash.go).",
  },
  {
    sequences: "paths: /api/v1",
    at: "*.body.*",
    why: "The names of the fields only: ours has an apiVersion.",
  },
  {
    sequences: "pages: of metadata",
    at: "*.body.metadata.remainingItemCount",
    theirs: "absent",
    why: "Kept when a list is turned into another since 1.22 (asPartialObjectMetadataList in apiserver/pkg/endpoints/handlers/response.go).",
  },
  {
    sequences: "names: of namespaces are labels",
    at: "*.body.details.causes.*.message",
    ours: /must not contain dots$/,
    why: "Said in fewer words since 1.32 (IsDNS1123Label in apimachinery/pkg/util/validation/validation.go).",
  },
  {
    sequences: "watch: with a match of revisions",
    at: "*.body.**",
    theirs: /resourceVersionMatch is forbidden|FieldValueForbidden|the causes/,
    why: "sendInitialEvents came in 1.27 (ValidateListOptions in apimachinery/pkg/apis/meta/internalversion/validation/validation.go).",
  },
  {
    sequences: "life of a definition: *",
    at: "*.body.details.causes.*.message",
    theirs: /"v1": must appear in spec.versions$/,
    ours: /"v1": missing from spec.versions; v1 was previously a storage version/,
    why: "Reworded in 1.30 (apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).",
  },
  {
    sequences: "*",
    at: "*.body.details.causes.*.message",
    theirs: /set x-preserve-unknown-fields to true/,
    ours: /set x-kubernetes-preserve-unknown-fields to true/,
    why: "Corrected in 1.21 (apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).",
  },
  {
    sequences: "Lease: with negative transitions",
    at: "*.body.details.causes.*.message",
    theirs: /must to greater or equal than 0$/,
    why: "Corrected since (pkg/apis/coordination/validation/validation.go).",
  },
  {
    sequences: "namespaces: *",
    at: "**.labels.kubernetes.io/metadata.name",
    ours: /^\$ns$/,
    why: "Namespaces are labelled with their name since 1.21 (pkg/apis/core/v1/defaults.go).",
  },
  {
    sequences: "one manager applies: an unknown field",
    at: "*",
    ours: /^(400 .*field not declared in schema|404)/,
    why: "Refused where the schema does not have it since 1.21 (apimachinery/pkg/util/managedfields/internal/typeconverter.go).",
  },
  {
    sequences: "*",
    at: "**.fieldsV1.f:roleRef.*",
    ours: "absent",
    why: "roleRef is owned as a whole since 1.24 (+structType=atomic in rbac/v1/types.go).",
  },
  {
    sequences: "two managers apply: *",
    at: "5",
    theirs: /^422/,
    ours: /^200$/,
    why: "Taking away all items of a list, or all members of a map, made it null in 1.20, which was then refused (typed/remove.go in structured-merge-diff v4.0; repaired since).",
  },
  { sequences: "two managers apply: *", at: "6.body.**", why: "As above: there the last apply was refused." },
  {
    sequences: "one manager applies: and gives up a list",
    at: "*",
    theirs: /^422/,
    ours: /^200$/,
    why: "As above.",
  },
  { sequences: "one manager applies: and gives up a list", at: "2.body.**", why: "As above." },
  {
    sequences: "one manager applies: and * a*",
    at: "1.body.spec.**",
    why: "Items take the order in which they are applied since 1.22 (typed/merge.go in structured-merge-diff v4.1).",
  },
  {
    sequences: "managers: apply scale",
    at: "*",
    theirs: /^0$/,
    why: "1.20 breaks off the connection: its handler panics (repaired since: ScaleHandler in apimachinery/pkg/util/managedfields).",
  },
  {
    sequences: "managers: apply status",
    at: "*",
    why: "Managers of a subresource are apart since 1.22, and fields outside of it are dropped before fields are owned (ResetFields in apiserver/pkg/registry/rest).",
  },
];

const http: readonly Allowed[] = [
  {
    sequences: "*",
    at: "*.headers.content-type",
    theirs: /^text\/plain; charset=utf-8$/,
    ours: /^application\/json$/,
    why: "Where nothing is, upstream's mux answers with plain text (404 page not found); ours with a Status, which clients show as such.",
  },
  { sequences: "*", at: "*.body", theirs: /^404 page not found\n$/, ours: /"code":404/, why: "As its content-type." },
  {
    sequences: "paths: /version/",
    at: "*.body.*",
    why: "Which release of what it is.",
  },
];

export const allowed: readonly Allowed[] = [
  ...everywhere,
  ...findings,
  ...words,
  ...selectors,
  ...revisions,
  ...changes,
  ...http,
  ...ownWays,
];
