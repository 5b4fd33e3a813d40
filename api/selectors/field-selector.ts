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

type Selectable = Pick<ResourceDefinition, "selectableFields" | "namespaced" | "mergeKeys">;

/** Throws BadRequest when the text is no selector or names a field that this kind cannot be selected by. */
export function parseFieldSelector(text: string, definition: Selectable): FieldMatcher {
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
  return value.replaceAll(/\\([^]?)|[=,]/gu, (found, escaped: string | undefined) => {
    if (escaped !== undefined && ["\\", ",", "="].includes(escaped)) return escaped;
    const why =
      escaped === undefined
        ? `unescaped character in value: ${found.codePointAt(0) ?? ""}`
        : `invalid escape sequence: ${found}`;
    throw badRequest(`invalid field selector: ${why}`);
  });
}

function reader(field: string, definition: Selectable): (object: KubeObject) => string {
  const { selectableFields, namespaced } = definition;
  if (field === "metadata.name") return (object) => object.metadata.name;
  if (field === "metadata.namespace" && (namespaced || hasDefaultFields(definition)))
    return (object) => object.metadata.namespace ?? "";
  const read = Object.hasOwn(selectableFields, field) ? selectableFields[field] : undefined;
  if (read === undefined) throw badRequest(unknownField(field, definition));
  return read;
}

/** Source: DefaultMetaV1FieldSelectorConversion in apimachinery/pkg/runtime/conversion.go. */
function unknownField(field: string, definition: Selectable): string {
  return hasDefaultFields(definition)
    ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`;
}

/** Built-in kinds that say nothing about fields; custom ones always do. */
const hasDefaultFields = ({ selectableFields, mergeKeys }: Selectable): boolean =>
  mergeKeys !== undefined && Object.keys(selectableFields).length === 0;

function exactly(terms: readonly Term[], field: string): string | undefined {
  return terms.find((term) => term.field === field && term.equal)?.value;
}
