import { expect, test } from "vitest";
import { contextOf, moment, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { addressScopeActuator as actuator } from "./address-scope.ts";

const remote = { id: "s1", name: "web", projectId: "home", ipVersion: 4, shared: false };

test("create() gives it our mark for a name, and leftBehind() finds it by that", async () => {
  const mark = "stowage.dev/uid=u1";
  const cloud = new ScriptedCloud(({ method }) => {
    const scope = { id: "s1", name: mark };
    return method === "POST" ? { address_scope: scope } : { address_scopes: [scope] };
  });
  const context = contextOf(cloud);
  const made = await actuator.create(context, { name: "own", ipVersion: 6 });
  expect(actuator.changes(context, { name: "own", ipVersion: 6 }, made, moment).map(({ what }) => what)).toEqual([
    'set name to "own"',
  ]);
  expect(await actuator.leftBehind(context, { ipVersion: 6 })).toEqual([made]);
  expect(cloud.asked).toEqual([
    { method: "POST", path: "/address-scopes", body: { address_scope: { name: mark, ip_version: 6 } } },
    { method: "GET", path: "/address-scopes", query: { name: mark } },
  ]);
});

test("changes() finds nothing to do where all is as asked", () => {
  expect(actuator.changes(contextOf(), { ipVersion: 4 }, remote, moment)).toEqual([]);
});

test("changes() shares it", () => {
  const changes = actuator.changes(contextOf(), { ipVersion: 4, shared: true }, remote, moment);
  expect(changes.map(({ what }) => what)).toEqual(["set shared to true"]);
});

test("observe() is in the words of the spec", () => {
  expect(actuator.observe(remote)).toEqual({ name: "web", projectID: "home", ipVersion: 4, shared: false });
});
