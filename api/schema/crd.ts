/**
 * Validates CustomResourceDefinitions (apiextensions.k8s.io/v1). Source of the rules and the wording:
 * apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go. Paths are those of the internal version, as
 * upstream's are: spec.conversion.webhookClientConfig, and JSONPath of a column.
 */
import { isDeepStrictEqual } from "node:util";
import { asList, asText, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import { serviceCauses, urlCauses } from "../resources/builtin/admission-registration/webhook-validation.ts";
import type { StatusCause } from "../status.ts";
import { compileJsonPath } from "../../formats/json-path.ts";
import { ruleCauses, ruleFormCauses } from "./crd-rules.ts";
import { schemaCauses } from "./crd-schema.ts";
import { duplicate, forbiddenField, invalidValue, notSupported, required, tooMany } from "./field-errors.ts";
import { fieldPathIn } from "./field-path.ts";
import { dns1035Label, dns1123Subdomain } from "./names.ts";

type Causes = readonly StatusCause[];

/**
 * What is wrong with it, apart from metadata that every object has. Empty when it can be served. What `old` had already
 * is not refused where upstream does not: rules that cost too much, and the lack of an approval.
 */
export function validateCustomResourceDefinition(crd: JsonObject, old?: JsonObject): Causes {
  const spec = objectAt(crd, "spec");
  const names = objectAt(spec, "names");
  return [
    ...(old === undefined ? crdNameCauses(crd, spec, names) : []),
    ...groupCauses(text(spec, "group")),
    ...scopeCauses(getOwn(spec, "scope")),
    ...versionsCauses(spec, objectAt(old ?? {}, "spec")),
    ...namesCauses(names),
    ...conversionCauses(spec),
    ...approvalCauses(crd, old),
    ...(getOwn(spec, "preserveUnknownFields") === true
      ? [
          invalidValue(
            "spec.preserveUnknownFields",
            true,
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
          ),
        ]
      : []),
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
  const listKind = text(names, "listKind");
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
    ...(singular === "" ? [required("spec.names.singular")] : label("singular", singular)),
    ...(kind === "" ? [required("spec.names.kind")] : mixedCase("kind", kind)),
    ...(listKind === "" ? [required("spec.names.listKind")] : mixedCase("listKind", listKind)),
    ...(kind !== "" && kind === listKind
      ? [invalidValue("spec.names.listKind", listKind, "kind and listKind may not be the same")]
      : []),
    ...asList(names["shortNames"]).flatMap((name, index) => label(`shortNames[${index}]`, asText(name))),
    ...asList(names["categories"]).flatMap((name, index) => label(`categories[${index}]`, asText(name))),
  ];
}

function versionsCauses(spec: JsonObject, oldSpec: JsonObject): Causes {
  const versions = asList(getOwn(spec, "versions")).map((version) => (isJsonObject(version) ? version : {}));
  const names = versions.map((version) => text(version, "name"));
  const stored = versions.filter((version) => version["storage"] === true).length;
  const before = asList(getOwn(oldSpec, "versions")).filter(isJsonObject);
  const unchanged = (version: JsonObject): boolean =>
    before.some((old) => old["name"] === version["name"] && isDeepStrictEqual(old["schema"], version["schema"]));
  const shared = sharedParts(versions);
  const [first] = versions;
  return [
    ...versions.flatMap((version, index) => {
      const path = `spec.versions[${index}]`;
      return [
        ...versionCauses(version, path),
        ...partsCauses(version, (part) => (shared.has(part) ? undefined : `${path}.${part}`), unchanged(version)),
      ];
    }),
    ...(new Set(names).size < names.length
      ? [invalidValue("spec.versions", names, "must contain unique version names")]
      : []),
    ...(stored === 1
      ? []
      : [invalidValue("spec.versions", names, "must have exactly one version marked as storage version")]),
    ...(first === undefined || text(first, "name") === ""
      ? []
      : dns1035Label(text(first, "name")).map((why) => invalidValue("spec.version", text(first, "name"), why))),
    ...(first === undefined
      ? []
      : partsCauses(first, (part) => (shared.has(part) ? sharedPaths[part] : undefined), versions.every(unchanged))),
  ];
}

type Part = "schema" | "subresources" | "additionalPrinterColumns" | "selectableFields";

/**
 * Where the internal version has what all versions have alike. Source: Convert_v1_CustomResourceDefinitionSpec_To_
 * apiextensions_CustomResourceDefinitionSpec in apiextensions/v1/conversion.go.
 */
const sharedPaths: Readonly<Record<Part, string>> = {
  schema: "spec.validation",
  subresources: "spec.subresources",
  additionalPrinterColumns: "spec.additionalPrinterColumns",
  selectableFields: "spec.selectableFields",
};

function sharedParts(versions: readonly JsonObject[]): ReadonlySet<Part> {
  const [first] = versions;
  const parts = Object.keys(sharedPaths) as Part[];
  const alike = (part: Part): boolean =>
    first?.[part] !== undefined && versions.every((version) => isDeepStrictEqual(version[part], first[part]));
  return new Set(parts.filter(alike));
}

function versionCauses(version: JsonObject, path: string): Causes {
  const name = text(version, "name");
  const wrong = dns1035Label(name);
  return [
    ...(isJsonObject(schemaOf(version)) ? [] : [required(`${path}.schema.openAPIV3Schema`, "schemas are required")]),
    ...(wrong.length === 0 ? [] : [invalidValue(`${path}.name`, name, wrong.join(","))]),
    ...deprecationCauses(version, `${path}.deprecationWarning`),
  ];
}

const schemaOf = (version: JsonObject): unknown => getOwn(objectAt(version, "schema"), "openAPIV3Schema");

/** `at` says where a part is told about, undefined where it is not. */
function partsCauses(version: JsonObject, at: (part: Part) => string | undefined, unchanged: boolean): Causes {
  const schema = schemaOf(version);
  const subresources = objectAt(version, "subresources");
  const statusEnabled = getOwn(subresources, "status") !== undefined;
  const told = (part: Part, causes: (path: string) => Causes): Causes => {
    const path = at(part);
    return path === undefined ? [] : causes(path);
  };
  return [
    ...told("schema", (path) =>
      isJsonObject(schema) ? allSchemaCauses(schema, `${path}.openAPIV3Schema`, statusEnabled, unchanged) : [],
    ),
    ...told("subresources", (path) => scaleCauses(getOwn(subresources, "scale"), path)),
    ...told("additionalPrinterColumns", (path) =>
      columnsCauses(asList(getOwn(version, "additionalPrinterColumns")), path),
    ),
    ...told("selectableFields", (path) => selectableCauses(version, schema, path)),
  ];
}

/** Rules are looked at where everything around them is in order: what they say of themselves otherwise helps nobody. */
function allSchemaCauses(schema: JsonObject, path: string, statusEnabled: boolean, unchanged: boolean): Causes {
  const causes = [...schemaCauses(schema, path, statusEnabled), ...ruleFormCauses(schema, path)];
  return causes.length > 0 ? causes : ruleCauses(schema, path, unchanged);
}

const maxWarningLength = 256;

function deprecationCauses(version: JsonObject, path: string): Causes {
  const warning = getOwn(version, "deprecationWarning");
  if (warning === undefined || warning === null) return [];
  const shown = asText(warning);
  const refuse = (why: string): StatusCause => invalidValue(path, shown, why);
  if (getOwn(version, "deprecated") !== true) return [refuse("can only be set for deprecated versions")];
  const strange = [...shown.matchAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu)][0];
  return [
    ...(Buffer.byteLength(shown) > maxWarningLength ? [refuse("must be <= 256 characters long")] : []),
    ...(shown === "" ? [refuse("must not be an empty string")] : []),
    ...(strange === undefined
      ? []
      : [
          refuse(
            `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(shown.slice(0, strange.index))}`,
          ),
        ]),
  ];
}

