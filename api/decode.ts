/**
 * From the bytes of a request to a JSON value. Nothing that comes out has a key or a depth that could harm those who
 * walk it. Source of the wording: apiserver/pkg/endpoints/handlers/{create,negotiation}.go.
 */
import { isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import type { Document } from "yaml";
import { childPath, isJsonObject } from "../formats/json-object.ts";
import { scanJson } from "./json-scan.ts";
import { decodeProtobuf } from "./protobuf.ts";
import type { JsonObject } from "./resources/definition.ts";
import { ApiError, badRequest } from "./status.ts";

export interface Decoded {
  readonly object: unknown;
  /** `duplicate field "spec.image"`, one for each field that is there twice; the last one counts. */
  readonly duplicates: readonly string[];
}

export interface DecodeOptions {
  /** Whether to look for duplicate fields: costs about as much as decoding. No by default. */
  readonly findDuplicates?: boolean;
}

/** Real objects are a dozen levels deep; everything that walks them recurses. */
const maxDepth = 200;
/** Parsing YAML takes seconds per megabyte, and nothing else is done meanwhile; JSON has no such limit here. */
const maxYamlBytes = 1024 * 1024;
/** How often aliases may be followed in one YAML document. */
const maxAliases = 100;

const yamlTypes: ReadonlySet<string> = new Set(["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"]);

/**
 * Decodes application/json (also when no type is given), application/yaml, or Kubernetes' protobuf of a built-in kind.
 * Throws an ApiError: UnsupportedMediaType, RequestEntityTooLarge for YAML above 1 MiB, or BadRequest that says what is
 * wrong and where.
 */
export function decodeBody(bytes: Uint8Array, contentType: string | undefined, options: DecodeOptions = {}): Decoded {
  const mediaType = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const findDuplicates = options.findDuplicates === true;
  if (mediaType === "" || mediaType === "application/json" || mediaType.endsWith("+json"))
    return decodeJson(textOf(bytes), findDuplicates);
  if (yamlTypes.has(mediaType) || mediaType.endsWith("+yaml")) {
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
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ApiError("BadRequest", "the body of the request is not UTF-8", undefined, { cause: error });
  }
}

function decodeJson(text: string, findDuplicates: boolean): Decoded {
  const object = parseJson(text);
  refuseHarmful(object, "", 0);
  return { object, duplicates: findDuplicates ? scanJson(text).duplicates.map(duplicateField) : [] };
}

function parseJson(text: string): unknown {
  if (text.trim() === "") throw badRequest("unexpected end of JSON input: the body of the request is empty");
  try {
    return JSON.parse(text) as unknown;
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
  const document = onlyDocument(text);
  const object = plainJson(document);
  refuseHarmful(object, "", 0);
  return { object, duplicates: findDuplicates ? yamlDuplicates(document.contents, "").map(duplicateField) : [] };
}

function onlyDocument(text: string): Document {
  // YAML 1.2: in 1.1 an unquoted 80:80 would be a number. Merge keys (<<) are 1.1, and in use.
  const documents = rethrowing(() => parseAllDocuments(text, { uniqueKeys: false, merge: true }));
  const [document] = documents;
  if (document === undefined || document.contents === null)
    throw badRequest("yaml parse error: the body of the request is empty");
  const [problem] = documents.flatMap(({ errors }) => errors);
  if (problem !== undefined) throw badRequest(`error converting YAML to JSON: ${firstLine(problem.message)}`);
  if (documents.length > 1)
    throw badRequest(`error converting YAML to JSON: found ${documents.length} documents, expected one`);
  return document;
}

/** Through JSON text: values that JSON does not have are gone, and what an alias shared is no longer shared. */
function plainJson(document: Document): unknown {
  return rethrowing(() => JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: maxAliases }))) as unknown);
}

/** The yaml package throws plain errors for too many aliases, and the engine does when nesting is too deep. */
function rethrowing<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    const why = error instanceof RangeError ? "exceeded max depth" : firstLine((error as Error).message);
    throw new ApiError("BadRequest", `error converting YAML to JSON: ${why}`, undefined, { cause: error });
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.replace(/:$/, "") ?? "";
}

function yamlDuplicates(node: unknown, path: string): string[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => yamlDuplicates(item, `${path}[${index}]`));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap((pair) => {
    const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
    const field = childPath(path, key);
    const twice = seen.has(key) ? [field] : [];
    seen.add(key);
    return [...twice, ...yamlDuplicates(pair.value, field)];
  });
}

const duplicateField = (path: string): string => `duplicate field "${path}"`;

function refuseHarmful(value: unknown, path: string, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth === maxDepth) throw badRequest(`exceeded max depth: more than ${maxDepth} levels of objects and lists`);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) refuseHarmful(item, `${path}[${index}]`, depth + 1);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    // Assigning to this key anywhere down the line would change a prototype instead.
    if (key === "__proto__") throw badRequest(`the field "${childPath(path, key)}" is not accepted`);
    refuseHarmful(item, childPath(path, key), depth + 1);
  }
}
