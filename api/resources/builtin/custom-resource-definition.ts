/**
 * Source: apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go, pkg/controller/status (names) and
 * pkg/controller/finalizer. What their controllers do a moment later is done here at once.
 */
import { customResourceDefinitionType } from "../../../crds/core.ts";
import type { CustomResourceDefinition } from "../../../crds/custom-resource-definition.ts";
import { isDeepStrictEqual } from "node:util";
import { formatTime } from "../../../crds/meta.ts";
import { asList, asText, isJsonObject, sameJson } from "../../../formats/json-object.ts";
import { invalidValue } from "../../schema/field-errors.ts";
import { storedVersionsCauses, validateCustomResourceDefinition } from "../../schema/crd.ts";
import type { StatusCause } from "../../status.ts";
import { badRequest } from "../../status.ts";
import { nameColumn } from "../../tables/columns.ts";
import type { CrdCondition, CrdNames, CrdObject } from "../crd-object.ts";
import { cleanupFinalizer, hasCondition } from "../crd-object.ts";
import type { JsonObject, ResourceDefinition } from "../definition.ts";
import type { OwnDefinitions } from "../own-definitions.ts";
import { builtin, bytes, flag, integer, list, object, struct, text, time } from "./builtin.ts";
import { checkGoTypes } from "./go-json.ts";
import { readSchema } from "./json-schema-props.ts";

const open: JsonObject = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

const names = struct("CustomResourceDefinitionNames", {
  plural: text("Plural name, as it stands in URLs."),
  singular: text("Singular name; the kind in lower case when absent."),
  kind: text("Name of the type of its objects."),
  listKind: text("Kind of their list; the kind with List when absent."),
  shortNames: list(text()),
  categories: list(text()),
});

/**
 * `others` are the definitions that there are: their names are taken. What says the same as one of `own` is not looked
 * at again: a test has found nothing wrong with those.
 */
export function customResourceDefinitions(others: () => readonly CrdObject[], own: OwnDefinitions): ResourceDefinition {
  const isOwn = (crd: CrdObject): boolean => {
    const known = own.get(crd.metadata.name);
    return known !== undefined && isAsWanted(crd, known());
  };
  const prepare = (crd: JsonObject, now: Date, old?: JsonObject): readonly StatusCause[] => {
    const storedVersions = storedVersionsOf(crd as unknown as CrdObject);
    const causes = [
      ...(isOwn(crd as unknown as CrdObject) ? [] : validateCustomResourceDefinition(crd, old)),
      ...storedVersionsCauses(storedVersions, crd),
    ];
    if (causes.length > 0) return causes;
    crd["status"] = { ...statusOf(crd as unknown as CrdObject, others(), now), storedVersions };
    return [];
  };
  return asGo({
    ...customResourceDefinitionType,
    singular: "customresourcedefinition",
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    description: "CustomResourceDefinition represents a resource that should be exposed on the API server.",
    required: ["spec"],
    subresources: new Set(["status"]),
    hasGeneration: true,
    deletedInTwoSteps: true,
    properties: {
      spec: struct("CustomResourceDefinitionSpec", {
        group: text("API group of the defined custom resource."),
        scope: text("Cluster or Namespaced."),
        names,
        versions: list(
          object({
            name: text("Version, as in /apis/<group>/<version>/."),
            served: flag(),
            storage: flag("Whether objects are stored in this version; exactly one is."),
            deprecated: flag(),
            deprecationWarning: text(),
            schema: object({ openAPIV3Schema: open }),
            subresources: object({
              status: object({}),
              scale: object({ specReplicasPath: text(), statusReplicasPath: text(), labelSelectorPath: text() }),
            }),
            additionalPrinterColumns: list(
              object({
                name: text(),
                type: text(),
                format: text(),
                description: text(),
                priority: integer(),
                jsonPath: text(),
              }),
            ),
            selectableFields: list(object({ jsonPath: text() })),
          }),
        ),
        conversion: object({
          strategy: text("None or Webhook."),
          webhook: object({
            clientConfig: object({
              url: text(),
              service: object({ namespace: text(), name: text(), path: text(), port: integer() }),
              caBundle: bytes(),
            }),
            conversionReviewVersions: list(text()),
          }),
        }),
        preserveUnknownFields: flag(),
      }),
      status: struct("CustomResourceDefinitionStatus", {
        conditions: list(
          object({ type: text(), status: text(), reason: text(), message: text(), lastTransitionTime: time() }),
        ),
        acceptedNames: names,
        storedVersions: list(text()),
      }),
    },
    columns: [
      nameColumn,
      {
        name: "Created At",
        type: "date",
        description: "CreationTimestamp is a timestamp representing the server time when this object was created.",
        priority: 0,
        value: (crd) => crd.metadata.creationTimestamp,
      },
    ],
    prepareForCreate: prepare,
    prepareForUpdate: (crd, old, now) => [
      ...immutableCauses(crd as unknown as CrdObject, old as unknown as CrdObject),
      ...prepare(crd, now, old),
    ],
    prepareForSubresourceUpdate: (crd) =>
      storedVersionsCauses((crd as unknown as CrdObject).status?.storedVersions ?? [], crd),
    prepareForDelete(crd, now) {
      const metadata = crd["metadata"] as JsonObject;
      const finalizers = (metadata["finalizers"] ?? []) as readonly string[];
      metadata["finalizers"] = [...new Set([...finalizers, cleanupFinalizer])];
      const { status = {} } = crd as unknown as CrdObject;
      const message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
      const terminating = { type: "Terminating", status: "True", reason: "InstanceDeletionPending", message };
      crd["status"] = { ...status, conditions: withConditions(status.conditions, [terminating], now) };
    },
  });
}

