/** Field selectors as they stand in a query. Source: apimachinery/pkg/fields/selector.go. */
import type { KubeObject } from "../../crds/meta.ts";
import type { ResourceDefinition } from "../resources/definition.ts";
import { badRequest } from "../status.ts";

export interface FieldMatcher {
  matches(object: KubeObject): boolean;
  /** The one name, or namespace, that objects must have: what makes a list a get. */
  readonly name?: string;
  readonly namespace?: string;
}

type Term = { readonly field: string; readonly equal: boolean; readonly value: string };

/** Throws BadRequest when the text is no selector or names a field that this kind cannot be selected by. */
export function parseFieldSelector(
  text: string,
  definition: Pick<ResourceDefinition, "selectableFields" | "namespaced">,
): FieldMatcher {
  const terms = splitTerms(text).map((part) => parseTerm(text, part));
  const tests = terms.map(({ field, equal, value }) => {
    const read = reader(field, definition);
    return (object: KubeObject) => (read(object) === value) === equal;
  });
  const name = exactly(terms, "metadata.name");
  const namespace = exactly(terms, "metadata.namespace");
  return {
    matches: (object) => tests.every((holds) => holds(object)),
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** At commas, except those escaped with a backslash. */
function splitTerms(text: string): readonly string[] {
  return (text.match(/(?:\\[^]|[^\\,])+/g) ?? []).filter((part) => part.trim() !== "");
}

function parseTerm(selector: string, part: string): Term {
  const [, field, operator, value] = /^((?:\\[^]|[^\\=!])*)(!=|==|=)([^]*)$/.exec(part) ?? [];
  if (field === undefined || operator === undefined || value === undefined)
    throw badRequest(`invalid selector: '${selector}'; can't understand '${part}'`);
  return { field: field.trim(), equal: operator !== "!=", value: unescapeValue(value) };
}

function unescapeValue(value: string): string {
  if (/(?:^|[^\\])(?:\\\\)*[=,]/.test(value))
    throw badRequest(`invalid field selector: unescaped character in value '${value}'`);
  return value.replaceAll(/\\([\\,=])/g, "$1");
}

function reader(
  field: string,
  { selectableFields, namespaced }: Pick<ResourceDefinition, "selectableFields" | "namespaced">,
): (object: KubeObject) => string {
  if (field === "metadata.name") return (object) => object.metadata.name;
  if (field === "metadata.namespace" && namespaced) return (object) => object.metadata.namespace ?? "";
  const read = Object.hasOwn(selectableFields, field) ? selectableFields[field] : undefined;
  if (read === undefined) throw badRequest(`field label not supported: ${field}`);
  return read;
}

function exactly(terms: readonly Term[], field: string): string | undefined {
  return terms.find((term) => term.field === field && term.equal)?.value;
}
