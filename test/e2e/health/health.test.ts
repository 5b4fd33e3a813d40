/** Probes and HEALTHCHECKs on a real Engine to whose containers there is no way but through it. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { pack } from "tar-stream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ContainerStatus } from "../../../crds/container.ts";
import { hosts } from "../../../crds/host.ts";
import { secretType } from "../../../crds/core.ts";
import { apiVersionOf } from "../../../crds/meta.ts";
import { missingCommand } from "../../lab/commands.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { Scenario } from "../../lab/scenario.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing ?? missingCommand({ gcc: "gcc" });

const manifest = (name: string): string => join(import.meta.dirname, `${name}.yaml`);

describe.skipIf(missing)(`health${missing ? `: skipped, ${missing}` : ""}`, () => {
  let engine: Dockerd;
  let server: StowageServer;
  let user: Scenario;

  beforeAll(async () => {
    engine = await Dockerd.start({ name: "health", tls: true });
    await importBusybox(engine.docker);
    await importServer(engine);
    await importChecked(engine);
    server = await StowageServer.start();
    await addHost(server, engine);
    user = new Scenario(server);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await server.cli(["delete", "containers", "--all"]);
  });

  /** As an application would, in a container. */
  const inside = async (status: ContainerStatus, script: string): Promise<void> => {
    const container = engine.docker.getContainer((status.containerID ?? "").replace("docker://", ""));
    const execution = await container.exec({ Cmd: ["sh", "-c", script], AttachStdout: true });
    await buffer(await execution.start({}));
  };

  test("startup, readiness and liveness: when it is Ready, and when it is restarted", async () => {
    await user.apply(manifest("probes"));
    const first = await user.is("probed", "Ready", { status: "False", reason: "StartupProbePending" });
    expect(first.phase).toBe("Running");
    await inside(first, "touch /tmp/www/started");
    await user.is("probed", "Started", { status: "True" });
    await user.is("probed", "Ready", { status: "False", reason: "ReadinessProbeFailing" });
    await user.told("probed", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404");

    await inside(first, "echo yes > /tmp/www/ready");
    await user.is("probed", "Healthy", { status: "True" });
    await user.is("probed", "Ready", { status: "True", reason: "Running" });
    await inside(first, "rm /tmp/www/ready");
    await user.is("probed", "Ready", { status: "False", reason: "ReadinessProbeFailing" });
    await inside(first, "echo yes > /tmp/www/ready");
    const ready = await user.is("probed", "Ready", { status: "True" });

    // Who takes over after a crash does not begin by doubting what was well.
    const since = ready.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
    await server.kill9();
    await server.start();
    await user.change("probed", { resources: { limits: { cpu: 1 } } });
    await user.is("probed", "Ready", { status: "True", observedGeneration: 2, lastTransitionTime: since });
    await inside(ready, "rm /tmp/www/live");
    await user.told("probed", "Killing", "Container probed failed liveness probe, will be restarted");
    await user.told("probed", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 404");
    // What the first run left in its files is there: nobody need be quick enough to see that it was not ready.
    const again = await user.is("probed", "Ready", { status: "True" }, ({ restartCount }) => restartCount === 1);
    expect(again).toMatchObject({ containerID: first.containerID, phase: "Running" });
    expect(again.startedAt).not.toBe(first.startedAt);
  });

  test("an image without a shell is probed", async () => {
    await user.apply(manifest("scratch"));
    await user.is("scratch", "Ready", { status: "True" });
  });

  test("the image's HEALTHCHECK: ready when healthy, restarted when unhealthy", async () => {
    await user.apply(manifest("healthcheck"));
    const first = await user.is("checked", "Ready", { status: "True" });
    await user.is("checked", "Healthy", { status: "True", reason: "HealthcheckSucceeding" });
    await inside(first, "touch /tmp/ill");
    const again = await user.is("checked", "Ready", {}, ({ restartCount }) => restartCount === 1);
    expect(again.containerID).toBe(first.containerID);
    await user.told("checked", "Killing", "Container checked failed its image's HEALTHCHECK, will be restarted");
  });

  test("what is not well is restarted although the image that is to replace it cannot be had", async () => {
    await user.apply(manifest("asked"));
    await user.is("asked", "Healthy", { status: "True" });
    await user.change("asked", { image: "127.0.0.1:1/nosuch:1" });
    const stuck = await user.shows("asked", { summary: "ImagePullBackOff" });
    await inside(stuck, "touch /tmp/ill");
    const again = await user.is("asked", "Healthy", { status: "True" }, ({ restartCount }) => restartCount === 1);
    expect(again).toMatchObject({ containerID: stuck.containerID, phase: "Running", summary: "ImagePullBackOff" });
  });

  test("a probe's command that hangs is killed, with what it began, before the next one begins", async () => {
    await user.apply(manifest("hanging"));
    const { containerID = "" } = await user.shows("hanging", { phase: "Running" });
    const container = engine.docker.getContainer(containerID.replace("docker://", ""));
    const seen = new Set<string>();
    let most = 0;
    await eventually("it is asked a third time", async () => {
      const { Processes } = (await container.top({ ps_args: "-o pid,args" })) as { Processes: string[][] };
      const hanging = Processes.filter(([, ...args]) => args.join(" ") === "sleep 4242").map(([pid = ""]) => pid);
      most = Math.max(most, hanging.length);
      for (const pid of hanging) seen.add(pid);
      return seen.size >= 3;
    });
    expect(most).toBe(1);
    await user.told("hanging", "Unhealthy", "Readiness probe failed: command timed out after 1s");
  });

  test("restartPolicy Never: what is not well is ended for good", async () => {
    await user.apply(manifest("never"));
    const status = await user.shows("never", { phase: "Failed" });
    expect(status).toMatchObject({ summary: "Error", restartCount: 0 });
    await user.told("never", "Unhealthy", "Liveness probe failed: not well");
    await user.told("never", "Killing", "Container never failed liveness probe, will be killed");
  });
});

