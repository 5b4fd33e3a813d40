import { describe, expect, test } from "vitest";
import type { SubnetResource } from "../../../crds/openstack/subnet.ts";
import { OpenStackError } from "../../../openstack/errors.ts";
import { contextOf, moment, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { WaitingError } from "../actuator.ts";
import type { SeenSubnet } from "./subnet.ts";
import { subnetActuator as actuator } from "./subnet.ts";

const resource: SubnetResource = { networkRef: "net", ipVersion: 4, cidr: "192.0.2.0/24" };

const remote: SeenSubnet = {
  id: "s1",
  name: "web",
  description: "",
  networkID: "networks/net",
  ipVersion: 4,
  cidr: "192.0.2.0/24",
  gatewayIP: "192.0.2.1",
  allocationPools: [{ start: "192.0.2.2", end: "192.0.2.254" }],
  dnsNameservers: [],
  hostRoutes: [],
  enableDHCP: true,
  tags: ["stowage.dev/uid=u1"],
};

interface ChangesCase {
  readonly why: string;
  readonly asked?: Partial<SubnetResource>;
  readonly now?: Partial<SeenSubnet>;
  readonly what: readonly string[];
}

describe("changes()", () => {
  test.each<ChangesCase>([
    { why: "nothing is done to what is as asked", what: [] },
    {
      why: "fields go in one request",
      asked: { name: "db", enableDHCP: false },
      what: ['set name to "db", enableDHCP to false'],
    },
    {
      why: "the order of pools and routes means nothing, and neither does how an address is written",
      asked: {
        allocationPools: [
          { start: "2001:DB8::a", end: "2001:db8:0::f" },
          { start: "2001:db8::1", end: "2001:db8::2" },
        ],
        hostRoutes: [{ destination: "2001:db8:1::/48", nextHop: "2001:db8::0:1" }],
      },
      now: {
        allocationPools: [
          { start: "2001:db8::1", end: "2001:db8::2" },
          { start: "2001:db8::a", end: "2001:db8::f" },
        ],
        hostRoutes: [{ destination: "2001:db8:1::/48", nextHop: "2001:db8::1" }],
      },
      what: [],
    },
    {
      why: "nameservers are asked in their order",
      asked: { dnsNameservers: ["192.0.2.4", "192.0.2.3"] },
      now: { dnsNameservers: ["192.0.2.3", "192.0.2.4"] },
      what: ['set dnsNameservers to ["192.0.2.4","192.0.2.3"]'],
    },
    {
      why: "nameservers and routes that nobody asks for any more go; pools stay",
      now: { dnsNameservers: ["192.0.2.3"], hostRoutes: [{ destination: "203.0.113.0/24", nextHop: "192.0.2.3" }] },
      what: ["set dnsNameservers to [], hostRoutes to []"],
    },
    { why: "no gateway", asked: { gateway: { type: "None" } }, what: ["set gatewayIP to null"] },
    { why: "no gateway, as it is", asked: { gateway: { type: "None" } }, now: { gatewayIP: undefined }, what: [] },
    {
      why: "another gateway",
      asked: { gateway: { type: "IP", ip: "192.0.2.254" } },
      what: ['set gatewayIP to "192.0.2.254"'],
    },
    { why: "any gateway", asked: { gateway: { type: "Automatic" } }, now: { gatewayIP: "192.0.2.9" }, what: [] },
    {
      why: "any gateway, where there is none",
      asked: { gateway: { type: "Automatic" } },
      now: { gatewayIP: undefined },
      what: ['set gatewayIP to "192.0.2.1"'],
    },
    {
      why: "it is attached once it is marked",
      asked: { routerRef: "door", tags: ["one"] },
      now: { routerIDs: ["routers/other"] },
      what: ["set tags to one, stowage.dev/uid=u1", 'attach to Router "door"'],
    },
    { why: "it is attached already", asked: { routerRef: "door" }, now: { routerIDs: ["routers/door"] }, what: [] },
  ])("$why", ({ asked, now, what }) => {
    const changes = actuator.changes(contextOf(), { ...resource, ...asked }, { ...remote, ...now }, moment);
    expect(changes.map((change) => change.what)).toEqual(what);
  });

  test("tell of what came before them", async () => {
    const cloud = new ScriptedCloud(({ path, body }) =>
      path.endsWith("/tags")
        ? body
        : path.endsWith("_interface")
          ? { port_id: "p1" }
          : { subnet: { id: "s1", name: "db" } },
    );
    const context = contextOf(cloud);
    let latest = remote;
    const asked: SubnetResource = { ...resource, name: "db", tags: ["one"], routerRef: "door" };
    for (const { perform } of actuator.changes(context, asked, remote, moment)) latest = await perform(context, latest);
    expect(actuator.observe(latest)).toEqual({ name: "db", tags: ["one", "stowage.dev/uid=u1"] });
    expect(cloud.asked.at(-1)).toEqual({
      method: "PUT",
      path: "/routers/routers%2Fdoor/add_router_interface",
      body: { subnet_id: "s1" },
    });
  });
});

describe("create()", () => {
  const created = { subnet: { id: "s1", name: "web" } };

  test("speaks to Neutron in its words", async () => {
    const cloud = new ScriptedCloud(() => created);
    await actuator.create(contextOf(cloud), {
      ...resource,
      ipVersion: 6,
      cidr: "2001:db8::/64",
      tags: ["one"],
      routerRef: "door",
      gateway: { type: "None" },
      enableDHCP: true,
      dnsPublishFixedIP: true,
      hostRoutes: [{ destination: "2001:db8:1::/48", nextHop: "2001:db8::1" }],
      ipv6: { addressMode: "slaac", raMode: "dhcpv6-stateless" },
    });
    expect(cloud.asked).toEqual([
      {
        method: "POST",
        path: "/subnets",
        body: {
          subnet: {
            name: "web",
            description: "stowage.dev/uid=u1",
            network_id: "networks/net",
            ip_version: 6,
            cidr: "2001:db8::/64",
            gateway_ip: null,
            enable_dhcp: true,
            dns_publish_fixed_ip: true,
            host_routes: [{ destination: "2001:db8:1::/48", nexthop: "2001:db8::1" }],
            ipv6_address_mode: "slaac",
            ipv6_ra_mode: "dhcpv6-stateless",
          },
        },
      },
    ]);
  });

  test("waits for a range that another subnet has", async () => {
    const message = "Requested subnet with cidr: 192.0.2.0/24 for network: n overlaps with another subnet";
    const cloud = new ScriptedCloud(() => {
      throw new OpenStackError({ action: "create subnet", meaning: "BadRequest", status: 400, message });
    });
    await expect(actuator.create(contextOf(cloud), resource)).rejects.toThrow(WaitingError);
  });
});

test("the routers on it are looked for where it asks for one", async () => {
  const cloud = new ScriptedCloud(({ path }) =>
    path === "/ports"
      ? { ports: [{ id: "p1", name: "", device_id: "routers/door" }] }
      : { subnet: { id: "s1", name: "web" } },
  );
  expect(await actuator.get(contextOf(cloud), "s1", undefined)).toEqual({ id: "s1", name: "web" });
  expect(await actuator.get(contextOf(cloud), "s1", { ...resource, routerRef: "door" })).toEqual({
    id: "s1",
    name: "web",
    routerIDs: ["routers/door"],
  });
});

test("is taken from its router before it goes", async () => {
  const cloud = new ScriptedCloud(() => ({}));
  const asked = { ...resource, routerRef: "door" };
  await actuator.delete(contextOf(cloud), { ...remote, routerIDs: ["routers/door"] }, asked);
  expect(cloud.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "PUT /routers/routers%2Fdoor/remove_router_interface",
    "DELETE /subnets/s1",
  ]);
});

test("what a crash left behind carries our mark, and nothing else is ours", async () => {
  const alike = { name: "web", cidr: "192.0.2.0/24" };
  const cloud = new ScriptedCloud(() => ({
    subnets: [
      { ...alike, id: "described", description: "stowage.dev/uid=u1" },
      { ...alike, id: "tagged", tags: ["stowage.dev/uid=u1"] },
      { ...alike, id: "of another", tags: ["stowage.dev/uid=u2"] },
      { ...alike, id: "of nobody" },
    ],
  }));
  const left = await actuator.leftBehind(contextOf(cloud), resource);
  expect(left.map(({ id }) => id)).toEqual(["described", "tagged"]);
});

test("names what it needs", () => {
  const spec = { resource: { ...resource, routerRef: "door", projectRef: "alpha" } };
  expect(actuator.references(spec).map(({ field, type, name }) => `${field}: ${type.kind} ${name}`)).toEqual([
    "resource.networkRef: Network net",
    "resource.routerRef: Router door",
    "resource.projectRef: Project alpha",
  ]);
  const imported = { import: { filter: { networkRef: "net" } } };
  expect(actuator.references(imported).map(({ field, name }) => `${field}: ${name}`)).toEqual([
    "import.filter.networkRef: net",
  ]);
});
