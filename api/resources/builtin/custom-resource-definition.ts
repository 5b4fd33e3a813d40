/**
 * Source: apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go, pkg/controller/status (names) and
 * pkg/controller/finalizer. What their controllers do a moment later is done here at once.
 */
import { customResourceDefinitionType } from "../../../crds/core.ts";
import { isDeepStrictEqual } from "node:util";
import { formatTime } from "../../../crds/meta.ts";
import { isJsonObject } from "../../../formats/json-object.ts";
import { invalidValue } from "../../schema/field-errors.ts";
import { storedVersionsCauses, validateCustomResourceDefinition } from "../../schema/crd.ts";
import type { StatusCause } from "../../status.ts";
import { nameColumn } from "../../tables/columns.ts";
import type { CrdCondition, CrdNames, CrdObject } from "../crd-object.ts";
import { cleanupFinalizer, hasCondition } from "../crd-object.ts";
import type { JsonObject, ResourceDefinition } from "../definition.ts";
import { builtin, flag, integer, list, object, text, time } from "./builtin.ts";

const open: JsonObject = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

const names = object({
  plural: text("Plural name, as it stands in URLs."),
  singular: text("Singular name; the kind in lower case when absent."),
  kind: text("Name of the type of its objects."),
  listKind: text("Kind of their list; the kind with List when absent."),
  shortNames: list(text()),
  categories: list(text()),
});

/** `others` are the definitions that there are: their names are taken. */
export function customResourceDefinitions(others: () => readonly CrdObject[]): ResourceDefinition {
  const prepare = (crd: JsonObject, now: Date, old?: JsonObject): readonly StatusCause[] => {
    setDefaults(crd);
    const causes = validateCustomResourceDefinition(crd, old);
    if (causes.length > 0) return causes;
    const status = statusOf(crd as unknown as CrdObject, others(), now);
    crd["status"] = status;
    return storedVersionsCauses(status.storedVersions, crd);
  };
  return builtin({
    ...customResourceDefinitionType,
    singular: "customresourcedefinition",
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    description: "CustomResourceDefinition represents a resource that should be exposed on the API server.",
    required: ["spec"],
    subresources: new Set(["status"]),
    hasGeneration: true,
    properties: {
      spec: object({
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
            subresources: object({ status: open, scale: open }),
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
        conversion: open,
        preserveUnknownFields: flag(),
      }),
      status: object({
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

/** Source: apiextensions/v1/defaults.go. */
function setDefaults(crd: JsonObject): void {
  const { spec } = crd;
  if (!isJsonObject(spec) || !isJsonObject(spec["names"]) || typeof spec["names"]["kind"] !== "string") return;
  const { kind } = spec["names"];
  crd["spec"] = {
    ...spec,
    names: { singular: kind.toLowerCase(), listKind: `${kind}List`, ...spec["names"] },
    conversion: spec["conversion"] ?? { strategy: "None" },
  };
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

interface DefinitionStatus extends JsonObject {
  readonly storedVersions: readonly string[];
}

function statusOf(crd: CrdObject, others: readonly CrdObject[], now: Date): DefinitionStatus {
  const { spec, status = {} } = crd;
  const conflict = nameConflict(crd, others);
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
  const stored = spec.versions.filter(({ storage }) => storage).map(({ name }) => name);
  return {
    ...status,
    conditions: withConditions(status.conditions, conditions, now),
    acceptedNames: accepted ? spec.names : (status.acceptedNames ?? { plural: "", kind: "" }),
    storedVersions: [...new Set([...(status.storedVersions ?? []), ...stored])],
  };
}

/** Reason and message, when another definition of the group has one of the names already. */
function nameConflict(crd: CrdObject, others: readonly CrdObject[]): readonly [string, string] | undefined {
  const taken = others
    .filter((other) => other.metadata.name !== crd.metadata.name && other.spec.group === crd.spec.group)
    .filter((other) => hasCondition(other, "Established"))
    .map(({ status, spec }) => status?.acceptedNames ?? spec.names);
  const resources = new Set(taken.flatMap((names) => [names.plural, names.singular, ...(names.shortNames ?? [])]));
  const kinds = new Set(taken.flatMap((names) => [names.kind, names.listKind]));
  const { plural, singular, shortNames = [], kind, listKind } = crd.spec.names;
  const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;
  if (resources.has(plural)) return ["PluralConflict", inUse(plural)];
  if (resources.has(singular)) return ["SingularConflict", inUse(singular)];
  const short = shortNames.find((name) => resources.has(name));
  if (short !== undefined) return ["ShortNamesConflict", inUse(short)];
  if (kinds.has(kind)) return ["KindConflict", inUse(kind)];
  return kinds.has(listKind) ? ["ListKindConflict", inUse(listKind)] : undefined;
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
