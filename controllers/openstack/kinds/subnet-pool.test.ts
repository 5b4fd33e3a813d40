import { expect, test } from "vitest";
import type { SubnetPoolResource } from "../../../crds/openstack/subnet-pool.ts";
import type { RemoteSubnetPool } from "../../../openstack/neutron/subnet-pools.ts";
import { contextOf, moment, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { subnetPoolActuator as actuator } from "./subnet-pool.ts";

const remote: RemoteSubnetPool = {
  id: "p1",
  name: "web",
  description: "",
  projectId: "home",
  prefixes: ["10.0.0.0/23"],
  minPrefixLength: 8,
  maxPrefixLength: 32,
  defaultPrefixLength: 8,
  ipVersion: 4,
  shared: false,
  isDefault: false,
  tags: ["stowage.dev/uid=u1"],
};

interface ChangesCase {
  readonly why: string;
  readonly resource: Partial<SubnetPoolResource>;
  readonly now?: RemoteSubnetPool;
  readonly what: readonly string[];
}

test.each<ChangesCase>([
  { why: "neighbours that Neutron has joined are there", resource: {}, what: [] },
  {
    why: "what Neutron has besides is not taken away, which it would refuse",
    resource: { prefixes: ["10.0.1.0/24", "10.9.0.0/24"] },
    what: ['set prefixes to ["10.0.0.0/23","10.9.0.0/24"]'],
  },
  {
    why: "it leaves an address scope that is not named any more",
    resource: {},
    now: { ...remote, addressScopeId: "a1" },
    what: ["set addressScopeId to null"],
  },
  {
    why: "fields are set together",
    resource: { addressScopeRef: "mine", defaultQuota: 10, minPrefixLength: 24, isDefault: true },
    what: ['set minPrefixLength to 24, defaultQuota to 10, isDefault to true, addressScopeId to "addressscopes/mine"'],
  },
])("changes(): $why", ({ resource, now = remote, what }) => {
  const asked = { prefixes: ["10.0.0.0/24", "10.0.1.0/24"], ...resource };
  const changes = actuator.changes(contextOf(), asked, now, moment);
  const sorted = (text: string) =>
    text
      .replace(/^set /, "")
      .split(/, (?=[a-z])/)
      .sort();
  expect(changes.flatMap((change) => sorted(change.what))).toEqual(what.flatMap(sorted));
});

test("create() speaks to Neutron in its words, and reads numbers that are text", async () => {
  const cloud = new ScriptedCloud(() => ({
    subnetpool: { id: "p1", name: "web", min_prefixlen: "24", max_prefixlen: "32", default_prefixlen: 26 },
  }));
  const made = await actuator.create(contextOf(cloud), {
    prefixes: ["10.0.0.0/16"],
    minPrefixLength: 24,
    addressScopeRef: "mine",
    tags: ["one"],
  });
  expect(made).toMatchObject({ minPrefixLength: 24, maxPrefixLength: 32, defaultPrefixLength: 26 });
  expect(cloud.asked[0]?.body).toEqual({
    subnetpool: {
      name: "web",
      description: "stowage.dev/uid=u1",
      prefixes: ["10.0.0.0/16"],
      min_prefixlen: 24,
      address_scope_id: "addressscopes/mine",
    },
  });
});

test("observe() is in the words of the spec", () => {
  expect(actuator.observe({ ...remote, addressScopeId: "a1" })).toMatchObject({
    projectID: "home",
    addressScopeID: "a1",
    prefixes: ["10.0.0.0/23"],
  });
});

test("references() has the AddressScope and the Project", () => {
  const spec = {
    cloudCredentialsRef: { secretName: "s", cloudName: "c" },
    resource: { prefixes: ["10.0.0.0/8"], addressScopeRef: "a", projectRef: "p" },
  };
  expect(actuator.references(spec).map(({ type, name }) => `${type.kind} ${name}`)).toEqual([
    "AddressScope a",
    "Project p",
  ]);
});
