/**
 * JSON Patch (RFC 6902) on the rfc6902 package: it passes the official test suite, is maintained and has no
 * dependencies. It looks at inherited properties and at characters of strings as if they were members, steps over
 * `constructor` and `prototype` in a path, and fails to report a failed test of a value that has a toString; so each
 * operation is checked, and each test made, here.
 */
import { isDeepStrictEqual } from "node:util";
import { applyPatch } from "rfc6902";
import type { Operation } from "rfc6902";
import { getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import { ApiError, badRequest } from "../status.ts";
import { cannotApply } from "./refusals.ts";

/** Source: maxJSONPatchOperations in apiserver/pkg/endpoints/handlers/patch.go. */
const maxOperations = 10_000;
/** Bytes that all copy operations together may add. Source: JSONPatchMaxCopyBytes in apiserver/pkg/server/config.go. */
const maxCopiedBytes = 3 * 1024 * 1024;
/** Path segments that the package does not treat as plain members. */
const refusedSegments: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

interface CheckedOperation {
  readonly op: Operation["op"];
  readonly path: string;
  /** Only for move and copy. */
  readonly from: string | undefined;
  /** null where none was given. */
  readonly value: unknown;
}

/**
 * The patched copy; `object` stays as it is. Throws BadRequest for what is not a JSON patch, RequestEntityTooLarge
 * above 10,000 operations, and Invalid (422) when an operation does not apply or a test fails. It is lenient where
 * kube-apiserver is (evanphx/json-patch v4): null is no operation, what is replaced or copied need not be there, and
 * indices may count from the end.
 */
export function applyJsonPatch(object: JsonObject, patch: unknown): JsonObject {
  if (patch === null) return object;
  if (!Array.isArray(patch)) throw badRequest("error decoding patch: a JSON patch is a list of operations");
  if (patch.length > maxOperations)
    throw new ApiError(
      "RequestEntityTooLarge",
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
  const operations = patch.map(checkOperation);
  const result = structuredClone(object);
  let copiedBytes = 0;
  for (const checked of operations) {
    const { op, path } = checked;
    if (op === "test") {
      testValue(path === "" ? result : placeOf(result, segmentsOf(path), false)?.value, checked);
      continue;
    }
    const operation = targeted(result, checked);
    if (operation.op === "add" && op === "copy") copiedBytes += JSON.stringify(operation.value).length;
    if (copiedBytes > maxCopiedBytes)
      throw cannotApply(
        `unable to complete the copy, the accumulated size increase of copy is ${copiedBytes}, exceeding the limit ${maxCopiedBytes}`,
      );
    const [problem] = applyPatch(result, [operation]);
    if (problem) throw cannotApply(`${op} operation does not apply at path "${path}"`);
  }
  return result;
}

/** What is not there equals null, as it does for kube-apiserver (evanphx/json-patch). */
function testValue(actual: unknown, { path, value }: CheckedOperation): void {
  if (!isDeepStrictEqual(actual ?? null, value)) throw cannotApply(`testing value ${path} failed`);
}

const operationNames: readonly Operation["op"][] = ["add", "remove", "replace", "move", "copy", "test"];

/** Source of what is which refusal: applyJSPatch in apiserver/pkg/endpoints/handlers/patch.go decodes into typed fields. */
function checkOperation(operation: unknown, index: number): CheckedOperation {
  const malformed = (why: string): ApiError => badRequest(`error decoding patch: operation ${index} ${why}`);
  if (!isJsonObject(operation)) throw malformed("is not an object");
  const textOf = (member: string): string | undefined => {
    const text = getOwn(operation, member) ?? undefined;
    if (text !== undefined && typeof text !== "string") throw malformed(`has no text as its ${member}`);
    return text;
  };
  const [given = "unknown", path, from] = ["op", "path", "from"].map(textOf);
  const op = operationNames.find((name) => name === given);
  if (op === undefined) throw cannotApply(`Unexpected kind: ${given}`);
  if (path === undefined) throw cannotApply(`${op} operation failed to decode path: missing value`);
  const needsFrom = op === "move" || op === "copy";
  if (needsFrom && from === undefined) throw cannotApply(`${op} operation failed to decode from: missing value`);
  return { op, path, from: needsFrom ? from : undefined, value: getOwn(operation, "value") ?? null };
}

/** What stands before the first slash says nothing, as for evanphx/json-patch. */
function segmentsOf(pointer: string): readonly string[] {
  const segments = pointer.split("/").slice(1);
  return segments.map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

const pointerOf = (segments: readonly string[]): string =>
  segments.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** The operation as the package understands it. Throws when it has nothing to work on. */
function targeted(root: JsonObject, { op, path, from, value }: CheckedOperation): Operation {
  const refuse = (why: string): never => {
    throw cannotApply(`${op} operation does not apply: ${why}`);
  };
  const missing = (pointer: string): never => refuse(`doc is missing path: "${pointer}": missing value`);
  const find = (pointer: string, grows: boolean): Place => {
    const segments = segmentsOf(pointer);
    if (segments.some((segment) => refusedSegments.has(segment)))
      return refuse(`path "${pointer}" has a segment that is not accepted`);
    if (pointer === "") return refuse("the path of the whole document cannot be changed");
    return placeOf(root, segments, grows) ?? missing(pointer);
  };
  const grows = op === "add" || from !== undefined;
  const source = from === undefined ? undefined : find(from, false);
  const { pointer, isThere, inList } = find(path, grows);
  if (source !== undefined && op === "copy")
    return { op: "add", path: pointer, value: structuredClone(source.value ?? null) };
  if (source !== undefined)
    return source.isThere ? { op: "move", from: source.pointer, path: pointer } : missing(from ?? "");
  if (op === "remove") return isThere ? { op, path: pointer } : missing(path);
  return { op: op === "replace" && inList ? op : "add", path: pointer, value };
}

/** A member of an object, be it there or not, or an item of a list. */
interface Place {
  /** Without indices from the end. */
  readonly pointer: string;
  readonly isThere: boolean;
  readonly inList: boolean;
  readonly value: unknown;
}

/** Undefined where there is no such place. With `grows`, a list has one more than it has items. */
function placeOf(root: JsonObject, segments: readonly string[], grows: boolean): Place | undefined {
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  const above = [];
  let parent: unknown = root;
  for (const segment of segments.slice(0, -1)) {
    const key = Array.isArray(parent) ? indexIn(parent, segment, false) : segment;
    if (key === undefined) return undefined;
    above.push(key);
    parent = member(parent, key);
  }
  const inList = Array.isArray(parent);
  if (!inList && !isJsonObject(parent)) return undefined;
  const key = Array.isArray(parent) ? indexIn(parent, last, grows) : last;
  if (key === undefined) return undefined;
  const isThere = inList || Object.hasOwn(parent as JsonObject, key);
  return { pointer: pointerOf([...above, key]), isThere, inList, value: member(parent, key) };
}

/** Counted from the start. Source: partialArray in evanphx/json-patch v4, whose SupportNegativeIndices is true. */
function indexIn(list: readonly unknown[], segment: string, grows: boolean): string | undefined {
  if (grows && segment === "-") return segment;
  if (!arrayIndex.test(segment)) return undefined;
  const places = list.length + (grows ? 1 : 0);
  const index = segment.startsWith("-") ? Number(segment) + places : Number(segment);
  return index >= 0 && index < places ? String(index) : undefined;
}

const arrayIndex = /^(?:0|-?[1-9][0-9]*)$/;

function member(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value[Number(key)] as unknown;
  return isJsonObject(value) ? getOwn(value, key) : undefined;
}
