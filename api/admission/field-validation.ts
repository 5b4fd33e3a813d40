/**
 * What is said about fields that a kind does not know, and about fields given twice.
 * Source of the words: k8s.io/apiserver/pkg/endpoints/handlers/create.go and rest.go (transformDecodeError).
 */
import type { ResourceDefinition } from "../resources/definition.ts";
import { badRequest } from "../status.ts";
import type { WriteOptions } from "../verbs/environment.ts";

/**
 * `unknown` are paths, `duplicates` whole findings as decodeBody words them. Throws BadRequest where the client asked
 * to be strict; warns or says nothing otherwise.
 */
export function reportFields(
  definition: ResourceDefinition,
  unknown: readonly string[],
  duplicates: readonly string[],
  options: Pick<WriteOptions, "fieldValidation" | "warn">,
): void {
  if (options.fieldValidation === "Ignore") return;
  const findings = [...unknown.map((path) => `unknown field ${JSON.stringify(path)}`), ...duplicates];
  if (findings.length === 0) return;
  if (options.fieldValidation === "Warn") {
    for (const finding of findings) options.warn(finding);
    return;
  }
  const { kind, version } = definition;
  const why = `strict decoding error: ${findings.join(", ")}`;
  throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}
