/** What `wait --for` can wait for. Source: kubectl/pkg/cmd/wait (condition.go, json.go, delete.go). */
import type { Condition, KubeObject } from "../crds/meta.ts";
import { UsageError } from "./errors.ts";
import { parseRelaxedPath, show } from "./json-path-template.ts";
import { isCurrent } from "./progress.ts";

/** Whether an object is what is waited for; undefined is an object that does not exist. */
export interface Awaited {
  readonly isMet: (object: KubeObject | undefined) => boolean;
  /** Whether an object that does not exist is an error, not something to wait for. */
  readonly needsObject: boolean;
}

interface WithStatus extends KubeObject {
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] };
}

/** Throws UsageError for what cannot be waited for. */
export function parseFor(text: string): Awaited {
  if (text === "delete") return { isMet: (object) => object === undefined, needsObject: false };
  if (text === "create") return { isMet: (object) => object !== undefined, needsObject: false };
  const [, type, status = "True"] = /^condition=([^=]+)(?:=(.+))?$/.exec(text) ?? [];
  if (type !== undefined)
    return { isMet: (object) => object !== undefined && hasCondition(object, type, status), needsObject: true };
  const [, path, , wanted] = /^jsonpath=(\{[^}]*\}|[^=]+)(=(.*))?$/s.exec(text) ?? [];
  if (path !== undefined) {
    const find = parseRelaxedPath(path);
    return { isMet: (object) => object !== undefined && hasValue(find(object), wanted), needsObject: true };
  }
  throw new UsageError(
    `--for "${text}" is unknown: use condition=TYPE, condition=TYPE=STATUS, jsonpath={PATH}=VALUE, create or delete`,
  );
}

function hasCondition(object: WithStatus, type: string, status: string): boolean {
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const condition = object.status?.conditions?.find((candidate) => same(candidate.type, type));
  if (condition === undefined || !same(condition.status, status)) return false;
  return isCurrent(object.metadata, condition.observedGeneration ?? object.status?.observedGeneration);
}

function hasValue([first]: readonly unknown[], wanted: string | undefined): boolean {
  if (first === undefined) return false;
  return wanted === undefined || show(first) === wanted.replace(/^(["'])(.*)\1$/s, "$2");
}
