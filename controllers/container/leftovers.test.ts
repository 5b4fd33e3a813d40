import { expect, test } from "vitest";
import type { OwnedContainer, OwnedVolume } from "../../drivers/driver.ts";
import { containerOf } from "../../test/fakes/objects.ts";
import { leftovers } from "./leftovers.ts";

const owner = { namespace: "default", name: "web" };
const volume: OwnedVolume = { owner, uid: "uid-of-web", hostName: "east", name: "v" };
const bound = containerOf({}, { status: { hostName: "east" } });
const elsewhere = containerOf({}, { status: { hostName: "west" } });
const existing = { owner, uid: "uid-of-web" } as OwnedContainer;

test.each([
  ["its container is there", volume, [existing], undefined, []],
  ["its Container is bound here, and may be about to be created", volume, [], bound, []],
  ["it was made on another Host of the same Engine", { ...volume, hostName: "west" }, [], undefined, []],
  ["nobody has it", volume, [], undefined, ["v"]],
  ["its Container moved", volume, [], elsewhere, ["v"]],
  ["another object has its name by now", { ...volume, uid: "before" }, [], bound, ["v"]],
])("a volume where %s", (_, one, found, container, names) => {
  expect(leftovers("east", [one], found, { get: () => container })).toEqual(names);
});
