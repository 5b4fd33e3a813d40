import { describe, expect, test } from "vitest";
import type { RouterInterfaceSpec } from "../../../crds/openstack/router-interface.ts";
import { OpenStackError } from "../../../openstack/errors.ts";
import type { RemotePort } from "../../../openstack/neutron/ports.ts";
import type { Asked } from "../../../test/fakes/scripted-cloud.ts";
import { contextOf, moment, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { WaitingError } from "../actuator.ts";
import { routerInterfaceActuator as actuator } from "./router-interface.ts";

const spec: RouterInterfaceSpec = { type: "Subnet", routerRef: "door", subnetRef: "inside" };

const remote: RemotePort = {
  id: "p1",
  name: "",
  deviceID: "routers/door",
  deviceOwner: "network:router_interface",
  fixedIPs: [{ ip: "192.0.2.1", subnetID: "subnets/inside" }],
};

const onWire = { id: "p1", name: "", device_id: "routers/door", device_owner: "network:router_interface" };

const lines = ({ asked }: ScriptedCloud): readonly string[] => asked.map(({ method, path }) => `${method} ${path}`);

function answers(add: () => unknown, ports: readonly unknown[] = []): (asked: Asked) => unknown {
  return ({ path }) => {
    if (path.endsWith("/add_router_interface")) return add();
    return path === "/ports" ? { ports } : { port: onWire };
  };
}

const refuses = (meaning: "BadRequest" | "Conflict") => () => {
  throw new OpenStackError({ action: "add", meaning, status: 400, message: "Router already has a port on subnet" });
};

describe("create()", () => {
  test("makes the interface, and tells of its port", async () => {
    const cloud = new ScriptedCloud(answers(() => ({ port_id: "p1" })));
    expect((await actuator.create(contextOf(cloud), spec)).id).toBe("p1");
    expect(lines(cloud)).toEqual(["PUT /routers/routers%2Fdoor/add_router_interface", "GET /ports/p1"]);
  });

  test("is made though its port cannot be looked at", async () => {
    const cloud = new ScriptedCloud(({ path }) => {
      if (path.endsWith("/add_router_interface")) return { port_id: "p1" };
      throw new OpenStackError({ action: "get port", meaning: "Unauthorized", status: 401, message: "no" });
    });
    expect(await actuator.create(contextOf(cloud), spec)).toEqual({
      id: "p1",
      name: "",
      deviceID: "routers/door",
      fixedIPs: [{ subnetID: "subnets/inside" }],
    });
  });

  test("finds the one that is there already", async () => {
    const cloud = new ScriptedCloud(answers(refuses("BadRequest"), [onWire]));
    expect((await actuator.create(contextOf(cloud), spec)).id).toBe("p1");
    expect(cloud.asked.find(({ path }) => path === "/ports")?.query).toMatchObject({
      fixed_ips: "subnet_id=subnets/inside",
      device_id: "routers/door",
    });
  });

  test("waits for a router and a subnet that allow it", async () => {
    const refused = new ScriptedCloud(answers(refuses("BadRequest")));
    await expect(actuator.create(contextOf(refused), spec)).rejects.toThrow(WaitingError);
    const taken = new ScriptedCloud(answers(refuses("Conflict")));
    await expect(actuator.create(contextOf(taken), spec)).rejects.toThrow(OpenStackError);
  });
});

test.each([
  { why: "it is where it belongs", now: {}, what: [], asks: [] },
  {
    why: "its Router is another one by now",
    now: { deviceID: "old" },
    what: ['move to Router "door", Subnet "inside"'],
    asks: [
      "PUT /routers/old/remove_router_interface",
      "PUT /routers/routers%2Fdoor/add_router_interface",
      "GET /ports/p1",
    ],
  },
  {
    why: "its Subnet was taken from the port that it shares with another",
    now: { fixedIPs: [{ ip: "2001:db8::1", subnetID: "other" }] },
    what: ['move to Router "door", Subnet "inside"'],
    asks: ["PUT /routers/routers%2Fdoor/add_router_interface", "GET /ports/p1"],
  },
])("changes(): $why", async ({ now, what, asks }) => {
  const cloud = new ScriptedCloud(answers(() => ({ port_id: "p1" })));
  const context = contextOf(cloud);
  const changes = actuator.changes(context, spec, { ...remote, ...now }, moment);
  expect(changes.map((change) => change.what)).toEqual(what);
  for (const { perform } of changes) await perform(context);
  expect(lines(cloud)).toEqual(asks);
});

test("is gone when its port is another's", async () => {
  const port = { ...onWire, device_owner: "" };
  expect(await actuator.get(contextOf(new ScriptedCloud(() => ({ port }))), "p1", spec)).toBeUndefined();
});

test("is taken from the router that has it; gone is good", async () => {
  const cloud = new ScriptedCloud(() => {
    throw new OpenStackError({ action: "remove", meaning: "NotFound", status: 404, message: "no such interface" });
  });
  expect(await actuator.delete(contextOf(cloud), { ...remote, deviceID: "r9" }, spec)).toBe("gone");
  expect(cloud.asked).toEqual([
    { method: "PUT", path: "/routers/r9/remove_router_interface", body: { subnet_id: "subnets/inside" } },
  ]);
});

test("takes the credentials of its Router", () => {
  expect(actuator.references(spec)).toContainEqual(actuator.lenderOf?.(spec));
});
