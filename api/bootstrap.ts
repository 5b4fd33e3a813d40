/** The objects that every cluster begins with. */
import { clusterRoleBindingType, clusterRoleType, namespaceType, priorityClassType } from "../crds/core.ts";
import type { ResourceType } from "../crds/meta.ts";
import { systemNamespaces } from "./admission/namespace-lifecycle.ts";
import { clusterRoleBindingOf, clusterRoleOf, defaultBindings, defaultRoles } from "./auth/default-roles.ts";
import type { Client, Draft } from "./client/client.ts";
import { systemPriorityClasses } from "./resources/builtin/priority-class.ts";
import { isAlreadyExists } from "./status.ts";

const firstObjects: readonly (readonly [ResourceType, readonly Draft[]])[] = [
  [namespaceType, systemNamespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }))],
  [clusterRoleType, defaultRoles.map(clusterRoleOf)],
  [clusterRoleBindingType, defaultBindings.map(clusterRoleBindingOf)],
  [priorityClassType, systemPriorityClasses],
];

/** Makes those that are missing; what is there stays as it is. Other servers may do the same at once. */
export async function createFirstObjects(client: Pick<Client, "create">): Promise<void> {
  await Promise.all(firstObjects.flatMap(([type, objects]) => objects.map((object) => ensure(client, type, object))));
}

async function ensure(client: Pick<Client, "create">, type: ResourceType, object: Draft): Promise<void> {
  try {
    await client.create(type, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
