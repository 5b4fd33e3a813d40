/**
 * Objects that kubectl applied from its own side before: what their annotation says is no conflict, and the annotation is
 * kept up to date for clients that go on so. Source: managedfields/internal/{lastapplied,lastappliedmanager,
 * lastappliedupdater}.go.
 */
import { asText, getOwn, isJsonObject, setOwn } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import { checkType } from "./check.ts";
import { compareObjects } from "./compare.ts";
import type { Conflict } from "./conflicts.ts";
import { fieldsBelow } from "./contents.ts";
import type { FieldSet } from "./field-set.ts";
import { difference, isEmpty } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";

const annotation = "kubectl.kubernetes.io/last-applied-configuration";
/** The one manager that is asked for; others opt out by their name. */
export const kubectlManager = "kubectl";
/** Source: TotalAnnotationSizeLimitB in apimachinery/pkg/api/validation/objectmeta.go. */
const maxAnnotationBytes = 256 * 1024;

/** The conflicts that are left without the fields that client-side apply set last, as they still are. */
export function conflictsBesidesLastApplied(
  type: FieldType,
  live: JsonObject,
  conflicts: readonly Conflict[],
): readonly Conflict[] {
  const allowed = lastAppliedFields(type, live);
  if (allowed === undefined) return conflicts;
  return conflicts.flatMap(({ owner, fields }) => {
    const left = difference(fields, allowed);
    return isEmpty(left) ? [] : [{ owner, fields: left }];
  });
}

function lastAppliedFields(type: FieldType, live: JsonObject): FieldSet | undefined {
  const config = parse(getOwn(annotationsOf(live), annotation));
  if (config === undefined || config["apiVersion"] !== live["apiVersion"]) return undefined;
  if (checkType(type, config).length > 0) return undefined;
  const { changed, removed } = compareObjects(type, config, live);
  return difference(difference(fieldsBelow(type, config), changed), removed);
}

function parse(text: unknown): JsonObject | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value = JSON.parse(text) as unknown;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Sets, in `object`, the annotation to `config` where there is one. */
export function updateLastApplied(object: { metadata: JsonObject }, config: JsonObject): void {
  const annotations = annotationsOf(object);
  if ((getOwn(annotations, annotation) ?? "") === "") return;
  const updated = { ...annotations, [annotation]: `${JSON.stringify(sorted(withoutAnnotation(config)))}\n` };
  const bytes = Object.entries(updated).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(asText(value)),
    0,
  );
  if (bytes > maxAnnotationBytes) Reflect.deleteProperty(updated, annotation);
  object.metadata["annotations"] = updated;
}

function annotationsOf({ metadata }: JsonObject): JsonObject {
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  return isJsonObject(annotations) ? annotations : {};
}

function withoutAnnotation(config: JsonObject): JsonObject {
  const { metadata } = config;
  if (!isJsonObject(metadata) || !isJsonObject(metadata["annotations"])) return config;
  const { [annotation]: _, ...annotations } = metadata["annotations"];
  return { ...config, metadata: { ...metadata, annotations } };
}

/** As encoding/json writes maps. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value).sort()) setOwn(result, key, sorted(value[key]));
  return result;
}