/** Reads bodies as Go does; all else that is wrong is left to prepareForCreate and prepareForUpdate. */
function asGo(given: Parameters<typeof builtin>[0]): ResourceDefinition {
  const definition = builtin(given);
  const { schema, openAPISchema, kind, version } = definition;
  const refuse = (why: string): never => {
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  };
  return {
    ...definition,
    schema: {
      prune(crd) {
        checkGoTypes(crd, openAPISchema, kind, version);
        const removed = [...schema.prune(crd)];
        for (const [index, one] of versionsOf(crd).entries()) {
          const found = isJsonObject(one["schema"]) ? (one["schema"]["openAPIV3Schema"] ?? undefined) : undefined;
          const path = `spec.versions[${index}].schema.openAPIV3Schema`;
          if (found !== undefined) removed.push(...readSchema(found, path, refuse));
        }
        return removed;
      },
      applyDefaults(crd) {
        schema.applyDefaults(crd);
        crd["spec"] = withDefaults(crd["spec"]);
      },
      validate: () => [],
    },
  };
}

const versionsOf = ({ spec }: JsonObject): readonly JsonObject[] =>
  isJsonObject(spec) ? asList(spec["versions"]).filter(isJsonObject) : [];

/** Whether a definition, as it is in the store or on its way there, says what `wanted` asks for. */
export function isAsWanted({ spec }: Pick<CrdObject, "spec">, wanted: CustomResourceDefinition): boolean {
  return sameJson(spec, withDefaults(wanted.spec));
}

/** Source: apiextensions/v1/defaults.go. */
function withDefaults(given: unknown): JsonObject {
  const spec = isJsonObject(given) ? given : {};
  const names = isJsonObject(spec["names"]) ? { ...spec["names"] } : {};
  const kind = asText(names["kind"]);
  if (kind !== "") {
    names["singular"] ||= kind.toLowerCase();
    names["listKind"] ||= `${kind}List`;
  }
  return { ...spec, names, conversion: spec["conversion"] ?? { strategy: "None" } };
}

/** What cannot change once objects may exist. Source: ValidateCustomResourceDefinitionUpdate. */
function immutableCauses(crd: CrdObject, old: CrdObject): StatusCause[] {
  if (!hasCondition(old, "Established") || !isJsonObject(crd.spec)) return [];
  const names = crd.spec.names as Partial<CrdNames> | undefined;
  const fields: readonly (readonly [string, unknown, unknown])[] = [
    ["spec.group", crd.spec.group, old.spec.group],
    ["spec.scope", crd.spec.scope, old.spec.scope],
    ["spec.names.kind", names?.kind, old.spec.names.kind],
    ["spec.names.plural", names?.plural, old.spec.names.plural],
  ];
  return fields
    .filter(([, now, before]) => now !== before)
    .map(([field, now]) => invalidValue(field, now, "field is immutable"));
}

