/**
 * What a CustomResourceDefinition's schema does to objects: prune, default, validate.
 * Source: apiextensions-apiserver/pkg/apiserver/{schema,validation}. docs/adr/0002-schema-validation.md says why no
 * JSON Schema library does it.
 */
import type { JsonObject, ObjectSchema } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { validateRules } from "./cel.ts";
import { applyDefaults } from "./defaults.ts";
import { validateEmbedded } from "./embedded.ts";
import { validateListTypes } from "./list-types.ts";
import { prune } from "./prune.ts";
import type { SchemaNode } from "./schema-node.ts";
import { schemaNode } from "./schema-node.ts";
import { validateValue } from "./validate-value.ts";

/** `schema` is an openAPIV3Schema that validateCustomResourceDefinition accepts. It is read at first use. */
export function structuralObjectSchema(schema: JsonObject): ObjectSchema {
  let root: SchemaNode | undefined;
  const node = (): SchemaNode => (root ??= schemaNode(schema));
  return {
    prune: (object) => prune(object, node(), true),
    applyDefaults: (object) => {
      applyDefaults(object, node());
    },
    validate: (object, old) => validate(object, old, node()),
  };
}

/** Rules see only objects of the right shape: their own errors would be about the shape again. */
const shapeErrors: ReadonlySet<string | undefined> = new Set([
  "FieldValueRequired",
  "FieldValueTypeInvalid",
  "FieldValueNotSupported",
  "FieldValueTooLong",
  "FieldValueTooMany",
]);

function validate(object: JsonObject, old: JsonObject | undefined, node: SchemaNode): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  validateValue(object, node, "", causes);
  validateEmbedded(object, node, "", causes);
  validateListTypes(object, node, "", causes);
  if (!causes.some(({ reason }) => shapeErrors.has(reason))) validateRules(object, old, node, causes);
  return causes;
}
