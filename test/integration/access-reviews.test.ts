/** Who may do what, as the API says it and kubectl asks for it. */
import { expect, test } from "vitest";
import { ApiOverHttps } from "./api-over-https.ts";
import { KubectlUser, kubectlMissing } from "./kubectl-user.ts";

const authorization = "/apis/authorization.k8s.io/v1";
const resourceAttributes = { verb: "create", resource: "configmaps", namespace: "default" };

test("whoever is in system:masters may do anything, everybody else little", async () => {
  await using api = await ApiOverHttps.open();
  const review = async (spec: object) => {
    const { code, body } = await api.post(`${authorization}/subjectaccessreviews`, { spec });
    expect(code).toBe(201);
    return body.status;
  };
  const self = await api.post(`${authorization}/selfsubjectaccessreviews`, { spec: { resourceAttributes } });
  expect(self.code).toBe(201);
  expect(self.body).toMatchObject({
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
    status: { allowed: true },
  });
  expect(await review({ user: "jane", groups: ["system:masters"], resourceAttributes })).toEqual({ allowed: true });
  expect(await review({ user: "jane", groups: ["system:authenticated"], resourceAttributes })).toEqual({
    allowed: false,
  });
  const nonResourceAttributes = { verb: "get", path: "/openapi/v3" };
  expect(await review({ user: "jane", groups: ["system:authenticated"], nonResourceAttributes })).toEqual({
    allowed: true,
    reason:
      'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"',
  });
});

test.each([
  {
    why: "nothing asked",
    path: "selfsubjectaccessreviews",
    body: {},
    says: "exactly one of nonResourceAttributes or resourceAttributes must be specified",
  },
  {
    why: "both asked",
    path: "selfsubjectaccessreviews",
    body: { spec: { resourceAttributes, nonResourceAttributes: { path: "/" } } },
    says: "cannot be specified in combination with resourceAttributes",
  },
  {
    why: "nobody named",
    path: "subjectaccessreviews",
    body: { spec: { resourceAttributes } },
    says: "at least one of user or group must be specified",
  },
  {
    why: "another namespace",
    path: "namespaces/kube-system/localsubjectaccessreviews",
    body: { spec: { user: "jane", resourceAttributes } },
    says: "spec.resourceAttributes.namespace",
  },
])("a review with $why is refused", async ({ path, body, says }) => {
  await using api = await ApiOverHttps.open();
  const answer = await api.post(`${authorization}/${path}`, body);
  expect(answer.code).toBe(422);
  expect(answer.body.message).toContain(says);
});

test("reviews are answered, and not kept", async () => {
  await using api = await ApiOverHttps.open();
  const path = `${authorization}/selfsubjectaccessreviews`;
  expect((await api.get(path)).code).toBe(405);
  expect((await api.get(`${path}/a`)).code).toBe(404);
  expect((await api.delete(path)).code).toBe(405);
  const { body } = await api.get(authorization);
  expect(body.resources).toContainEqual({
    name: "localsubjectaccessreviews",
    singularName: "localsubjectaccessreview",
    namespaced: true,
    kind: "LocalSubjectAccessReview",
    verbs: ["create"],
  });
});

test.skipIf(kubectlMissing !== undefined)("kubectl auth tells what the administrator and others may do", async () => {
  await using user = await KubectlUser.start();
  expect(await user.ok("auth can-i create containers.stowage.dev")).toBe("yes");
  expect((await user.run("auth can-i create secrets --as=jane")).stdout).toBe("no\n");
  const list = await user.ok("auth can-i --list");
  expect(list).toMatch(/^\*\.\* +\[\] +\[\] +\[\*\]$/m);
  expect(list).toMatch(/selfsubjectaccessreviews\.authorization\.k8s\.io +\[\] +\[\] +\[create\]/);
  expect(await user.ok("auth whoami")).toMatch(
    /Username +stowage-admin\nGroups +\[system:masters system:authenticated\]/,
  );
  await user.ok("wait sa/default --for=create");
  const token = await user.ok("create token default");
  const config = (await user.ok("config view --raw --minify -o json")).replace(
    /"user": \{[^}]*\}/,
    `"user": {"token": "${token}"}`,
  );
  const KUBECONFIG = await user.file("default.kubeconfig", config);
  expect(await user.ok("auth whoami -o jsonpath={.status.userInfo.username}", undefined, { KUBECONFIG })).toBe(
    "system:serviceaccount:default:default",
  );
});
