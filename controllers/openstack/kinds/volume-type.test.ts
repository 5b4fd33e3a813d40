import { expect, test } from "vitest";
import type { VolumeTypeResource } from "../../../crds/openstack/volume-type.ts";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { volumeTypeActuator as actuator } from "./volume-type.ts";

const moment = { now: new Date("2026-01-01T00:00:00Z"), wasReady: true };
const extraSpecs = { "stowage.dev:uid": "u1" };
const remote = { id: "t1", name: "web", isPublic: true, extraSpecs };

const whats = (resource: VolumeTypeResource, now: object = remote): readonly string[] =>
  actuator.changes(contextOf(), resource, { ...remote, ...now }, moment).map(({ what }) => what);

test("create() gives it its mark at once, and says who may use it in the words for that", async () => {
  const volume_type = { id: "t1", name: "web", is_public: false, extra_specs: extraSpecs };
  const cloud = new ScriptedCloud(({ method }) =>
    method === "POST" ? { volume_type } : { volume_types: [volume_type, { id: "t2", name: "other" }] },
  );
  const made = await actuator.create(contextOf(cloud), { isPublic: false });
  expect(await actuator.leftBehind(contextOf(cloud), {})).toEqual([made]);
  expect(cloud.asked).toEqual([
    {
      method: "POST",
      path: "/types",
      body: { volume_type: { name: "web", "os-volume-type-access:is_public": false, extra_specs: extraSpecs } },
    },
    { method: "GET", path: "/types", query: { is_public: "None" } },
  ]);
});

test("find() looks at what Cinder cannot filter by", async () => {
  const cloud = new ScriptedCloud(() => ({
    volume_types: [
      { id: "t1", name: "a", is_public: true },
      { id: "t2", name: "a", is_public: false },
    ],
  }));
  expect((await actuator.find(contextOf(cloud), { isPublic: false })).map(({ id }) => id)).toEqual(["t2"]);
});

test("changes() finds nothing to do where all is as asked", () => {
  expect(whats({})).toEqual([]);
  expect(whats({}, { extraSpecs: { ...extraSpecs, theirs: "1" } })).toEqual([]);
});

test("changes() sets fields and extra specs apart", () => {
  expect(whats({ name: "other", isPublic: false, extraSpecs: [{ name: "a", value: "1" }] })).toEqual([
    'set name to "other", isPublic to false',
    'set extra spec a to "1"',
  ]);
});

test("observe() leaves our mark out", () => {
  expect(actuator.observe({ ...remote, extraSpecs: { ...extraSpecs, a: "1" } })).toEqual({
    name: "web",
    isPublic: true,
    extraSpecs: [{ name: "a", value: "1" }],
  });
});
