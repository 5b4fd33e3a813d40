import { configMapType, customResourceDefinitionType, eventType, namespaceType, secretType } from "../../crds/core.ts";
import { expect, test } from "vitest";

import { isNotFound } from "../../api/status.ts";
import { garbageCollector } from "../../controllers/garbage-collector/setup.ts";
import { retryOnConflict } from "../../controllers/runtime/retry.ts";
import type { KubeObject, OwnerReference, ResourceType } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { eventually } from "../lab/stowage.ts";
import { ApiInProcess } from "./api-in-process.ts";

/** The API with a garbage collector, and short words for what these tests do with it. */
class Collected implements AsyncDisposable {
  readonly api: ApiInProcess;

  private constructor(api: ApiInProcess) {
    this.api = api;
  }

  static async open(): Promise<Collected> {
    const collected = new Collected(await ApiInProcess.open());
    for (const namespace of ["shop", "other"]) await collected.api.createNamespace(namespace);
    return collected;
  }

  start(): void {
    const { api } = this;
    api.run(({ informers, events: recorder }) => [
      garbageCollector({ client: api.client, informers, events: recorder }),
    ]);
  }

  async create(
    name: string,
    owners: readonly OwnerReference[] = [],
    more: { namespace?: string; type?: ResourceType; finalizers?: readonly string[] } = {},
  ): Promise<KubeObject> {
    const { namespace = "shop", type = configMapType, finalizers = [] } = more;
    const metadata = { ...(type.namespaced ? { namespace } : {}), name, ownerReferences: owners, finalizers };
    return this.api.client.create(type, { apiVersion: apiVersionOf(type), kind: type.kind, metadata });
  }

  find(name: string, namespace = "shop"): Promise<KubeObject | undefined> {
    return this.api.find(configMapType, namespace, name);
  }

  async delete(name: string, propagationPolicy?: "Foreground" | "Background" | "Orphan"): Promise<void> {
    const options = propagationPolicy === undefined ? {} : { propagationPolicy };
    await this.api.client.delete(configMapType, { namespace: "shop", name }, options);
  }

  async unfinalize(name: string): Promise<void> {
    const body = { metadata: { finalizers: null } };
    await this.api.client.patch(configMapType, { namespace: "shop", name }, { type: "merge", body });
  }

  async serveGadgets(): Promise<void> {
    await this.api.client.create(customResourceDefinitionType, gadgets);
    const { group, version, plural } = gadgetType;
    await eventually("the kind is served", async () =>
      (await this.api.client.discover()).some(
        (type) => type.group === group && type.version === version && type.plural === plural,
      ),
    );
  }

  /** Waits until an object that depends on nothing that exists is collected: what came before it was looked at. */
  async sweep(): Promise<void> {
    const ghost = { apiVersion: "v1", kind: "ConfigMap", name: "ghost", uid: "00000000-0000-4000-8000-000000000000" };
    await this.create("swept", [ghost]);
    await this.gone("swept");
  }

  async gone(name: string, namespace = "shop"): Promise<void> {
    await eventually(`${name} is gone`, async () => (await this.find(name, namespace)) === undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]();
  }
}

const to = ({ apiVersion, kind, metadata: { name, uid } }: KubeObject, more: Partial<OwnerReference> = {}) => ({
  apiVersion,
  kind,
  name,
  uid,
  ...more,
});
const blocking = { blockOwnerDeletion: true };

test("background: the owner goes at once, its dependents after it, and theirs, across kinds", async () => {
  await using c = await Collected.open();
  c.start();
  const owner = await c.create("owner");
  const child = await c.create("child", [to(owner)]);
  await c.create("grandchild", [to(child)], { type: secretType });
  await c.create("stranger");
  await c.delete("owner", "Background");
  expect(await c.find("owner")).toBeUndefined();
  await c.gone("child");
  await eventually(
    "the grandchild is gone",
    async () => (await c.api.find(secretType, "shop", "grandchild")) === undefined,
  );
  await c.sweep();
  expect(await c.find("stranger")).toBeDefined();
  expect(c.api.log.lines).toEqual([]);
});

test("what was orphaned by a deletion while no collector ran is found when one starts", async () => {
  await using c = await Collected.open();
  const owner = await c.create("owner");
  await c.create("child", [to(owner)]);
  const kept = await c.create("kept-owner");
  await c.create("kept", [to(kept)]);
  await c.delete("owner");
  c.start();
  await c.gone("child");
  expect(await c.find("kept")).toBeDefined();
});

