/** See README.md here. */
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../../../api/client/client.ts";
import { findCondition } from "../../../controllers/runtime/conditions.ts";
import type { Container, ContainerStatus } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import type { Host } from "../../../crds/host.ts";
import { hosts } from "../../../crds/host.ts";
import { apiVersionOf } from "../../../crds/meta.ts";
import { isReady } from "../../../crds/disruption.ts";
import { labels } from "../../../drivers/labels.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;

/** What would change if a container were started anew. */
interface Run {
  readonly id: string;
  readonly pid: number;
  readonly startedAt: string;
}

describe.skipIf(missing)(`an engine that restarts${missing ? `: skipped, ${missing}` : ""}`, () => {
  let kept: Dockerd;
  let stopped: Dockerd;
  let server: StowageServer;
  let client: Client & AsyncDisposable;

  beforeAll(async () => {
    kept = await Dockerd.start({ name: "kept", liveRestore: true });
    stopped = await Dockerd.start({ name: "stopped" });
    await Promise.all([kept, stopped].map(({ docker }) => importBusybox(docker)));
    server = await StowageServer.start();
    client = await server.client();
    const manifests = [manifestOf("kept", kept), manifestOf("stopped", stopped)].join("\n---\n");
    expect(await server.cli(["apply", "--wait", "-f", "-"], manifests)).toMatchObject({ code: 0, stderr: "" });
    const { pathname } = new URL("containers.yaml", import.meta.url);
    expect(await server.cli(["apply", "--wait", "-f", pathname])).toMatchObject({ code: 0, stderr: "" });
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await Promise.all([kept, stopped].map((engine) => engine[Symbol.asyncDispose]()));
  });

  /** When the server heard from the Host's Engine anew, after it was away: its condition Ready changed since `before`. */
  async function isBack(name: string, before: string | undefined): Promise<void> {
    await eventually(`Host ${name} was away, and is back`, async () => {
      const ready = findCondition((await client.get<Host>(hosts, { name })).status?.conditions, "Ready");
      return ready?.status === "True" && ready.lastTransitionTime !== before;
    });
  }
  async function readySince(name: string): Promise<string | undefined> {
    return findCondition((await client.get<Host>(hosts, { name })).status?.conditions, "Ready")?.lastTransitionTime;
  }
  const statusOf = async (name: string): Promise<ContainerStatus> =>
    (await client.get<Container>(containers, { namespace: "default", name })).status ?? {};
  const runsAgain = (name: string): Promise<ContainerStatus> =>
    eventually(`Container ${name} is Ready`, async () => {
      const status = await statusOf(name);
      return isReady({ status }) && status.phase === "Running" ? status : undefined;
    });

  test.each([
    { how: "restarted in its orderly way", restart: () => kept.restart() },
    {
      how: "killed with SIGKILL",
      restart: async () => {
        await kept.kill9();
        await kept.restart();
      },
    },
  ])("with live-restore, $how: what runs goes on as it was", async ({ restart }) => {
    await runsAgain("kept");
    const before = await runOn(kept.docker);
    const since = await readySince("kept");
    await restart();
    await isBack("kept", since);
    expect(await runsAgain("kept")).toMatchObject({ containerID: `docker://${before.id}`, restartCount: 0 });
    expect(await runOn(kept.docker)).toEqual(before);
  });

  test("without it, what it stopped is started again", async () => {
    const { restartCount } = await runsAgain("stopped");
    const before = await runOn(stopped.docker);
    await stopped.restart();
    const after = await eventually("it runs anew", async () => {
      const run = await runOn(stopped.docker);
      return run.pid !== 0 && run.startedAt !== before.startedAt ? run : undefined;
    });
    expect(after.id).toBe(before.id);
    await eventually("the restart is counted", async () => {
      const status = await runsAgain("stopped");
      return status.restartCount === (restartCount ?? 0) + 1;
    });
  });
});

const manifestOf = (name: string, { endpoint }: Dockerd): string =>
  JSON.stringify({
    apiVersion: apiVersionOf(hosts),
    kind: hosts.kind,
    metadata: { name },
    spec: { docker: { endpoint } },
  });

/** Throws where there is not exactly one container of ours. */
async function runOn(docker: Docker): Promise<Run> {
  const all = await docker.listContainers({ all: true, filters: { label: [labels.instance] } });
  const [only, ...others] = all;
  if (only === undefined || others.length > 0) throw new Error(`There are ${all.length} containers, not one`);
  const { Id, State } = await docker.getContainer(only.Id).inspect();
  return { id: Id, pid: State.Pid, startedAt: State.StartedAt };
}
