/**
 * What may differ, reviewed. Theirs is Kubernetes 1.20.2 and ours follows 1.32: most of it is what Kubernetes changed in
 * between. Each entry names the file that says so, in 1.20.2's source or, after "since", in a later one, or the pull request
 * (kubernetes#1); and the release only where a changelog or the documentation of Kubernetes told it. An entry that allows
 * nothing any more fails the run.
 *
 * Paths through managedFields name an entry by who wrote where (managersByName in normalize.ts): `one Apply`, `two Update
 * status`.
 */
import type { Allowed } from "./difference.ts";

/** One reason for several places, or for several sequences; each has to be needed. */
const places = (ats: readonly string[], allowed: Omit<Allowed, "at">): readonly Allowed[] =>
  ats.map((at) => ({ ...allowed, at }));
const each = (names: readonly string[], allowed: Omit<Allowed, "sequences">): readonly Allowed[] =>
  names.map((sequences) => ({ ...allowed, sequences }));

type Said = NonNullable<Allowed["theirs"]>;

/** One reason for what each says in several places, which begin with `below`. */
const answers = (
  { below = "", ...reason }: Pick<Allowed, "sequences" | "why"> & { readonly below?: string },
  rows: readonly (readonly [at: string, theirs: Said, ours: Said])[],
): readonly Allowed[] => rows.map(([at, theirs, ours]) => ({ ...reason, at: below + at, theirs, ours }));

const revision = /^<revision \d>$/;
const small = /^\d$/;

const everywhere: readonly Allowed[] = [
  {
    sequences: "*",
    at: "*.body.items.*.apiVersion",
    theirs: "absent",
    ours: /^(v1|[a-z.0-9]+\.k8s\.io\/v1)$/,
    why: "Ours keeps the bytes of an object as they are stored, kind and all, in lists too. Custom objects in lists carry theirs upstream as well: decoders take both.",
  },
  { sequences: "*", at: "*.body.items.*.kind", theirs: "absent", ours: /^[A-Z][A-Za-z]+$/, why: "As apiVersion." },
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
    why: '"continue": "" is in lists of custom objects (SetContinue in apimachinery/pkg/apis/meta/v1/unstructured/unstructured_list.go) and in no others, which is the same to clients.',
  },
  {
    sequences: "*",
    at: "*.headers.warning",
    theirs: "absent",
    ours: /299 - "(unknown|duplicate) field/,
    why: "Since there is fieldValidation, it is Warn where nothing else is asked for (fieldValidation in apiserver/pkg/endpoints/handlers/rest.go); 1.20.2 has none.",
  },
  {
    sequences: "*",
    at: "*.body.columnDefinitions.*.description",
    theirs: /^[A-Z]/,
    ours: /^([A-Z]|$)/,
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
    why: "A wrong type has a reason of its own since (ErrorTypeTypeInvalid in apimachinery/pkg/util/validation/field/errors.go, which 1.20.2 has not).",
  },
  {
    sequences: "*",
    at: "*.body.**message",
    theirs: /Invalid value: .* in body should (be at most|have at most) \d+ (chars long|items|properties)/,
    ours: /Too (long: may not be more than \d+ bytes|many: \d+: must have at most \d+ items)/,
    why: "TooLong and TooMany since kubernetes#108996 (ValidateCustomResource in apiextensions-apiserver/pkg/apiserver/validation/validation.go). The words of the limit in bytes were found in what clusters answer, and not in the source.",
  },
  {
    sequences: "values: *",
    at: "*.body.details.causes.*.reason",
    theirs: /^FieldValueInvalid$/,
    ours: /^FieldValueToo(Long|Many)$/,
    why: "As in the message.",
  },
  {
    sequences: "values: *",
    at: "*.body.details.causes.*.message",
    theirs: /: spec\.(list|listWithDefaults) in body must be of type/,
    ours: /: spec\.(list|listWithDefaults)\[\d\] in body must be of type/,
    why: "Items are named as [0] since (Validate in kube-openapi/pkg/validation/validate/slice_validator.go); in go-openapi/validate, which 1.20.2 has, not.",
  },
  {
    sequences: "values: minProperties broken",
    at: "*.body.**message",
    theirs: /Invalid value: 2: /,
    ours: /Invalid value: 1: /,
    why: "The value is what there is and no longer what is asked for, since kube-openapi/pkg/validation/validate/object_validator.go passes it on (TooFewProperties with numKeys).",
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
    at: "19.body.details.causes.1",
    theirs: /must be of type string: \\"null\\"/,
    ours: "absent",
    why: "An empty text was taken for null where there is a format: Validate in type.go of go-openapi/validate asks for the zero value, the same in kube-openapi/pkg/validation/validate for nil only.",
  },
];

const selectors: readonly Allowed[] = [
  {
    sequences: "label selector: *",
    at: "*.body.message",
    theirs: /^unable to parse requirement: (invalid label|for 'Gt', 'Lt' operators)/,
    ours: /^unable to parse requirement: (<nil>|values\[0\](\[env\])?): Invalid value: "/,
    why: "These are field errors since (NewRequirement in apimachinery/pkg/labels/selector.go), and not in 1.20.2.",
  },
  {
    sequences: "label selector: *",
    at: "*.body.message",
    theirs: /expected: '=', '!=', '==', 'in', notin'$/,
    ours: /expected: in, notin, =, ==, !=, gt, lt$/,
    why: "Reworded since (binaryOperators in parseOperator, apimachinery/pkg/labels/selector.go).",
  },
];

const revisions: readonly Allowed[] = [
  ...[
    ["revisions of a list: a negative revision", "6"] as const,
    ["revisions of a list: a negative revision", "7"] as const,
    ["revisions of a list: what is no revision", "6"] as const,
    ["revisions of a list: what is no revision", "7"] as const,
    ["revisions of a list: of one object", "4"] as const,
    ["watch: from what is no revision", "0"] as const,
  ].map(([sequences, at]) => ({
    sequences,
    at,
    theirs: /^500 resourceVersion: Invalid value: "(-1|abc)"/,
    ours: /^400 Invalid value: "(-1|abc)": resourceVersion must be a number/,
    why: "What a client gets wrong is a 400; upstream's watch cache lets it become a 500 (GetToList, List, Get and Watch of 1.20.2 in apiserver/pkg/storage/cacher/cacher.go).",
  })),
];