function scaleCauses(scale: unknown, path: string): Causes {
  if (!isJsonObject(scale)) return [];
  const mandatory = (key: string, root: string): Causes => {
    const value = text(scale, key);
    const at = `${path}.scale.${key}`;
    if (value === "") return [required(at)];
    if (!value.startsWith(".")) return [notSimple(at, value)];
    return value.startsWith(`${root}.`) ? [] : [invalidValue(at, value, `should be a json path under ${root}`)];
  };
  return [
    ...mandatory("specReplicasPath", ".spec"),
    ...mandatory("statusReplicasPath", ".status"),
    ...labelSelectorPathCauses(text(scale, "labelSelectorPath"), `${path}.scale.labelSelectorPath`),
  ];
}

function labelSelectorPathCauses(value: string, path: string): Causes {
  if (value === "") return [];
  if (!value.startsWith(".")) return [notSimple(path, value)];
  return /^\.(?:spec|status)\./.test(value)
    ? []
    : [invalidValue(path, value, "should be a json path under either .spec or .status")];
}

const notSimple = (path: string, value: string): StatusCause =>
  invalidValue(path, value, "must be a simple json path starting with .");

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

function columnsCauses(columns: readonly unknown[], path: string): Causes {
  return columns.flatMap((column, index) => {
    const at = `${path}[${index}]`;
    if (!isJsonObject(column)) return [];
    const [type, format] = [text(column, "type"), text(column, "format")];
    const oneOf = (values: readonly string[]): string => `must be one of ${values.join(",")}`;
    return [
      ...(text(column, "name") === "" ? [required(`${at}.name`)] : []),
      ...(type === ""
        ? [required(`${at}.type`, oneOf(columnTypes))]
        : columnTypes.includes(type)
          ? []
          : [invalidValue(`${at}.type`, type, oneOf(columnTypes))]),
      ...(format === "" || columnFormats.includes(format)
        ? []
        : [invalidValue(`${at}.format`, format, oneOf(columnFormats))]),
      ...columnPathCauses(text(column, "jsonPath"), `${at}.JSONPath`),
    ];
  });
}

