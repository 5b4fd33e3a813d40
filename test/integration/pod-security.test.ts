/** The Pod Security Standards, as labels of namespaces put them in force on Containers. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Answer } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";

let api: ApiOverHttps;
beforeAll(async () => {
  api = await ApiOverHttps.open();
});
afterAll(() => api[Symbol.asyncDispose]());

const group = "/apis/stowage.dev/v1alpha1";
const labelled = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]));
const addNamespace = (name: string, labels: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  api.post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: labelled(labels) } });
const relabel = (name: string, labels: Readonly<Record<string, string>>): Promise<Answer> =>
  api.patch(`/api/v1/namespaces/${name}`, { metadata: { labels: labelled(labels) } });
const add = (namespace: string, name: string, spec: object = {}): Promise<Answer> =>
  api.post(`${group}/namespaces/${namespace}/containers`, {
    apiVersion: "stowage.dev/v1alpha1",
    kind: "Container",
    metadata: { name },
    spec: { image: "busybox", ...spec },
  });
const change = (namespace: string, name: string, spec: object): Promise<Answer> =>
  api.patch(`${group}/namespaces/${namespace}/containers/${name}`, { spec });

const privileged = { securityContext: { privileged: true } };
const hostPath = { volumes: [{ name: "etc", hostPath: { path: "/etc" } }] };
const saysNo =
  'violates PodSecurity "baseline:latest": privileged (container "web" must not set securityContext.privileged=true)';
const warnings = ({ headers }: Answer): readonly string[] =>
  [...(headers["warning"] ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
    (text ?? "").replaceAll("\\", ""),
  );

test.each(["default", "kube-system"])("baseline is enforced in %s, which says nothing", async (namespace) => {
  const { code, body } = await add(namespace, "web", privileged);
  expect({ code, reason: body.reason, message: body.message }).toEqual({
    code: 403,
    reason: "Forbidden",
    message: `containers.stowage.dev "web" is forbidden: ${saysNo}`,
  });
  expect((await add(namespace, "web")).code).toBe(201);
  expect((await change(namespace, "web", privileged)).body.message).toContain(saysNo);
  const apply = { apiVersion: "stowage.dev/v1alpha1", kind: "Container", metadata: { name: "web" } };
  const path = `${group}/namespaces/${namespace}/containers/web?fieldManager=t&force=true`;
  const applied = await api.request("PATCH", path, {
    body: { ...apply, spec: { image: "busybox", ...privileged } },
    headers: { "content-type": "application/apply-patch+yaml" },
  });
  expect(applied.body.message).toContain(saysNo);
});

test("a namespace that is labelled privileged allows everything", async () => {
  await addNamespace("trusted", { enforce: "privileged", warn: "privileged" });
  const answer = await add("trusted", "web", { ...privileged, ...hostPath, hostNetwork: true });
  expect(answer.code).toBe(201);
  expect(warnings(answer)).toEqual([]);
});

test("what is allowed may still be warned of", async () => {
  await addNamespace("watched", { enforce: "privileged", warn: "restricted", "warn-version": "v1.30" });
  const answer = await add("watched", "web", privileged);
  expect(answer.code).toBe(201);
  expect(warnings(answer).join()).toMatch(
    /^would violate PodSecurity "restricted:v1.30": privileged \(container "web" must not set securityContext.privileged=true\), /,
  );
});

test("who changes only what is harmless may keep what labels forbid by now", async () => {
  await addNamespace("tightened", { enforce: "privileged" });
  await add("tightened", "web", privileged);
  await relabel("tightened", { enforce: "baseline" });
  expect((await change("tightened", "web", { runState: "Stopped" })).code).toBe(200);
  expect((await change("tightened", "web", { image: "busybox:2" })).code).toBe(403);
  expect((await change("tightened", "web", { securityContext: null })).code).toBe(200);
  const container = `${group}/namespaces/tightened/containers/web`;
  expect((await api.patch(container, { metadata: { labels: { a: "b" } } })).code).toBe(200);
});

test("who makes a namespace stricter is told of the Containers that would not be allowed any more", async () => {
  await addNamespace("moving", { enforce: "privileged" });
  for (const name of ["c", "a", "b"]) await add("moving", name, privileged);
  await add("moving", "other", { ...privileged, ...hostPath });
  await add("moving", "good");
  expect(warnings(await relabel("moving", { enforce: "baseline" }))).toEqual([
    'existing Containers in namespace "moving" violate the new PodSecurity enforce level "baseline:latest"',
    "a (and 2 other Containers): privileged",
    "other: hostPath volumes, privileged",
  ]);
  expect(warnings(await relabel("moving", { enforce: "privileged" }))).toEqual([]);
});

test("labels that mean nothing are refused", async () => {
  const { code, body } = await addNamespace("wrong", { enforce: "Baseline", "warn-version": "1" });
  expect({ code, message: body.message }).toEqual({
    code: 422,
    message:
      'Namespace "wrong" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "Baseline": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1": must be "latest" or "v1.x"]',
  });
  await addNamespace("right");
  expect((await relabel("right", { audit: "none" })).code).toBe(422);
});
