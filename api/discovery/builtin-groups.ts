/**
 * The API groups that Kubernetes itself has: how clients prefer them, and what their Go packages are called.
 * Source of the priorities: apiVersionPriorities in pkg/controlplane/apiserver/aggregator.go.
 */
interface BuiltinGroup {
  /** Of the group; a CustomResourceDefinition's has 1000. */
  readonly priority: number;
  /** What the names of its kinds' schemas begin with. */
  readonly schemas: string;
}

const api = (priority: number, name: string): BuiltinGroup => ({ priority, schemas: `io.k8s.api.${name}` });

const builtinGroups: ReadonlyMap<string, BuiltinGroup> = new Map([
  ["", api(18000, "core")],
  ["apps", api(17800, "apps")],
  ["events.k8s.io", api(17750, "events")],
  ["authentication.k8s.io", api(17700, "authentication")],
  ["authorization.k8s.io", api(17600, "authorization")],
  ["autoscaling", api(17500, "autoscaling")],
  ["policy", api(17400, "policy")],
  ["rbac.authorization.k8s.io", api(17000, "rbac")],
  ["apiextensions.k8s.io", { priority: 16700, schemas: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions" }],
  ["admissionregistration.k8s.io", api(16700, "admissionregistration")],
  ["coordination.k8s.io", api(16500, "coordination")],
]);

/** Source: crdRegistrationController.handleVersionUpdate in apiregistration's autoregister controllers. */
const customPriority = 1000;

/** Sorts groups as clients prefer them: by priority, then by name. */
export function compareGroups(a: string, b: string): number {
  return priorityOf(b) - priorityOf(a) || (a < b ? -1 : 1);
}

const priorityOf = (group: string): number => builtinGroups.get(group)?.priority ?? customPriority;

/** What the names of a group's schemas begin with: its Go package, or the group from right to left. */
export function schemaPrefix(group: string): string {
  return builtinGroups.get(group)?.schemas ?? group.split(".").toReversed().join(".");
}
