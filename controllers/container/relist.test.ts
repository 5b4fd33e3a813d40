import { expect, test } from "vitest";
import type { ContainerStatus } from "../../crds/container.ts";
import type { OwnedContainer } from "../../drivers/driver.ts";
import { containerOf } from "../../test/fakes/objects.ts";
import { outOfStep } from "./relist.ts";

const found = (id: string, state: OwnedContainer["state"]): OwnedContainer => ({
  owner: { namespace: "default", name: "web" },
  uid: "uid-of-web",
  hostName: "a",
  id,
  hostSideName: `default_web_${id}`,
  state,
});
const running: ContainerStatus = { phase: "Running", containerID: "docker://a" };

test.each<[string, ContainerStatus, readonly OwnedContainer[], boolean]>([
  ["as its status says", running, [found("a", "running")], false],
  ["waiting for its next run", running, [found("a", "restarting")], false],
  ["it ended and nobody was told", running, [found("a", "exited")], true],
  ["it vanished and nobody was told", running, [], true],
  ["another one of the same owner", running, [found("a", "running"), found("b", "exited")], true],
  ["another one in its place", running, [found("b", "running")], true],
  ["it ended well and was pruned", { ...running, phase: "Succeeded" }, [], false],
  ["stopped, and somebody started it", { ...running, phase: "Stopped" }, [found("a", "running")], true],
  ["not created yet", { phase: "Pending" }, [], false],
  ["unknown while the host was away", { ...running, phase: "Unknown" }, [found("a", "running")], true],
])("%s", (_, status, all, looked) => {
  expect(outOfStep([containerOf({}, { status })], all)).toEqual(looked ? ["default/web"] : []);
});
