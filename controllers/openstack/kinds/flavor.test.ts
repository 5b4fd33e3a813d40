import { expect, test } from "vitest";
import type { FlavorResource } from "../../../crds/openstack/flavor.ts";
import type { RemoteFlavor } from "../../../openstack/nova/flavors.ts";
import { byLine, contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { flavorActuator } from "./flavor.ts";

const resource: FlavorResource = { ram: 64, vcpus: 1, disk: 1 };
const moment = { now: new Date(0), wasReady: true };
const uid = "u1";
const mark = { "stowage.dev:uid": uid };
const asAsked: RemoteFlavor = { id: "f", name: "web", ram: 64, vcpus: 1, disk: 1, extraSpecs: mark };

const whats = (asked: Partial<FlavorResource>, remote: Partial<RemoteFlavor>) =>
  flavorActuator
    .changes(contextOf(new ScriptedCloud(byLine({}))), { ...resource, ...asked }, { ...asAsked, ...remote }, moment)
    .map(({ what }) => what);

test("its description is our mark until the first changes", async () => {
  const cloud = new ScriptedCloud(byLine({ "POST /flavors": { flavor: { id: "f", name: "web", description: "x" } } }));
  await flavorActuator.create(contextOf(cloud), {
    ...resource,
    isPublic: false,
    ephemeral: 2,
    description: "small",
    extraSpecs: [],
  });
  expect(cloud.asked[0]?.body).toEqual({
    flavor: {
      name: "web",
      ram: 64,
      vcpus: 1,
      disk: 1,
      "os-flavor-access:is_public": false,
      "OS-FLV-EXT-DATA:ephemeral": 2,
      description: `stowage.dev/uid=${uid}`,
    },
  });
});

test.each([
  { why: "what is as asked is left alone", asked: {}, remote: {}, want: [] },
  {
    why: "the mark goes from the description to the extra specs",
    asked: {},
    remote: { description: `stowage.dev/uid=${uid}`, extraSpecs: {} },
    want: [`set extra specs to {"stowage.dev:uid":"${uid}"}`, "remove description"],
  },
  {
    why: "extra specs of others stay where none are asked for",
    asked: {},
    remote: { extraSpecs: { ...mark, theirs: "1" } },
    want: [],
  },
  {
    why: "extra specs are as asked for, and no more",
    asked: { extraSpecs: [{ name: "a", value: "1" }] },
    remote: { extraSpecs: { ...mark, theirs: "1" } },
    want: ['set extra specs to {"a":"1"}', "remove extra spec theirs"],
  },
  {
    why: "its description is changed in place",
    asked: { description: "small" },
    remote: { description: "large" },
    want: ['set description to "small"'],
  },
  { why: "another one with its id is not ours to change", asked: {}, remote: { ram: 65 }, want: ["set ram to 64"] },
])("$why", ({ asked, remote, want }) => {
  expect(whats(asked, remote)).toEqual(want);
});

test("a flavor that was replaced outside is told of, and left as it is", async () => {
  const context = contextOf(new ScriptedCloud(byLine({})));
  const remote = { ...asAsked, ram: 65 };
  const [change] = flavorActuator.changes(context, resource, remote, moment);
  await expect(change?.perform(context, remote)).rejects.toThrow(
    "Flavor f was replaced in the cloud by one with other values of ram",
  );
});

test("neither mark is shown", () => {
  expect(
    flavorActuator.observe({
      ...asAsked,
      description: `stowage.dev/uid=${uid}`,
      extraSpecs: { ...mark, "hw:cpu_policy": "shared" },
    }),
  ).toEqual({
    name: "web",
    ram: 64,
    vcpus: 1,
    disk: 1,
    extraSpecs: [{ name: "hw:cpu_policy", value: "shared" }],
  });
});

test("what a crash left behind has the one mark or the other", async () => {
  const cloud = new ScriptedCloud(
    byLine({
      "GET /flavors/detail": {
        flavors: [
          { id: "1", name: "a", description: `stowage.dev/uid=${uid}` },
          { id: "2", name: "b", extra_specs: mark },
          { id: "3", name: "web", description: null, extra_specs: {} },
        ],
      },
    }),
  );
  const found = await flavorActuator.leftBehind(contextOf(cloud), resource);
  expect(found.map(({ id }) => id)).toEqual(["1", "2"]);
});

test("an import is by all that its filter says", async () => {
  const cloud = new ScriptedCloud(
    byLine({
      "GET /flavors/detail": {
        flavors: [
          { id: "1", name: "a", ram: 64 },
          { id: "2", name: "a", ram: 65 },
        ],
      },
    }),
  );
  const found = await flavorActuator.find(contextOf(cloud), { name: "a", ram: 65 });
  expect(found.map(({ id }) => id)).toEqual(["2"]);
  expect(cloud.asked[0]?.query).toEqual({ is_public: "None" });
});
