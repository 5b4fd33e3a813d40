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
  readonly type: Scalar | Message | "time" | "microTime" | { readonly mapOf: "string" | "bytes" };
  readonly repeated?: true;
  /** A pointer in Go: sent only when it is set, so that its zero value means something. */
  readonly pointer?: true;
}

type Message = Readonly<Record<number, Field>>;

const text = (name: string): Field => ({ name, type: "string" });
const pointer = (name: string, type: Scalar): Field => ({ name, type, pointer: true });

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

/** By `apiVersion kind`, as the envelope names them. */
const messages: ReadonlyMap<string, Message> = new Map<string, Message>([
  [
    "v1 Namespace",
    {
      1: metadata,
      2: { name: "spec", type: { 1: { name: "finalizers", type: "string", repeated: true } } },
      3: { name: "status", type: { 1: text("phase") } },
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
      5: { name: "source", type: { 1: text("component"), 2: text("host") } },
      6: { name: "firstTimestamp", type: "time" },
      7: { name: "lastTimestamp", type: "time" },
      8: { name: "count", type: "int" },
      9: text("type"),
      10: { name: "eventTime", type: "microTime" },
      11: {
        name: "series",
        type: { 1: { name: "count", type: "int" }, 2: { name: "lastObservedTime", type: "microTime" } },
      },
      12: text("action"),
      13: { name: "related", type: objectReference },
      14: text("reportingComponent"),
      15: text("reportingInstance"),
    },
  ],
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
    setOwn(map, typeof key === "string" ? key : "", value ?? "");
    return;
  }
  const value = readValue(reader, type);
  if (field.repeated === true) ((object[name] ??= []) as unknown[]).push(value);
  // Go sends what is not a pointer even when it is empty; JSON leaves it out.
  else if (field.pointer === true || !isEmpty(value)) object[name] = value;
}

function readValue(reader: Reader, type: Exclude<Field["type"], { readonly mapOf: unknown }>): unknown {
  switch (type) {
    case "string":
      return reader.string();
    case "bytes":
      return Buffer.from(reader.bytes()).toString("base64");
    case "int":
      return Number(reader.int64());
    case "bool":
      return reader.bool();
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
