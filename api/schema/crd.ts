/**
 * Validates CustomResourceDefinitions (apiextensions.k8s.io/v1). Source of the rules and the wording:
 * apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go and pkg/apiserver/schema/validation.go.
 */
import { asList, asText, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { compileJsonPath } from "../../formats/json-path.ts";
import { ruleProblem, rulesOf } from "./cel.ts";
import { duplicate, forbiddenField, invalidValue, notSupported, required, tooLong } from "./field-errors.ts";
import { dns1035Label, dns1123Subdomain } from "./names.ts";
import { patternProblem } from "./pattern.ts";
import { schemaNode } from "./schema-node.ts";
import { validateValue } from "./validate-value.ts";

type Causes = readonly StatusCause[];

/** What is wrong with it, apart from metadata that every object has. Empty when it can be served. */
export function validateCustomResourceDefinition(crd: JsonObject): Causes {
  const spec = objectAt(crd, "spec");
  const names = objectAt(spec, "names");
  return [
    ...crdNameCauses(crd, spec, names),
    ...groupCauses(text(spec, "group")),
    ...scopeCauses(getOwn(spec, "scope")),
    ...namesCauses(names),
    ...versionsCauses(spec),
  ];
}

function crdNameCauses(crd: JsonObject, spec: JsonObject, names: JsonObject): Causes {
  const name = text(objectAt(crd, "metadata"), "name");
  const wanted = `${text(names, "plural")}.${text(spec, "group")}`;
  return name === wanted ? [] : [invalidValue("metadata.name", name, 'must be spec.names.plural+"."+spec.group')];
}

function groupCauses(group: string): Causes {
  if (group === "") return [required("spec.group")];
  const wrong = dns1123Subdomain(group);
  if (wrong.length > 0) return [invalidValue("spec.group", group, wrong.join(","))];
  return group.includes(".") ? [] : [invalidValue("spec.group", group, "should be a domain with at least one dot")];
}

function scopeCauses(scope: unknown): Causes {
  if (scope === undefined || scope === "") return [required("spec.scope")];
  const scopes: readonly unknown[] = ["Cluster", "Namespaced"];
  return scopes.includes(scope) ? [] : [notSupported("spec.scope", scope, scopes)];
}

function namesCauses(names: JsonObject): Causes {
  const kind = text(names, "kind");
  // Upstream fills these two in before it validates.
  const listKind = text(names, "listKind") || `${kind}List`;
  const label = (field: string, value: string): Causes => {
    const wrong = dns1035Label(value);
    return wrong.length === 0 ? [] : [invalidValue(`spec.names.${field}`, value, wrong.join(","))];
  };
  const mixedCase = (field: string, value: string): Causes => {
    const wrong = dns1035Label(value.toLowerCase());
    const why = `may have mixed case, but should otherwise match: ${wrong.join(",")}`;
    return value === "" || wrong.length === 0 ? [] : [invalidValue(`spec.names.${field}`, value, why)];
  };
  const plural = text(names, "plural");
  const singular = text(names, "singular");
  return [
    ...(plural === "" ? [required("spec.names.plural")] : label("plural", plural)),
    ...(singular === "" ? [] : label("singular", singular)),
    ...(kind === "" ? [required("spec.names.kind")] : mixedCase("kind", kind)),
    ...mixedCase("listKind", listKind),
    ...(kind !== "" && kind === listKind
      ? [invalidValue("spec.names.listKind", listKind, "kind and listKind may not be the same")]
      : []),
    ...asList(names["shortNames"]).flatMap((name, index) => label(`shortNames[${index}]`, asText(name))),
    ...asList(names["categories"]).flatMap((name, index) => label(`categories[${index}]`, asText(name))),
  ];
}

function versionsCauses(spec: JsonObject): Causes {
  const versions = asList(getOwn(spec, "versions"));
  if (versions.length === 0) return [required("spec.versions", "at least one version is needed")];
  const names = versions.map((version) => (isJsonObject(version) ? text(version, "name") : ""));
  const stored = versions.filter((version) => isJsonObject(version) && version["storage"] === true).length;
  return [
    ...(new Set(names).size < names.length
      ? [invalidValue("spec.versions", names, "must contain unique version names")]
      : []),
    ...(stored === 1
      ? []
      : [invalidValue("spec.versions", names, "must have exactly one version marked as storage version")]),
    ...versions.flatMap((version, index) => versionCauses(version, `spec.versions[${index}]`)),
  ];
}

function versionCauses(version: unknown, path: string): Causes {
  if (!isJsonObject(version)) return [invalidValue(path, version, "must be an object")];
  const name = text(version, "name");
  const wrong = dns1035Label(name);
  const schema = getOwn(objectAt(version, "schema"), "openAPIV3Schema");
  const schemaPath = `${path}.schema.openAPIV3Schema`;
  const flags = ["served", "storage"].filter(
    (flag) => !["boolean", "undefined"].includes(typeof getOwn(version, flag)),
  );
  return [
    ...(wrong.length === 0 ? [] : [invalidValue(`${path}.name`, name, wrong.join(","))]),
    ...flags.map((flag) => invalidValue(`${path}.${flag}`, version[flag], "must be true or false")),
    ...(isJsonObject(schema)
      ? [...rootCauses(schema, schemaPath), ...schemaCauses(schema, schemaPath, "root")]
      : [required(schemaPath, "schemas are required")]),
    ...columnsCauses(asList(getOwn(version, "additionalPrinterColumns")), `${path}.additionalPrinterColumns`),
  ];
}

const columnTypes = ["integer", "number", "string", "boolean", "date"];

function columnsCauses(columns: readonly unknown[], path: string): Causes {
  return columns.flatMap((column, index) => {
    const at = `${path}[${index}]`;
    if (!isJsonObject(column)) return [invalidValue(at, column, "must be an object")];
    const type = text(column, "type");
    const jsonPath = text(column, "jsonPath");
    const problem = jsonPath === "" ? undefined : jsonPathProblem(jsonPath);
    return [
      ...(text(column, "name") === "" ? [required(`${at}.name`)] : []),
      ...(type === ""
        ? [required(`${at}.type`, `must be one of ${columnTypes.join(",")}`)]
        : columnTypes.includes(type)
          ? []
          : [invalidValue(`${at}.type`, type, `must be one of ${columnTypes.join(",")}`)]),
      ...(jsonPath === "" ? [required(`${at}.jsonPath`)] : []),
      ...(problem === undefined ? [] : [invalidValue(`${at}.jsonPath`, jsonPath, problem)]),
    ];
  });
}

function jsonPathProblem(jsonPath: string): string | undefined {
  try {
    compileJsonPath(jsonPath);
    return undefined;
  } catch (error) {
    return error instanceof SyntaxError ? `is an invalid JSON path: ${error.message}` : String(error);
  }
}

function rootCauses(schema: JsonObject, path: string): Causes {
  const type = text(schema, "type");
  const metadata = objectAt(objectAt(schema, "properties"), "metadata");
  const strays = Object.keys(objectAt(metadata, "properties")).filter(
    (key) => key !== "name" && key !== "generateName",
  );
  return [
    ...(type !== "" && type !== "object" ? [invalidValue(`${path}.type`, type, "must be object at the root")] : []),
    ...(schema["additionalProperties"] === undefined
      ? []
      : [forbiddenField(`${path}.additionalProperties`, "must not be used at the root")]),
    ...(strays.length === 0
      ? []
      : [
          forbiddenField(
            `${path}.properties[metadata]`,
            "must not specify anything other than name and generateName, but metadata is implicitly specified",
          ),
        ]),
  ];
}

type Level = "root" | "item" | "field";

const noType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

/** Keywords that JSON Schema has and CustomResourceDefinitions do not. */
const forbiddenKeywords: Readonly<Record<string, string>> = {
  $ref: "$ref is not supported",
  definitions: "definitions is not supported",
  dependencies: "dependencies is not supported",
  deprecated: "deprecated is not supported",
  discriminator: "discriminator is not supported",
  id: "id is not supported",
  patternProperties: "patternProperties is not supported",
  readOnly: "readOnly is not supported",
  writeOnly: "writeOnly is not supported",
  xml: "xml is not supported",
};

const jsonTypes = ["array", "boolean", "integer", "number", "object", "string"];

/** A structural schema says the type of everything in it, and outside of allOf, anyOf, oneOf and not. */
function schemaCauses(schema: JsonObject, path: string, level: Level): Causes {
  const type = text(schema, "type");
  const flag = (key: string): boolean => getOwn(schema, key) === true;
  const intOrString = flag("x-kubernetes-int-or-string");
  const typeless = type === "" && !intOrString && !flag("x-kubernetes-preserve-unknown-fields");
  const embedded = flag("x-kubernetes-embedded-resource");
  const additional = getOwn(schema, "additionalProperties");
  const properties = objectAt(schema, "properties");
  const items = getOwn(schema, "items");
  return [
    ...(embedded && type !== "object"
      ? [invalidValue(`${path}.type`, type, "must be object if x-kubernetes-embedded-resource is true")]
      : typeless
        ? [required(`${path}.type`, noType[level])]
        : []),
    ...(type === "" || jsonTypes.includes(type) ? [] : [notSupported(`${path}.type`, type, jsonTypes)]),
    ...(type === "array" && items === undefined ? [required(`${path}.items`, "must be specified")] : []),
    ...(additional !== undefined && Object.keys(properties).length > 0
      ? [forbiddenField(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive")]
      : []),
    ...valueCauses(schema, path),
    ...nestedCauses(schema, path),
    ...listTypeCauses(schema, path),
    ...defaultCauses(schema, path),
    ...ruleCauses(schema, path),
    ...Object.entries(properties).flatMap(([key, property]) =>
      childCauses(property, `${path}.properties[${key}]`, "field"),
    ),
    ...(additional === undefined || typeof additional === "boolean"
      ? []
      : childCauses(additional, `${path}.additionalProperties`, "field")),
    ...(items === undefined ? [] : childCauses(items, `${path}.items`, "item")),
  ];
}

function childCauses(schema: unknown, path: string, level: Level): Causes {
  return isJsonObject(schema) ? schemaCauses(schema, path, level) : [invalidValue(path, schema, "must be an object")];
}

/** What may not stand in a schema, nested or not. */
function valueCauses(schema: JsonObject, path: string): Causes {
  const forbidden = Object.entries(forbiddenKeywords).filter(([keyword]) => Object.hasOwn(schema, keyword));
  const pattern = text(schema, "pattern");
  const problem = pattern === "" ? undefined : patternProblem(pattern);
  return [
    ...forbidden.map(([keyword, why]) => forbiddenField(`${path}.${keyword}`, why)),
    ...(schema["uniqueItems"] === true
      ? [
          forbiddenField(
            `${path}.uniqueItems`,
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
          ),
        ]
      : []),
    ...(schema["additionalProperties"] === false
      ? [forbiddenField(`${path}.additionalProperties`, "additionalProperties cannot be set to false")]
      : []),
    ...(problem === undefined
      ? []
      : [invalidValue(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`)]),
  ];
}

/** Keywords that say structure: they belong outside of allOf, anyOf, oneOf and not. */
const structure: Readonly<Record<string, string>> = {
  type: "must be empty to be structural",
  additionalProperties: "must be undefined to be structural",
  default: "must be undefined to be structural",
  title: "must be empty to be structural",
  description: "must be empty to be structural",
  nullable: "must be false to be structural",
  "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
  "x-kubernetes-embedded-resource": "must be false to be structural",
  "x-kubernetes-int-or-string": "must be false to be structural",
  "x-kubernetes-list-map-keys": "must be empty to be structural",
  "x-kubernetes-list-type": "must be undefined to be structural",
  "x-kubernetes-map-type": "must be undefined to be structural",
  "x-kubernetes-validations": "must be empty to be structural",
};

function nestedCauses(schema: JsonObject, path: string): Causes {
  const intOrString = schema["x-kubernetes-int-or-string"] === true;
  const lists = ["allOf", "anyOf", "oneOf"].flatMap((keyword) =>
    asList(getOwn(schema, keyword)).map((nested, index) => ({ nested, at: `${path}.${keyword}[${index}]` })),
  );
  const not = getOwn(schema, "not");
  const all = not === undefined ? lists : [...lists, { nested: not, at: `${path}.not` }];
  return all.flatMap(({ nested, at }) => (isJsonObject(nested) ? nestedSchemaCauses(nested, at, intOrString) : []));
}

function nestedSchemaCauses(schema: JsonObject, path: string, intOrString: boolean): Causes {
  const type = text(schema, "type");
  // anyOf: [{type: integer}, {type: string}] is how int-or-string is spelled out.
  const spelled = intOrString && (type === "integer" || type === "string");
  const found = Object.entries(structure).filter(
    ([keyword]) => Object.hasOwn(schema, keyword) && !(keyword === "type" && spelled),
  );
  const items = getOwn(schema, "items");
  return [
    ...found.map(([keyword, why]) => forbiddenField(`${path}.${keyword}`, why)),
    ...valueCauses(schema, path),
    ...nestedInNested(schema, path, intOrString),
    ...Object.entries(objectAt(schema, "properties")).flatMap(([key, property]) =>
      isJsonObject(property) ? nestedSchemaCauses(property, `${path}.properties[${key}]`, false) : [],
    ),
    ...(isJsonObject(items) ? nestedSchemaCauses(items, `${path}.items`, false) : []),
  ];
}

const nestedInNested = (schema: JsonObject, path: string, intOrString: boolean): Causes =>
  nestedCauses(intOrString ? { ...schema, "x-kubernetes-int-or-string": true } : schema, path);

function listTypeCauses(schema: JsonObject, path: string): Causes {
  const listType = getOwn(schema, "x-kubernetes-list-type");
  const keys = asList(getOwn(schema, "x-kubernetes-list-map-keys"));
  const types: readonly unknown[] = ["atomic", "map", "set"];
  const at = `${path}.x-kubernetes-list-type`;
  if (listType === undefined)
    return keys.length === 0 ? [] : [required(at, "must be map if x-kubernetes-list-map-keys is non-empty")];
  if (!types.includes(listType)) return [notSupported(at, listType, types)];
  if (schema["type"] !== "array")
    return [invalidValue(`${path}.type`, text(schema, "type"), "must be array if x-kubernetes-list-type is specified")];
  return listType === "map" ? mapKeysCauses(schema, keys, path) : [];
}

function mapKeysCauses(schema: JsonObject, keys: readonly unknown[], path: string): Causes {
  const items = objectAt(schema, "items");
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) return [required(at, "must not be empty if x-kubernetes-list-type is map")];
  const properties = objectAt(items, "properties");
  const mandatory = asList(getOwn(items, "required"));
  return [
    ...(items["type"] === "object"
      ? []
      : [
          invalidValue(
            `${path}.items.type`,
            text(items, "type"),
            "must be object if parent array's x-kubernetes-list-type is map",
          ),
        ]),
    ...keys.flatMap((key, index) => {
      const property = objectAt(properties, asText(key));
      if (keys.indexOf(key) < index) return [duplicate(`${at}[${index}]`, key)];
      if (Object.keys(property).length === 0)
        return [invalidValue(`${at}[${index}]`, key, "entries must all be names of item properties")];
      return mandatory.includes(key) || property["default"] !== undefined
        ? []
        : [
            required(
              `${path}.items.properties[${asText(key)}].default`,
              "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            ),
          ];
    }),
  ];
}

function defaultCauses(schema: JsonObject, path: string): Causes {
  const value = getOwn(schema, "default");
  if (value === undefined) return [];
  const causes: StatusCause[] = [];
  validateValue(value, schemaNode(schema), `${path}.default`, causes);
  return causes;
}

const reasons: readonly unknown[] = [
  "FieldValueInvalid",
  "FieldValueForbidden",
  "FieldValueRequired",
  "FieldValueDuplicate",
];

function ruleCauses(schema: JsonObject, path: string): Causes {
  return rulesOf(schema).flatMap((validation, index) => {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const rule = text(validation, "rule").trim();
    const message = text(validation, "message");
    const expression = text(validation, "messageExpression").trim();
    const reason = getOwn(validation, "reason");
    const problem = rule === "" ? undefined : ruleProblem(rule);
    const messageProblem = expression === "" ? undefined : expressionProblem(expression);
    return [
      ...(rule === "" ? [required(`${at}.rule`, "rule is not specified")] : []),
      ...(problem === undefined ? [] : [invalidValue(`${at}.rule`, rule, `compilation failed: ${problem}`)]),
      ...(message.includes("\n")
        ? [invalidValue(`${at}.message`, message, "message must not contain line breaks")]
        : []),
      ...(message.length > 2048 ? [tooLong(`${at}.message`, 2048)] : []),
      ...(messageProblem === undefined
        ? []
        : [invalidValue(`${at}.messageExpression`, expression, `compilation failed: ${messageProblem}`)]),
      ...(reason === undefined || reasons.includes(reason) ? [] : [notSupported(`${at}.reason`, reason, reasons)]),
    ];
  });
}

/** A message may evaluate to anything while it compiles: what is no string is not used. */
function expressionProblem(expression: string): string | undefined {
  return ruleProblem(`type(${expression}) == string || true`);
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = getOwn(object, key);
  return isJsonObject(value) ? value : {};
}

function text(object: JsonObject, key: string): string {
  const value = getOwn(object, key);
  return typeof value === "string" ? value : "";
}
