/**
 * Reads what typed Go clients send of the built-in kinds: `kubectl create namespace` speaks protobuf and nothing else.
 * Answers are JSON all the same: those clients accept it. Source of the envelope: k8s.io/apimachinery/pkg/runtime/
 * serializer/protobuf/protobuf.go; of the field numbers: generated.proto beside each type in k8s.io/api and apimachinery.
 */
import { Reader } from "protobufjs/minimal.js";
import { setOwn } from "../formats/json-object.ts";
import type { JsonObject } from "./resources/definition.ts";
import { ApiError, badRequest } from "./status.ts";

type Scalar = "string" | "bytes" | "int" | "bool";

interface Field {
  readonly name: string;
  readonly type: Value | { readonly mapOf: Value };
  readonly repeated?: true;
  /** A pointer in Go: sent only when it is set, so that its zero value means something. */
  readonly pointer?: true;
}

/** Quantities are wrapped in a message of one string, the values of `extra` in one of many. */
type Value = Scalar | Message | "time" | "microTime" | "quantity" | "strings";

type Message = Readonly<Record<number, Field>>;

const text = (name: string): Field => ({ name, type: "string" });
const pointer = (name: string, type: Scalar): Field => ({ name, type, pointer: true });

const texts = (name: string): Field => ({ name, type: "string", repeated: true });
const integer = (name: string): Field => ({ name, type: "int" });
const part = (name: string, type: Message): Field => ({ name, type });
const parts = (name: string, type: Message): Field => ({ name, type, repeated: true });
const partPointer = (name: string, type: Message): Field => ({ name, type, pointer: true });
const quantities = (name: string): Field => ({ name, type: { mapOf: "quantity" } });

const ownerReference: Message = {
  1: text("kind"),
  3: text("name"),
  4: text("uid"),
  5: text("apiVersion"),
  6: pointer("controller", "bool"),
  7: pointer("blockOwnerDeletion", "bool"),
};

const objectMeta: Message = {
  1: text("name"),
  2: text("generateName"),
  3: text("namespace"),
  5: text("uid"),
  6: text("resourceVersion"),
  7: { name: "generation", type: "int" },
  8: { name: "creationTimestamp", type: "time" },
  9: { name: "deletionTimestamp", type: "time" },
  10: pointer("deletionGracePeriodSeconds", "int"),
  11: { name: "labels", type: { mapOf: "string" } },
  12: { name: "annotations", type: { mapOf: "string" } },
  13: { name: "ownerReferences", type: ownerReference, repeated: true },
  14: { name: "finalizers", type: "string", repeated: true },
};
const metadata: Field = { name: "metadata", type: objectMeta };

const objectReference: Message = {
  1: text("kind"),
  2: text("namespace"),
  3: text("name"),
  4: text("uid"),
  5: text("apiVersion"),
  6: text("resourceVersion"),
  7: text("fieldPath"),
};

const labelSelector: Message = {
  1: { name: "matchLabels", type: { mapOf: "string" } },
  2: parts("matchExpressions", { 1: text("key"), 2: text("operator"), 3: texts("values") }),
};
const policyRules = parts("rules", {
  1: texts("verbs"),
  2: texts("apiGroups"),
  3: texts("resources"),
  4: texts("resourceNames"),
  5: texts("nonResourceURLs"),
});
const binding: Message = {
  1: metadata,
  2: parts("subjects", { 1: text("kind"), 2: text("apiGroup"), 3: text("name"), 4: text("namespace") }),
  3: part("roleRef", { 1: text("apiGroup"), 2: text("kind"), 3: text("name") }),
};

const extra: Field = { name: "extra", type: { mapOf: "strings" } };
const selector: Message = {
  1: text("rawSelector"),
  2: parts("requirements", { 1: text("key"), 2: text("operator"), 3: texts("values") }),
};
const attributes: Message = {
  1: partPointer("resourceAttributes", {
    1: text("namespace"),
    2: text("verb"),
    3: text("group"),
    4: text("version"),
    5: text("resource"),
    6: text("subresource"),
    7: text("name"),
    8: partPointer("fieldSelector", selector),
    9: partPointer("labelSelector", selector),
  }),
  2: partPointer("nonResourceAttributes", { 1: text("path"), 2: text("verb") }),
};
const subjectAccessReview: Message = {
  1: metadata,
  2: part("spec", { ...attributes, 3: text("user"), 4: texts("groups"), 5: extra, 6: text("uid") }),
};
const sourceFields: Message = { 1: text("component"), 2: text("host") };
const seriesFields: Message = { 1: integer("count"), 2: { name: "lastObservedTime", type: "microTime" } };

