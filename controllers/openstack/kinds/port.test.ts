import { describe, expect, test } from "vitest";
import type { PortResource } from "../../../crds/openstack/port.ts";
import type { RemoteFixedIp, RemotePort } from "../../../openstack/neutron/ports.ts";
import { contextOf, moment, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { ready } from "../actuator.ts";
import { changedIps, portActuator as actuator } from "./port.ts";

const resource: PortResource = { networkRef: "net", adminStateUp: true, portSecurity: "Inherit" };

const mac = "fa:16:3e:12:34:56";

const remote: RemotePort = {
  id: "p1",
  name: "web",
  description: "",
  networkID: "networks/net",
  status: "DOWN",
  adminStateUp: true,
  macAddress: mac,
  fixedIPs: [],
  securityGroups: [],
  allowedAddressPairs: [],
  portSecurityEnabled: true,
  vnicType: "normal",
  hostID: "",
  deviceOwner: "",
  tags: ["stowage.dev/uid=u1"],
};

interface ChangesCase {
  readonly why: string;
  readonly asked?: Partial<PortResource>;
  readonly now?: Partial<RemotePort>;
  readonly observed?: unknown;
  readonly what: readonly string[];
}

describe("changes()", () => {
  test.each<ChangesCase>([
    { why: "nothing is done to what is as asked", what: [] },
    { why: "up or down", asked: { adminStateUp: false }, what: ["set adminStateUp to false"] },
    {
      why: "no groups but those that are asked for",
      now: { securityGroups: ["default"] },
      what: ["set securityGroups to []"],
    },
    {
      why: "the order of groups means nothing",
      asked: { securityGroupRefs: ["b", "a"] },
      now: { securityGroups: ["securitygroups/a", "securitygroups/b"] },
      what: [],
    },
    {
      why: "a pair without a MAC address is for the port's own",
      asked: { allowedAddressPairs: [{ ip: "192.0.2.9" }, { ip: "203.0.113.0/24", mac: "02-00-00-00-00-0A" }] },
      now: {
        allowedAddressPairs: [
          { ip: "203.0.113.0/24", mac: "02:00:00:00:00:0a" },
          { ip: "192.0.2.9", mac },
        ],
      },
      what: [],
    },
    { why: "a MAC address in another writing is the same", asked: { macAddress: "FA16.3E12.3456" }, what: [] },
    {
      why: "without port security there are no groups and pairs, in the same request",
      asked: { portSecurity: "Disabled" },
      now: { securityGroups: ["securitygroups/a"], allowedAddressPairs: [{ ip: "192.0.2.9", mac }] },
      what: ["set portSecurityEnabled to false, securityGroups to [], allowedAddressPairs to []"],
    },
    { why: "its network's port security is as it was made", now: { portSecurityEnabled: false }, what: [] },
    { why: "a host", asked: { hostID: { id: "h1" } }, what: ['set hostID to "h1"'] },
    {
      why: "a server's host",
      asked: { hostID: { serverRef: "db" } },
      observed: { hostID: "h2" },
      what: ['set hostID to "h2"'],
    },
    {
      why: "what Nova bound stays where Nova put it",
      asked: { hostID: { id: "h1" } },
      now: { hostID: "h2", deviceOwner: "compute:nova" },
      what: [],
    },
    {
      why: "who is not told of hosts cannot set them",
      asked: { hostID: { id: "h1" } },
      now: { hostID: undefined },
      what: [],
    },
    { why: "tags", asked: { tags: ["one"] }, what: ["set tags to one, stowage.dev/uid=u1"] },
  ])("$why", ({ asked, now, observed, what }) => {
    const context = contextOf(new ScriptedCloud(), { observedOf: () => observed });
    const changes = actuator.changes(context, { ...resource, ...asked }, { ...remote, ...now }, moment);
    expect(changes.map((change) => change.what)).toEqual(what);
  });

  test("waits for a server to have a host", () => {
    const asked = { ...resource, hostID: { serverRef: "db" } };
    expect(() => actuator.changes(contextOf(), asked, remote, moment)).toThrow(/Waiting for Server "db"/);
  });
});

interface IpsCase {
  readonly why: string;
  readonly wanted: readonly RemoteFixedIp[];
  readonly now: readonly RemoteFixedIp[];
  readonly becomes: readonly RemoteFixedIp[] | undefined;
}

const a = (ip?: string): RemoteFixedIp => ({ subnetID: "a", ...(ip !== undefined && { ip }) });
const b = (ip?: string): RemoteFixedIp => ({ subnetID: "b", ...(ip !== undefined && { ip }) });

test.each<IpsCase>([
  { why: "none and none", wanted: [], now: [], becomes: undefined },
  { why: "any of the subnet is the one that it has", wanted: [a()], now: [a("192.0.2.5")], becomes: undefined },
  {
    why: "a certain one is not taken for any",
    wanted: [a(), a("192.0.2.5")],
    now: [a("192.0.2.5"), a("192.0.2.6")],
    becomes: undefined,
  },
  {
    why: "what it has stays when another comes",
    wanted: [a(), b()],
    now: [a("192.0.2.5")],
    becomes: [a("192.0.2.5"), b()],
  },
  { why: "what is too much goes", wanted: [a()], now: [a("192.0.2.5"), b("198.51.100.5")], becomes: [a("192.0.2.5")] },
  { why: "another one of the subnet", wanted: [a("192.0.2.7")], now: [a("192.0.2.5")], becomes: [a("192.0.2.7")] },
  {
    why: "an address written otherwise is the same",
    wanted: [a("2001:DB8:0::5")],
    now: [a("2001:db8::5")],
    becomes: undefined,
  },
  {
    why: "what IPv6 made by itself is not too much",
    wanted: [],
    now: [b("2001:db8::f816:3eff:fe12:3456")],
    becomes: undefined,
  },
])("addresses: $why", ({ wanted, now, becomes }) => {
  expect(changedIps(wanted, now, mac)).toEqual(becomes);
});

describe("create()", () => {
  const answer = () => ({ port: { id: "p1", name: "web" } });

  test("asks for no address and no group where none is asked for", async () => {
    const cloud = new ScriptedCloud(answer);
    await actuator.create(contextOf(cloud), resource);
    expect(cloud.asked).toEqual([
      {
        method: "POST",
        path: "/ports",
        body: {
          port: {
            name: "web",
            description: "stowage.dev/uid=u1",
            network_id: "networks/net",
            admin_state_up: true,
            fixed_ips: [],
            security_groups: [],
          },
        },
      },
    ]);
  });

  test("speaks to Neutron in its words", async () => {
    const cloud = new ScriptedCloud(answer);
    await actuator.create(contextOf(cloud), {
      ...resource,
      name: "named",
      projectRef: "alpha",
      addresses: [{ subnetRef: "a", ip: "192.0.2.5" }, { subnetRef: "a" }],
      securityGroupRefs: ["g"],
      allowedAddressPairs: [{ ip: "203.0.113.0/24", mac: "02:00:00:00:00:01" }],
      portSecurity: "Enabled",
      vnicType: "direct",
      macAddress: mac,
      hostID: { id: "h1" },
      trustedVIF: true,
      propagateUplinkStatus: true,
      valueSpecs: [{ key: "qos_policy_id", value: "gold" }],
    });
    expect(cloud.asked[0]?.body).toEqual({
      port: {
        description: "stowage.dev/uid=u1",
        name: "named",
        project_id: "projects/alpha",
        network_id: "networks/net",
        admin_state_up: true,
        fixed_ips: [{ subnet_id: "subnets/a", ip_address: "192.0.2.5" }, { subnet_id: "subnets/a" }],
        security_groups: ["securitygroups/g"],
        allowed_address_pairs: [{ ip_address: "203.0.113.0/24", mac_address: "02:00:00:00:00:01" }],
        port_security_enabled: true,
        "binding:vnic_type": "direct",
        mac_address: mac,
        "binding:host_id": "h1",
        trusted: true,
        propagate_uplink_status: true,
        qos_policy_id: "gold",
      },
    });
  });
});

test("a port that is DOWN can be used", () => {
  expect(actuator.stateOf(remote, moment.now)).toBe(ready);
  expect(actuator.stateOf({ ...remote, status: "ERROR" }, moment.now).kind).toBe("failed");
});

test("names what it needs", () => {
  const spec = {
    resource: {
      ...resource,
      addresses: [{ subnetRef: "a" }, { subnetRef: "b" }],
      securityGroupRefs: ["g"],
      hostID: { serverRef: "db" },
    },
  };
  expect(actuator.references(spec).map(({ field, type, name }) => `${field}: ${type.kind} ${name}`)).toEqual([
    "resource.networkRef: Network net",
    "resource.addresses[0].subnetRef: Subnet a",
    "resource.addresses[1].subnetRef: Subnet b",
    "resource.securityGroupRefs: SecurityGroup g",
    "resource.hostID.serverRef: Server db",
  ]);
});
