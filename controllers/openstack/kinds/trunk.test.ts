import { describe, expect, test } from "vitest";
import type { TrunkResource } from "../../../crds/openstack/trunk.ts";
import type { RemoteTrunk } from "../../../openstack/neutron/trunks.ts";
import { contextOf, moment, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { trunkActuator as actuator } from "./trunk.ts";

const remote: RemoteTrunk = {
  id: "t1",
  name: "web",
  description: "",
  projectId: "home",
  status: "DOWN",
  adminStateUp: true,
  portId: "ports/parent",
  subPorts: [{ portId: "ports/one", segmentationType: "vlan", segmentationId: 101 }],
  tags: ["stowage.dev/uid=u1"],
};
const vlan = (portRef: string, segmentationID: number) => ({
  portRef,
  segmentationType: "vlan" as const,
  segmentationID,
});

const whole = { id: "t1", name: "web" };
const answer = ({ path }: { readonly path: string }) => (path.endsWith("_subports") ? whole : { trunk: whole });

interface ChangesCase {
  readonly why: string;
  readonly resource: Omit<TrunkResource, "portRef">;
  readonly now?: RemoteTrunk;
  readonly what: readonly string[];
}

describe("changes()", () => {
  test.each<ChangesCase>([
    { why: "nothing is done to what is as asked", resource: { subports: [vlan("one", 101)] }, what: [] },
    {
      why: "what is inherited is told as what it has become",
      resource: { subports: [{ portRef: "one", segmentationType: "inherit" }] },
      what: [],
    },
    {
      why: "a subport with another segment goes first, and comes again",
      resource: { subports: [vlan("one", 102), vlan("two", 101)] },
      what: ["remove subports ports/one", "add subports ports/one (vlan 102), ports/two (vlan 101)"],
    },
    { why: "subports are all that is asked for", resource: {}, what: ["remove subports ports/one"] },
    {
      why: "one that is down is up while its subports change",
      resource: { adminStateUp: false },
      now: { ...remote, adminStateUp: false },
      what: ["set adminStateUp to true", "remove subports ports/one", "set adminStateUp to false"],
    },
    {
      why: "one that goes down does so after its subports",
      resource: { adminStateUp: false },
      what: ["remove subports ports/one", "set adminStateUp to false"],
    },
    {
      why: "one that goes up does so before its subports",
      resource: { adminStateUp: true, name: "other" },
      now: { ...remote, adminStateUp: false },
      what: ['set name to "other", adminStateUp to true', "remove subports ports/one"],
    },
    {
      why: "one that nobody wants up or down is left as it is",
      resource: { subports: [vlan("one", 101)], tags: ["one"] },
      now: { ...remote, adminStateUp: false },
      what: ["set tags to one, stowage.dev/uid=u1"],
    },
  ])("$why", ({ resource, now = remote, what }) => {
    const changes = actuator.changes(contextOf(), { portRef: "parent", ...resource }, now, moment);
    expect(changes.map((change) => change.what)).toEqual(what);
  });

  test("speaks to Neutron in its words", async () => {
    const cloud = new ScriptedCloud(answer);
    const context = contextOf(cloud);
    const resource: TrunkResource = {
      portRef: "parent",
      subports: [vlan("two", 101), { portRef: "three", segmentationType: "inherit", segmentationID: 7 }],
    };
    for (const change of actuator.changes(context, resource, remote, moment)) await change.perform(context);
    expect(cloud.asked).toEqual([
      { method: "PUT", path: "/trunks/t1/remove_subports", body: { sub_ports: [{ port_id: "ports/one" }] } },
      {
        method: "PUT",
        path: "/trunks/t1/add_subports",
        body: {
          sub_ports: [
            { port_id: "ports/two", segmentation_type: "vlan", segmentation_id: 101 },
            { port_id: "ports/three", segmentation_type: "inherit" },
          ],
        },
      },
    ]);
  });
});

test("create() brings the subports along", async () => {
  const cloud = new ScriptedCloud(answer);
  await actuator.create(contextOf(cloud), { portRef: "parent", subports: [vlan("one", 101)], tags: ["one"] });
  const subport = { port_id: "ports/one", segmentation_type: "vlan", segmentation_id: 101 };
  expect(cloud.asked[0]?.body).toEqual({
    trunk: { name: "web", description: "stowage.dev/uid=u1", port_id: "ports/parent", sub_ports: [subport] },
  });
});

test("delete() takes one up that is down: Neutron deletes no other", async () => {
  const cloud = new ScriptedCloud(answer);
  await actuator.delete(contextOf(cloud), { ...remote, adminStateUp: false }, { portRef: "parent" });
  await actuator.delete(contextOf(cloud), remote, { portRef: "parent" });
  expect(cloud.asked.map(({ method }) => method)).toEqual(["PUT", "DELETE", "DELETE"]);
});

test("stateOf() says what Neutron's agents have made of it", () => {
  const kinds = ["DOWN", "ACTIVE", "BUILD", "DEGRADED", "ERROR"].map(
    (status) => actuator.stateOf({ ...remote, status }, moment.now).kind,
  );
  expect(kinds).toEqual(["ready", "ready", "waiting", "failed", "failed"]);
});

test("observe() is in the words of the spec", () => {
  expect(actuator.observe(remote)).toEqual({
    name: "web",
    description: "",
    status: "DOWN",
    adminStateUp: true,
    portID: "ports/parent",
    projectID: "home",
    tenantID: "home",
    subports: [{ portID: "ports/one", segmentationID: 101, segmentationType: "vlan" }],
    tags: ["stowage.dev/uid=u1"],
  });
});

test("references() has the parent and every subport", () => {
  const spec = {
    cloudCredentialsRef: { secretName: "s", cloudName: "c" },
    resource: { portRef: "parent", subports: [vlan("one", 101), vlan("two", 102)] },
  };
  expect(actuator.references(spec).map(({ type, name }) => `${type.kind} ${name}`)).toEqual([
    "Port parent",
    "Port one",
    "Port two",
  ]);
});
