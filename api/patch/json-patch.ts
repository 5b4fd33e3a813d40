/**
 * JSON Patch (RFC 6902) on the rfc6902 package: it passes the official test suite, is maintained and has no
 * dependencies. It looks at inherited properties and at characters of strings as if they were members, steps over
 * `constructor` and `prototype` in a path, and fails to report a failed test of a value that has a toString; so each
 * operation is checked, and each test made, here.
 */
import { isDeepStrictEqual } from "node:util";
import { applyPatch } from "rfc6902";
import type { Operation, TestOperation } from "rfc6902";
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
  readonly operation: Operation;
  readonly path: readonly string[];
  /** Only for move and copy. */
  readonly from: readonly string[] | undefined;
}

/**
 * The patched copy; `object` stays as it is. Throws BadRequest for what is not a JSON patch, RequestEntityTooLarge
 * above 10,000 operations, and Invalid (422) when an operation does not apply or a test fails.
 */
export function applyJsonPatch(object: JsonObject, patch: unknown): JsonObject {
  if (!Array.isArray(patch)) throw badRequest("error decoding patch: a JSON patch is a list of operations");
  if (patch.length > maxOperations)
    throw new ApiError(
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
  const operations = patch.map(checkOperation);
  const result = structuredClone(object);
  let copiedBytes = 0;
  for (const checked of operations) {
    const { operation, path } = checked;
    if (operation.op === "test") {
      testValue(valueAt(result, path), operation);
      continue;
    }
    const source = checkTarget(result, checked);
    if (operation.op === "copy") copiedBytes += JSON.stringify(source).length;
    if (copiedBytes > maxCopiedBytes)
      throw cannotApply(
        `unable to complete the copy, the accumulated size increase of copy is ${copiedBytes}, exceeding the limit ${maxCopiedBytes}`,
      );
    const [problem] = applyPatch(result, [operation]);
    if (problem) throw cannotApply(`${operation.op} operation does not apply at path "${operation.path}"`);
  }
  return result;
}

/** What is not there equals null, as it does for kube-apiserver (evanphx/json-patch). */
function testValue(actual: unknown, { path, value }: TestOperation): void {
  if (!isDeepStrictEqual(actual ?? null, value)) throw cannotApply(`testing value ${path} failed`);
}

const operationNames: ReadonlySet<unknown> = new Set(["add", "remove", "replace", "move", "copy", "test"]);

function checkOperation(operation: unknown, index: number): CheckedOperation {
  const malformed = (why: string): ApiError => badRequest(`error decoding patch: operation ${index} ${why}`);
  if (!isJsonObject(operation)) throw malformed("is not an object");
  const op = getOwn(operation, "op");
  if (!operationNames.has(op))
    throw malformed(
      `has op ${op === undefined ? "missing" : JSON.stringify(op)}: use add, remove, replace, move, copy or test`,
    );
  const needsFrom = op === "move" || op === "copy";
  if ((op === "add" || op === "replace" || op === "test") && !Object.hasOwn(operation, "value"))
    throw malformed(`(${op}) has no value`);
  const pointer = (member: string): readonly string[] => {
    const text = getOwn(operation, member);
    if (typeof text !== "string") throw malformed(`(${String(op)}) has no ${member}`);
    if (text !== "" && !text.startsWith("/")) throw malformed(`has ${member} "${text}": it must begin with "/"`);
    return segmentsOf(text);
  };
  return {
    operation: operation as unknown as Operation,
    path: pointer("path"),
    from: needsFrom ? pointer("from") : undefined,
  };
}

function segmentsOf(pointer: string): readonly string[] {
  const segments = pointer.split("/").slice(1);
  return segments.map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Throws when the operation has nothing to work on. Returns what a copy or move takes. */
function checkTarget(root: JsonObject, { operation, path, from }: CheckedOperation): unknown {
  const missing = (pointer: string): ApiError =>
    cannotApply(`${operation.op} operation does not apply: doc is missing path: "${pointer}": missing value`);
  if ([...path, ...(from ?? [])].some((segment) => refusedSegments.has(segment)))
    throw cannotApply(
      `${operation.op} operation does not apply: path "${operation.path}" has a segment that is not accepted`,
    );
  if (path.length === 0)
    throw cannotApply(`${operation.op} operation does not apply: the path of the whole document cannot be changed`);
  const grows = operation.op === "add" || from !== undefined;
  if (!exists(root, path, grows)) throw missing(operation.path);
  if (from === undefined || !("from" in operation)) return undefined;
  if (!exists(root, from, false)) throw missing(operation.from);
  return valueAt(root, from);
}

/** Whether the last segment names something; with `grows`, something that could be added to its parent. */
function exists(root: JsonObject, segments: readonly string[], grows: boolean): boolean {
  const parent = valueAt(root, segments.slice(0, -1));
  const last = segments.at(-1);
  if (last === undefined) return true;
  if (Array.isArray(parent)) {
    if (grows && last === "-") return true;
    return arrayIndex.test(last) && Number(last) < parent.length + (grows ? 1 : 0);
  }
  return isJsonObject(parent) && (grows || Object.hasOwn(parent, last));
}

function valueAt(root: JsonObject, segments: readonly string[]): unknown {
  return segments.reduce<unknown>((value, segment) => member(value, segment), root);
}

const arrayIndex = /^(?:0|[1-9][0-9]*)$/;

function member(value: unknown, segment: string): unknown {
  if (Array.isArray(value)) return arrayIndex.test(segment) ? (value[Number(segment)] as unknown) : undefined;
  return isJsonObject(value) ? getOwn(value, segment) : undefined;
}
