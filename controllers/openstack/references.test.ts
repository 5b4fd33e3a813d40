import { describe, expect, test } from "vitest";
import { secretType } from "../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { apiVersionOf, groupResource } from "../../crds/meta.ts";
import type { ExternalSpec, ExternalStatus } from "../../crds/openstack/external.ts";
import { networks, subnets } from "../../crds/openstack/types.ts";
import type { Cache } from "../runtime/reconciler.ts";
import type { AnyExternal, Reference } from "./actuator.ts";
import { byReference, isUsing, referenceKey, References, referencesIn } from "./references.ts";
import { statusOf } from "./status.ts";

const now = new Date("2026-01-01T00:00:00Z");

interface Drafted {
  readonly spec?: Partial<ExternalSpec>;
  readonly status?: ExternalStatus;
  readonly deletionTimestamp?: string;
}

function object(type: ResourceType, name: string, { spec = {}, status, deletionTimestamp }: Drafted = {}): AnyExternal {
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: {
      ...{ name, namespace: "shop", uid: name, resourceVersion: "1", creationTimestamp: "", generation: 1 },
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
    spec: { cloudCredentialsRef: { secretName: "cloud", cloudName: "admin" }, resource: {}, ...spec },
    ...(status && { status }),
  };
}

const upAs = (id: string): ExternalStatus =>
  statusOf(object(networks, "any"), { id, resource: {}, usable: true }, { reason: "Success" }, now);

/** Objects by their name; `uses` says which of them name which network. */
function cacheOf<R extends KubeObject>(objects: readonly R[], uses: Readonly<Record<string, string>> = {}): Cache<R> {
  return {
    get: (key) => objects.find(({ metadata }) => `shop/${metadata.name}` === key),
    list: () => objects,
    byIndex: (index, value) =>
      objects.filter(({ metadata: { name } }) => {
        const used = uses[name];
        return index === byReference && used !== undefined && value === referenceKey(networks, "shop", used);
      }),
  };
}

function secret(resourceVersion: string): KubeObject {
  const metadata = { name: "login", namespace: "shop", uid: "s", resourceVersion, creationTimestamp: "" };
  return { apiVersion: "v1", kind: "Secret", metadata };
}

function references(
  parts: {
    networks?: readonly AnyExternal[];
    subnets?: readonly AnyExternal[];
    uses?: Record<string, string>;
    secrets?: readonly KubeObject[];
  } = {},
): References {
  return new References(
    [
      { type: networks, objects: cacheOf(parts.networks ?? []) },
      { type: subnets, objects: cacheOf(parts.subnets ?? [], parts.uses) },
    ],
    cacheOf(parts.secrets ?? []),
  );
}

const toWeb: Reference = { field: "resource.networkRef", type: networks, name: "web" };

describe("missing", () => {
  test.each<{ why: string; web: readonly AnyExternal[]; says: string | undefined }>([
    { why: "what is not there", web: [], says: 'Waiting for Network "web" (resource.networkRef) to be created' },
    {
      why: "what is not made yet",
      web: [object(networks, "web")],
      says: 'Waiting for Network "web" (resource.networkRef) to be Available',
    },
    {
      why: "what is made and not ready",
      web: [object(networks, "web", { status: { id: "n1" } })],
      says: 'Waiting for Network "web" (resource.networkRef) to be Available',
    },
    {
      why: "what is on its way out",
      web: [object(networks, "web", { status: upAs("n1"), deletionTimestamp: "2026-01-01T00:00:00Z" })],
      says: 'Waiting: Network "web" (resource.networkRef) is being deleted',
    },
    { why: "nothing but what is Available", web: [object(networks, "web", { status: upAs("n1") })], says: undefined },
  ])("names $why", ({ web, says }) => {
    expect(references({ networks: web }).missing(toWeb, "shop")).toBe(says);
  });

  test("does not look into another namespace", () => {
    const web = [object(networks, "web", { status: upAs("n1") })];
    expect(references({ networks: web }).missing(toWeb, "bank")).toContain("to be created");
  });

  test("leaves Secrets to whoever reads them", () => {
    expect(
      references().missing({ field: "resource.passwordRef", type: secretType, name: "login" }, "shop"),
    ).toBeUndefined();
  });
});

