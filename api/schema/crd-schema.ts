/**
 * Validates the schemas of CustomResourceDefinitions: they are structural, and say only what the server enforces.
 * Source of the rules and the wording: apiextensions-apiserver/pkg/apiserver/schema/{validation.go,defaulting/
 * validation.go} and ValidateCustomResourceDefinitionOpenAPISchema in pkg/apis/apiextensions/validation/validation.go.
 */
import { isDeepStrictEqual } from "node:util";
import { asList, asText, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { forbiddenField, invalidValue, notSupported, required } from "./field-errors.ts";
import { patternProblem } from "./pattern.ts";
import { prune } from "./prune.ts";
import { schemaNode } from "./schema-node.ts";
import { validateEmbedded } from "./embedded.ts";
import { validateValue } from "./validate-value.ts";

type Causes = readonly StatusCause[];

/** What is wrong with an openAPIV3Schema at `path`, apart from its rules. `statusEnabled`: it has a status subresource. */
export function schemaCauses(schema: JsonObject, path: string, statusEnabled: boolean): Causes {
  const known = unsupportedIn(schema) === undefined;
  const structural = known ? invariantCauses(schema, path, "root") : [];
  const causes = [
    ...(statusEnabled ? statusRootCauses(schema, path) : []),
    ...(getOwn(schema, "nullable") === true
      ? [forbiddenField(`${path}.nullable`, "nullable cannot be true at the root")]
      : []),
    ...(structural.length > 0 || !known ? structural : defaultCauses(schema, path, true)),
    ...keywordCauses(schema, path, { root: true, insideMeta: false, defaults: undefined }),
  ];
  if (known || causes.length > 0) return causes;
  return [invalidValue(path, "", `OpenAPIV3Schema '${unsupportedIn(schema) ?? ""}' is not supported`)];
}

/** A keyword that structural schemas have no place for, anywhere in it. Source: validateUnsupportedFields in convert.go. */
function unsupportedIn(schema: unknown): string | undefined {
  if (!isJsonObject(schema)) return undefined;
  const found = [...unsupported, "$schema"].find((keyword) => Object.hasOwn(schema, keyword));
  if (found !== undefined) return found.replace("$schema", "schema");
  const children = [
    ...["items", "additionalProperties", "not"].map((keyword) => getOwn(schema, keyword)),
    ...Object.values(objectAt(schema, "properties")),
    ...["allOf", "anyOf", "oneOf"].flatMap((keyword) => asList(getOwn(schema, keyword))),
  ];
  return children.map(unsupportedIn).find((keyword) => keyword !== undefined);
}

/** What may stand beside properties where status is apart. Source: allowedFieldsAtRootSchema. */
const allowedAtRoot: ReadonlySet<string> = new Set(
  "description type format title maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems multipleOf required items properties externalDocs example x-kubernetes-preserve-unknown-fields x-kubernetes-validations".split(
    " ",
  ),
);

function statusRootCauses(schema: JsonObject, path: string): Causes {
  const type = text(schema, "type");
  if (type !== "" && type !== "object")
    return [
      invalidValue(
        `${path}.type`,
        type,
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
      ),
    ];
  const stray = Object.keys(schema).find((key) => !allowedAtRoot.has(key) && getOwn(schema, key) !== false);
  if (stray === undefined) return [];
  const fields =
    "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";
  const why = `only ${fields} fields are allowed at the root of the schema if the status subresource is enabled`;
  return [invalidValue(path, schema, why)];
}

type Level = "root" | "item" | "field";

const noType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

/** A structural schema says the type of everything in it, and outside of allOf, anyOf, oneOf and not. */
function invariantCauses(schema: JsonObject, path: string, level: Level): Causes {
  const properties = objectAt(schema, "properties");
  const items = getOwn(schema, "items");
  const additional = getOwn(schema, "additionalProperties");
  return [
    ...(text(schema, "type") === "array" && items === undefined
      ? [required(`${path}.items`, "must be specified")]
      : []),
    ...(items === undefined ? [] : childCauses(items, `${path}.items`, "item")),
    ...Object.entries(properties).flatMap(([key, property]) =>
      childCauses(property, `${path}.properties[${key}]`, "field"),
    ),
    ...(additional !== undefined && level === "root"
      ? [forbiddenField(`${path}.additionalProperties`, "must not be used at the root")]
      : []),
    ...(isJsonObject(additional) ? childCauses(additional, `${path}.additionalProperties`, "field") : []),
    ...extensionCauses(schema, path),
    ...valueCauses(schema, path, isIntOrString(schema)),
    ...typeCauses(schema, path, level),
    ...resourceCauses(schema, path, level),
  ];
}

function childCauses(schema: unknown, path: string, level: Level): Causes {
  return isJsonObject(schema) ? invariantCauses(schema, path, level) : [];
}

function extensionCauses(schema: JsonObject, path: string): Causes {
  if (!flag(schema, intOrString)) return [];
  return [preserve, embeddedResource]
    .filter((key) => flag(schema, key))
    .map((key) => invalidValue(`${path}.${key}`, true, "must be false if x-kubernetes-int-or-string is true"));
}

const intOrString = "x-kubernetes-int-or-string";
const preserve = "x-kubernetes-preserve-unknown-fields";
const embeddedResource = "x-kubernetes-embedded-resource";

function typeCauses(schema: JsonObject, path: string, level: Level): Causes {
  const type = text(schema, "type");
  const at = `${path}.type`;
  if (flag(schema, embeddedResource) && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    return [type === "" ? required(at, why) : invalidValue(at, type, why)];
  }
  if (type === "") return flag(schema, intOrString) || flag(schema, preserve) ? [] : [required(at, noType[level])];
  return level === "root" && type !== "object" ? [invalidValue(at, type, "must be object at the root")] : [];
}

/** What a schema may say of the apiVersion, the kind and the metadata of an object, embedded or not. */
function resourceCauses(schema: JsonObject, path: string, level: Level): Causes {
  const embedded = flag(schema, embeddedResource);
  const properties = objectAt(schema, "properties");
  const root = level === "root";
  const typed = (key: string, type: string): Causes => {
    const property = getOwn(properties, key);
    const given = isJsonObject(property) ? text(property, "type") : type;
    return given === type ? [] : [invalidValue(`${path}.properties[${key}].type`, given, `must be ${type}`)];
  };
  return [
    ...(embedded && getOwn(schema, "additionalProperties") !== undefined
      ? [forbiddenField(`${path}.additionalProperties`, "must not be used if x-kubernetes-embedded-resource is set")]
      : []),
    ...(root || embedded
      ? [...typed("kind", "string"), ...typed("apiVersion", "string"), ...typed("metadata", "object")]
      : []),
    ...(root ? rootMetadataCauses(objectAt(properties, "metadata"), `${path}.properties[metadata]`) : []),
    ...(embedded && !flag(schema, preserve) && Object.keys(properties).length === 0
      ? [
          required(
            `${path}.properties`,
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
          ),
        ]
      : []),
  ];
}

function rootMetadataCauses(metadata: JsonObject, path: string): Causes {
  const fields = Object.keys(objectAt(metadata, "properties"));
  const others = Object.keys(metadata).filter((key) => !["type", "properties", "default"].includes(key));
  return others.length === 0 && fields.every((field) => field === "name" || field === "generateName")
    ? []
    : [
        forbiddenField(
          path,
          "must not specify anything other than name and generateName, but metadata is implicitly specified",
        ),
      ];
}

const spelledOut = [{ type: "integer" }, { type: "string" }];

interface Spelled {
  readonly anyOf: boolean;
  readonly firstAllOf: boolean;
}

/** anyOf: [{type: integer}, {type: string}] is how int-or-string may be spelled out. */
function isIntOrString(schema: JsonObject): Spelled {
  const [first] = asList(getOwn(schema, "allOf"));
  return {
    anyOf: isDeepStrictEqual(getOwn(schema, "anyOf"), spelledOut),
    firstAllOf: isJsonObject(first) && isDeepStrictEqual(getOwn(first, "anyOf"), spelledOut),
  };
}

function valueCauses(schema: JsonObject, path: string, spelled: Spelled): Causes {
  const nested = (keyword: string): readonly { readonly schema: unknown; readonly at: string }[] =>
    asList(getOwn(schema, keyword)).map((one, index) => ({ schema: one, at: `${path}.${keyword}[${index}]` }));
  const not = getOwn(schema, "not");
  const pattern = text(schema, "pattern");
  const problem = pattern === "" ? undefined : patternProblem(pattern);
  const all = [...nested("oneOf"), ...(not === undefined ? [] : [{ schema: not, at: `${path}.not` }])];
  return [
    ...(spelled.anyOf ? [] : nested("anyOf").flatMap((one) => nestedCauses(one.schema, one.at, false))),
    ...nested("allOf").flatMap((one, index) => nestedCauses(one.schema, one.at, spelled.firstAllOf && index === 0)),
    ...all.flatMap((one) => nestedCauses(one.schema, one.at, false)),
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
  externalDocs: "must be undefined to be structural",
  "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
  "x-kubernetes-embedded-resource": "must be false to be structural",
  "x-kubernetes-int-or-string": "must be false to be structural",
  "x-kubernetes-list-map-keys": "must be empty to be structural",
  "x-kubernetes-list-type": "must be undefined to be structural",
  "x-kubernetes-map-type": "must be undefined to be structural",
  "x-kubernetes-validations": "must be empty to be structural",
};

function nestedCauses(schema: unknown, path: string, spelledAnyOf: boolean): Causes {
  if (!isJsonObject(schema)) return [];
  const properties = objectAt(schema, "properties");
  const found = Object.entries(structure).filter(
    ([keyword]) => ![undefined, "", false].includes(getOwn(schema, keyword) as undefined),
  );
  const items = getOwn(schema, "items");
  return [
    ...valueCauses(schema, path, { anyOf: spelledAnyOf, firstAllOf: false }),
    ...(items === undefined ? [] : nestedCauses(items, `${path}.items`, false)),
    ...Object.entries(properties).flatMap(([key, property]) =>
      nestedCauses(property, `${path}.properties[${key}]`, false),
    ),
    ...found.map(([keyword, why]) => forbiddenField(`${path}.${keyword}`, why)),
    ...(Object.hasOwn(properties, "metadata")
      ? [forbiddenField(`${path}.properties[metadata]`, "must not be specified in a nested context")]
      : []),
  ];
}

/** Defaults are pruned, and valid. What they say of metadata is not looked at: it is forbidden at the root. */
function defaultCauses(schema: JsonObject, path: string, root: boolean): Causes {
  const value = getOwn(schema, "default");
  const items = getOwn(schema, "items");
  const resource = root || flag(schema, embeddedResource);
  const properties = Object.entries(objectAt(schema, "properties")).filter(
    ([key]) => !(resource && key === "metadata"),
  );
  return [
    ...(value === undefined || value === null
      ? []
      : defaultValueCauses(value, root ? { ...schema, [embeddedResource]: true } : schema, `${path}.default`)),
    ...(isJsonObject(items) ? defaultCauses(items, `${path}.items`, false) : []),
    ...properties.flatMap(([key, property]) =>
      isJsonObject(property) ? defaultCauses(property, `${path}.properties[${key}]`, false) : [],
    ),
  ];
}

function defaultValueCauses(value: unknown, schema: JsonObject, path: string): Causes {
  const node = schemaNode(schema);
  const pruned: JsonObject = { value: structuredClone(value) };
  const removed = prune(pruned, schemaNode({ type: "object", properties: { value: schema } }), false);
  const causes: StatusCause[] = [];
  validateEmbedded(value, node, "", causes);
  if (causes.length === 0) validateValue(value, node, "", causes);
  return [
    ...(removed.length > 0 ? [invalidValue(path, value, "must not have unknown fields")] : []),
    // What is said of the value names it by its path within the default.
    ...causes.map((cause) => ({ ...cause, field: fieldBelow(path, cause.field ?? "") })),
  ];
}

function fieldBelow(path: string, field: string): string {
  if (field === "<nil>" || field === "") return path;
  return field.startsWith("[") ? path + field : `${path}.${field}`;
}

interface Place {
  readonly root: boolean;
  /** Within apiVersion, kind or metadata of an object. */
  readonly insideMeta: boolean;
  /** Why there may be no defaults here. */
  readonly defaults: string | undefined;
}

const openApiTypes = ["array", "boolean", "integer", "number", "object", "string"];

/** Keywords that JSON Schema has and CustomResourceDefinitions do not. */
const unsupported = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];

/** What may not stand in a schema, wherever it is. */
function keywordCauses(schema: unknown, path: string, place: Place): Causes {
  if (!isJsonObject(schema)) return [];
  return [
    ...standardCauses(schema, path, place),
    ...(getOwn(schema, "uniqueItems") === true
      ? [
          forbiddenField(
            `${path}.uniqueItems`,
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
          ),
        ]
      : []),
    ...membersCauses(schema, path, place),
    ...combinationsCauses(schema, path, place),
    ...(getOwn(schema, preserve) === false
      ? [invalidValue(`${path}.${preserve}`, false, "must be true or undefined")]
      : []),
    ...mapTypeCauses(schema, path),
    ...listTypeCauses(schema, path),
  ];
}

function standardCauses(schema: JsonObject, path: string, { insideMeta, defaults }: Place): Causes {
  const type = text(schema, "type");
  return [
    ...(type === "" || openApiTypes.includes(type) ? [] : [notSupported(`${path}.type`, type, openApiTypes)]),
    ...(getOwn(schema, "default") !== undefined && defaults !== undefined
      ? [forbiddenField(`${path}.default`, `must not be set ${defaults}`)]
      : []),
    ...unsupported
      .filter((keyword) => Object.hasOwn(schema, keyword))
      .map((keyword) => forbiddenField(`${path}.${keyword}`, `${keyword} is not supported`)),
    ...(type === "null"
      ? [forbiddenField(`${path}.type`, "type cannot be set to null, use nullable as an alternative")]
      : []),
    ...(Array.isArray(getOwn(schema, "items"))
      ? [forbiddenField(`${path}.items`, "items must be a schema object and not an array")]
      : []),
    ...(insideMeta && flag(schema, embeddedResource)
      ? [forbiddenField(`${path}.${embeddedResource}`, "must not be used inside of resource meta")]
      : []),
  ];
}

/** Fields, entries and items. */
function membersCauses(schema: JsonObject, path: string, place: Place): Causes {
  const properties = objectAt(schema, "properties");
  const additional = getOwn(schema, "additionalProperties");
  const exclusive = Object.keys(properties).length > 0 && (additional === false || isJsonObject(additional));
  const resource = place.root || flag(schema, embeddedResource);
  const inside = (key: string): Place => {
    const meta = resource && ["metadata", "kind", "apiVersion"].includes(key);
    return {
      root: false,
      insideMeta: place.insideMeta || meta,
      defaults: meta && place.root ? `in top-level ${key}` : place.defaults,
    };
  };
  const below: Place = { ...place, root: false };
  return [
    ...(exclusive
      ? [forbiddenField(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive")]
      : []),
    ...keywordCauses(additional, `${path}.additionalProperties`, {
      ...below,
      defaults: place.insideMeta ? "inside additionalProperties applying to object metadata" : place.defaults,
    }),
    ...Object.entries(properties).flatMap(([key, property]) =>
      keywordCauses(property, `${path}.properties[${key}]`, inside(key)),
    ),
    ...keywordCauses(getOwn(schema, "items"), `${path}.items`, below),
  ];
}

function combinationsCauses(schema: JsonObject, path: string, place: Place): Causes {
  const below: Place = { ...place, root: false };
  return [
    ...keywordCauses(getOwn(schema, "not"), `${path}.not`, below),
    ...["allOf", "oneOf", "anyOf"].flatMap((keyword) =>
      asList(getOwn(schema, keyword)).flatMap((one, index) =>
        keywordCauses(one, `${path}.${keyword}[${index}]`, below),
      ),
    ),
  ];
}

const mapTypeKey = "x-kubernetes-map-type";
const listTypeKey = "x-kubernetes-list-type";
const mapKeysKey = "x-kubernetes-list-map-keys";

function mapTypeCauses(schema: JsonObject, path: string): Causes {
  const mapType = getOwn(schema, mapTypeKey);
  if (mapType === undefined) return [];
  const types = ["atomic", "granular"];
  return [
    ...wrongTypeCauses(schema, path, "object", mapTypeKey),
    ...(types.includes(asText(mapType)) ? [] : [notSupported(`${path}.${mapTypeKey}`, mapType, types)]),
  ];
}

function wrongTypeCauses(schema: JsonObject, path: string, wanted: string, because: string): Causes {
  const type = text(schema, "type");
  const why = `must be ${wanted} if ${because} is specified`;
  if (type === wanted) return [];
  return [type === "" ? required(`${path}.type`, why) : invalidValue(`${path}.type`, type, why)];
}

function listTypeCauses(schema: JsonObject, path: string): Causes {
  const listType = getOwn(schema, listTypeKey);
  const keys = asList(getOwn(schema, mapKeysKey));
  const at = `${path}.${listTypeKey}`;
  const types = ["atomic", "set", "map"];
  const why = "must be map if x-kubernetes-list-map-keys is non-empty";
  if (listType === undefined) return keys.length === 0 ? [] : [required(at, why)];
  const wrongType = wrongTypeCauses(schema, path, "array", listTypeKey);
  return [
    ...(wrongType.length === 0 && listType === "set" ? setItemCauses(objectAt(schema, "items"), path) : wrongType),
    ...(types.includes(asText(listType)) ? [] : [notSupported(at, listType, types)]),
    ...(keys.length > 0 && listType !== "map" ? [invalidValue(at, listType, why)] : []),
    ...(listType === "map" ? mapListCauses(schema, keys, path) : []),
    ...(listType === "map" || listType === "set" ? itemCauses(schema, listType, keys, path) : []),
  ];
}

function setItemCauses(items: JsonObject, path: string): Causes {
  const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const type = text(items, "type");
  const listType = getOwn(items, listTypeKey);
  if (type === "array" && listType !== undefined && listType !== "atomic")
    return [invalidValue(`${path}.items.${listTypeKey}`, listType, why)];
  if (type === "object" && getOwn(items, mapTypeKey) !== "atomic")
    // Upstream shows the list type here, which is not set.
    return [invalidValue(`${path}.items.${mapTypeKey}`, undefined, why)];
  return [];
}

function mapListCauses(schema: JsonObject, keys: readonly unknown[], path: string): Causes {
  const at = `${path}.${mapKeysKey}`;
  const items = getOwn(schema, "items");
  const empty = keys.length === 0 ? [required(at, "must not be empty if x-kubernetes-list-type is map")] : [];
  if (!isJsonObject(items))
    return [...empty, required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map")];
  const type = text(items, "type");
  if (type !== "object")
    return [
      ...empty,
      invalidValue(`${path}.items.type`, type, "must be object if parent array's x-kubernetes-list-type is map"),
    ];
  const properties = objectAt(items, "properties");
  const perKey = keys.flatMap((key, index) => {
    const property = getOwn(properties, asText(key));
    const keyType = isJsonObject(property) ? text(property, "type") : "";
    const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    return [
      ...(property === undefined ? [invalidValue(at, keys, "entries must all be names of item properties")] : []),
      ...(keyType === "array" || keyType === "object"
        ? [invalidValue(`${path}.items.properties[${asText(key)}].type`, type, why)]
        : []),
      ...(keys.indexOf(key) < index ? [invalidValue(at, keys, "must not contain duplicate entries")] : []),
    ];
  });
  return [...empty, ...perKey];
}

/** Source: validateMapListKeysMapSet. */
function itemCauses(schema: JsonObject, listType: string, keys: readonly unknown[], path: string): Causes {
  const items = objectAt(schema, "items");
  const properties = objectAt(items, "properties");
  const mandatory = asList(getOwn(items, "required"));
  const nullable = flag(items, "nullable")
    ? [forbiddenField(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`)]
    : [];
  if (listType !== "map") return nullable;
  const perKey = keys.flatMap((key) => {
    const property = getOwn(properties, asText(key));
    if (!isJsonObject(property)) return [];
    const at = `${path}.items.properties[${asText(key)}]`;
    const keyed = "this property is in x-kubernetes-list-map-keys, so it";
    return [
      ...(mandatory.includes(key) || getOwn(property, "default") !== undefined
        ? []
        : [required(`${at}.default`, `${keyed} must have a default or be a required property`)]),
      ...(flag(property, "nullable") ? [forbiddenField(`${at}.nullable`, `${keyed} cannot be nullable`)] : []),
    ];
  });
  return [...nullable, ...perKey];
}

const flag = (schema: JsonObject, key: string): boolean => getOwn(schema, key) === true;

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = getOwn(object, key);
  return isJsonObject(value) ? value : {};
}

function text(object: JsonObject, key: string): string {
  const value = getOwn(object, key);
  return typeof value === "string" ? value : "";
}
