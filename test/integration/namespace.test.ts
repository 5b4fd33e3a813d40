import {
  configMapType,
  eventType,
  namespaceType,
  secretType,
  validatingAdmissionPolicyBindingType,
  validatingAdmissionPolicyType,
  validatingWebhookConfigurationType,
} from "../../crds/core.ts";
import { expect, test } from "vitest";
import { namespaceController } from "../../controllers/namespace/setup.ts";
import type { Namespace } from "../../controllers/namespace/reconciler.ts";

import { systemClock } from "../../process/clock.ts";

import { containers } from "../../crds/container.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { eventually } from "../lab/stowage.ts";
import { ApiInProcess } from "./api-in-process.ts";

function runController(api: ApiInProcess): void {
  api.run(({ informers }) => [namespaceController({ client: api.client, informers, clock: systemClock })]);
}

const configMap = (namespace: string, name: string, finalizers: readonly string[] = []) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name, finalizers },
});

const container = (namespace: string) => ({
  apiVersion: apiVersionOf(containers),
  kind: "Container",
  metadata: { namespace, name: "web" },
  spec: { image: "busybox" },
});

const event = (namespace: string) => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { namespace, name: "web.1" },
  involvedObject: { kind: "Container", name: "web", namespace },
  reason: "Started",
  message: "",
  type: "Normal",
});

test("a namespace that is deleted takes its content of every kind along, and nothing else's", async () => {
  await using api = await ApiInProcess.open();
  const { client } = api;
  for (const namespace of ["going", "staying"]) {
    await api.createNamespace(namespace);
    for (let i = 0; i < 30; i++) await client.create(configMapType, configMap(namespace, `config-${i}`));
    await client.create(secretType, { ...configMap(namespace, "secret"), kind: "Secret" });
    await client.create(containers, container(namespace));
    await client.create(eventType, event(namespace));
  }
  runController(api);
  await client.delete(namespaceType, { name: "going" });
  await eventually(
    "the namespace is gone",
    async () => (await api.find(namespaceType, undefined, "going")) === undefined,
  );

  for (const type of [configMapType, secretType, containers, eventType]) {
    expect((await client.list(type, { namespace: "going" })).items).toEqual([]);
  }
  expect((await client.list(configMapType, { namespace: "staying" })).items).toHaveLength(30);
  expect(await api.find(containers, "staying", "web")).toBeDefined();
  expect(api.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});

test("what holds a namespace up is told in its conditions, Events stay to tell why, and it goes when that is gone", async () => {
  await using api = await ApiInProcess.open();
  const { client } = api;
  await api.createNamespace("shop");
  await client.create(configMapType, configMap("shop", "free"));
  await client.create(configMapType, configMap("shop", "held", ["example.com/one", "example.com/two"]));
  await client.create(eventType, event("shop"));
  runController(api);
  await client.delete(namespaceType, { name: "shop" });

  const held = await eventually("the conditions tell", async () => {
    const namespace = await api.find<Namespace>(namespaceType, undefined, "shop");
    return namespace?.status?.conditions?.some(({ status }) => status === "True") && namespace;
  });
  expect(held.status?.phase).toBe("Terminating");
  const said = held.status?.conditions?.map(({ type, status, message }) => [type, status, message]);
  expect(said).toContainEqual([
    "NamespaceContentRemaining",
    "True",
    "Some resources are remaining: configmaps. has 1 resource instances",
  ]);
  expect(said).toContainEqual([
    "NamespaceFinalizersRemaining",
    "True",
    "Some content in the namespace has finalizers remaining: example.com/one in 1 resource instances, example.com/two in 1 resource instances",
  ]);
  expect(said).toContainEqual([
    "NamespaceDeletionContentFailure",
    "False",
    "All content successfully deleted, may be waiting on finalization",
  ]);
  expect(await api.find(configMapType, "shop", "free")).toBeUndefined();
  expect((await client.list(eventType, { namespace: "shop" })).items).toHaveLength(1);

  await client.patch(
    configMapType,
    { namespace: "shop", name: "held" },
    { type: "merge", body: { metadata: { finalizers: null } } },
  );
  await eventually(
    "the namespace is gone",
    async () => (await api.find(namespaceType, undefined, "shop")) === undefined,
  );
  expect((await client.list(eventType, { namespace: "shop" })).items).toEqual([]);
});

test("content that admission keeps from being deleted is told in upstream's words, and goes when it may", async () => {
  await using api = await ApiInProcess.open();
  const { client } = api;
  await api.createNamespace("shop");
  await client.create(configMapType, configMap("shop", "kept"));
  await client.create(secretType, { ...configMap("shop", "secret"), kind: "Secret" });
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["DELETE"], resources: ["configmaps"] };
  await client.create(validatingAdmissionPolicyType, {
    ...{ apiVersion: apiVersionOf(validatingAdmissionPolicyType), kind: "ValidatingAdmissionPolicy" },
    metadata: { name: "keep" },
    ...{
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: "false", message: "kept" }] },
    },
  });
  await client.create(validatingAdmissionPolicyBindingType, {
    ...{ apiVersion: apiVersionOf(validatingAdmissionPolicyBindingType), kind: "ValidatingAdmissionPolicyBinding" },
    metadata: { name: "keep" },
    ...{ spec: { policyName: "keep", validationActions: ["Deny"] } },
  });
  runController(api);
  await client.delete(namespaceType, { name: "shop" });
  const conditions = await eventually("the conditions tell", async () => {
    const namespace = await api.find<Namespace>(namespaceType, undefined, "shop");
    return namespace?.status?.conditions;
  });
  expect(conditions).toContainEqual(
    expect.objectContaining({
      type: "NamespaceDeletionContentFailure",
      status: "True",
      reason: "ContentDeletionFailed",
      message: `Failed to delete all resource types, 1 remaining: configmaps "kept" is forbidden: ValidatingAdmissionPolicy 'keep' with binding 'keep' denied request: kept`,
    }),
  );
  expect(await api.find(secretType, "shop", "secret")).toBeUndefined();
  await client.delete(validatingAdmissionPolicyBindingType, { name: "keep" });
  await eventually(
    "the namespace is gone",
    async () => (await api.find(namespaceType, undefined, "shop")) === undefined,
  );
});

