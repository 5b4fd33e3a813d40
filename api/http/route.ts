/** What a path means. Source: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go. */
import { badRequest } from "../status.ts";

/** A collection when `name` is absent. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Segments that may stand below one namespace object; anything else there is a kind. */
const namespaceSubresources: readonly string[] = ["status", "finalize"];

/** The parts of a path between its slashes. Throws BadRequest for bad percent-encoding. */
export function segmentsOf(path: string): readonly string[] {
  const begun = path.replace(/^\/+/, "");
  const trimmed = begun.endsWith("/") ? begun.replace(/\/+$/, "") : begun;
  if (trimmed === "") return [];
  const segments = trimmed.split("/");
  if (!path.includes("%")) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    throw badRequest(`the path ${JSON.stringify(path.slice(0, 200))} is not percent-encoded UTF-8`);
  }
}

/** Undefined when the path is not about a resource. */
export function resourcePathOf(segments: readonly string[]): ResourcePath | undefined {
  const [root, ...rest] = segments;
  if (root === "api") {
    const [version, ...below] = rest;
    return version === undefined ? undefined : resourceBelow("", version, below);
  }
  if (root !== "apis") return undefined;
  const [group, version, ...below] = rest;
  return group === undefined || version === undefined ? undefined : resourceBelow(group, version, below);
}

function resourceBelow(group: string, version: string, segments: readonly string[]): ResourcePath | undefined {
  const [first, second, third] = segments;
  if (first === undefined || segments.length > 5) return undefined;
  const inNamespace =
    first === "namespaces" && third !== undefined && !(segments.length === 3 && namespaceSubresources.includes(third));
  const [plural, name, subresource, tooMuch] = inNamespace ? segments.slice(2) : segments;
  if (plural === undefined || tooMuch !== undefined) return undefined;
  return { group, version, plural, namespace: inNamespace ? second : undefined, name, subresource };
}
