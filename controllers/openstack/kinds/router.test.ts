import { describe, expect, test } from "vitest";
import type { RouterResource } from "../../../crds/openstack/router.ts";
import { OpenStackError } from "../../../openstack/errors.ts";
import type { RemoteRouter } from "../../../openstack/neutron/routers.ts";
import { contextOf, moment, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { WaitingError } from "../actuator.ts";
import { routerActuator as actuator } from "./router.ts";

const remote: RemoteRouter = {
  id: "r1",
  name: "web",
  description: "",
  status: "ACTIVE",
  adminStateUp: true,
  distributed: false,
  routes: [],
  tags: ["stowage.dev/uid=u1"],
};

const route = { destination: "203.0.113.0/24", nextHop: "192.0.2.9" };

interface ChangesCase {
  readonly why: string;
  readonly resource?: RouterResource;
  readonly now?: Partial<RemoteRouter>;
  readonly what: readonly string[];
}

describe("changes()", () => {
  test.each<ChangesCase>([
    { why: "nothing is done to what is as asked", what: [] },
    { why: "it is up unless it is asked to be down", now: { adminStateUp: false }, what: ["set adminStateUp to true"] },
    {
      why: "a gateway",
      resource: { externalGateways: [{ networkRef: "out" }] },
      what: ['set gateway to {"networkID":"networks/out"}'],
    },
    {
      why: "the gateway that it has",
      resource: { externalGateways: [{ networkRef: "out" }] },
      now: { gateway: { networkID: "networks/out" } },
      what: [],
    },
    { why: "no gateway any more", now: { gateway: { networkID: "networks/out" } }, what: ["set gateway to null"] },
    {
      why: "it is down while it becomes distributed",
      resource: { distributed: true, name: "db" },
      what: ["set adminStateUp to false", "set distributed to true", 'set name to "db", adminStateUp to true'],
    },
    {
      why: "one that is down becomes distributed, and stays so",
      resource: { distributed: true, adminStateUp: false },
      now: { adminStateUp: false },
      what: ["set distributed to true"],
    },
    {
      why: "whoever is not told whether it is distributed does not change it",
      resource: { distributed: true },
      now: { distributed: undefined },
      what: [],
    },
    {
      why: "routes come last",
      resource: { routes: [route], tags: ["one"], description: "d" },
      what: [
        'set description to "d"',
        "set tags to one, stowage.dev/uid=u1",
        `set routes to ${JSON.stringify([route])}`,
      ],
    },
    { why: "routes that nobody speaks of are others'", now: { routes: [route] }, what: [] },
    {
      why: "routes go where none is asked for",
      resource: { routes: [] },
      now: { routes: [route] },
      what: ["set routes to []"],
    },
  ])("$why", ({ resource = {}, now, what }) => {
    const changes = actuator.changes(contextOf(), resource, { ...remote, ...now }, moment);
    expect(changes.map((change) => change.what)).toEqual(what);
  });

  test("wait for the interface that a route leads over", async () => {
    const cloud = new ScriptedCloud(() => {
      const message = "Invalid format for routes: the nexthop is not connected with router";
      throw new OpenStackError({ action: "update router", meaning: "BadRequest", status: 400, message });
    });
    const [change] = actuator.changes(contextOf(cloud), { routes: [route] }, remote, moment);
    await expect(change?.perform(contextOf(cloud))).rejects.toThrow(WaitingError);
  });
});

test("speaks to Neutron in its words", async () => {
  const cloud = new ScriptedCloud(() => ({ router: { id: "r1", name: "web" } }));
  const context = contextOf(cloud);
  const resource: RouterResource = {
    externalGateways: [{ networkRef: "out" }],
    distributed: true,
    availabilityZoneHints: ["one"],
    routes: [route],
    tags: ["one"],
  };
  await actuator.create(context, resource);
  const [change] = actuator.changes(context, {}, { ...remote, gateway: { networkID: "networks/out" } }, moment);
  await change?.perform(context);
  await actuator.loosen?.(context, { ...remote, routes: [route] });
  expect(cloud.asked).toEqual([
    {
      method: "POST",
      path: "/routers",
      body: {
        router: {
          name: "web",
          description: "stowage.dev/uid=u1",
          external_gateway_info: { network_id: "networks/out" },
          distributed: true,
          availability_zone_hints: ["one"],
        },
      },
    },
    { method: "PUT", path: "/routers/r1", body: { router: { external_gateway_info: null } } },
    { method: "PUT", path: "/routers/r1", body: { router: { routes: [] } } },
  ]);
});

test("tells its gateways in ORC's words", () => {
  expect(actuator.observe({ id: "r1", name: "web", gateway: { networkID: "n1" } })).toEqual({
    name: "web",
    externalGateways: [{ networkID: "n1" }],
  });
  expect(actuator.observe({ id: "r1", name: "web" })).toEqual({ name: "web", externalGateways: [] });
});