/** By `apiVersion kind`, as the envelope names them. */
const messages: ReadonlyMap<string, Message> = new Map<string, Message>([
  [
    "v1 Namespace",
    {
      1: metadata,
      2: { name: "spec", type: { 1: { name: "finalizers", type: "string", repeated: true } } },
      3: part("status", {
        1: text("phase"),
        2: parts("conditions", {
          1: text("type"),
          2: text("status"),
          4: { name: "lastTransitionTime", type: "time" },
          5: text("reason"),
          6: text("message"),
        }),
      }),
    },
  ],
  [
    "v1 ConfigMap",
    {
      1: metadata,
      2: { name: "data", type: { mapOf: "string" } },
      3: { name: "binaryData", type: { mapOf: "bytes" } },
      4: pointer("immutable", "bool"),
    },
  ],
  [
    "v1 Secret",
    {
      1: metadata,
      2: { name: "data", type: { mapOf: "bytes" } },
      3: text("type"),
      4: { name: "stringData", type: { mapOf: "string" } },
      5: pointer("immutable", "bool"),
    },
  ],
  [
    "v1 Event",
    {
      1: metadata,
      2: { name: "involvedObject", type: objectReference },
      3: text("reason"),
      4: text("message"),
      5: part("source", sourceFields),
      6: { name: "firstTimestamp", type: "time" },
      7: { name: "lastTimestamp", type: "time" },
      8: { name: "count", type: "int" },
      9: text("type"),
      10: { name: "eventTime", type: "microTime" },
      11: part("series", seriesFields),
      12: text("action"),
      13: { name: "related", type: objectReference },
      14: text("reportingComponent"),
      15: text("reportingInstance"),
    },
  ],
  [
    "events.k8s.io/v1 Event",
    {
      1: metadata,
      2: { name: "eventTime", type: "microTime" },
      3: part("series", seriesFields),
      4: text("reportingController"),
      5: text("reportingInstance"),
      6: text("action"),
      7: text("reason"),
      8: part("regarding", objectReference),
      9: part("related", objectReference),
      10: text("note"),
      11: text("type"),
      12: part("deprecatedSource", sourceFields),
      13: { name: "deprecatedFirstTimestamp", type: "time" },
      14: { name: "deprecatedLastTimestamp", type: "time" },
      15: integer("deprecatedCount"),
    },
  ],
  [
    "v1 ServiceAccount",
    {
      1: metadata,
      2: parts("secrets", objectReference),
      3: parts("imagePullSecrets", { 1: text("name") }),
      4: pointer("automountServiceAccountToken", "bool"),
    },
  ],
  [
    "v1 ResourceQuota",
    {
      1: metadata,
      2: part("spec", {
        1: quantities("hard"),
        2: texts("scopes"),
        3: partPointer("scopeSelector", {
          1: parts("matchExpressions", { 1: text("scopeName"), 2: text("operator"), 3: texts("values") }),
        }),
      }),
      3: part("status", { 1: quantities("hard"), 2: quantities("used") }),
    },
  ],
  [
    "v1 LimitRange",
    {
      1: metadata,
      2: part("spec", {
        1: parts("limits", {
          1: text("type"),
          2: quantities("max"),
          3: quantities("min"),
          4: quantities("default"),
          5: quantities("defaultRequest"),
          6: quantities("maxLimitRequestRatio"),
        }),
      }),
    },
  ],
  ["rbac.authorization.k8s.io/v1 Role", { 1: metadata, 2: policyRules }],
  [
    "rbac.authorization.k8s.io/v1 ClusterRole",
    {
      1: metadata,
      2: policyRules,
      3: partPointer("aggregationRule", { 1: parts("clusterRoleSelectors", labelSelector) }),
    },
  ],
  ["rbac.authorization.k8s.io/v1 RoleBinding", binding],
  ["rbac.authorization.k8s.io/v1 ClusterRoleBinding", binding],
  [
    "scheduling.k8s.io/v1 PriorityClass",
    {
      1: metadata,
      2: integer("value"),
      3: { name: "globalDefault", type: "bool" },
      4: text("description"),
      5: pointer("preemptionPolicy", "string"),
    },
  ],
  [
    "authentication.k8s.io/v1 TokenRequest",
    {
      1: metadata,
      2: part("spec", {
        1: texts("audiences"),
        3: partPointer("boundObjectRef", { 1: text("kind"), 2: text("apiVersion"), 3: text("name"), 4: text("uid") }),
        4: pointer("expirationSeconds", "int"),
      }),
    },
  ],
  [
    "authentication.k8s.io/v1 TokenReview",
    { 1: metadata, 2: part("spec", { 1: text("token"), 2: texts("audiences") }) },
  ],
  ["authentication.k8s.io/v1 SelfSubjectReview", { 1: metadata }],
  ["authorization.k8s.io/v1 SelfSubjectAccessReview", { 1: metadata, 2: part("spec", attributes) }],
  ["authorization.k8s.io/v1 SubjectAccessReview", subjectAccessReview],
  ["authorization.k8s.io/v1 LocalSubjectAccessReview", subjectAccessReview],
  ["authorization.k8s.io/v1 SelfSubjectRulesReview", { 1: metadata, 2: part("spec", { 1: text("namespace") }) }],
  [
    "coordination.k8s.io/v1 Lease",
    {
      1: metadata,
      2: {
        name: "spec",
        type: {
          1: pointer("holderIdentity", "string"),
          2: pointer("leaseDurationSeconds", "int"),
          3: { name: "acquireTime", type: "microTime" },
          4: { name: "renewTime", type: "microTime" },
          5: pointer("leaseTransitions", "int"),
          6: pointer("strategy", "string"),
          7: pointer("preferredHolder", "string"),
        },
      },
    },
  ],
]);

