/** Crash loops, hooks and init containers, on a real Engine. */
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ContainerStatus } from "../../../crds/container.ts";
import { labels } from "../../../drivers/labels.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { Scenario } from "../../lab/scenario.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;

const manifest = (name: string): string => join(import.meta.dirname, `${name}.yaml`);

describe.skipIf(missing)(`life cycle${missing ? `: skipped, ${missing}` : ""}`, () => {
  let engine: Dockerd;
  let server: StowageServer;
  let user: Scenario;

  beforeAll(async () => {
    engine = await Dockerd.start({ name: "lifecycle", liveRestore: true });
    await importBusybox(engine.docker);
    server = await StowageServer.start({ docker: engine.endpoint });
    user = new Scenario(server);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await server.cli(["delete", "containers", "--all"]);
    await eventually("nothing is left", async () => (await onHost()).length === 0);
  });

  const onHost = async (): Promise<readonly string[]> =>
    (await engine.docker.listContainers({ all: true, filters: { label: [labels.instance] } })).map(({ Id }) => Id);
  const containerOf = ({ containerID = "" }: ContainerStatus) =>
    engine.docker.getContainer(containerID.replace("docker://", ""));

  test("a container that ends at once is restarted later and later", async () => {
    await user.apply(manifest("crash-loop"));
    // On a busy machine one of them may pass between two looks.
    const backedOff = (after: number): Promise<ContainerStatus> =>
      eventually(`loop backs off for the ${after + 1}th time or a later one`, async () => {
        const { status } = await user.container("loop");
        const restarts = status?.backoff?.restarts ?? 0;
        return status?.summary === "CrashLoopBackOff" && restarts > after ? status : undefined;
      });
    const words = ({ backoff, message, phase, exitCode }: ContainerStatus): unknown => ({
      restarts: backoff?.restarts,
      message,
      phase,
      exitCode,
    });
    const expected = (restarts = 0): unknown => {
      const seconds = Math.min(10 * 2 ** (restarts - 1), 300);
      const shown =
        seconds === 300 ? "5m0s" : seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
      return { restarts, message: `back-off ${shown} restarting failed container`, phase: "Running", exitCode: 3 };
    };
    const first = await backedOff(0);
    const second = await backedOff(first.backoff?.restarts ?? 0);
    for (const status of [first, second]) expect(words(status)).toEqual(expected(status.backoff?.restarts));
    const seconds = (Date.parse(second.startedAt ?? "") - Date.parse(first.finishedAt ?? "")) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(9);
    expect(second.containerID).toBe(first.containerID);
    const more = (second.backoff?.restarts ?? 0) - (first.backoff?.restarts ?? 0);
    expect(second.restartCount).toBe((first.restartCount ?? 0) + more);
    await user.told("loop", "BackOff", "Back-off restarting failed container");
    // Its history outlives the server.
    await server.kill9();
    await server.start();
    const third = await backedOff(second.backoff?.restarts ?? 0);
    expect(words(third)).toEqual(expected(third.backoff?.restarts));
  });

  test("postStart comes before Ready, preStop before the stop signal", async () => {
    await user.apply(manifest("hooks"));
    const status = await user.is("hooked", "Ready", { status: "False", reason: "PostStartHookPending" });
    expect(status.phase).toBe("Running");
    const execution = await containerOf(status).exec({ Cmd: ["touch", "/tmp/go"], AttachStdout: true });
    await buffer(await execution.start({}));
    await user.is("hooked", "Ready", { status: "True" });
    expect(await user.logs("hooked")).toBe("post-start\n");
    const log = await containerOf(status).logs({ follow: true, stdout: true });
    const written = buffer(log);
    await user.delete("hooked");
    expect((await written).toString().replace(/[^a-z\n-]/g, "")).toBe("post-start\npre-stop\nstopped\n");
  });

  test("a postStart that fails is told, and the container restarted", async () => {
    await user.apply(manifest("post-start-fails"));
    await user.shows("unwilling", { summary: "CrashLoopBackOff" });
    await user.told("unwilling", "FailedPostStartHook", "PostStartHook failed: the command ended with exit code 7");
  });

  test("init containers run one after the other, again for a new container, and not for a new run", async () => {
    await user.apply(manifest("init"));
    const status = await user.is("app", "Ready", { status: "True" });
    const [first, second] = status.initContainerStatuses ?? [];
    expect(first).toMatchObject({ name: "first", state: "Terminated", reason: "Completed", exitCode: 0 });
    expect(second).toMatchObject({ name: "second", state: "Terminated", reason: "Completed", exitCode: 0 });
    expect(Date.parse(second?.startedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(first?.finishedAt ?? ""));
    expect(Date.parse(status.startedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(second?.finishedAt ?? ""));
    expect(await user.logs("app", "-c", "first")).toBe("the first\napp\n");
    expect(await user.logs("app", "-c", "second")).toBe("the second\n");

    await containerOf(status).kill();
    const again = await user.is("app", "Ready", { status: "True" }, ({ startedAt }) => startedAt !== status.startedAt);
    expect(again.containerID).toBe(status.containerID);
    expect(again.initContainerStatuses).toEqual(status.initContainerStatuses);

    await user.change("app", { env: [{ name: "A", value: "b" }] });
    const replaced = await user.is(
      "app",
      "Ready",
      { status: "True" },
      ({ containerID }) => containerID !== status.containerID,
    );
    const ids = replaced.initContainerStatuses?.map(({ containerID }) => containerID) ?? [];
    expect(ids).not.toContain(first?.containerID);
    expect(ids).not.toContain(second?.containerID);
    expect(await onHost()).toHaveLength(3);
  });

  test("an init container that fails is tried again later and later, and keeps the container from being made", async () => {
    await user.apply(manifest("init-fails"));
    const backedOff = (before?: string): Promise<ContainerStatus> =>
      eventually("stuck backs off, and longer than before", async () => {
        const { status: now } = await user.container("stuck");
        const isLoop = now?.summary === "Init:CrashLoopBackOff" && now.message !== before;
        return isLoop ? now : undefined;
      });
    const status = await backedOff();
    expect(status.message).toMatch(/^back-off [0-9ms]+ restarting failed init container broken$/);
    expect(status).toMatchObject({ phase: "Pending", initContainerStatuses: [{ exitCode: 5, reason: "Error" }] });
    expect(status.containerID).toBeUndefined();
    await server.kill9();
    await server.start();
    await backedOff(status.message);
    expect(await onHost()).toHaveLength(1);
  });

  test("with restartPolicy Never an init container that fails ends everything", async () => {
    await user.apply(manifest("init-never"));
    await user.shows("once", { phase: "Failed", summary: "Init:Error" });
    expect(await onHost()).toHaveLength(1);
  });
});
