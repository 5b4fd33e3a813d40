/** What people do to a managed container behind our back is put right; what is not ours is never touched. */
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { labels } from "../../../drivers/labels.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { importBusybox } from "../../lab/images.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing;

describe.skipIf(missing)(`repair${missing ? `: skipped, ${missing}` : ""}`, () => {
  let engine: Dockerd;
  let server: StowageServer;
  let docker: Docker;
  const image = "busybox:lab";

  beforeAll(async () => {
    engine = await Dockerd.start();
    await importBusybox(engine.docker, image);
    docker = engine.docker;
    server = await StowageServer.start({ docker: engine.endpoint });
    const manifest = {
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Container",
      metadata: { name: "web", namespace: "default" },
      spec: { image, imagePullPolicy: "Never", command: ["sleep", "100000"], terminationGracePeriodSeconds: 0 },
    };
    const { code, stderr } = await server.cli(["apply", "--wait", "-f", "-"], JSON.stringify(manifest));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  const managed = async (): Promise<Docker.ContainerInfo[]> =>
    docker.listContainers({ all: true, filters: { label: [`${labels.name}=web`] } });

  test.each([
    { what: "docker kill", spoil: (container: Docker.Container) => container.kill() },
    { what: "docker rm -f", spoil: (container: Docker.Container) => container.remove({ force: true }) },
    { what: "docker stop", spoil: (container: Docker.Container) => container.stop({ t: 0 }) },
    { what: "docker pause", spoil: (container: Docker.Container) => container.pause() },
    { what: "docker rename", spoil: (container: Docker.Container) => container.rename({ name: "stolen" }) },
  ])("$what", async ({ what, spoil }) => {
    const [before] = await managed();
    expect(before?.State).toBe("running");
    const container = docker.getContainer(before?.Id ?? "");
    const { State: old } = await container.inspect();
    await spoil(container);
    const began = performance.now();
    await eventually("one container runs again", async () => {
      const found = await managed();
      const [only] = found;
      if (found.length !== 1 || only === undefined) return false;
      const { State, Id } = await docker.getContainer(only.Id).inspect();
      const untouched = Id === before?.Id && State.StartedAt === old.StartedAt;
      return State.Status === "running" && (what === "docker pause" || what === "docker rename" || !untouched);
    });
    process.stdout.write(`${what} was put right after ${Math.round(performance.now() - began)} ms\n`);
    await eventually("the object says so", async () => {
      const { stdout } = await server.cli(["get", "ctr", "web", "-n", "default", "-o", "json"]);
      const { status } = JSON.parse(stdout) as { status: { phase: string; containerID: string } };
      return status.phase === "Running" && status.containerID === `docker://${(await managed())[0]?.Id ?? ""}`;
    });
  });

  test("a container without our labels, or of another instance, is never touched", async () => {
    const stranger = await docker.createContainer({ name: "stranger", Image: image, Cmd: ["sleep", "100000"] });
    await stranger.start();
    await stranger.stop({ t: 0 });
    const other = await docker.createContainer({
      name: "other",
      Image: image,
      Cmd: ["sleep", "100000"],
      Labels: { [labels.instance]: "another", [labels.namespace]: "default", [labels.name]: "web", [labels.uid]: "u" },
    });
    // Something of ours changes after them, so that whoever would touch them has had the occasion.
    const [ours] = await managed().then((all) => all.filter((one) => one.Labels[labels.instance] !== "another"));
    await docker.getContainer(ours?.Id ?? "").kill();
    await eventually(
      "ours runs again",
      async () => (await docker.getContainer(ours?.Id ?? "").inspect()).State.Running,
    );
    expect((await stranger.inspect()).State.Status).toBe("exited");
    expect((await other.inspect()).State.Status).toBe("created");
    await Promise.all([stranger.remove({ force: true }), other.remove({ force: true })]);
  });
});
