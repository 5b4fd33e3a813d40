/** What the contract of the kinds rests on: scenarios that share an API leave each other alone, and nothing behind. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { networkKind } from "../../crds/openstack/network.ts";
import { FakeOpenStack } from "../fakes/openstack/openstack.ts";
import { ApiInProcess } from "../integration/api-in-process.ts";
import { patienceOf, Stage } from "./openstack/stage.ts";

describe("a stage", () => {
  let api: ApiInProcess;
  let fake: FakeOpenStack;
  beforeAll(async () => {
    api = await ApiInProcess.open();
    fake = await FakeOpenStack.start();
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await fake[Symbol.asyncDispose]();
  });

  const namesInCloud = (): readonly string[] => fake.neutron.networks.all.map(({ name }) => name);

  test("tells what its objects left in the cloud, and takes it away", async ({ task }) => {
    const stage = await Stage.open({ api, cloud: fake, namespace: "untidy", patienceMs: patienceOf(task) });
    const kept = { managedOptions: { onDelete: "detach" } };
    await stage.create(networkKind, "kept", stage.specOf(networkKind, {}, kept));
    const { status } = await stage.untilUp(networkKind, "kept");
    await expect(stage[Symbol.asyncDispose]()).rejects.toThrow(`network ${status?.id ?? "without an id"} "kept"`);
    expect(namesInCloud()).toEqual([]);
  });

  test("leaves alone what is in other namespaces", async ({ task }) => {
    const options = { api, cloud: fake, patienceMs: patienceOf(task) };
    await using idle = await Stage.open({ ...options, namespace: "idle" });
    await idle.stop();
    await idle.create(networkKind, "theirs", idle.specOf(networkKind, {}));
    await using busy = await Stage.open({ ...options, namespace: "busy" });
    await busy.create(networkKind, "ours", busy.specOf(networkKind, {}));
    await busy.untilUp(networkKind, "ours");
    expect(namesInCloud()).toEqual(["ours"]);
    expect((await idle.get(networkKind, "theirs"))?.status).toBeUndefined();
  });
});