test("one owner of several is enough; the reference to the one that went is taken out", async () => {
  await using c = await Collected.open();
  c.start();
  const [one, two] = [await c.create("one"), await c.create("two")];
  await c.create("child", [to(one), to(two)]);
  await c.delete("one");
  const child = await eventually("the reference is gone", async () => {
    const found = await c.find("child");
    return found?.metadata.ownerReferences?.length === 1 && found;
  });
  expect(child.metadata.ownerReferences).toEqual([to(two)]);
  await c.delete("two");
  await c.gone("child");
});

test("an owner made anew under its name is another one", async () => {
  await using c = await Collected.open();
  const owner = await c.create("owner");
  await c.create("child", [to(owner)]);
  await c.delete("owner");
  await c.create("owner");
  c.start();
  await c.gone("child");
  expect(await c.find("owner")).toBeDefined();
});

test("foreground: the owner stays until the dependents that block it are gone", async () => {
  await using c = await Collected.open();
  c.start();
  const owner = await c.create("owner");
  await c.create("held", [to(owner, blocking)], { finalizers: ["example.com/held"] });
  await c.create("free", [to(owner, blocking)]);
  await c.delete("owner", "Foreground");
  await c.gone("free");
  await c.sweep();
  expect((await c.find("owner"))?.metadata.finalizers).toEqual(["foregroundDeletion"]);
  expect((await c.find("held"))?.metadata.deletionTimestamp).toBeDefined();
  await c.unfinalize("held");
  await c.gone("owner");
});

test("foreground: dependents that do not block are deleted, but not waited for", async () => {
  await using c = await Collected.open();
  c.start();
  const owner = await c.create("owner");
  await c.create("held", [to(owner)], { finalizers: ["example.com/held"] });
  await c.delete("owner", "Foreground");
  await c.gone("owner");
  await eventually("it is being deleted", async () => (await c.find("held"))?.metadata.deletionTimestamp !== undefined);
  await c.unfinalize("held");
});

test("foreground goes down the tree: leaves first", async () => {
  await using c = await Collected.open();
  c.start();
  const owner = await c.create("owner");
  const child = await c.create("child", [to(owner, blocking)]);
  await c.create("leaf", [to(child, blocking)], { finalizers: ["example.com/held"] });
  await c.delete("owner", "Foreground");
  await eventually(
    "the leaf is being deleted",
    async () => (await c.find("leaf"))?.metadata.deletionTimestamp !== undefined,
  );
  expect((await c.find("child"))?.metadata.finalizers).toEqual(["foregroundDeletion"]);
  await c.unfinalize("leaf");
  await c.gone("owner");
  expect(await c.find("child")).toBeUndefined();
});

test("foreground: objects that own each other do not wait for each other for ever", async () => {
  await using c = await Collected.open();
  c.start();
  const one = await c.create("one");
  const two = await c.create("two", [to(one, blocking)]);
  const body = { metadata: { ownerReferences: [to(two, blocking)] } };
  await c.api.client.patch(configMapType, { namespace: "shop", name: "one" }, { type: "merge", body });
  await c.delete("one", "Foreground");
  await c.gone("one");
  await c.gone("two");
});

test.each(["Foreground", "Background"] as const)(
  "%s: a circle of three goes when one of it is deleted",
  async (propagationPolicy) => {
    await using c = await Collected.open();
    c.start();
    const one = await c.create("one");
    const two = await c.create("two", [to(one, blocking)]);
    const three = await c.create("three", [to(two, blocking)]);
    const body = { metadata: { ownerReferences: [to(three, blocking)] } };
    await c.api.client.patch(configMapType, { namespace: "shop", name: "one" }, { type: "merge", body });
    await c.delete("one", propagationPolicy);
    for (const name of ["one", "two", "three"]) await c.gone(name);
    expect(c.api.log.lines).toEqual([]);
  },
);

test("foreground: a dependent that comes while its owner waits goes too, and the owner after it", async () => {
  await using c = await Collected.open();
  c.start();
  const owner = await c.create("owner");
  await c.create("held", [to(owner, blocking)], { finalizers: ["example.com/held"] });
  await c.delete("owner", "Foreground");
  await eventually("it is being deleted", async () => (await c.find("held"))?.metadata.deletionTimestamp !== undefined);
  await c.create("late", [to(owner, blocking)], { finalizers: ["example.com/held"] });
  await eventually("so is the late one", async () => (await c.find("late"))?.metadata.deletionTimestamp !== undefined);
  await c.unfinalize("held");
  await c.sweep();
  expect(await c.find("owner")).toBeDefined();
  await c.unfinalize("late");
  await c.gone("owner");
});