/** Source: PrepareForCreate and PrepareForUpdate in strategy.go. */
function storedVersionsOf(crd: CrdObject): readonly string[] {
  const { storedVersions = [] } = crd.status ?? {};
  const storage = versionsOf(crd as unknown as JsonObject).find(({ storage }) => storage === true)?.["name"];
  return typeof storage !== "string" || storedVersions.includes(storage)
    ? storedVersions
    : [...storedVersions, storage];
}

function statusOf(crd: CrdObject, others: readonly CrdObject[], now: Date): NonNullable<CrdObject["status"]> {
  const { status = {} } = crd;
  const { names: acceptedNames, conflict } = acceptNames(crd, others);
  const accepted = conflict === undefined;
  const [namesReason, namesMessage] = conflict ?? ["NoConflicts", "no conflicts found"];
  const conditions = [
    { type: "NamesAccepted", status: accepted ? "True" : "False", reason: namesReason, message: namesMessage },
    accepted || hasCondition(crd, "Established")
      ? {
          type: "Established",
          status: "True",
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        }
      : { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" },
  ];
  return { ...status, conditions: withConditions(status.conditions, conditions, now), acceptedNames };
}

interface Accepted {
  readonly names: CrdNames;
  /** Reason and message of the last of the names that another definition of the group has already. */
  readonly conflict: readonly [string, string] | undefined;
}

/** Each name for itself: those that are free are taken. Source: calculateNamesAndConditions in naming_controller.go. */
function acceptNames(crd: CrdObject, others: readonly CrdObject[]): Accepted {
  const before: Partial<CrdNames> = crd.status?.acceptedNames ?? {};
  const { names: wanted } = crd.spec;
  const taken = others
    .filter((other) => other.metadata.name !== crd.metadata.name && other.spec.group === crd.spec.group)
    .flatMap(({ status }) => (status?.acceptedNames === undefined ? [] : [status.acceptedNames]));
  const resources = new Set(taken.flatMap((names) => [names.plural, names.singular, ...(names.shortNames ?? [])]));
  const kinds = new Set(taken.flatMap((names) => [names.kind, names.listKind]));
  const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;
  let conflict: Accepted["conflict"];
  const accept = (field: "plural" | "singular" | "kind" | "listKind", used: ReadonlySet<string>, reason: string) => {
    if (wanted[field] === before[field] || !used.has(wanted[field])) return wanted[field];
    conflict = [reason, inUse(wanted[field])];
    return before[field];
  };
  const acceptShort = (): readonly string[] | undefined => {
    const stolen = (wanted.shortNames ?? []).filter(
      (name) => before.shortNames?.includes(name) !== true && resources.has(name),
    );
    if (stolen.length === 0) return wanted.shortNames;
    const all = stolen.map(inUse);
    conflict = ["ShortNamesConflict", all.length === 1 ? all.join("") : `[${all.join(", ")}]`];
    return before.shortNames;
  };
  const plural = accept("plural", resources, "PluralConflict") ?? "";
  const singular = accept("singular", resources, "SingularConflict");
  const shortNames = acceptShort();
  const kind = accept("kind", kinds, "KindConflict") ?? "";
  const listKind = accept("listKind", kinds, "ListKindConflict");
  const names = { plural, singular, shortNames, kind, listKind, categories: wanted.categories };
  const given = Object.entries(names).filter(([, value]) => value !== undefined);
  return { names: Object.fromEntries(given) as unknown as CrdNames, conflict };
}

/** Conditions that stay as they are keep their time. */
function withConditions(
  before: readonly CrdCondition[] = [],
  conditions: readonly Omit<CrdCondition, "lastTransitionTime">[],
  now: Date,
): readonly CrdCondition[] {
  const next = new Map(before.map((condition) => [condition.type, condition]));
  for (const condition of conditions) {
    const old = next.get(condition.type);
    const time = old?.status === condition.status ? old.lastTransitionTime : formatTime(now);
    const updated = { lastTransitionTime: time, ...condition };
    if (!isDeepStrictEqual(old, updated)) next.set(condition.type, updated);
  }
  return [...next.values()];
}
