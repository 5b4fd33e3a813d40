/** What becomes of objects in the API: each goes through it as a dry run. */
import { z } from "zod";
import type { Client, DiscoveredType, Name } from "../../../api/client/client.ts";
import { badRequest } from "../../../api/status.ts";
import { forEachParallel } from "../../../controllers/runtime/parallel.ts";
import { keyOf } from "../../../controllers/runtime/reconciler.ts";
import type { Container } from "../../../crds/container.ts";
import { ContainerSpec, containers } from "../../../crds/container.ts";
import { namespaceType } from "../../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../../crds/meta.ts";
import { groupResource } from "../../../crds/meta.ts";
import type { PlannedObject, PlanSpec } from "../../../crds/plan.ts";
import type { JsonObject } from "../../../formats/json-object.ts";
import type { Target } from "../../apply.ts";
import { rehearse } from "../../apply.ts";
import type { ManifestHead } from "../../manifests.ts";
import { typeOf } from "../../resources.ts";

/** Dry runs that are made at once. */
const atOnce = 8;

/** What becomes of one object. */
export interface Change {
  readonly type: ResourceType;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
  readonly change: PlannedObject["change"];
}

export function plannedObject({ before, after, change }: Change): PlannedObject {
  const { apiVersion, kind, metadata } = (after ?? before) as KubeObject;
  const { namespace, name } = metadata;
  return { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), name, change };
}

/** Throws ApiError where the user may not. */
export type Allowed = (verb: string, type: ResourceType, name: Name) => void;

const words = { created: "Created", configured: "Changed", unchanged: "Unchanged" } as const;

/** In the order given. Throws ApiError as applying the first that is refused would. */
export async function changesOfApply(
  client: Client,
  manifests: readonly object[],
  types: readonly DiscoveredType[],
  allowed: Allowed,
): Promise<readonly Change[]> {
  const targets = manifests.map((manifest, index) => targetOf(headOf(manifest, `spec.apply[${index}]`), types));
  for (const { type, name } of targets) for (const verb of ["get", "create", "patch"]) allowed(verb, type, name);
  const coming = new Set(targets.filter(({ type }) => isNamespace(type)).map(({ name }) => name.name));
  const changes: Change[] = [];
  await forEachParallel([...targets.entries()], atOnce, async ([index, target]) => {
    const { before, after, verb } = await rehearse(client, target, "Strict", coming);
    changes[index] = { type: target.type, before, after: complete(target.type, after), change: words[verb] };
  });
  return changes;
}

/** With the defaults that {@link rehearse} could not get from the server; then it has no uid. */
function complete(type: ResourceType, object: KubeObject & JsonObject): KubeObject {
  if (groupResource(type) !== groupResource(containers) || object.metadata.uid !== "") return object;
  const spec = ContainerSpec.safeParse(object["spec"]);
  if (!spec.success) throw badRequest(`Container "${keyOf(object)}": ${z.prettifyError(spec.error)}`);
  return { ...object, ...{ spec: spec.data } };
}

function headOf(manifest: object, field: string): Target["manifest"]["object"] {
  const { metadata } = manifest as { readonly metadata?: { readonly name?: unknown } | null };
  if (typeof metadata?.name !== "string" || metadata.name === "")
    throw badRequest(`${field}.metadata.name: Required value: a plan is of objects that have names`);
  return manifest as Target["manifest"]["object"];
}

function targetOf(object: Target["manifest"]["object"], types: readonly DiscoveredType[]): Target {
  const type = typeNamed(object, types);
  const { name, namespace = "default" } = object.metadata;
  return { manifest: { object, where: () => "" }, type, name: type.namespaced ? { namespace, name } : { name } };
}

function typeNamed({ apiVersion, kind }: Pick<ManifestHead, "apiVersion" | "kind">, types: readonly DiscoveredType[]) {
  const type = typeOf({ apiVersion, kind }, types);
  if (type === undefined) throw badRequest(`no kind "${kind}" in version "${apiVersion}"`);
  return type;
}

const isNamespace = (type: ResourceType): boolean => groupResource(type) === groupResource(namespaceType);

/** A Namespace takes the Containers in it along. Throws NotFound. */
export async function changesOfDelete(
  client: Client,
  keys: NonNullable<PlanSpec["delete"]>,
  types: readonly DiscoveredType[],
  allowed: Allowed,
): Promise<readonly Change[]> {
  const changes = new Map<string, Change>();
  const add = (type: ResourceType, before: KubeObject): void => {
    changes.set(`${groupResource(type)} ${keyOf(before)}`, { type, before, after: undefined, change: "Deleted" });
  };
  for (const key of keys) {
    const type = typeNamed(key, types);
    const name = type.namespaced ? { namespace: key.namespace ?? "default", name: key.name } : { name: key.name };
    for (const verb of ["get", "delete"]) allowed(verb, type, name);
    add(type, await client.get(type, name));
    if (!isNamespace(type)) continue;
    const { items } = await client.list<Container>(containers, { namespace: key.name });
    for (const container of items) add(containers, container);
  }
  return [...changes.values()];
}

/** The changes of one type of objects. */
export function changesOf(type: ResourceType, changes: readonly Change[]): readonly Change[] {
  return changes.filter((change) => groupResource(change.type) === groupResource(type));
}
