import { describe, expect, test } from "vitest";
import type { FloatingIPResource } from "../../../crds/openstack/floating-ip.ts";
import type { RemoteFloatingIp } from "../../../openstack/neutron/floating-ips.ts";
import { contextOf, moment, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { WaitingError } from "../actuator.ts";
import { floatingIPActuator as actuator } from "./floating-ip.ts";

const attached: RemoteFloatingIp = {
  id: "f1",
  description: "",
  projectId: "home",
  status: "ACTIVE",
  floatingNetworkId: "n1",
  floatingIpAddress: "198.51.100.7",
  portId: "ports/one",
  fixedIpAddress: "192.0.2.12",
  tags: ["stowage.dev/uid=u1"],
};

const answer = () => ({ floatingip: { id: "f1" } });

describe("create()", () => {
  test("describes it as ours until it is recorded", async () => {
    const cloud = new ScriptedCloud(answer);
    await actuator.create(contextOf(cloud), { floatingNetworkRef: "outside", portRef: "one", description: "later" });
    const floatingip = {
      description: "stowage.dev/uid=u1",
      floating_network_id: "networks/outside",
      port_id: "ports/one",
    };
    expect(cloud.asked).toEqual([{ method: "POST", path: "/floatingips", body: { floatingip } }]);
  });

  test("names the network of a subnet that is chosen", async () => {
    const cloud = new ScriptedCloud(answer);
    await actuator.create(contextOf(cloud, { observedOf: () => ({ networkID: "n1" }) }), {
      floatingSubnetRef: "outside",
    });
    expect(cloud.asked[0]?.body).toMatchObject({
      floatingip: { floating_network_id: "n1", subnet_id: "subnets/outside" },
    });
  });

  test("waits for a subnet that does not tell its network yet", () => {
    expect(() => actuator.create(contextOf(), { floatingSubnetRef: "outside" })).toThrow(WaitingError);
  });
});

test("leftBehind() asks for what is described as ours", async () => {
  const cloud = new ScriptedCloud(() => ({ floatingips: [] }));
  await actuator.leftBehind(contextOf(cloud), { floatingNetworkRef: "outside" });
  expect(cloud.asked[0]?.query).toEqual({ description: "stowage.dev/uid=u1" });
});

interface ChangesCase {
  readonly why: string;
  readonly resource: FloatingIPResource;
  readonly now: RemoteFloatingIp;
  readonly what: readonly string[];
  readonly sent?: object;
}

test.each<ChangesCase>([
  { why: "nothing is done to what is as asked", resource: { portRef: "one" }, now: attached, what: [] },
  {
    why: "one address may be written in two ways",
    resource: { portRef: "one", fixedIP: "2001:DB8::0:1" },
    now: { ...attached, fixedIpAddress: "2001:db8::1" },
    what: [],
  },
  {
    why: "it is taken from a port that is not named",
    resource: {},
    now: attached,
    what: ["set portId to null"],
    sent: { description: "", port_id: null },
  },
  {
    why: "it moves to the first address of another port",
    resource: { portRef: "two" },
    now: attached,
    what: ['set portId to "ports/two"'],
    sent: { description: "", port_id: "ports/two" },
  },
  {
    why: "it moves within a port",
    resource: { portRef: "one", fixedIP: "192.0.2.11" },
    now: attached,
    what: ['set fixedIpAddress to "192.0.2.11"'],
    sent: { description: "", port_id: "ports/one", fixed_ip_address: "192.0.2.11" },
  },
  {
    why: "another description leaves it where it is",
    resource: { portRef: "one", description: "door" },
    now: attached,
    what: ['set description to "door"'],
    sent: { description: "door", port_id: "ports/one", fixed_ip_address: "192.0.2.12" },
  },
  {
    why: "it is marked before its description stops saying that it is ours",
    resource: { portRef: "one" },
    now: { ...attached, description: "stowage.dev/uid=u1", tags: [] },
    what: ["set tags to stowage.dev/uid=u1", 'set description to ""'],
  },
])("changes(): $why", async ({ resource, now, what, sent }) => {
  const cloud = new ScriptedCloud(answer);
  const context = contextOf(cloud);
  const changes = actuator.changes(context, { floatingNetworkRef: "outside", ...resource }, now, moment);
  expect(changes.map((change) => change.what)).toEqual(what);
  if (sent === undefined) return;
  await changes[0]?.perform(context);
  expect(cloud.asked).toEqual([{ method: "PUT", path: "/floatingips/f1", body: { floatingip: sent } }]);
});

test("stateOf() is ready unless Neutron reports an error", () => {
  expect(
    ["ACTIVE", "DOWN", "ERROR"].map((status) => actuator.stateOf({ ...attached, status }, moment.now).kind),
  ).toEqual(["ready", "ready", "failed"]);
});

test("observe() is in the words of the spec", () => {
  expect(actuator.observe({ ...attached, routerId: "r1" })).toEqual({
    description: "",
    status: "ACTIVE",
    projectID: "home",
    tenantID: "home",
    floatingNetworkID: "n1",
    floatingIP: "198.51.100.7",
    portID: "ports/one",
    fixedIP: "192.0.2.12",
    routerID: "r1",
    tags: ["stowage.dev/uid=u1"],
  });
});

test("references() has all that resource and filter name", () => {
  const spec = {
    cloudCredentialsRef: { secretName: "s", cloudName: "c" },
    resource: { floatingNetworkRef: "n", floatingSubnetRef: "s", portRef: "p", projectRef: "q" },
    import: { filter: { portRef: "i" } },
  };
  expect(actuator.references(spec).map(({ field, type, name }) => `${field} ${type.kind} ${name}`)).toEqual([
    "resource.floatingNetworkRef Network n",
    "resource.floatingSubnetRef Subnet s",
    "resource.portRef Port p",
    "resource.projectRef Project q",
    "import.filter.portRef Port i",
  ]);
});
