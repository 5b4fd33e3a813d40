import { expect, test } from "vitest";
import { domains } from "../../../crds/openstack/types.ts";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { ready } from "../actuator.ts";
import { projectActuator } from "./project.ts";

const cloudCredentialsRef = { secretName: "clouds", cloudName: "admin" };
const context = contextOf(new ScriptedCloud(() => ({})));
const mark = "stowage.dev:uid=u1";
const moment = { now: new Date(0), wasReady: true };
const asAsked = { id: "p1", name: "web", description: "", domainId: "default", enabled: true, tags: ["a", mark] };

test.each([
  { why: "nothing is to be done where it is as asked", resource: { tags: ["a"] }, want: [] },
  { why: "tags that nobody asked for stay", resource: {}, want: [] },
  {
    why: "all that differs goes with one request",
    resource: { description: "why", tags: ["b"] },
    want: [`set description to "why", tags to ["b","${mark}"]`],
  },
])("$why", ({ resource, want }) => {
  expect(projectActuator.changes(context, resource, asAsked, moment).map(({ what }) => what)).toEqual(want);
});

test("it is made in its domain, with our mark", async () => {
  const cloud = new ScriptedCloud(() => ({ project: { id: "p1", name: "web" } }));
  await projectActuator.create(contextOf(cloud), { name: "web", domainRef: "acme", enabled: false, tags: ["a"] });
  expect(cloud.asked).toEqual([
    {
      method: "POST",
      path: "/projects",
      body: {
        project: { name: "web", description: "", enabled: false, domain_id: "domains/acme", tags: ["a", mark] },
      },
    },
  ]);
});

test("what was left behind is found by our mark, whatever its name is now", async () => {
  const cloud = new ScriptedCloud(() => ({ projects: [] }));
  await projectActuator.leftBehind(contextOf(cloud), { name: "renamed" });
  expect(cloud.asked).toEqual([{ method: "GET", path: "/projects", query: { tags: mark } }]);
});

test("an import is looked for by name, domain and tags", async () => {
  const cloud = new ScriptedCloud(() => ({ projects: [] }));
  await projectActuator.find(contextOf(cloud), { name: "web", domainRef: "acme", tags: ["a", "b"], notTagsAny: ["c"] });
  expect(cloud.asked[0]?.query).toMatchObject({
    name: "web",
    domain_id: "domains/acme",
    tags: "a,b",
    "not-tags-any": "c",
  });
});

test("domains are named by what is made and by imports", () => {
  const named = (spec: object) => projectActuator.references({ cloudCredentialsRef, ...spec });
  expect(named({ resource: { domainRef: "acme" } })).toEqual([
    { field: "resource.domainRef", type: domains, name: "acme" },
  ]);
  expect(named({ import: { filter: { domainRef: "acme" } } })).toEqual([
    { field: "import.filter.domainRef", type: domains, name: "acme" },
  ]);
});

test("status tells what it is like, and it can be used at once", () => {
  expect(projectActuator.observe(asAsked)).toEqual({
    name: "web",
    description: "",
    domainID: "default",
    enabled: true,
    tags: ["a", mark],
  });
  expect(projectActuator.stateOf(asAsked, moment.now)).toEqual(ready);
});
