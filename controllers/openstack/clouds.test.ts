import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../crds/meta.ts";
import type { Cloud, CloudSpec } from "../../crds/openstack/cloud.ts";
import { projectAnnotation } from "../../crds/openstack/cloud.ts";
import { credentialsFinalizer } from "../../crds/openstack/external.ts";
import { ScriptedCloud } from "../../test/fakes/scripted-cloud.ts";
import type { Cache } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import { WaitingError } from "./actuator.ts";
import type { Connect, Secret } from "./clouds.ts";
import { Clouds } from "./clouds.ts";

const cacheOf = <R extends KubeObject>(...objects: readonly R[]): Cache<R> => ({
  get: (key) => objects.find((object) => keyOf(object) === key),
  list: () => objects,
  byIndex: () => [],
});

const cloudsWith = (secret: { readonly uid?: string; readonly version?: string; readonly value?: string }): Clouds => {
  const { uid = "11111111-2222-3333-4444-555555555555", version = "1", value = "hunter2" } = secret;
  const data = { password: Buffer.from(value).toString("base64") };
  const metadata = {
    ...{ namespace: "alpha", name: "login", uid, resourceVersion: version },
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
  const object: Secret = { apiVersion: "v1", kind: "Secret", metadata, data };
  return new Clouds({
    client: { patch: () => Promise.reject(new Error("nothing is written")) },
    secrets: cacheOf(object),
    clouds: cacheOf<Cloud>(),
    namespaces: cacheOf(),
    connect: () => {
      throw new Error("nothing is connected to");
    },
  });
};
const markOf = (clouds: Clouds, owner = "one"): string => clouds.secretMark("alpha", "login", "password", owner);

test("a mark stays as long as the value does", () => {
  expect(markOf(cloudsWith({ version: "2" }))).toBe(markOf(cloudsWith({ version: "1" })));
});

test.each([
  { why: "another value", other: markOf(cloudsWith({ value: "hunter3" })) },
  { why: "another owner, so that nobody sees who has the same password", other: markOf(cloudsWith({}), "two") },
  { why: "another Secret, whose uid nobody knows who cannot read it", other: markOf(cloudsWith({ uid: "another" })) },
])("a mark changes with $why", ({ other }) => {
  expect(other).not.toBe(markOf(cloudsWith({})));
});

test("what is not there is waited for", () => {
  expect(() => cloudsWith({}).secretMark("beta", "login", "password", "one")).toThrow(WaitingError);
  expect(() => cloudsWith({}).secretMark("alpha", "login", "other", "one")).toThrow("to have the key other");
});

describe("a Cloud", () => {
  const metadataOf = (name: string, more: object = {}) => ({
    ...{ name, uid: name, resourceVersion: "1", creationTimestamp: "", finalizers: [credentialsFinalizer] },
    ...more,
  });
  const cloudOf = (spec: Partial<CloudSpec> = {}): Cloud => ({
    apiVersion: "openstack.stowage.dev/v1alpha1",
    kind: "Cloud",
    metadata: metadataOf("main"),
    spec: {
      credentials: { secretRef: { namespace: "operator", name: "keys" } },
      cloudName: "admin",
      namespaces: ["shop"],
      ...spec,
    },
  });
  const keys = (data: Readonly<Record<string, string>> = { "clouds.yaml": "" }): Secret => ({
    ...{ apiVersion: "v1", kind: "Secret", metadata: metadataOf("keys", { namespace: "operator" }), data },
  });
  const namespace = (name: string, project?: string): KubeObject => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: metadataOf(name, project === undefined ? {} : { annotations: { [projectAnnotation]: project } }),
  });

  interface World {
    readonly cloud?: Cloud;
    readonly secret?: Secret;
    readonly namespaces?: readonly KubeObject[];
    readonly refuses?: string;
  }

  function worldOf({ cloud = cloudOf(), secret = keys(), namespaces = [namespace("shop")], refuses }: World = {}) {
    const connected: Parameters<Connect>[0][] = [];
    const clouds = new Clouds({
      client: { patch: () => Promise.reject(new Error("nothing is written")) },
      secrets: cacheOf(secret),
      clouds: cacheOf(cloud),
      namespaces: cacheOf(...namespaces),
      connect(source) {
        connected.push(source);
        if (refuses !== undefined) throw new Error(refuses);
        const survey = (): Promise<never> => Promise.reject(new Error("nobody looks"));
        return { service: new ScriptedCloud(), survey, place: "there", [Symbol.asyncDispose]: () => Promise.resolve() };
      },
    });
    const open = (from = "shop", name = "main") => clouds.open(from, { cloudRef: { name } });
    const messageOf = async (from?: string, name?: string): Promise<string> => {
      const error: unknown = await open(from, name).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(WaitingError);
      return (error as Error).message;
    };
    const version = () => clouds.versionOf("shop", { cloudRef: { name: "main" } });
    return { connected, open, messageOf, version };
  }

  test("is lent whole to a namespace that is bound to no project", async () => {
    const { connected, open } = worldOf({ cloud: cloudOf({ regionName: "north" }) });
    await open();
    expect(connected).toMatchObject([{ cloudName: "admin", regionName: "north", onlyProject: undefined }]);
  });

  test("is lent to one that is bound for its project only, and to each by a session of its own", async () => {
    const { connected, open } = worldOf({
      cloud: cloudOf({ namespaces: [], namespaceSelector: {} }),
      namespaces: [namespace("shop", "p1"), namespace("bank", "p2"), namespace("operator")],
    });
    const [shop, bank, operator] = [await open("shop"), await open("bank"), await open("operator")];
    expect(connected.map(({ onlyProject }) => onlyProject)).toEqual(["p1", "p2", undefined]);
    expect(new Set([shop, bank, operator]).size).toBe(3);
    expect(await open("shop")).toBe(shop);
  });

  test("is not lent to a namespace of which nothing is known yet: it may be bound", async () => {
    const { connected, messageOf } = worldOf({ namespaces: [] });
    expect(await messageOf()).toContain('a Cloud "main" that admits namespace "shop"');
    expect(connected).toEqual([]);
  });

  test("that admits others is told of as one that is not there", async () => {
    const { messageOf } = worldOf({ namespaces: [namespace("bank")] });
    expect((await messageOf("bank", "main")).replace("main", "other")).toBe(await messageOf("bank", "other"));
  });

  test("is not lent where the namespace's project is said to be nothing", async () => {
    const { messageOf } = worldOf({ namespaces: [namespace("shop", "")] });
    expect(await messageOf()).toContain(`annotation ${projectAnnotation}`);
  });

  test.each<{ why: string; world: World }>([
    { why: "a Secret without clouds.yaml", world: { secret: keys({}) } },
    { why: "a clouds.yaml that is wrong", world: { refuses: 'clouds.yaml has no cloud "admin"; it has "prod"' } },
  ])("tells nothing of its Secret to who uses it: $why", async ({ world }) => {
    expect(await worldOf(world).messageOf()).toBe(
      'Waiting for the credentials of Cloud "main" to be put right: its conditions say how',
    );
  });

  test("is another one for its users when it, its Secret, or what the namespace says of it changes", () => {
    const relabelled = { ...namespace("shop"), metadata: metadataOf("shop", { labels: { tier: "gold" } }) };
    const base = worldOf().version();
    expect(worldOf({ namespaces: [relabelled] }).version()).toBe(base);
    const others: readonly World[] = [
      { cloud: { ...cloudOf(), metadata: metadataOf("main", { generation: 2 }) } },
      { secret: { ...keys(), metadata: metadataOf("keys", { namespace: "operator", resourceVersion: "2" }) } },
      { namespaces: [namespace("shop", "p1")] },
      { cloud: cloudOf({ namespaces: [] }) },
    ];
    for (const world of others) expect(worldOf(world).version()).not.toBe(base);
  });
});
