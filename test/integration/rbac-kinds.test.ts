/** Roles and bindings are kept as Kubernetes keeps them; PriorityClasses too. */
import { expect, test } from "vitest";
import {
  clusterRoleBindingType,
  clusterRoleType,
  priorityClassType,
  roleBindingType,
  roleType,
} from "../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { ApiInProcess } from "./api-in-process.ts";
import { ApiOverHttps } from "./api-over-https.ts";
import { KubectlUser, kubectlMissing } from "./kubectl-user.ts";

const object = (type: ResourceType, name: string, fields: object) => ({
  apiVersion: apiVersionOf(type),
  kind: type.kind,
  metadata: { name, ...(type.namespaced ? { namespace: "default" } : {}) },
  ...fields,
});

test("a cluster begins with the roles that everybody expects", async () => {
  await using api = await ApiInProcess.open();
  const admin = await api.client.get<KubeObject & { rules: object }>(clusterRoleType, { name: "cluster-admin" });
  expect(admin).toMatchObject({
    metadata: {
      labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
      annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
    },
    rules: [
      { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
      { nonResourceURLs: ["*"], verbs: ["*"] },
    ],
  });
  expect(await api.client.get(clusterRoleBindingType, { name: "cluster-admin" })).toMatchObject({
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:masters" }],
  });
  for (const name of ["admin", "edit", "view"])
    expect(await api.client.get(clusterRoleType, { name })).toHaveProperty("aggregationRule");
});

test.each([
  {
    why: "a rule without verbs",
    type: roleType,
    fields: { rules: [{ resources: ["a"], apiGroups: [""] }] },
    says: "rules[0].verbs: Required value: verbs must contain at least one value",
  },
  {
    why: "paths in a namespace",
    type: roleType,
    fields: { rules: [{ verbs: ["get"], nonResourceURLs: ["/a"] }] },
    says: 'rules[0].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs',
  },
  {
    why: "resources without a group",
    type: clusterRoleType,
    fields: { rules: [{ verbs: ["get"], resources: ["a"] }] },
    says: "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
  },
  {
    why: "an aggregation of nothing",
    type: clusterRoleType,
    fields: { aggregationRule: {} },
    says: "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
  },
  {
    why: "a binding to a Role of the whole cluster",
    type: clusterRoleBindingType,
    fields: { roleRef: { kind: "Role", name: "a" } },
    says: 'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
  },
  {
    why: "a ServiceAccount of nowhere",
    type: clusterRoleBindingType,
    fields: { roleRef: { kind: "ClusterRole", name: "a" }, subjects: [{ kind: "ServiceAccount", name: "b" }] },
    says: "subjects[0].namespace: Required value",
  },
  {
    why: "a subject of an unknown kind",
    type: roleBindingType,
    fields: { roleRef: { kind: "Role", name: "a" }, subjects: [{ kind: "Robot", name: "b" }] },
    says: 'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
  },
  {
    why: "a PriorityClass of the system",
    type: priorityClassType,
    fields: { value: 1 },
    name: "system-mine",
    says: "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
  },
  {
    why: "a priority above all users",
    type: priorityClassType,
    fields: { value: 1_000_000_001 },
    says: "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
  },
])("refuses $why", async ({ type, fields, says, name = "odd" }) => {
  await using api = await ApiInProcess.open();
  await expect(api.client.create(type, object(type, name, fields))).rejects.toThrow(says);
});

test("the role of a binding stays, and groups are filled in", async () => {
  await using api = await ApiInProcess.open();
  const binding = object(roleBindingType, "b", {
    roleRef: { kind: "Role", name: "a" },
    subjects: [{ kind: "User", name: "u" }],
  });
  const made = await api.client.create<KubeObject>(roleBindingType, binding);
  expect(made).toMatchObject({
    roleRef: { apiGroup: "rbac.authorization.k8s.io" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "u" }],
  });
  const other = { ...made, roleRef: { kind: "Role", name: "other" } };
  await expect(api.client.update(roleBindingType, other)).rejects.toThrow("cannot change roleRef");
});

test("a PUT makes what is not there, where Kubernetes does so", async () => {
  await using api = await ApiOverHttps.open();
  const at = "/apis/rbac.authorization.k8s.io/v1/clusterroles/new";
  const role = { metadata: { name: "new", resourceVersion: "5" } };
  expect((await api.put(at, role)).code).toBe(201);
  expect((await api.put(at, { metadata: { name: "new" }, rules: [] })).code).toBe(200);
  expect((await api.put("/api/v1/namespaces/default/secrets/new", { metadata: { name: "new" } })).code).toBe(404);
});

test("one PriorityClass is the default, and its value stays", async () => {
  await using api = await ApiInProcess.open();
  const create = (name: string) =>
    api.client.create<KubeObject>(
      priorityClassType,
      object(priorityClassType, name, { value: 10, globalDefault: true }),
    );
  const first = await create("first");
  expect(first).toMatchObject({ preemptionPolicy: "PreemptLowerPriority" });
  await expect(create("second")).rejects.toThrow(
    'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass first is already marked as default. Only one default can exist',
  );
  await expect(api.client.update(priorityClassType, { ...first, ...{ value: 11 } })).rejects.toThrow(
    "value: Forbidden: may not be changed in an update.",
  );
});

test.skipIf(kubectlMissing !== undefined)("kubectl makes, shows and describes them", async () => {
  await using user = await KubectlUser.start();
  await user.ok("create role reader --verb=get,list --resource=configmaps,containers.stowage.dev");
  await user.ok("create rolebinding readers --role=reader --user=jane --group=ops --serviceaccount=default:bot");
  await user.ok("create clusterrole pinger --verb=get --non-resource-url=/ping");
  await user.ok("create clusterrolebinding pingers --clusterrole=pinger --group=ops");
  await user.ok("create priorityclass high --value=1000 --description=important");
  expect(await user.ok("get role,rolebinding -o name")).toBe(
    "role.rbac.authorization.k8s.io/reader\nrolebinding.rbac.authorization.k8s.io/readers",
  );
  expect(await user.ok("get rolebindings -o wide")).toMatch(
    /^NAME +ROLE +AGE +USERS +GROUPS +SERVICEACCOUNTS\nreaders +Role\/reader +\d+s +jane +ops +default\/bot$/,
  );
  expect(await user.ok("describe role reader")).toMatch(/configmaps +\[\] +\[\] +\[get list\]/);
  expect(await user.ok("get pc high")).toMatch(/^NAME +VALUE +GLOBAL-DEFAULT +AGE.*\nhigh +1000 +false /);
  const more = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader, namespace: default }
rules: [{ apiGroups: [""], resources: [secrets], verbs: [get] }]
`;
  expect((await user.run("auth reconcile -f -", more)).stdout).toContain(
    "role.rbac.authorization.k8s.io/reader reconciled",
  );
  expect(await user.ok("describe role reader")).toMatch(/secrets +\[\] +\[\] +\[get\]/);
  expect(await user.ok("explain rolebinding.subjects")).toContain("User, Group or ServiceAccount.");
});
