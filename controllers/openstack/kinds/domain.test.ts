import { expect, test } from "vitest";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { ready } from "../actuator.ts";
import { domainActuator } from "./domain.ts";

const context = contextOf(new ScriptedCloud(() => ({})));
const mark = "stowage.dev:uid=u1";
const moment = { now: new Date(0), wasReady: true };
const asAsked = { id: "d1", name: "web", description: "", enabled: true, tags: [mark] };

test.each([
  { why: "nothing is to be done where it is as asked", resource: {}, remote: asAsked, want: [] },
  {
    why: "all that differs goes with one request",
    resource: { name: "other", description: "why", enabled: false },
    remote: asAsked,
    want: ['set name to "other", description to "why", enabled to false'],
  },
  {
    why: "our mark comes back, and tags of others stay",
    resource: {},
    remote: { ...asAsked, tags: ["theirs"] },
    want: [`set tags to ["theirs","${mark}"]`],
  },
])("$why", ({ resource, remote, want }) => {
  expect(domainActuator.changes(context, resource, remote, moment).map(({ what }) => what)).toEqual(want);
});

test("it is made with our mark", async () => {
  const cloud = new ScriptedCloud(() => ({ domain: { ...asAsked } }));
  await domainActuator.create(contextOf(cloud), {});
  expect(cloud.asked).toEqual([
    {
      method: "POST",
      path: "/domains",
      body: { domain: { name: "web", description: "", enabled: true, tags: [mark] } },
    },
  ]);
});

test("one of the same name without our mark was not left behind by us", async () => {
  const cloud = new ScriptedCloud(() => ({ domains: [{ ...asAsked, tags: [] }] }));
  expect(await domainActuator.leftBehind(contextOf(cloud), {})).toEqual([]);
});

test.each([
  { why: "one that is enabled is disabled before it is deleted", enabled: true, want: ["PATCH", "DELETE"] },
  { why: "one that is disabled is deleted", enabled: false, want: ["DELETE"] },
])("$why", async ({ enabled, want }) => {
  const cloud = new ScriptedCloud(() => ({ domain: { ...asAsked, enabled: false } }));
  await domainActuator.delete(contextOf(cloud), { ...asAsked, enabled }, {});
  expect(cloud.asked.map(({ method }) => method)).toEqual(want);
});

test("status tells what it is like, and it can be used at once", () => {
  expect(domainActuator.observe(asAsked)).toEqual({ name: "web", description: "", enabled: true });
  expect(domainActuator.stateOf(asAsked, moment.now)).toEqual(ready);
});
