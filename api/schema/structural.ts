/**
 * What a CustomResourceDefinition's schema does to objects: prune, default, validate.
 * Source: apiextensions-apiserver/pkg/apiserver/{schema,validation}. docs/adr/0002-schema-validation.md says why no
 * JSON Schema library does it.
 */
import type { JsonObject, ObjectSchema } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { Rules } from "./cel.ts";
import { applyDefaults } from "./defaults.ts";
import { coerceEmbedded, validateEmbedded } from "./embedded.ts";
import { invalidValue } from "./field-errors.ts";
import { validateListTypes } from "./list-types.ts";
import { prune } from "./prune.ts";
import type { SchemaNode } from "./schema-node.ts";
import { schemaNode } from "./schema-node.ts";
import { validateValue } from "./validate-value.ts";

/** `schema` is an openAPIV3Schema that validateCustomResourceDefinition accepts. It is read at first use. */
export function structuralObjectSchema(schema: JsonObject): ObjectSchema {
  let root: SchemaNode | undefined;
  let rules: Rules | undefined;
  const node = (): SchemaNode => (root ??= schemaNode(schema));
  return {
    prune: (object) => {
      coerceEmbedded(object, node());
      return prune(object, node(), true);
    },
    applyDefaults: (object) => {
      applyDefaults(object, node());
    },
    validate: (object, old) => {
      const causes = shapeCauses(object, old, node());
      if (!node().hasRules) return causes;
      rules ??= new Rules(node());
      if (causes.some(({ reason }) => shapeErrors.has(reason))) causes.push(unchecked);
      else rules.validate(object, old, causes);
      return causes;
    },
  };
}

/** Rules see only objects of the right shape. Source: hasBlockingErr in pkg/registry/customresource/strategy.go. */
const shapeErrors: ReadonlySet<string | undefined> = new Set([
  "FieldValueRequired",
  "FieldValueTypeInvalid",
  "FieldValueNotSupported",
  "FieldValueTooLong",
  "FieldValueTooMany",
]);
const unchecked = invalidValue(
  "<nil>",
  undefined,
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
);

function shapeCauses(object: JsonObject, old: JsonObject | undefined, node: SchemaNode): StatusCause[] {
  const causes: StatusCause[] = [];
  validateValue(object, node, "", causes, old);
  validateEmbedded(object, node, "", causes);
  const lists: StatusCause[] = [];
  validateListTypes(object, node, "", lists);
  if (lists.length > 0 && !hadListFaults(old, node)) causes.push(...lists);
  return causes;
}

/** Lists that had duplicates before an update may have some after it. Source: ValidateUpdate in strategy.go. */
function hadListFaults(old: JsonObject | undefined, node: SchemaNode): boolean {
  const causes: StatusCause[] = [];
  if (old !== undefined) validateListTypes(old, node, "", causes);
  return causes.length > 0;
}