async function addHost(server: StowageServer, { tcpEndpoint, certificates }: Dockerd): Promise<void> {
  if (certificates === undefined) throw new Error("the Engine listens without TLS");
  await using client = await server.client();
  const { ca, cert, key } = certificates;
  const secretRef = { namespace: "default", name: "engine-tls" };
  await client.create(secretType, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: secretRef,
    ...{ type: "kubernetes.io/tls", stringData: { "ca.crt": ca, "tls.crt": cert, "tls.key": key } },
  });
  await client.create(hosts, {
    apiVersion: apiVersionOf(hosts),
    kind: hosts.kind,
    metadata: { name: "far" },
    ...{ spec: { docker: { endpoint: tcpEndpoint, tls: { secretRef } } } },
  });
}

/** An image that has one static program, which listens on port 9000. */
async function importServer({ docker }: Dockerd): Promise<void> {
  const source = `
    #include <netinet/in.h>
    #include <unistd.h>
    int main(void) {
      struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(9000)};
      int listener = socket(AF_INET, SOCK_STREAM, 0);
      bind(listener, (struct sockaddr *)&any, sizeof any);
      listen(listener, 8);
      for (;;) close(accept(listener, 0, 0));
    }`;
  const folder = await mkdtemp(join(tmpdir(), "stowage-scratch-"));
  try {
    await writeFile(join(folder, "server.c"), source);
    await promisify(execFile)("gcc", ["-static", "-o", join(folder, "server"), join(folder, "server.c")]);
    const archive = pack();
    archive.entry({ name: "server", mode: 0o755 }, await readFile(join(folder, "server")));
    archive.finalize();
    const image = Readable.from([await buffer(archive)]);
    await buffer(await docker.importImage(image, { repo: "scratch", tag: "lab" }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An image whose HEALTHCHECK fails once /tmp/ill is there; the next run finds it gone. */
async function importChecked({ docker }: Dockerd): Promise<void> {
  const script = "test ! -e /tmp/ill || { rm /tmp/ill; exit 1; }";
  const Healthcheck = { Test: ["CMD-SHELL", script], Interval: 1e9, Timeout: 30e9, Retries: 1, StartPeriod: 0 };
  const model = await docker.createContainer({ Image: "busybox:lab", Healthcheck });
  await model.commit({ repo: "checked", tag: "lab" });
  await model.remove();
}
