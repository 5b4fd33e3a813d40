/**
 * Reads YAML that strangers send: js-yaml is ten times as fast as the yaml package that the command line uses for its
 * messages, and bounds nesting and merge keys.
 */
import type { Event } from "js-yaml";
import {
  constructFromEvents,
  CORE_SCHEMA,
  EVENT_ID,
  getScalarValue,
  mergeTag,
  parseEvents,
  YAMLException,
} from "js-yaml";
import { childPath, isJsonObject } from "../formats/json-object.ts";

export interface YamlDocument {
  /** Plain JSON; undefined when the text says nothing. Nothing in it is shared. */
  readonly value: unknown;
  /** Paths of the keys that a mapping has more than once: `spec.image`. */
  readonly duplicates: () => readonly string[];
}

/** YAML that cannot be read; the message is in the words of Go's yaml package, with the line. */
export class YamlError extends Error {
  override readonly name = "YamlError";
}

/** How many values a document may come to where its aliases make it larger than its text. */
const maxAliased = 100_000;
/** YAML 1.2: in 1.1 an unquoted 80:80 would be a number. Merge keys (<<) are 1.1, and in use. */
const schema = CORE_SCHEMA.withTags(mergeTag);

/** The one document in `text`; the last of several equal keys counts. Throws YamlError. */
export function readYaml(text: string, maxDepth: number): YamlDocument {
  try {
    const events = parseEvents(text, { maxDepth });
    const [first, ...more] = constructFromEvents(events, { source: text, schema, json: true });
    if (more.length > 0) throw new YamlError(`found ${more.length + 1} documents, expected one`);
    const budget = { left: Math.max(maxAliased, text.length) };
    return { value: unshared(first ?? undefined, 0, maxDepth, budget), duplicates: () => duplicatesIn(events, text) };
  } catch (error) {
    if (error instanceof YamlError) throw error;
    const line = error instanceof YAMLException && error.mark !== undefined ? `line ${error.mark.line + 1}: ` : "";
    const why = error instanceof YAMLException ? error.reason : (error as Error).message;
    throw new YamlError(`yaml: ${line}${why}`, { cause: error });
  }
}

/** `budget` is how many values there may be. */
function unshared(value: unknown, depth: number, maxDepth: number, budget: { left: number }): unknown {
  budget.left -= 1;
  if (budget.left < 0) throw new YamlError("yaml: document contains excessive aliasing");
  if (depth > maxDepth) throw new YamlError("yaml: exceeded max depth");
  if (Array.isArray(value)) return value.map((item) => unshared(item, depth + 1, maxDepth, budget));
  // JSON has no infinity, and no NaN.
  if (typeof value === "number" && !Number.isFinite(value)) return null;
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, unshared(item, depth + 1, maxDepth, budget)]),
  );
}

/** A mapping or a list that has begun. */
interface Open {
  readonly path: string;
  /** Those of a mapping so far; undefined for a list or a document. */
  readonly keys: Set<string> | undefined;
  /** Of a mapping: the key whose value comes next. */
  key: string | undefined;
  /** Of a list: which item comes next. */
  index: number;
}

function duplicatesIn(events: readonly Event[], source: string): readonly string[] {
  const duplicates: string[] = [];
  const stack: Open[] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      stack.pop();
      continue;
    }
    const parent = stack.at(-1);
    const path = parent === undefined ? "" : pathOfNext(parent);
    if (event.type === EVENT_ID.SCALAR && parent?.keys !== undefined && parent.key === undefined) {
      parent.key = getScalarValue(source, event);
      if (parent.keys.has(parent.key)) duplicates.push(childPath(parent.path, parent.key));
      parent.keys.add(parent.key);
      continue;
    }
    if (parent !== undefined) step(parent);
    const collection = event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING;
    if (collection || event.type === EVENT_ID.DOCUMENT)
      stack.push({
        path,
        keys: event.type === EVENT_ID.MAPPING ? new Set() : undefined,
        key: undefined,
        index: event.type === EVENT_ID.SEQUENCE ? 0 : -1,
      });
  }
  return duplicates;
}

function pathOfNext({ path, key, keys, index }: Open): string {
  if (keys !== undefined) return key === undefined ? path : childPath(path, key);
  return index < 0 ? path : `${path}[${index}]`;
}

/** Past one value, or past a key that is an alias. */
function step(parent: Open): void {
  if (parent.keys !== undefined) parent.key = parent.key === undefined ? "" : undefined;
  else if (parent.index >= 0) parent.index += 1;
}
