/**
 * From the bytes of a request to a JSON value. Nothing that comes out has a key or a depth that could harm those who
 * walk it. Source of the wording: apiserver/pkg/endpoints/handlers/{create,negotiation}.go.
 */
import { isJsonObject } from "../formats/json-object.ts";
import { countFields, scanJson } from "./json-scan.ts";
import { decodeProtobuf } from "./protobuf.ts";
import type { JsonObject } from "./resources/definition.ts";
import { ApiError, badRequest } from "./status.ts";
import { readYaml, YamlError } from "./yaml.ts";

export interface Decoded {
  readonly object: unknown;
  /** `duplicate field "spec.image"`, one for each field that is there twice; the last one counts. */
  readonly duplicates: readonly string[];
}

export interface DecodeOptions {
  /** Whether to look for duplicate fields. No by default. */
  readonly findDuplicates?: boolean;
}

/** Real objects are a dozen levels deep; everything that walks them recurses. */
const maxDepth = 200;
/** Reading YAML takes up to half a second per megabyte, and nothing else is done meanwhile; JSON is far quicker. */
const maxYamlBytes = 1024 * 1024;

const yamlTypes: ReadonlySet<string> = new Set(["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"]);

/**
 * Decodes application/json (also when no type is given), application/yaml, or Kubernetes' protobuf of a built-in kind.
 * Throws an ApiError: UnsupportedMediaType, RequestEntityTooLarge for YAML above 1 MiB, or BadRequest that says what is
 * wrong and where.
 */
export function decodeBody(bytes: Uint8Array, contentType: string | undefined, options: DecodeOptions = {}): Decoded {
  const mediaType = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const findDuplicates = options.findDuplicates === true;
  if (mediaType === "" || mediaType === "application/json") return decodeJson(textOf(bytes), findDuplicates);
  if (yamlTypes.has(mediaType)) {
    if (bytes.length > maxYamlBytes)
      throw new ApiError(
        "RequestEntityTooLarge",
        `the YAML body has ${bytes.length} bytes, the limit is ${maxYamlBytes}: send it as JSON`,
      );
    return decodeYaml(textOf(bytes), findDuplicates);
  }
  if (mediaType === "application/vnd.kubernetes.protobuf") return { object: decodeProtobuf(bytes), duplicates: [] };
  throw new ApiError(
    "UnsupportedMediaType",
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  );
}

/** Throws BadRequest for anything but an object. */
export function requireObject(value: unknown): JsonObject {
  if (isJsonObject(value)) return value;
  throw badRequest(`json: cannot unmarshal ${goTypeOf(value)} into Go value of type map[string]interface {}`);
}

/** What encoding/json calls the type of a JSON value in its errors. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new ApiError("BadRequest", "the body of the request is not UTF-8", undefined, { cause: error });
  }
}

const decodeJson = (text: string, findDuplicates: boolean): Decoded => decoded(parseJson(text), text, findDuplicates);

function decoded(object: unknown, text: string, findDuplicates: boolean): Decoded {
  const fields = countHarmless(object, 0);
  // To name duplicates costs more than to decode, and hardly any body has some.
  const duplicates = findDuplicates && countFields(text) !== fields ? scanJson(text).duplicates : [];
  return { object, duplicates: duplicates.map(duplicateField) };
}

const mayBeHalved = /\\u[dD][89a-fA-F]/;

/** Half of a surrogate pair is no character: encoding/json reads U+FFFD. */
const wellFormed = (_: string, value: unknown): unknown => (typeof value === "string" ? value.toWellFormed() : value);

function parseJson(text: string): unknown {
  if (text.trim() === "") throw badRequest("unexpected end of JSON input: the body of the request is empty");
  try {
    return (mayBeHalved.test(text) ? JSON.parse(text, wellFormed) : JSON.parse(text)) as unknown;
  } catch (error) {
    throw new ApiError("BadRequest", `json parse error: ${jsonErrorAt(text)}`, undefined, { cause: error });
  }
}

/** In encoding/json's words, with line and column. */
function jsonErrorAt(text: string): string {
  const at = scanJson(text).errorAt ?? text.length;
  const before = text.slice(0, at).split("\n");
  const where = `at line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return at >= text.length ? `unexpected end of JSON input ${where}` : `invalid character '${character}' ${where}`;
}

function decodeYaml(text: string, findDuplicates: boolean): Decoded {
  // What kubectl and Go clients send as apply-patch+yaml is JSON, which is YAML too, and read ten times as fast.
  const json = text.startsWith("{") ? jsonIn(text) : undefined;
  if (json !== undefined) return decoded(json, text, findDuplicates);
  const { value, duplicates } = rethrowing(() => readYaml(text, maxDepth));
  if (value === undefined) throw badRequest("yaml parse error: the body of the request is empty");
  countHarmless(value, 0);
  return { object: value, duplicates: findDuplicates ? duplicates().map(duplicateField) : [] };
}

/** Undefined where it is none. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function rethrowing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new ApiError("BadRequest", `error converting YAML to JSON: ${error.message}`, undefined, { cause: error });
  }
}

const duplicateField = (path: string): string => `duplicate field "${path}"`;

/** How many fields all objects in it have. Throws BadRequest for what would harm those who walk it. */
function countHarmless(value: unknown, depth: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (depth === maxDepth) throw badRequest(`exceeded max depth: more than ${maxDepth} levels of objects and lists`);
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countHarmless(item, depth + 1);
    return count;
  }
  for (const [key, item] of Object.entries(value)) {
    // Assigning to this key anywhere down the line would change a prototype instead.
    if (key === "__proto__") throw badRequest('the field "__proto__" is not accepted');
    count += 1 + countHarmless(item, depth + 1);
  }
  return count;
}
