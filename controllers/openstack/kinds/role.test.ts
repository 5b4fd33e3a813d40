import { describe, expect, test } from "vitest";
import { domains } from "../../../crds/openstack/types.ts";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { ready } from "../actuator.ts";
import { groupActuator } from "./group.ts";
import { roleActuator } from "./role.ts";

const cloudCredentialsRef = { secretName: "clouds", cloudName: "admin" };
const uid = "u1";
const moment = { now: new Date(0), wasReady: true };
const asAsked = { id: "x1", name: "web", stowageUid: uid };

describe.each([
  { actuator: roleActuator, singular: "role", plural: "roles" },
  { actuator: groupActuator, singular: "group", plural: "groups" },
])("$singular", ({ actuator, singular, plural }) => {
  test.each([
    { why: "nothing is to be done where it is as asked", resource: {}, remote: asAsked, want: [] },
    {
      why: "what differs is changed",
      resource: { name: "other", description: "why" },
      remote: asAsked,
      want: ['set name to "other", description to "why"'],
    },
    {
      why: "a description that is asked for no more goes",
      resource: {},
      remote: { ...asAsked, description: "why" },
      want: ['set description to ""'],
    },
  ])("$why", ({ resource, remote, want }) => {
    const context = contextOf(new ScriptedCloud(() => ({})));
    expect(actuator.changes(context, resource, remote, moment).map(({ what }) => what)).toEqual(want);
  });

  test("it is made in its domain, with our mark", async () => {
    const cloud = new ScriptedCloud(() => ({ [singular]: { id: "x1", name: "web" } }));
    await actuator.create(contextOf(cloud), { domainRef: "acme" });
    const fields = { name: "web", description: "", domain_id: "domains/acme", stowage_uid: uid };
    expect(cloud.asked).toEqual([{ method: "POST", path: `/${plural}`, body: { [singular]: fields } }]);
  });

  test("only one with our mark was left behind by us", async () => {
    const all = [
      { id: "theirs", name: "web" },
      { id: "ours", name: "web", stowage_uid: uid },
    ];
    const found = await actuator.leftBehind(contextOf(new ScriptedCloud(() => ({ [plural]: all }))), {});
    expect(found.map(({ id }) => id)).toEqual(["ours"]);
  });

  test("its domain is named", () => {
    expect(actuator.references({ cloudCredentialsRef, resource: { domainRef: "acme" } })).toEqual([
      { field: "resource.domainRef", type: domains, name: "acme" },
    ]);
  });

  test("status tells what it is like, and it can be used at once", () => {
    expect(actuator.observe({ ...asAsked, domainId: "d1" })).toEqual({ name: "web", domainID: "d1" });
    expect(actuator.stateOf(asAsked, moment.now)).toEqual(ready);
  });
});
