import type { KubeObject } from "../../crds/meta.ts";
import { structuralObjectSchema } from "../schema/structural.ts";
import { columnsFromCrd } from "../tables/columns.ts";
import { compileJsonPath } from "../../formats/json-path.ts";
import type { CrdObject, CrdVersion } from "./crd-object.ts";
import { hasCondition } from "./crd-object.ts";
import type { ResourceDefinition } from "./definition.ts";

const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"] as const;
/** While its definition is being deleted, a kind takes no new objects. Source: customresource_handler.go. */
const terminatingVerbs = verbs.filter((verb) => verb !== "create");

/** One per version; none while the names are not accepted. `connected` subresources are served besides status. */
export function definitionsFromCrd(crd: CrdObject, connected: readonly string[]): readonly ResourceDefinition[] {
  if (!hasCondition(crd, "Established")) return [];
  const { group, scope, names, versions } = crd.spec;
  return versions.map((version) => {
    const openAPISchema = version.schema?.openAPIV3Schema ?? { type: "object" };
    return {
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
      subresources: new Set([...(version.subresources?.status === undefined ? [] : ["status"]), ...connected]),
      columns: columnsFromCrd(version.additionalPrinterColumns),
      schema: structuralObjectSchema(openAPISchema),
      openAPISchema,
      selectableFields: selectableFieldsOf(version),
      hasGeneration: true,
    };
  });
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