test("content whose webhook cannot be asked is told as the API told it, once", async () => {
  await using api = await ApiInProcess.open();
  const { client } = api;
  await api.createNamespace("shop");
  await client.create(configMapType, configMap("shop", "kept"));
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["DELETE"], resources: ["configmaps"] };
  const webhook = { name: "kept.example.com", sideEffects: "None", admissionReviewVersions: ["v1"], rules: [rule] };
  await client.create(validatingWebhookConfigurationType, {
    ...{ apiVersion: apiVersionOf(validatingWebhookConfigurationType), kind: "ValidatingWebhookConfiguration" },
    metadata: { name: "keep" },
    ...{ webhooks: [{ ...webhook, clientConfig: { service: { namespace: "shop", name: "gone" } } }] },
  });
  runController(api);
  await client.delete(namespaceType, { name: "shop" });
  const conditions = await eventually("the conditions tell", async () => {
    const namespace = await api.find<Namespace>(namespaceType, undefined, "shop");
    return namespace?.status?.conditions;
  });
  const message = `Failed to delete all resource types, 1 remaining: Internal error occurred: failed calling webhook "kept.example.com": failed to call webhook: Post "https://gone.shop.svc:443?timeout=10s": service "gone" not found`;
  expect(conditions).toContainEqual(expect.objectContaining({ type: "NamespaceDeletionContentFailure", message }));
});

test("a namespace deleted while nobody looked goes when the controller starts, and can be made anew", async () => {
  await using api = await ApiInProcess.open();
  const { client } = api;
  const first = await api.createNamespace("shop");
  await client.create(configMapType, configMap("shop", "old"));
  await client.delete(namespaceType, { name: "shop" });
  expect((await api.find<Namespace>(namespaceType, undefined, "shop"))?.status?.phase).toBe("Terminating");
  runController(api);
  await eventually(
    "the namespace is gone",
    async () => (await api.find(namespaceType, undefined, "shop")) === undefined,
  );
  const second = await api.createNamespace("shop");
  expect(second.metadata.uid).not.toBe(first.metadata.uid);
  await client.create(configMapType, configMap("shop", "new"));
  expect((await client.list(configMapType, { namespace: "shop" })).items).toHaveLength(1);
});

test("a finalizer of somebody else on the namespace itself is left to them", async () => {
  await using api = await ApiInProcess.open();
  const { client } = api;
  await client.create(namespaceType, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "shop", finalizers: ["example.com/audit"] },
  });
  await client.create(configMapType, configMap("shop", "config"));
  runController(api);
  await client.delete(namespaceType, { name: "shop" });
  await eventually("its content is gone", async () => {
    const namespace = await api.find<Namespace>(namespaceType, undefined, "shop");
    return (namespace?.spec?.finalizers ?? []).length === 0;
  });
  expect(await api.find(configMapType, "shop", "config")).toBeUndefined();
  await client.patch(namespaceType, { name: "shop" }, { type: "merge", body: { metadata: { finalizers: null } } });
  await eventually(
    "the namespace is gone",
    async () => (await api.find(namespaceType, undefined, "shop")) === undefined,
  );
});