describe("usersOf", () => {
  const made = { status: { id: "s1" } };
  const users = (subnet: Record<string, Drafted>): string | undefined =>
    references({
      subnets: Object.entries(subnet).map(([name, drafted]) => object(subnets, name, drafted)),
      uses: Object.fromEntries(Object.keys(subnet).map((name) => [name, "web"])),
    }).usersOf(networks, "shop", "web");

  test.each<{ why: string; subnet: Record<string, Drafted>; is: string | undefined }>([
    { why: "nobody", subnet: {}, is: undefined },
    { why: "not who has made nothing", subnet: { a: {} }, is: undefined },
    {
      why: "who may have made something",
      subnet: { a: { status: { creatingSince: "2026-01-01T00:00:00Z" } } },
      is: 'Subnet "a"',
    },
    { why: "not who only looks", subnet: { a: { ...made, spec: { managementPolicy: "unmanaged" } } }, is: undefined },
    { why: "all, in order", subnet: { b: made, a: made }, is: 'Subnet "a", "b"' },
    {
      why: "five, and how many more",
      subnet: { a: made, b: made, c: made, d: made, e: made, f: made, g: made },
      is: 'Subnet "a", "b", "c", "d", "e" and 2 more',
    },
  ])("tells of $why", ({ subnet, is }) => {
    expect(users(subnet)).toBe(is);
  });
});

test("isUsing: what stands for nothing in the cloud holds nothing", () => {
  expect(isUsing(object(subnets, "a"))).toBe(false);
  expect(isUsing(object(subnets, "a", { status: { id: "s1" } }))).toBe(true);
});

describe("fingerprint", () => {
  const of = (id: string, version: string): string =>
    references({ networks: [object(networks, "web", { status: upAs(id) })], secrets: [secret(version)] }).fingerprint(
      [toWeb, { field: "resource.passwordRef", type: secretType, name: "login" }],
      "shop",
    );

  test("changes when something is made anew, and with a Secret", () => {
    expect(of("n1", "1")).toBe(of("n1", "1"));
    expect(of("n2", "1")).not.toBe(of("n1", "1"));
    expect(of("n1", "2")).not.toBe(of("n1", "1"));
  });
});

describe("details", () => {
  const of = (web: AnyExternal): string => references({ networks: [web] }).details([toWeb], "shop");
  const web = object(networks, "web", { status: upAs("n1") });

  test.each<{ why: string; other: AnyExternal }>([
    { why: "what is asked for", other: { ...web, metadata: { ...web.metadata, generation: 2 } } },
    { why: "what it is", other: { ...web, status: { ...web.status, resource: { external: true } } } },
    { why: "whether it can be used", other: { ...web, status: { id: "n1", resource: {} } } },
    { why: "which one it is", other: { ...web, status: { ...web.status, id: "n2" } } },
  ])("change with $why", ({ other }) => {
    expect(of(web)).toBe(of({ ...web }));
    expect(of(other)).not.toBe(of(web));
  });
});

test("referencesIn finds names in what is asked for and in what is imported", () => {
  const types = { networkRef: networks, subnetRef: subnets };
  expect(referencesIn({ resource: { networkRef: "web", subnetRef: 7 } }, types)).toEqual([toWeb]);
  expect(referencesIn({ import: { filter: { networkRef: "web" } } }, types)).toEqual([
    { ...toWeb, field: "import.filter.networkRef" },
  ]);
  expect(referencesIn({ import: { id: "n1" } }, types)).toEqual([]);
  expect(groupResource(toWeb.type)).toBe("networks.openstack.stowage.dev");
});