test("foreground: a dependent that blocks no longer is not waited for any more", async () => {
  await using c = await Collected.open();
  c.start();
  const owner = await c.create("owner");
  await c.create("held", [to(owner, blocking)], { finalizers: ["example.com/held"] });
  await c.delete("owner", "Foreground");
  await eventually("it is being deleted", async () => (await c.find("held"))?.metadata.deletionTimestamp !== undefined);
  const body = { metadata: { ownerReferences: [to(owner)] } };
  await c.api.client.patch(configMapType, { namespace: "shop", name: "held" }, { type: "merge", body });
  await c.gone("owner");
  await c.unfinalize("held");
});

test("foreground: a dependent with another owner is let go, not deleted", async () => {
  await using c = await Collected.open();
  c.start();
  const [one, two] = [await c.create("one"), await c.create("two")];
  await c.create("child", [to(one, blocking), to(two)]);
  await c.delete("one", "Foreground");
  await c.gone("one");
  expect((await c.find("child"))?.metadata.ownerReferences).toEqual([to(two)]);
});

test("orphan: dependents lose the reference and stay, then the owner goes", async () => {
  await using c = await Collected.open();
  c.start();
  const [owner, second] = [await c.create("owner"), await c.create("second")];
  for (let i = 0; i < 40; i++) await c.create(`child-${i}`, [to(owner)]);
  await c.create("shared", [to(owner), to(second)]);
  await c.sweep();
  await c.delete("owner", "Orphan");
  await c.gone("owner");
  await c.sweep();
  for (let i = 0; i < 40; i++) expect((await c.find(`child-${i}`))?.metadata.ownerReferences ?? []).toEqual([]);
  expect((await c.find("shared"))?.metadata.ownerReferences).toEqual([to(second)]);
});

test("an owner in another namespace is no owner: a Warning tells, and the dependent goes, as in Kubernetes", async () => {
  await using c = await Collected.open();
  c.start();
  const owner = await c.create("owner", [], { namespace: "other" });
  const child = await c.create("child", [to(owner)]);
  await c.gone("child");
  const event = await eventually("the Event is there", async () => {
    const { items } = await c.api.client.list(eventType, { namespace: "shop" });
    return items[0];
  });
  expect(event).toMatchObject({
    type: "Warning",
    reason: "OwnerRefInvalidNamespace",
    message: `ownerRef [v1/ConfigMap, namespace: shop, name: owner, uid: ${owner.metadata.uid}] does not exist in namespace "shop"`,
    involvedObject: { kind: "ConfigMap", namespace: "shop", name: "child", uid: child.metadata.uid },
  });
  expect(await c.find("owner", "other")).toBeDefined();
});

test("an owner of the whole cluster may own what is in a namespace, but not the other way round", async () => {
  await using c = await Collected.open();
  const owner = await c.create("cluster-owner", [], { type: namespaceType });
  await c.create("child", [to(owner)]);
  const inside = await c.create("inside");
  await c.create("cluster-child", [to(inside)], { type: namespaceType });
  c.start();
  await c.sweep();
  expect(await c.find("child")).toBeDefined();
  await c.delete("inside");
  await c.sweep();
  const child = await c.api.find(namespaceType, undefined, "cluster-child");
  expect(child?.metadata.deletionTimestamp).toBeUndefined();
});

test("an owner of a kind that nobody serves keeps its dependents; once the kind is served they are judged", async () => {
  await using c = await Collected.open();
  c.start();
  const unknown = {
    apiVersion: "example.com/v1",
    kind: "Gadget",
    name: "g",
    uid: "00000000-0000-4000-8000-000000000001",
  };
  await c.create("child", [unknown]);
  await c.sweep();
  expect(await c.find("child")).toBeDefined();
  await c.api.client.create(customResourceDefinitionType, gadgets);
  await c.gone("child");
});

test("objects of a kind that came later own and are owned, and one whose kind went is not missed", async () => {
  await using c = await Collected.open();
  c.start();
  const { client } = c.api;
  await c.serveGadgets();
  const gadget = await c.create("gadget", [], { type: gadgetType });
  await c.create("child", [to(gadget)]);
  const owner = await c.create("owner");
  await c.create("owned-gadget", [to(owner)], { type: gadgetType });
  await c.delete("owner");
  await eventually(
    "the gadget is gone",
    async () => (await c.api.find(gadgetType, "shop", "owned-gadget")) === undefined,
  );
  await client.delete(gadgetType, { namespace: "shop", name: "gadget" });
  await c.gone("child");
  await client.delete(customResourceDefinitionType, { name: "gadgets.example.com" });
  await c.sweep();
});

