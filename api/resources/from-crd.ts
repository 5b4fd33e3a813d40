import { randomUUID } from "node:crypto";
import type { KubeObject } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { compareVersions } from "../discovery/versions.ts";
import type { Converter } from "../conversion/converter.ts";
import { StoredForm } from "../conversion/stored-form.ts";
import { webhookConverter } from "../conversion/webhook.ts";
import { structuralObjectSchema } from "../schema/structural.ts";
import { columnsFromCrd } from "../tables/columns.ts";
import { compileJsonPath } from "../../formats/json-path.ts";
import type { CrdObject, CrdVersion, ScalePaths } from "./crd-object.ts";
import { hasCondition } from "./crd-object.ts";
import type { JsonObject, KindVersions, ObjectSchema, ResourceDefinition } from "./definition.ts";
import type { WebhookClient } from "../webhooks/client.ts";
import { scaleCauses } from "./scale.ts";

const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"] as const;
/** While its definition is being deleted, a kind takes no new objects. Source: customresource_handler.go. */
const terminatingVerbs = verbs.filter((verb) => verb !== "create");

/** One per version; none while the names are not accepted. `connected` subresources are served besides status. */
export function definitionsFromCrd(
  crd: CrdObject,
  connected: readonly string[],
  webhooks: WebhookClient,
): readonly ResourceDefinition[] {
  if (!hasCondition(crd, "Established")) return [];
  const { group, scope, names, versions } = crd.spec;
  const storageVersion = versions.find(({ storage }) => storage)?.name;
  const definitions: ResourceDefinition[] = [];
  const stored = versions.find(({ storage }) => storage)?.schema?.openAPIV3Schema;
  const storedSchema = stored === undefined || crd.spec.conversion?.strategy === "Webhook" ? undefined : stored;
  const kindVersions: KindVersions = {
    find: (apiVersion) => definitions.find((definition) => apiVersionOf(definition) === apiVersion),
    convert: converterOf(crd, webhooks) ?? relabel,
  };
  for (const version of versions) {
    const openAPISchema = version.schema?.openAPIV3Schema ?? { type: "object" };
    const { status, scale } = version.subresources ?? {};
    definitions.push({
      group,
      version: version.name,
      plural: names.plural,
      kind: names.kind,
      namespaced: scope === "Namespaced",
      singular: names.singular,
      listKind: names.listKind,
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      verbs: crd.metadata.deletionTimestamp === undefined ? verbs : terminatingVerbs,
      subresources: new Set([
        ...(status === undefined ? [] : ["status"]),
        ...(scale === undefined ? [] : ["scale"]),
        ...connected,
      ]),
      ...(scale === undefined ? {} : { scale }),
      ...(storageVersion === undefined ? {} : { storageVersion }),
      ...(version.deprecated === true ? { deprecationWarning: deprecationWarningOf(crd, version) } : {}),
      columns: columnsFromCrd(version.additionalPrinterColumns),
      schema: schemaOf(openAPISchema, scale),
      ...(storedSchema === undefined || version.storage
        ? {}
        : { prepareForCreate: pruneBy(storedSchema), prepareForUpdate: pruneBy(storedSchema) }),
      openAPISchema,
      selectableFields: selectableFieldsOf(version),
      hasGeneration: true,
      versions: kindVersions,
    });
  }
  return definitions;
}

/** Conversion where all versions have the same fields. */
const relabel: KindVersions["convert"] = (objects, apiVersion) =>
  Promise.resolve(objects.map((object) => ({ ...object, apiVersion })));

/** Undefined where conversion changes the apiVersion only. */
function converterOf(crd: CrdObject, webhooks: WebhookClient): Converter | undefined {
  const { conversion } = crd.spec;
  const webhook = conversion?.strategy === "Webhook" ? conversion.webhook : undefined;
  return webhook && webhookConverter(crd, webhook, webhooks, randomUUID);
}

function schemaOf(openAPISchema: JsonObject, scale: ScalePaths | undefined): ObjectSchema {
  const schema = structuralObjectSchema(openAPISchema);
  if (scale === undefined) return schema;
  return { ...schema, validate: (object, old) => [...schema.validate(object, old), ...scaleCauses(object, scale)] };
}

/**
 * Where versions differ in nothing but their name, objects lose what the storage version does not know. Source:
 * schemaCoercingDecoder in customresource_handler.go, which reads what was stored.
 */
function pruneBy(openAPISchema: JsonObject): (object: JsonObject) => readonly [] {
  const schema = structuralObjectSchema(openAPISchema);
  return (object) => {
    const { apiVersion: _, kind: __, metadata: ___, ...content } = object;
    const pruned = structuredClone(content);
    schema.prune(pruned);
    for (const key of Object.keys(content))
      if (Object.hasOwn(pruned, key)) object[key] = pruned[key];
      else Reflect.deleteProperty(object, key);
    return [];
  };
}

/** How the objects of a definition are stored; undefined where it serves nothing. */
export function storedFormOf(
  crd: CrdObject,
  definitions: readonly ResourceDefinition[],
  webhooks: WebhookClient,
): StoredForm | undefined {
  const [first, ...rest] = definitions.map((definition) => ({
    apiVersion: apiVersionOf(definition),
    storage: definition.version === definition.storageVersion,
    openAPISchema: definition.openAPISchema,
    schema: definition.schema,
  }));
  return first === undefined ? undefined : new StoredForm(crd, [first, ...rest], converterOf(crd, webhooks));
}

/** Source: defaultDeprecationWarning in customresource_handler.go. */
function deprecationWarningOf({ spec }: CrdObject, { name, deprecationWarning }: CrdVersion): string {
  if (deprecationWarning !== undefined) return deprecationWarning;
  const [better] = spec.versions
    .filter((other) => other.served && other.deprecated !== true && compareVersions(other.name, name) < 0)
    .toSorted((a, b) => compareVersions(a.name, b.name));
  const { group, names } = spec;
  const instead = better === undefined ? "" : `; use ${group}/${better.name} ${names.kind}`;
  return `${group}/${name} ${names.kind} is deprecated${instead}`;
}

function selectableFieldsOf({ selectableFields = [] }: CrdVersion): ResourceDefinition["selectableFields"] {
  const fields = selectableFields.map(({ jsonPath }) => {
    const path = compileJsonPath(jsonPath);
    const read = (object: KubeObject): string => {
      const [value] = path(object);
      return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
    };
    return [jsonPath.replace(/^\./, ""), read] as const;
  });
  return Object.fromEntries(fields);
}
