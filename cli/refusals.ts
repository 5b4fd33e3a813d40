/** What the server says about a manifest, as one line for each thing that is wrong, with file, field and value. */
import type { ApiError, StatusCause } from "../api/status.ts";
import { valueAt } from "./field-path.ts";
import type { Manifest, Problem } from "./manifests.ts";

/** `Container "web": `. */
export function subjectOf({ object }: Manifest): string {
  return `${object.kind} "${object.metadata.name}": `;
}

/** At least one. */
export function problemsOf(error: ApiError, manifest: Manifest): readonly Problem[] {
  const causes = causesOf(error);
  if (causes.length === 0) return [{ where: manifest.where(), message: subjectOf(manifest) + error.message }];
  const problems = causes.map(({ field = "", message = "" }) => ({
    where: manifest.where(field),
    message: `${subjectOf(manifest)}${field === "" ? "" : `${field}: `}${message}${valueNote(manifest, field, message)}`,
  }));
  return [...new Map(problems.map((problem) => [problem.where + problem.message, problem])).values()];
}

/** The server's causes; or what stands in the message of those refusals that have none. */
function causesOf(error: ApiError): readonly StatusCause[] {
  const causes = error.details?.causes ?? [];
  // What is said of no field, beside others that name one, repeats them or says that more may come.
  const placed = causes.filter(({ field }) => field !== "<nil>");
  if (causes.length > 0) return placed.length > 0 ? placed : causes;
  if (error.reason === "NotFound" && error.details?.kind === "namespaces")
    return [
      { field: "metadata.namespace", message: `${error.message}; create it first, or give its manifest as well` },
    ];
  // What encoding/json says of a field of metadata that has the wrong type.
  const [, found = "", wrong, type = ""] =
    /cannot unmarshal (\w+) into Go struct field \w+\.(\S+) of type (\S+)/.exec(error.message) ?? [];
  if (wrong !== undefined) return [{ field: wrong, message: `Invalid value: ${found}: must be of type ${type}` }];
  // k8s.io/apimachinery/pkg/runtime/error.go, strictDecodingError: causes are only in the text.
  return [...error.message.matchAll(/(unknown|duplicate) field "([^"]+)"/g)].map(([, what = "", field = ""]) => ({
    field,
    message: what === "unknown" ? "Unknown field" : "Duplicate field",
  }));
}

const longest = 80;

/** The value, where the message quotes nothing of it. Of a large one, its beginning. */
function valueNote({ object }: Manifest, field: string, message: string): string {
  const value = field === "" ? undefined : valueAt(object, field);
  if (value === undefined || quotes(message, value)) return "";
  const text = JSON.stringify(value);
  return ` (it is ${text.length > longest ? `${text.slice(0, longest)}…` : text})`;
}

function quotes(message: string, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return message.includes(JSON.stringify(value));
  return Object.entries(value).some(
    ([key, inner]) => (!Array.isArray(value) && message.includes(JSON.stringify(key))) || quotes(message, inner),
  );
}