function columnPathCauses(jsonPath: string, path: string): Causes {
  if (jsonPath === "") return [required(path)];
  if (!jsonPath.startsWith(".")) return [notSimple(path, jsonPath)];
  const problem = jsonPathProblem(jsonPath);
  return problem === undefined ? [] : [invalidValue(path, jsonPath, problem)];
}

function jsonPathProblem(jsonPath: string): string | undefined {
  try {
    compileJsonPath(jsonPath);
    return undefined;
  } catch (error) {
    return error instanceof SyntaxError ? `is an invalid JSON path: ${error.message}` : String(error);
  }
}

/** Source: MaxSelectableFields in validation.go. */
const maxSelectableFields = 8;

function selectableCauses(version: JsonObject, schema: unknown, path: string): Causes {
  const seen = new Set<string>();
  const causes = asList(getOwn(version, "selectableFields")).flatMap((field, index): Causes => {
    const at = `${path}[${index}].jsonPath`;
    const jsonPath = isJsonObject(field) ? text(field, "jsonPath") : "";
    if (jsonPath === "") return [required(at)];
    const found = fieldPathIn(jsonPath, isJsonObject(schema) ? schema : {}, false);
    if (typeof found === "string") return [invalidValue(at, jsonPath, `is an invalid path: ${found}`)];
    const known = found.names.join(".");
    const again = seen.has(known);
    seen.add(known);
    return [
      ...(found.names[0] === "metadata" ? [invalidValue(at, jsonPath, "must not point to fields in metadata")] : []),
      ...(["string", "boolean", "integer"].includes(text(found.schema, "type"))
        ? []
        : [
            invalidValue(
              at,
              jsonPath,
              "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
            ),
          ]),
      ...(again ? [duplicate(at, jsonPath)] : []),
    ];
  });
  return seen.size > maxSelectableFields ? [...causes, tooMany(path, seen.size, maxSelectableFields)] : causes;
}

const strategies = ["None", "Webhook"];
const reviewVersions = ["v1", "v1beta1"];