test.each([
  { propagationPolicy: "Background", stays: false },
  { propagationPolicy: "Foreground", stays: false },
  { propagationPolicy: "Orphan", stays: true },
] as const)("custom objects own custom objects: $propagationPolicy", async ({ propagationPolicy, stays }) => {
  await using c = await Collected.open();
  c.start();
  await c.serveGadgets();
  const owner = await c.create("owner", [], { type: gadgetType });
  await c.create("owned", [to(owner, blocking)], { type: gadgetType });
  await c.api.client.delete(gadgetType, { namespace: "shop", name: "owner" }, { propagationPolicy });
  const find = (name: string): Promise<KubeObject | undefined> => c.api.find(gadgetType, "shop", name);
  await eventually("the owner is gone", async () => (await find("owner")) === undefined);
  if (stays) expect((await find("owned"))?.metadata.ownerReferences ?? []).toEqual([]);
  else await eventually("what it owned is gone", async () => (await find("owned")) === undefined);
});

test("what custom objects owned goes when their kind is deleted with them", async () => {
  await using c = await Collected.open();
  c.start();
  await c.serveGadgets();
  for (let i = 0; i < 20; i++) {
    const gadget = await c.create(`gadget-${i}`, [], { type: gadgetType });
    await c.create(`child-${i}`, [to(gadget)]);
  }
  await c.sweep();
  await c.api.client.delete(customResourceDefinitionType, { name: "gadgets.example.com" });
  for (let i = 0; i < 20; i++) await c.gone(`child-${i}`);
});

test("whoever changes it meanwhile, what is deleted ends, and what outlives its owner by a reference stays", async () => {
  await using c = await Collected.open();
  c.start();
  const { client } = c.api;
  const kept = await c.create("kept-owner");
  const policies = ["Foreground", "Background", "Orphan"] as const;
  const rounds = Array.from({ length: 15 }, async (_, i) => {
    const owner = await c.create(`owner-${i}`, [], { finalizers: ["example.com/one", "example.com/two"] });
    await c.create(`only-${i}`, [to(owner, blocking)]);
    await c.create(`shared-${i}`, [to(owner, blocking), to(kept)]);
    const at = { namespace: "shop", name: owner.metadata.name };
    const withoutFinalizer = (finalizer: string) =>
      retryOnConflict(async () => {
        const { metadata } = await client.get(configMapType, at);
        const finalizers = metadata.finalizers?.filter((each) => each !== finalizer) ?? [];
        const body = { metadata: { resourceVersion: metadata.resourceVersion, finalizers } };
        await client.patch(configMapType, at, { type: "merge", body });
      });
    const label = async (name: string, value: string): Promise<void> => {
      const body = { metadata: { labels: { value } } };
      await client
        .patch(configMapType, { namespace: "shop", name }, { type: "merge", body })
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    };
    await Promise.all([
      client.delete(configMapType, at, { propagationPolicy: policies[i % 3] ?? "Background" }),
      withoutFinalizer("example.com/one"),
      label(at.name, "a"),
      label(`only-${i}`, "b"),
      label(`shared-${i}`, "c"),
      withoutFinalizer("example.com/two"),
    ]);
    await c.gone(at.name);
    if (policies[i % 3] === "Orphan") expect((await c.find(`only-${i}`))?.metadata.ownerReferences ?? []).toEqual([]);
    else await c.gone(`only-${i}`);
    const shared = await eventually("the reference is taken out", async () => {
      const found = await c.find(`shared-${i}`);
      return found?.metadata.ownerReferences?.length === 1 && found;
    });
    expect(shared.metadata).toMatchObject({ ownerReferences: [to(kept)], labels: { value: "c" } });
    expect(shared.metadata.deletionTimestamp).toBeUndefined();
  });
  await Promise.all(rounds);
});

const gadgetType: ResourceType = {
  group: "example.com",
  version: "v1",
  plural: "gadgets",
  kind: "Gadget",
  namespaced: true,
};

const gadgets = {
  apiVersion: apiVersionOf(customResourceDefinitionType),
  kind: customResourceDefinitionType.kind,
  metadata: { name: "gadgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "gadgets", singular: "gadget", kind: "Gadget", listKind: "GadgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};