/** The words of Go's decoders and printers, which tell of Go's types. */
const words: readonly Allowed[] = [
  {
    sequences: "*",
    at: "*.body.**message",
    theirs:
      /(cannot be handled as|is unrecognized \(must be of type) .*(error found in #\d+ byte|couldn't get version\/kind|no kind "|unknown conversion|wireType|yaml: |unexpected GroupVersion|json: )/,
    ours: / cannot be handled as a |is unrecognized \(must be of type |^the API version in the data |^the metadata of the object |^json: cannot unmarshal |^(json|yaml) parse error: |^unexpected end of JSON input: |^error converting YAML to JSON: |^exceeded max depth: |: it is malformed$/,
    why: "Same code and reason. How a body cannot be decoded is told by Go's decoders, in words that changed with them (json-iterator in 1.20.2, sigs.k8s.io/json since).",
  },
  {
    sequences: "*",
    at: "*.body.**message",
    theirs: /(Invalid|Duplicate|Unsupported) value: (&?[a-z0-9]+\.[A-Z][^ ]*|\[\][^ ]*|map\[[^{(]*)[{(]/,
    ours: /(Invalid|Duplicate|Unsupported) value: ["{[]/,
    why: "Go prints values that are no text in Go's syntax (%#v, ErrorBody in apimachinery/pkg/util/validation/field/errors.go); ours are JSON.",
  },
  {
    sequences: "*",
    at: "*.body.**message",
    theirs: /must have at most \d+ bytes$/,
    ours: /may not be more than \d+ bytes$/,
    why: "The words of TooLong (apimachinery/pkg/util/validation/field/errors.go) in what clusters answer today; in the source they were not found.",
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
    ours: /^(error decoding patch: |json parse error: |invalid JSON document: |unexpected end of JSON input: )/,
    why: "Same code and reason; what Go's JSON parser met.",
  },
  {
    sequences: "JSON patch: whose operations are text",
    at: "*.body.message",
    theirs: /^json: cannot unmarshal/,
    ours: /^error decoding patch: operation 0 is not an object$/,
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
  ...each(
    [
      "metadata on creation: a resourceVersion",
      "metadata changes: the resourceVersion to no number",
      "merge patch: that is *",
      "merge patch: of a built-in kind",
      "strategic merge patch: *",
      "delete options: *",
      'Accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"',
      "paths: /api/v1/componentstatuses/odd",
    ],
    {
      at: "*",
      theirs: /^500 (?!Internal)/,
      ours: /^4\d\d ./,
      why: "What a client gets wrong is a 4xx here; upstream lets it become a 500.",
    },
  ),
  {
    sequences: "one manager applies: *",
    at: "0",
    theirs: /^500 failed to create typed patch object: /,
    ours: /^400 (failed to create typed patch object \(\/a; |invalid object type: )/,
    why: "As above. With the object's name since (objectGVKNN in apimachinery/pkg/util/managedfields/internal/structuredmerge.go), and another kind is refused before (versioncheck.go beside it).",
  },
  {
    sequences: "*: __proto__ in it",
    at: "*",
    theirs: /^20[01]/,
    ours: /^(400 the field "__proto__" is not accepted|404 )/,
    why: "The field __proto__ is refused, for the sake of clients and controllers in JavaScript.",
  },
  ...["lists: asked for by HEAD", "methods: *"].map((sequences) => ({
    sequences,
    at: sequences === "methods: *" ? "5" : "*",
    theirs: /^405/,
    ours: /^(200|404)$/,
    why: "HEAD is answered as HTTP wants it (RFC 9110, 9.1); upstream has no route for it.",
  })),
  {
    sequences: "methods: *",
    at: "4",
    theirs: /^(200|404|405)/,
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
    ours: /^(application\/json|\{"(kind|apiVersion)":)/,
    why: "Ours answers in JSON where clients take that too, as all do that know custom kinds.",
  },
  {
    sequences: "*",
    at: "*.headers.etag",
    theirs: "absent",
    ours: /^present$/,
    why: "Discovery documents have an ETag, the legacy ones too.",
  },
  ...["definition: *", "schema of *", "life of a definition: *"].flatMap((sequences): readonly Allowed[] => [
    {
      sequences,
      at: "*.body.status.conditions**",
      theirs: /^(null|False|Installing)$/,
      ours: /"type":"NamesAccepted"|^(True|InitialNamesAccepted)$/,
      why: "Ours names and establishes a kind in the same step; upstream's controllers do it a moment later (pkg/controller/status/naming_controller.go).",
    },
    {
      sequences,
      at: "*.body.status.acceptedNames",
      theirs: /^\{"plural":"","kind":""\}$/,
      ours: /^\{"plural":"things",.*"kind":"Thing"/,
      why: "As above.",
    },
  ]),
  {
    sequences: "life of a definition: its schema changes",
    at: "*.body.metadata.managedFields.comparison Update.fieldsV1.f:spec.f:size",
    theirs: /^\{\}$/,
    ours: "absent",
    why: "Ours prunes what is stored when it is written, and with a field its owners go; upstream prunes when it reads, and owners of what is gone stay.",
  },
  {
    sequences: "life of a definition: its names are taken",
    at: "2.body.status.acceptedNames.plural",
    theirs: /^$/,
    ours: /^others$/,
    why: "As above.",
  },
  {
    sequences: "life of a definition: *",
    at: "**.metadata.resourceVersion",
    theirs: /^<revision \d>$/,
    ours: /^<revision \d>$/,
    why: "As above: those controllers' writes count.",
  },
  ...answers(
    {
      sequences: "life of a definition: a kind that is deleted with objects that wait",
      below: "6.body.status.conditions.2.",
      why: "Upstream's finalizer controller says so when it begins (sync in apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go); ours begins with the request, and keeps what the request says (etcd.go in pkg/registry/customresourcedefinition).",
    },
    [
      ["reason", /^InstanceDeletionInProgress$/, /^InstanceDeletionPending$/],
      ["message", /^CustomResource deletion is in progress$/, /CustomResource deletion will begin soon$/],
    ],
  ),
  {
    sequences: "life of a definition: a version is added, served and becomes the stored one",
    at: "12",
    theirs: /^200$/,
    ours: /^422 .*is invalid/,
    why: "A definition that knows no version in which objects are stored would lose track of those that are; upstream refuses that of updates and forgets about status (ValidateUpdateCustomResourceDefinitionStatus).",
  },
  {
    sequences: "custom objects: no apiVersion",
    at: "0",
    theirs: /^500 Internal error occurred: Object 'apiVersion' is missing/,
    ours: /^400/,
    why: "What a client gets wrong is a 4xx here.",
  },
  {
    sequences: "custom objects: numbers that JavaScript cannot hold",
    at: "*",
    theirs: /^20[01]/,
    ours: /^(422|404)/,
    why: "An integer beyond 2^53 would come back as another one (JSON.parse), so it is refused, as upstream refuses what is beyond 2^63.",
  },
  {
    sequences: "subresources: an unknown subresource",
    at: "2",
    theirs: /^200$/,
    ours: /^404/,
    why: "Upstream does not look at what follows a subresource of a custom object.",
  },
];

/** What changed between the releases in one place. */
const changes: readonly Allowed[] = [
  {
    sequences: "discovery: *",
    at: "*.body.*.singularName",
    theirs: /^$/,
    ours: /^[a-z]+$/,
    why: "Built-in resources have a singular name since, and none in 1.20.2 (apiserver/pkg/endpoints/installer.go).",
  },
  ...each(
    [
      "discovery: Event events.k8s.io/v1",
      "discovery: Lease coordination.k8s.io/v1",
      "discovery: *WebhookConfiguration admissionregistration.k8s.io/v1",
      "discovery: of definitions",
    ],
    {
      at: "*.body.0.storageVersionHash",
      theirs: /^[A-Za-z0-9+/]{11}=$/,
      ours: /^[A-Za-z0-9+/]{11}=$/,
      why: "It hashes the version that objects are stored in (StorageVersionHash in apiserver/pkg/endpoints/discovery/storageversionhash.go), and that of these was another in 1.20.2.",
    },
  ),
  ...answers(
    {
      sequences: "paths: /api/v1",
      why: "The names of the fields only: ours has an apiVersion, which 1.20.2 leaves out for clients of Kubernetes 1.1 (stripVersionNegotiatedSerializer in apiserver/pkg/endpoints/discovery/util.go).",
    },
    [
      ["0.body.1", /^groupVersion$/, /^apiVersion$/],
      ["0.body.2", /^resources$/, /^groupVersion$/],
      ["0.body.3", "absent", /^resources$/],
    ],
  ),
  {
    sequences: "pages: of metadata",
    at: "*.body.metadata.remainingItemCount",
    theirs: "absent",
    ours: /^[1-9]$/,
    why: "Kept since when a list is turned into another (asPartialObjectMetadataList in apiserver/pkg/endpoints/handlers/response.go).",
  },
  {
    sequences: "names: of namespaces are labels",
    at: "0.body.details.causes.0.message",
    theirs: /: a lowercase RFC 1123 label must consist of/,
    ours: /^Invalid value: "a\.b": must not contain dots$/,
    why: "Said in fewer words since (IsDNS1123Label in apimachinery/pkg/util/validation/validation.go).",
  },
  ...answers(
    {
      sequences: "watch: with a match of revisions",
      why: "There is sendInitialEvents since (validateWatchOptions in apimachinery/pkg/apis/meta/internalversion/validation/validation.go).",
    },
    [
      ["0.body.details.causes.0.message", /is forbidden for watch$/, /unless sendInitialEvents is provided$/],
      ["1.body.details.causes.0.message", /is forbidden for watch$/, /unless sendInitialEvents is provided$/],
      ["1.body.details.causes.1.reason", /^FieldValueForbidden$/, /^FieldValueNotSupported$/],
      ["1.body.details.causes.1.message", /is forbidden unless resourceVersion/, /supported values: "NotOlderThan"$/],
    ],
  ),
  {
    sequences: "life of a definition: *",
    at: "*.body.details.causes.*.message",
    theirs: /"v1": must appear in spec.versions$/,
    ours: /"v1": missing from spec.versions; v1 was previously a storage version/,
    why: "Reworded since (apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).",
  },
  {
    sequences: "*",
    at: "*.body.details.causes.*.message",
    theirs: /set x-preserve-unknown-fields to true/,
    ours: /set x-kubernetes-preserve-unknown-fields to true/,
    why: "Corrected since; 1.20.2 names a keyword that there is not (apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).",
  },
  {
    sequences: "Lease: with negative transitions",
    at: "*.body.details.causes.*.message",
    theirs: /must to greater or equal than 0$/,
    ours: /must be greater than or equal to 0$/,
    why: "Ours corrects the words of 1.20.2 (pkg/apis/coordination/validation/validation.go).",
  },
  ...answers(
    {
      sequences: "names: of namespaces are labels",
      why: "The label with the name of a namespace is looked at too since 1.21 (SetDefaults_Namespace in pkg/apis/core/v1/defaults.go).",
    },
    [
      ["1.body.details.causes.0.field", /^metadata\.name$/, /^metadata\.labels$/],
      ["1.body.details.causes.1", "absent", /must be no more than 63 characters","field":"metadata\.name"\}$/],
      ["4.body.details.causes.0.message", /: a lowercase RFC 1123 label must/, /: a valid label must be/],
      ["4.body.details.causes.0.field", /^metadata\.name$/, /^metadata\.labels$/],
      ["4.body.details.causes.1", "absent", /: a lowercase RFC 1123 label must.*,"field":"metadata\.name"\}$/],
    ],
  ),
  ...["oneself*", "another", "a token"].map((what) => ({
    sequences: `reviews: of ${what}`,
    at: "*.body.metadata.managedFields",
    theirs: /^\{"comparison Update":\{[^{]*"fieldsV1":\{"f:spec":/,
    ours: "absent" as const,
    why: "What is answered and not stored has no owners here: there is nothing that anybody could apply.",
  })),
  {
    sequences: "namespaces: have a name as label",
    at: "*.body.metadata.resourceVersion",
    theirs: /^<revision [23]>$/,
    ours: /^<revision 1>$/,
    why: "That label cannot be changed since (as the labels above), and what changes nothing writes nothing.",
  },
  {
    sequences: "Secret: *-auth with*",
    at: "*.body.details.causes.*.field",
    theirs: /^data\[%s\]\[/,
    ours: /^data\[(?!%)/,
    why: "1.20.2 forgets to fill in the name (field.NewPath(data[%s]) in ValidateSecret, pkg/apis/core/validation/validation.go).",
  },
  {
    sequences: "ResourceQuota: its status is written apart",
    at: "*.body.metadata.resourceVersion",
    theirs: /^<revision 3>$/,
    ours: /^<revision 2>$/,
    why: "What a request cannot write is not owned since 1.21 (GetResetFields, kubernetes#99661): then nothing changes, and nothing is written.",
  },
  ...[
    [
      "of oneself",
      "2.body.details.causes.0.message",
      /"\$ns": must match metadata\.namespace$/,
      /"": at least one of user/,
    ],
    ["of oneself", "2.body.details.causes.0.field", /^spec\.resourceAttributes\.namespace$/, /^spec\.user$/],
    [
      "of oneself",
      "2.body.details.causes.1",
      /at least one of user or group must be specified","field":"spec\.user"\}$/,
      "absent",
    ],
    ["of both", "2.body.details.causes.2.message", /"": at least one of user/, /"": must match metadata\.namespace$/],
    ["of both", "2.body.details.causes.2.field", /^spec\.user$/, /^spec\.resourceAttributes\.namespace$/],
    [
      "of both",
      "2.body.details.causes.3",
      "absent",
      /at least one of user or group must be specified","field":"spec\.user"\}$/,
    ],
  ].map(
    ([about, at, theirs, ours]) =>
      ({
        sequences: `reviews: ${about}`,
        at,
        theirs,
        ours,
        why: "A body without a namespace gets that of the URL since (EnsureObjectNamespaceMatchesRequestNamespace in apiserver/pkg/registry/rest/meta.go): to name it is right then, and not to name it wrong.",
      }) as Allowed,
  ),
  ...["password", "made-up"].map((format) => ({
    sequences: `formats: ${format}`,
    at: "19",
    theirs: /^422/,
    ours: /^201$/,
    why: "As above, of an empty text where there is a format.",
  })),
  {
    sequences: "ResourceQuota: with a selector of scopes",
    at: "*.body.metadata.managedFields.*.fieldsV1.f:spec.f:scopeSelector.**",
    theirs: /^\{\}$/,
    ours: "absent",
    why: "A selector of scopes is owned as a whole in ours. 1.20.2 has no +structType=atomic at ScopeSelector (core/v1/types.go); kubernetes#100684 brought that to references in 1.22; whether to this one at that time was not looked up.",
  },
  {
    sequences: "names: of roles may be anything but a path",
    at: "*.body.metadata.managedFields",
    theirs: /^\{"comparison Update":\{[^{]*"fieldsV1":\{"f:rules":\{\}\}\}\}$/,
    ours: "absent",
    why: "An empty list is none here as soon as it is read, and upstream as soon as it is stored: nobody has to own it.",
  },
  ...[
    ["values: a set", "set..", /^\{\}$/] as const,
    ["values: a set", "set.v:*", /^\{\}$/] as const,
    ["values: a list of keyed items", "keyed..", /^\{\}$/] as const,
    ["values: a list of keyed items", "keyed.k:*", /^\{".":\{\},"f:key":\{\}(,"f:value":\{\})?\}$/] as const,
  ].map(([sequences, field, ours]) => ({
    sequences,
    at: `*.body.metadata.managedFields.comparison Update.fieldsV1.f:spec.f:${field}`,
    theirs: "absent" as const,
    ours,
    why: "1.20.2 knows no types of a kind with int-or-string in its schema (anyOf, which its OpenAPI v2 cannot hold), and then all lists are atomic (kind Sample in fixtures.ts).",
  })),
  {
    sequences: "custom objects: in several versions",
    at: "*.body.metadata.managedFields",
    theirs: "absent",
    ours: /^\{"comparison Update":\{[^}]*"apiVersion":"fixtures.example.com\/v1",.*"comparison Update in fixtures.example.com\/v1beta1":/,
    why: "1.20.2 loses all owners where an object is written in another version of a custom kind; ours keeps them.",
  },
  {
    sequences: "subresources: scale is refused",
    at: "2.body.details.causes.0.message",
    theirs: /^Invalid value: "\{.*"many\\".*\}": v1\.Scale\.Spec/s,
    ours: /^Invalid value: "\{.*"many\\".*\}": .*json: cannot unmarshal string/,
    why: "Same code, reason and field: the patched object, in another order of fields, and what Go's JSON parser met.",
  },
  {
    sequences: "subresources: scale is refused",
    at: "5.body.message",
    theirs: /^no kind is registered for the type v1.Scale in scheme/,
    ours: /^the API version in the data \(v1\) does not match the expected API version/,
    why: "Same code and reason; ours says what is wrong and not which Go type is not known.",
  },
  ...[
    ["namespaces: wait for their finalizer", "6", "absent"] as const,
    ["namespaces: have a name as label", "1", /^other$/] as const,
  ].map(([sequences, step, theirs]) => ({
    sequences,
    at: `${step}.body.metadata.labels.kubernetes.io/metadata.name`,
    theirs,
    ours: /^\$ns$/,
    why: "Namespaces are labelled with their name since 1.21 (SetDefaults_Namespace in pkg/apis/core/v1/defaults.go).",
  })),
  {
    sequences: "*",
    at: "**.fieldsV1.f:roleRef.f:*",
    theirs: /^\{\}$/,
    ours: "absent",
    why: "roleRef is owned as a whole in ours. 1.20.2 has no +structType=atomic at RoleRef (rbac/v1/types.go); kubernetes#100684 brought that to references in 1.22; whether to this one at that time was not looked up.",
  },
];

/** Patches, metadata and deletion. */
const writes: readonly Allowed[] = [
  {
    sequences: "*",
    at: "**.f:ownerReferences.k:**",
    theirs: /^\{\}$/,
    ours: "absent",
    why: "An owner is owned as a whole in ours. 1.20.2 has no +structType=atomic at OwnerReference (apimachinery/pkg/apis/meta/v1/types.go); kubernetes#100684 brought that to references in 1.22; whether to this one at that time was not looked up.",
  },
  {
    sequences: "metadata on creation: the same finalizer twice",
    at: "*.body.metadata.managedFields",
    theirs: "absent",
    ours: /^\{"comparison Update":\{[^{]*"fieldsV1":\{.*"f:finalizers":\{".":\{\},"v:/,
    why: "1.20.2 cannot track sets with an item twice; since, they are typed with AllowDuplicates (apimachinery/pkg/util/managedfields/internal/structuredmerge.go).",
  },
  {
    sequences: "*",
    at: "*.body.details.causes.*.message",
    theirs: /^Invalid value: "(\{\\"apiVersion\\":|map\[)/,
    ours: /^Invalid value: "\{\\"metadata\\":/,
    why: "The patched object and why it cannot be decoded, in other orders of fields and other decoders' words (applyPatchToCurrentObject in apiserver/pkg/endpoints/handlers/patch.go).",
  },
  {
    sequences: "metadata changes: the deletionTimestamp",
    at: "*.body.details.causes.*.message",
    theirs: /^Invalid value: 2001-01-01 00:00:00 \+0000 UTC: field is immutable$/,
    ours: /^Invalid value: "2001-01-01T00:00:00Z": field is immutable$/,
    why: "Go prints times in a form of its own.",
  },
  {
    sequences: "metadata changes: the owners to be two controllers",
    at: "3.body.message",
    theirs: /Only one reference can have Controller set to true/,
    ours: /is invalid: \[the causes\]$/,
    why: "As above.",
  },
  {
    sequences: "generation and resourceVersion: an update *",
    at: "*.body.message",
    theirs:
      /: StorageError: invalid object, Code: 4, Key: .*, AdditionalErrorMsg: Precondition failed: UID in precondition: /,
    ours: /: Precondition failed: UID in precondition: /,
    why: "Same code, reason and words; ours does not tell clients the keys of the store.",
  },
  {
    sequences: "JSON patch: whose operation is a number",
    at: "*",
    theirs: /^422/,
    ours: /^400 error decoding patch: /,
    why: "Where fields are validated, which is so by default since, operations are decoded into typed fields first (jsonPatchOp in applyJSPatch, apiserver/pkg/endpoints/handlers/patch.go; kubernetes#105916).",
  },
  {
    sequences: "merge patch: *",
    at: "*",
    theirs: /^422 {2}"" is invalid/,
    ours: /^400 error decoding patch: /,
    why: "As above: what is no object is not decoded.",
  },
];

/** Who owns what, where no apply is involved. */
const managers: readonly Allowed[] = [
  ...each(
    [
      "subresources: status is *",
      "subresources: scale is read",
      "finalizers: through the status",
      "ResourceQuota: its status is written apart",
      "generation and resourceVersion: the generation of a custom*",
      "watch: of a custom kind",
      "namespaces: their status",
      "life of a definition: a version is added, served and becomes the stored one",
    ],
    {
      at: "**.managedFields.comparison Update status",
      theirs: "absent",
      ours: /"fieldsV1":\{"f:status":\{.*\},"subresource":"status"\}$/,
      why: "Who writes a subresource has an entry of its own since kubernetes#100970 (subresource of ManagedFieldsEntry in apimachinery/pkg/apis/meta/v1/types.go).",
    },
  ),
  ...each(
    [
      "subresources: status is *",
      "subresources: scale is read",
      "finalizers: through the status",
      "ResourceQuota: its status is written apart",
      "generation and resourceVersion: the generation of a custom*",
      "watch: of a custom kind",
    ],
    {
      at: "**.managedFields.comparison Update.fieldsV1.f:status",
      theirs: /^\{("(\.|f:(phase|replicas|selector))":\{\},?|"f:(hard|used)":\{".":\{\},"f:configmaps":\{\}\},?)*\}$/,
      ours: "absent",
      why: "As above: it is in that entry.",
    },
  ),
  ...[
    ["subresources: scale is written", "4.body.metadata.managedFields.comparison Update scale"] as const,
    [
      "subresources: scale of an object without replicas",
      "3.body.metadata.managedFields.comparison Update scale",
    ] as const,
    ["managers: each way to write", "6.body.metadata.managedFields.scaler Update scale"] as const,
  ].map(([sequences, at]) => ({
    sequences,
    at,
    theirs: "absent" as const,
    ours: /"fieldsV1":\{"f:spec":\{"f:replicas":\{\}\}\},"subresource":"scale"\}$/,
    why: "As above; 1.20.2 does not follow at all who writes the scale of a custom object.",
  })),
  {
    sequences: "subresources: scale is written",
    at: "4.body.metadata.managedFields.comparison Update.fieldsV1.f:spec.f:replicas",
    theirs: /^\{\}$/,
    ours: "absent",
    why: "As above.",
  },
  {
    sequences: "managers: each way to write",
    at: "*.body.metadata.managedFields.stater Update",
    theirs: /"fieldsV1":\{"f:status":\{".":\{\},"f:conditions":.*"f:phase":\{\}\}\}/,
    ours: "absent",
    why: "As above.",
  },
  {
    sequences: "managers: each way to write",
    at: "*.body.metadata.managedFields.stater Update status",
    theirs: "absent",
    ours: /"fieldsV1":\{"f:status":\{".":\{\},"f:conditions":.*"f:phase":\{\}\}\},"subresource":"status"\}$/,
    why: "As above.",
  },
  {
    sequences: "namespaces: their finalizers cannot be changed otherwise",
    at: "3.body.metadata.managedFields.comparison Update finalize",
    theirs: "absent",
    ours: /"fieldsV1":\{"f:spec":\{"f:finalizers":\{\}\}\},"subresource":"finalize"\}$/,
    why: "As above.",
  },
  {
    sequences: "namespaces: their finalizers cannot be changed otherwise",
    at: "3.body.metadata.managedFields.comparison Update.fieldsV1.f:spec",
    theirs: /^\{"f:finalizers":\{\}\}$/,
    ours: "absent",
    why: "As above.",
  },
  {
    sequences: "finalizers: through the status",
    at: "*.body.metadata.managedFields.comparison Update.fieldsV1.f:metadata",
    theirs: "absent",
    ours: /^\{"f:finalizers":\{".":\{\},"v:\\"example.com\/one\\"":\{\}\}\}$/,
    why: "A write of the status of a custom object cannot change metadata, and does not change who owns it in ours; upstream has mended that after 1.32 (kubernetes#137689).",
  },
  {
    sequences: "subresources: status is all that is written through status",
    at: "*.body.metadata.managedFields.comparison Update.fieldsV1.f:metadata",
    theirs: /^\{"f:labels":\{".":\{\},"f:a":\{\}\}\}$/,
    ours: "absent",
    why: "As above.",
  },
  ...each(
    [
      "namespaces: *",
      "watch: of a namespace that is deleted",
      "paths: /api/v1/namespaces/$ns/configmaps/*",
      "tables: of nothing",
    ],
    {
      at: "**.managedFields.comparison Update.fieldsV1.f:status",
      theirs: /^\{("f:conditions":\{".":\{\},"k:\{\\"type\\":\\"A\\"\}":\{[^}]*\}[^k]*\},)?"f:phase":\{\}\}$/,
      ours: "absent",
      why: "What a request cannot write it does not own since 1.21 (GetResetFields in pkg/registry/core/namespace/strategy.go; kubernetes#99661).",
    },
  ),
  ...each(
    [
      "namespaces: *",
      "watch: of a namespace that is deleted",
      "paths: /api/v1/namespaces/$ns/configmaps/*",
      "tables: of nothing",
    ],
    {
      at: "**.managedFields.comparison Update.fieldsV1.f:metadata",
      theirs: "absent",
      ours: /^\{"f:labels":\{".":\{\},"f:kubernetes.io\/metadata.name":\{\}\}\}$/,
      why: "Who makes a namespace owns the label with its name, which is set when the request is read, since 1.21 (SetDefaults_Namespace in pkg/apis/core/v1/defaults.go).",
    },
  ),
  {
    sequences: "namespaces: may have finalizers of their own",
    at: "*.body.metadata.managedFields.comparison Update.fieldsV1.f:metadata.f:labels",
    theirs: "absent",
    ours: /^\{".":\{\},"f:kubernetes.io\/metadata.name":\{\}\}$/,
    why: "As above.",
  },
  {
    sequences: "namespaces: wait for their finalizer",
    at: "6.body.metadata.managedFields.comparison Update.fieldsV1.f:metadata.f:labels.f:kubernetes.io/metadata.name",
    theirs: "absent",
    ours: /^\{\}$/,
    why: "As above.",
  },
  ...each(["definition: *", "schema of *", "life of a definition: *", "tables: of nothing"], {
    at: "**.managedFields.comparison Update.fieldsV1.f:status",
    theirs: /^\{("f:acceptedNames":\{"f:plural":\{\}\},)?"f:storedVersions":\{\}\}$/,
    ours: "absent",
    why: "What a request cannot write it does not own since 1.21 (GetResetFields of its strategy, kubernetes#99661).",
  }),
  {
    sequences: "definition: with a status of its own",
    at: "0.body.metadata.managedFields.comparison Update.fieldsV1.f:status.f:storedVersions",
    theirs: /^\{\}$/,
    ours: "absent",
    why: "As above.",
  },
  ...each(["life of a definition: *", "tables: of nothing"], {
    at: "**.managedFields.kube-apiserver Update",
    theirs: /"fieldsV1":\{"f:status":\{"f:acceptedNames":/,
    ours: "absent",
    why: "What upstream's controllers own (pkg/controller/status/naming_controller.go and its neighbours); ours has none that write a definition.",
  }),
];

/** Server-side apply as structured-merge-diff v4.6 has it. */
const applying: readonly Allowed[] = [
  ...each(
    [
      "a set",
      "items of a keyed list",
      "a field of a keyed item",
      "a key that a default completes",
      "members of a map",
    ].map((about) => `two managers apply: ${about}`),
    {
      at: "5",
      theirs: /^422 Widget\.fixtures\.example\.com "a" is invalid: /,
      ours: /^200$/,
      why: "Taking away all items of a list, or all members of a map, makes it null in 1.20.2, which is then refused; it goes since structured-merge-diff v4.1.2 at the latest (EnsureNamedFieldsAreMembers in prune, merge/update.go), and 1.20.2 has v4.0.2.",
    },
  ),
  ...answers(
    { sequences: "two managers apply: *", below: "6.body.", why: "As above: there the last apply was refused." },
    [
      ["metadata.generation", small, small],
      ["metadata.resourceVersion", revision, revision],
      ["metadata.managedFields.two Apply.fieldsV1.f:spec.f:*", /^\{"(f:[xyz]|[kv]:.*)":/, "absent"],
      ["metadata.managedFields.two Apply.fieldsV1.f:spec.f:replicas", "absent", /^\{\}$/],
      ["spec.*", /^(\["b","c"\]|\[\{.*"port":\d.*\}\]|\{"y":"3","z":"4"\})$/, "absent"],
    ],
  ),
  {
    sequences: "one manager applies: and gives up a list",
    at: "1",
    theirs: /^422 Widget\.fixtures\.example\.com "a" is invalid: /,
    ours: /^200$/,
    why: "As above.",
  },
  ...answers({ sequences: "one manager applies: and gives up a list", below: "2.body.", why: "As above." }, [
    ["metadata.generation", /^1$/, /^2$/],
    ["metadata.resourceVersion", /^<revision 1>$/, /^<revision 2>$/],
    ["metadata.managedFields.one Apply.fieldsV1.f:spec.f:ports", /^\{"k:\{.*"f:port":\{\}\}\}$/, "absent"],
    ["spec.ports", /^\[\{"port":1,"protocol":"TCP"\}\]$/, "absent"],
  ]),
  ...[
    ["a set", "*.body.metadata.resourceVersion", revision],
    ["a set", "*.body.metadata.generation", small],
    ["a set", "*.body.spec.words.*", /^[ab]$/],
    ["a keyed list", "*.body.metadata.resourceVersion", revision],
    ["a keyed list", "*.body.metadata.generation", small],
    ["a keyed list", "*.body.spec.ports.*.port", /^[12]$/],
  ].map(
    ([about, at, both]) =>
      ({
        sequences: `one manager applies: and orders ${about as string} anew`,
        at,
        theirs: both,
        ours: both,
        why: "Items take the order in which they are applied since structured-merge-diff v4.2.1 (kubernetes#107565; sharedOrder in typed/merge.go).",
      }) as Allowed,
  ),
  ...places(["1.body.spec.words.*", "2.body.spec.words.*"], {
    sequences: "one manager applies: and gives up an item of a set",
    theirs: /^[ac]$/,
    ours: /^[ac]$/,
    why: "As above.",
  }),
  {
    sequences: "one manager applies: a status",
    at: "*.body.metadata.managedFields.one Apply.fieldsV1.f:status",
    theirs: /^\{"f:phase":\{\}\}$/,
    ours: "absent",
    why: "What a write of the object cannot change is not owned since 1.21 (GetResetFields of its strategy, kubernetes#99661).",
  },
  {
    sequences: "one manager applies: a status",
    at: "*.body.metadata.managedFields.one Apply.fieldsV1.f:spec",
    theirs: "absent",
    ours: /^\{\}$/,
    why: "An empty object is owned, as a leaf, since structured-merge-diff v4.1.2 at the latest (visitMapItems in typed/tofieldset.go), and 1.20.2 has v4.0.2.",
  },
  {
    sequences: "two managers apply: an empty object",
    at: "*.body.metadata.managedFields.two Apply",
    theirs: "absent",
    ours: /"fieldsV1":\{"f:spec":\{"f:limits":\{\}\}\}\}$/,
    why: "As above.",
  },
  {
    sequences: "two managers apply: an empty object",
    at: "*.body.metadata.resourceVersion",
    theirs: revision,
    ours: revision,
    why: "As above: owning an empty object is a change.",
  },
  {
    sequences: "two managers apply: an empty object",
    at: "4",
    theirs: /^422 Widget\.fixtures\.example\.com "a" is invalid: /,
    ours: /^200$/,
    why: "As of the members of a map.",
  },
  ...["5", "6"].flatMap((step) =>
    answers(
      {
        sequences: "two managers apply: an empty object",
        below: `${step}.body.`,
        why: "As above: there that apply was refused.",
      },
      [
        ["metadata.managedFields.one Apply.fieldsV1.f:spec.f:limits", /^\{"f:x":\{\}\}$/, "absent"],
        ["metadata.managedFields.one Apply.fieldsV1.f:spec.f:replicas", "absent", /^\{\}$/],
        ["spec.limits", /^\{"x":"1"\}$/, "absent"],
      ],
    ),
  ),
  ...each(["two managers apply: the same value", "two managers apply: an empty object"], {
    at: "*.body.metadata.managedFields.two Apply.time",
    theirs: /^<now>$/,
    ours: "absent",
    why: "An apply that changes no value gives its manager no time since (Apply in apimachinery/pkg/util/managedfields/internal/managedfieldsupdater.go).",
  }),
  {
    sequences: "managers: write managedFields that are wrong",
    at: "*.body.metadata.managedFields",
    theirs: "absent",
    ours: /^\{"one Apply":\{[^{]*"fieldsV1":\{"f:spec":\{"f:size":\{\}\}\}\}\}$/,
    why: "managedFields that cannot be understood are ignored in ours, and cleared by 1.20.2 (Update in apiserver/pkg/endpoints/handlers/fieldmanager/fieldmanager.go).",
  },
  {
    sequences: "managers: write managedFields that are wrong",
    at: "*.body.metadata.resourceVersion",
    theirs: /^<revision 2>$/,
    ours: /^<revision 1>$/,
    why: "As above: there it was a change.",
  },
  {
    sequences: "managers: apply status",
    at: "1",
    theirs: /^409 Apply failed with 1 conflict: conflict with "one": \.spec\.size$/,
    ours: /^200$/,
    why: "What a write of the status cannot change is not owned by it since 1.21 (GetResetFields of its strategy, kubernetes#99661).",
  },
  {
    sequences: "managers: apply status",
    at: "2",
    theirs: /^200$/,
    ours: /^409 Apply failed with 1 conflict: conflict with "two" with subresource "status": \.status\.phase$/,
    why: "As above: there was nothing to conflict with.",
  },
  ...answers(
    {
      sequences: "managers: apply status",
      why: "As above; managers of a subresource are apart since kubernetes#100970, and an empty object is owned, as above.",
    },
    [
      ["3.body.status.conditions.0.type", /^B$/, /^A$/],
      ["3.body.status.conditions.1", "absent", /^\{"type":"B"\}$/],
      ["3.body.status.phase", "absent", /^Ready$/],
      [
        "3.body.metadata.managedFields.two Apply status",
        "absent",
        /"f:conditions":.*"f:phase":\{\}\}\},"subresource":"status"\}$/,
      ],
      ["4.body.metadata.managedFields.two Apply", /"fieldsV1":\{"f:status":\{"f:phase":\{\}\}\}/, "absent"],
      ["5.body.metadata.managedFields.two Apply", /"fieldsV1":\{"f:status":\{"f:phase":\{\}\}\}/, "absent"],
      ["6.body.metadata.managedFields.two Apply", /"fieldsV1":\{"f:status":\{"f:phase":\{\}\}\}/, "absent"],
      [
        "4.body.metadata.managedFields.two Apply status",
        "absent",
        /"f:status":\{"f:phase":\{\}\}\},"subresource":"status"\}$/,
      ],
      [
        "5.body.metadata.managedFields.two Apply status",
        "absent",
        /"f:status":\{"f:phase":\{\}\}\},"subresource":"status"\}$/,
      ],
      [
        "6.body.metadata.managedFields.two Apply status",
        "absent",
        /"f:status":\{"f:phase":\{\}\}\},"subresource":"status"\}$/,
      ],
      [
        "*.body.metadata.managedFields.three Apply",
        /"fieldsV1":\{"f:status":\{"f:conditions":\{"k:[^.]*".":\{\},"f:type":/,
        "absent",
      ],
      ["*.body.metadata.managedFields.three Apply status", "absent", /"f:type":\{\}\}\}\}\},"subresource":"status"\}$/],
      ["*.body.metadata.managedFields.one Apply", "absent", /"fieldsV1":\{"f:spec":\{\}\}\}$/],
    ],
  ),
  {
    sequences: "managers: apply scale",
    at: "1",
    theirs: /^0$/,
    ours: /^409 Apply failed with 1 conflict: conflict with "one": \.spec\.replicas$/,
    why: "1.20.2 breaks off the connection: its handler panics. Since, scale can be applied (ScaleHandler in apimachinery/pkg/util/managedfields/scalehandler.go).",
  },
  { sequences: "managers: apply scale", at: "2", theirs: /^0$/, ours: /^200$/, why: "As above." },
  ...answers(
    { sequences: "managers: apply scale", below: "3.body.", why: "As above: there nothing was applied to the scale." },
    [
      ["metadata.generation", /^1$/, /^2$/],
      ["metadata.resourceVersion", /^<revision 1>$/, /^<revision 2>$/],
      ["spec.replicas", /^1$/, /^2$/],
      ["metadata.managedFields.one Apply", /"fieldsV1":\{"f:spec":\{"f:replicas":\{\}\}\}/, "absent"],
      ["metadata.managedFields.two Apply scale", "absent", /"f:replicas":\{\}\}\},"subresource":"scale"\}$/],
    ],
  ),
  {
    sequences: "managers: apply and update under one name",
    at: "*.body.metadata.managedFields.one Apply",
    theirs: "absent",
    ours: /"fieldsV1":\{"f:spec":\{\}\}\}$/,
    why: "An empty object is owned, as a leaf, as above.",
  },
  {
    sequences: "managers: apply and update under one name",
    at: "*.body.metadata.resourceVersion",
    theirs: revision,
    ours: revision,
    why: "As above: owning an empty object is a change.",
  },
  {
    sequences: "one manager applies: an*",
    at: "0.body.message",
    theirs: /^(Incorrect version specified in apply patch|the namespace of the object \(elsewhere\))/,
    ours: /^(invalid object type: |the namespace of the provided object does not match)/,
    why: "Reworded since (versionCheckManager in apimachinery/pkg/util/managedfields/internal/versioncheck.go, EnsureObjectNamespaceMatchesRequestNamespace in apiserver/pkg/registry/rest/meta.go).",
  },
  {
    sequences: "one manager applies: no kind",
    at: "0.body.message",
    theirs: /^Incorrect version specified in apply patch/,
    ours: /^invalid object type: /,
    why: "As above.",
  },
  ...answers({ sequences: "managers: apply YAML", why: "Same code and reason; what Go's YAML and JSON parsers met." }, [
    ["1.body.message", /^error decoding YAML: /, /^error converting YAML to JSON: yaml: /],
    ["2.body.message", /^error decoding YAML: /, /^json: cannot unmarshal array into Go value/],
    [
      "3.body.message",
      /^Incorrect version specified in apply patch/,
      /^yaml parse error: the body of the request is empty$/,
    ],
  ]),
];

/** Where what is read and answered is up to HTTP, YAML and JSON. */
const bodies: readonly Allowed[] = [
  {
    sequences: "bodies: two documents of YAML",
    at: "*",
    theirs: /^20[01]/,
    ours: /^(400 .*found 2 documents|404)/,
    why: "Upstream stores the first document and drops the second without a word; ours refuses both.",
  },
  {
    sequences: "bodies: YAML with an anchor",
    at: "*.body.data.true",
    theirs: /^1$/,
    ours: "absent",
    why: "YAML 1.1 reads the key y as true; ours reads YAML 1.2, where it is text.",
  },
  {
    sequences: "bodies: YAML with an anchor",
    at: "*.body.data.y",
    theirs: "absent",
    ours: /^1$/,
    why: "As above.",
  },
  {
    sequences: "bodies: YAML with an anchor",
    at: "*.body.metadata.managedFields.comparison Update.fieldsV1.f:data.f:true",
    theirs: /^\{\}$/,
    ours: "absent",
    why: "As above.",
  },
  {
    sequences: "bodies: YAML with an anchor",
    at: "*.body.metadata.managedFields.comparison Update.fieldsV1.f:data.f:y",
    theirs: "absent",
    ours: /^\{\}$/,
    why: "As above.",
  },
  {
    sequences: "bodies: a key twice",
    at: "*.body.**a",
    theirs: /^(1|\{\})$/,
    ours: "absent",
    why: "Go decodes the second object into the first; for ours the last one counts, as in JavaScript. Both tell of it (fieldValidation).",
  },
  {
    sequences: "form of a watch: yaml",
    at: "*.body",
    theirs: /only the following media types are accepted: application\/json;stream=watch/,
    ours: /only the following media types are accepted: application\/json;stream=watch/,
    why: "As text, with other orders of fields and breaks of lines; and ours sends no protobuf.",
  },
  {
    sequences: "form of a watch: the list of metadata",
    at: "*.events.0",
    theirs: "absent",
    ours: /^\{"type":"ADDED","object":\{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io\/v1",/,
    why: "Upstream breaks off at the first event, which is no list; ours tells its metadata.",
  },
  {
    sequences: "paths: /.well-known/openid-configuration",
    at: "0.body.issuer",
    theirs: /^https:\/\/kubernetes\.default\.svc$/,
    ours: /^https:\/\/kubernetes\.default\.svc\.cluster\.local$/,
    why: "The issuer has the name that certificates have.",
  },
  {
    sequences: "paths: /.well-known/openid-configuration",
    at: "0.body.id_token_signing_alg_values_supported.0",
    theirs: /^RS256$/,
    ours: /^ES256$/,
    why: "Keys are elliptic here.",
  },
  ...answers({ sequences: "paths: /openid/v1/jwks", below: "0.body.keys.0.", why: "As above." }, [
    ["kty", /^RSA$/, /^EC$/],
    ["kid", /^[\w-]{43}$/, /^[\w-]{43}$/],
    ["alg", /^RS256$/, /^ES256$/],
    ["n", /^[\w-]{342}$/, "absent"],
    ["e", /^AQAB$/, "absent"],
    ["crv", "absent", /^P-256$/],
    ["x", "absent", /^[\w-]{43}$/],
    ["y", "absent", /^[\w-]{43}$/],
  ]),
  {
    sequences: 'Accept: "application/vnd.kubernetes.protobuf, application/json"',
    at: "9.body",
    theirs: "absent",
    ours: /^APIResourceList$/,
    why: "Ours answers in JSON where clients take that too.",
  },
  {
    sequences: "revisions of a list: what is no revision with a match",
    at: "*.body.message",
    theirs: /^invalid resource version: resourceVersion: Invalid value: "abc"/,
    ours: /^Invalid value: "abc": resourceVersion must be a number/,
    why: "Same code and reason, in plainer words.",
  },
  {
    sequences: "revisions of a list: one that has not happened",
    at: "0",
    theirs: /^500 etcdserver: mvcc: required revision is a future revision$/,
    ours: /^504 /,
    why: "etcd's refusal comes through as a 500 upstream; ours says 504 with a time to try again, as for resourceVersion alone (NewTooLargeResourceVersionError in apiserver/pkg/storage/errors.go).",
  },
  {
    sequences: "bodies: empty YAML",
    at: "0",
    theirs: /^422/,
    ours: /^400 yaml parse error: the body of the request is empty$/,
    why: "Refused by both; ours says what is wrong.",
  },
  {
    sequences: "bodies: null",
    at: "0",
    theirs: /^422/,
    ours: /^400 json: cannot unmarshal null/,
    why: "As above.",
  },
  {
    sequences: "form of a watch: *",
    at: "*.events.*.object.columnDefinitions.*.description",
    theirs: /^[A-Z]/,
    ours: /^[A-Z]/,
    why: "What describes a column is for people, and ours is shorter.",
  },
  {
    sequences: "form of a watch: what there is none of",
    at: "*.body.message",
    theirs: /^(406: Not Acceptable|only the following media types are accepted: .*)$/,
    ours: /^only the following media types are accepted: /,
    why: "go-restful has words of its own for built-in kinds.",
  },
  {
    sequences: "paths: *",
    at: "0.body.paths",
    theirs: /^\["\/apis"/,
    ours: "absent",
    why: "Where nothing is, upstream's mux lists the paths that there are for want of a better answer (apiserver/pkg/server/routes/index.go); ours is a Status.",
  },
  ...["kind", "apiVersion", "metadata", "status", "message", "reason", "details", "code"].map((field) => ({
    sequences: "paths: *",
    at: `0.body.${field}`,
    theirs: "absent" as const,
    ours: /^(Status|v1|\{\}|Failure|the server could not find the requested resource|NotFound|404)$/,
    why: "As above: a Status instead of a list of paths.",
  })),
  {
    sequences: "paths: /api*",
    at: "0.body.serverAddressByClientCIDRs.0",
    theirs: /^\{"clientCIDR":"0\.0\.0\.0\/0","serverAddress":"<address>"\}$/,
    ours: "absent",
    why: "Which address is whose (handle in apiserver/pkg/endpoints/discovery/legacy.go) is not known to a server that clients reach by names and through proxies.",
  },
  {
    sequences: "paths: //api/v1",
    at: "0",
    theirs: /^404$/,
    ours: /^200$/,
    why: "Slashes in front say nothing; ours reads the path without them.",
  },
  {
    sequences: "paths: /livez*",
    at: "0.body",
    theirs: /^\[\+\]ping ok\n.*livez check passed\n$/s,
    ours: /^\[\+\]ping ok\n.*livez check passed\n$/s,
    why: "Which parts a server has.",
  },
  {
    sequences: "discovery: of definitions",
    at: "0.body.versions.1",
    theirs: /v1beta1/,
    ours: "absent",
    why: "v1beta1 of apiextensions.k8s.io is no longer served as of 1.22 (deprecation guide of Kubernetes).",
  },
  {
    sequences: "methods: of a*",
    at: "*",
    theirs: /^(200|404)$/,
    ours: /^405/,
    why: "Discovery can only be read; upstream's handlers answer every method (ServeHTTP of groupDiscoveryHandler and versionDiscoveryHandler in apiextensions-apiserver/pkg/apiserver/customresource_discovery.go, and of apiGroupHandler in kube-aggregator/pkg/apiserver/handler_apis.go).",
  },
  {
    sequences: "methods: of a custom object",
    at: "0",
    theirs: /^400/,
    ours: /^405/,
    why: "Upstream takes a POST to one object for a creation, and would create what the body names; ours refuses it as for built-in kinds.",
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
  ...answers({ sequences: "paths: /version/", below: "0.body.", why: "Which release of what it is." }, [
    ["minor", /^20$/, /^32$/],
    ["gitVersion", /^v1\.20\.2$/, /^v1\.32\.0-stowage$/],
    ["gitCommit", /^[0-9a-f]{40}$/, /^$/],
    ["gitTreeState", /^archive$/, /^clean$/],
    ["buildDate", /./, /^1970-01-01T00:00:00Z$/],
    ["goVersion", /^go1\.19/, /^none$/],
    ["compiler", /^gc$/, /^none$/],
  ]),
];

const timesAndEnds: readonly Allowed[] = [
  {
    sequences: "revisions of a list: pages at least as new",
    at: "6.body",
    theirs: /^\(no such part\)$/,
    ours: /^\[\]$/,
    why: "As items elsewhere: null where upstream has no metadata to tell.",
  },
  {
    sequences: "one manager applies: null",
    at: "1",
    theirs: /^422 Widget\.fixtures\.example\.com "a" is invalid: /,
    ours: /^200$/,
    why: "A null of a field that is not nullable is dropped before validation, when applied too (PruneNonNullableNullsWithoutDefaults in apiextensions-apiserver/pkg/apiserver/schema/defaulting/prunenulls.go); 1.20.2 does so on other writes only (kubernetes#101036).",
  },
  ...answers({ sequences: "one manager applies: null", below: "2.body.", why: "As above: there it was refused." }, [
    ["metadata.generation", /^1$/, /^2$/],
    ["metadata.resourceVersion", /^<revision 1>$/, /^<revision 2>$/],
    ["spec.size", /^1$/, "absent"],
  ]),
  {
    sequences: "managers: apply to what is being deleted",
    at: "4.body.metadata.finalizers",
    theirs: /^null$/,
    ours: "absent",
    why: "The last state of an object that is gone: 1.20.2 makes a list without items null, as above.",
  },
  {
    sequences: "managers: apply to what is being deleted",
    at: "4.body.spec",
    theirs: /^\{"color":"red"\}$/,
    ours: "absent",
    why: "As above: upstream shows it with the defaults of what the applier gave up, ours without.",
  },
  ...places(["0", "1"], {
    sequences: "parameters: a time limit that is none",
    theirs: /^201$/,
    ours: /^400 invalid timeout specified in the request URL - time: invalid duration "soon"$/,
    why: "A timeout that cannot be read is refused since 1.21 (parseTimeout in apiserver/pkg/endpoints/filters/request_deadline.go; kubernetes#96901).",
  }),
  ...places(["0", "1"], {
    sequences: "parameters: no time at all",
    theirs: /^504 Timeout: request did not complete within requested timeout 0s$/,
    ours: /^201$/,
    why: "A timeout of 0 is none since (userSpecifiedTimeout > 0 in apiserver/pkg/endpoints/filters/request_deadline.go).",
  }),
];

export const allowed: readonly Allowed[] = [
  ...everywhere,
  ...findings,
  ...words,
  ...selectors,
  ...revisions,
  ...changes,
  ...writes,
  ...managers,
  ...applying,
  ...bodies,
  ...http,
  ...ownWays,
  ...timesAndEnds,
];