function conversionCauses(spec: JsonObject): Causes {
  const conversion = getOwn(spec, "conversion");
  if (!isJsonObject(conversion)) return [];
  const strategy = text(conversion, "strategy");
  const webhook = objectAt(conversion, "webhook");
  const config = getOwn(webhook, "clientConfig");
  const versions = asList(getOwn(webhook, "conversionReviewVersions"));
  const [configPath, versionsPath] = [
    "spec.conversion.webhookClientConfig",
    "spec.conversion.conversionReviewVersions",
  ];
  const why = "should not be set when strategy is not set to Webhook";
  const known =
    strategy === ""
      ? [required("spec.conversion.strategy")]
      : strategies.includes(strategy)
        ? []
        : [notSupported("spec.conversion.strategy", strategy, strategies)];
  if (strategy === "Webhook")
    return [...known, ...clientCauses(config, configPath), ...reviewCauses(versions, versionsPath)];
  return [
    ...known,
    ...(config === undefined ? [] : [forbiddenField(configPath, why)]),
    ...(versions.length === 0 ? [] : [forbiddenField(versionsPath, why)]),
  ];
}

function clientCauses(config: unknown, path: string): Causes {
  if (!isJsonObject(config)) return [required(path, "required when strategy is set to Webhook")];
  const { url, service } = config;
  if ((url === undefined) === (service === undefined))
    return [required(path, "exactly one of url or service is required")];
  return isJsonObject(service) ? serviceCauses(service, `${path}.service`) : urlCauses(asText(url), `${path}.url`);
}

function reviewCauses(versions: readonly unknown[], path: string): Causes {
  if (versions.length === 0) return [required(path)];
  return [
    ...versions.flatMap((version, index) =>
      versions.indexOf(version) < index
        ? [invalidValue(`${path}[${index}]`, version, "duplicate version")]
        : dns1035Label(asText(version)).map((why) => invalidValue(`${path}[${index}]`, version, why)),
    ),
    ...(versions.some((version) => reviewVersions.includes(asText(version)))
      ? []
      : [invalidValue(path, versions, `must include at least one of ${reviewVersions.join(", ")}`)]),
  ];
}

const approval = "api-approved.kubernetes.io";

/** Groups of Kubernetes need its approval. Source: apihelpers.GetAPIApprovalState in pkg/apihelpers/helpers.go. */
function approvalCauses(crd: JsonObject, old: JsonObject | undefined): Causes {
  const group = text(objectAt(crd, "spec"), "group");
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group)) return [];
  const [now, before] = [approvalOf(crd), old && approvalOf(old)];
  if (now.state === "approved" || now.state === "bypassed" || now.state === before?.state) return [];
  const path = `metadata.annotations[${approval}]`;
  return [now.state === "missing" ? required(path, now.why) : invalidValue(path, now.value, now.why)];
}

function approvalOf(crd: JsonObject): { readonly state: string; readonly value: string; readonly why: string } {
  const value = text(objectAt(objectAt(crd, "metadata"), "annotations"), approval);
  const see = "see https://github.com/kubernetes/enhancements/pull/1111";
  if (value === "")
    return { state: "missing", value, why: `protected groups must have approval annotation "${approval}", ${see}` };
  if (value.startsWith("unapproved")) return { state: "bypassed", value, why: "" };
  if (URL.canParse(value) && /^[a-z]+:\/\/[^/]+\/./i.test(value)) return { state: "approved", value, why: "" };
  const why = `protected groups must have approval annotation "${approval}" with either a URL or a reason starting with "unapproved", ${see}`;
  return { state: "invalid", value, why };
}

/** Versions that objects may be stored in stay. Source: ValidateCustomResourceDefinitionStoredVersions. */
export function storedVersionsCauses(storedVersions: readonly string[], crd: JsonObject): Causes {
  const path = "status.storedVersions";
  if (storedVersions.length === 0) return [invalidValue(path, storedVersions, "must have at least one stored version")];
  const versions = asList(getOwn(objectAt(crd, "spec"), "versions")).filter(isJsonObject);
  const names = versions.map((version) => text(version, "name"));
  const storage = versions.filter((version) => version["storage"] === true);
  return [
    ...storage
      .filter((version) => !storedVersions.includes(text(version, "name")))
      .map((version) => invalidValue(path, version, `must have the storage version ${text(version, "name")}`)),
    ...storedVersions.flatMap((name, index) =>
      names.includes(name)
        ? []
        : [
            invalidValue(
              `${path}[${index}]`,
              name,
              `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
            ),
          ],
    ),
  ];
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = getOwn(object, key);
  return isJsonObject(value) ? value : {};
}

function text(object: JsonObject, key: string): string {
  const value = getOwn(object, key);
  return typeof value === "string" ? value : "";
}