/** metav1.DeleteOptions, which every group sends under its own version. */
const deleteOptions: Message = {
  1: pointer("gracePeriodSeconds", "int"),
  2: { name: "preconditions", type: { 1: pointer("uid", "string"), 2: pointer("resourceVersion", "string") } },
  3: pointer("orphanDependents", "bool"),
  4: pointer("propagationPolicy", "string"),
  5: { name: "dryRun", type: "string", repeated: true },
};

const typeMeta: Message = { 1: text("apiVersion"), 2: text("kind") };

const magic = Buffer.from("k8s\0");

/** Throws BadRequest for what is not such a message, or a kind that is not read as protobuf. */
export function decodeProtobuf(bytes: Uint8Array): JsonObject {
  if (Buffer.compare(bytes.subarray(0, magic.length), magic) !== 0) {
    throw badRequest("Cannot read the body as application/vnd.kubernetes.protobuf: it does not begin with k8s\\0");
  }
  try {
    const { apiVersion, kind, raw } = readEnvelope(Reader.create(bytes.subarray(magic.length)));
    const message = kind === "DeleteOptions" ? deleteOptions : messages.get(`${apiVersion} ${kind}`);
    if (message === undefined)
      throw badRequest(`Cannot read ${apiVersion} ${kind} as protobuf: send it as application/json`);
    return { apiVersion, kind, ...readMessage(Reader.create(raw), message) };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // protobufjs throws RangeError and Error for what is cut short or no message at all.
    throw badRequest("Cannot read the body as application/vnd.kubernetes.protobuf: it is malformed");
  }
}

/** runtime.Unknown. */
function readEnvelope(reader: Reader): { apiVersion: string; kind: string; raw: Uint8Array } {
  let type: JsonObject = {};
  let raw: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) type = readMessage(Reader.create(reader.bytes()), typeMeta);
    else if (tag >>> 3 === 2) raw = reader.bytes();
    else reader.skipType(tag & 7);
  }
  const { apiVersion = "", kind = "" } = type as { apiVersion?: string; kind?: string };
  return { apiVersion, kind, raw };
}

function readMessage(reader: Reader, message: Message): JsonObject {
  const object: JsonObject = {};
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = message[tag >>> 3];
    if (field === undefined) reader.skipType(tag & 7);
    else readField(reader, field, object);
  }
  return object;
}

function readField(reader: Reader, field: Field, object: JsonObject): void {
  const { name, type } = field;
  if (typeof type === "object" && "mapOf" in type) {
    const map = (object[name] ??= {}) as JsonObject;
    const { key, value } = readMessage(Reader.create(reader.bytes()), {
      1: text("key"),
      2: { name: "value", type: type.mapOf },
    });
    setOwn(map, typeof key === "string" ? key : "", value ?? emptyOf(type.mapOf));
    return;
  }
  const value = readValue(reader, type);
  if (field.repeated === true) ((object[name] ??= []) as unknown[]).push(value);
  // Go sends what is not a pointer even when it is empty; JSON leaves it out.
  else if (field.pointer === true || !isEmpty(value)) object[name] = value;
}

const emptyOf = (type: Value): unknown => (type === "strings" ? [] : type === "quantity" ? "0" : "");

function readValue(reader: Reader, type: Value): unknown {
  switch (type) {
    case "string":
      return reader.string();
    case "bytes":
      return Buffer.from(reader.bytes()).toString("base64");
    case "int":
      return Number(reader.int64());
    case "bool":
      return reader.bool();
    case "quantity":
      return readMessage(Reader.create(reader.bytes()), { 1: pointer("string", "string") })["string"];
    case "strings":
      return readMessage(Reader.create(reader.bytes()), { 1: texts("items") })["items"];
    case "time":
      return readTime(Reader.create(reader.bytes()), 0);
    case "microTime":
      return readTime(Reader.create(reader.bytes()), 6);
    default:
      return readMessage(Reader.create(reader.bytes()), type);
  }
}

/** metav1.Time and MicroTime: RFC 3339 with as many digits of a second; undefined for Go's zero time. */
function readTime(reader: Reader, digits: 0 | 6): string | undefined {
  const { seconds, nanos = 0 } = readMessage(reader, { 1: pointer("seconds", "int"), 2: pointer("nanos", "int") }) as {
    seconds?: number;
    nanos?: number;
  };
  if (seconds === undefined) return undefined;
  const time = new Date(seconds * 1000);
  if (Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1970) return undefined;
  const fraction = digits === 0 ? "" : `.${String(Math.trunc(nanos / 1000)).padStart(6, "0")}`;
  return `${time.toISOString().slice(0, 19)}${fraction}Z`;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === "" || value === 0 || value === false) return true;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
