/** See README.md here. */
import { readFile } from "node:fs/promises";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../../api/client/client.ts";
import type { Container, ContainerStatus } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { labels } from "../../../drivers/labels.ts";
import { dockerdMissing } from "../../lab/docker.ts";
import type { LabHost } from "../../lab/hosts.ts";
import { LabHosts } from "../../lab/hosts.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;
const movable = ["web", "worker"];
const singleton = "only";
const tolerationMs = 3_000;
const promisedMs = 5_000;

/** A run of a container as its engine tells it. */
interface Run {
  readonly host: string;
  readonly name: string;
  readonly state: string;
  readonly startedAt: string;
  readonly pid: number;
}

describe.skipIf(missing)(`three hosts${missing ? `: skipped, ${missing}` : ""}`, () => {
  let hosts: LabHosts;
  let lost: LabHost;
  let server: StowageServer;
  let client: Client & AsyncDisposable;

  beforeAll(async () => {
    hosts = await LabHosts.start(3, { liveRestore: true });
    lost = hosts.get("h1");
    await Promise.all(hosts.all.map(({ engine }) => importBusybox(engine.docker)));
    server = await StowageServer.start();
    client = await server.client();
    const { code, stderr } = await server.cli(["apply", "--wait", "-f", "-"], hosts.manifest);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await hosts[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    const manifest = await readFile(new URL("containers.yaml", import.meta.url), "utf8");
    const { code, stderr } = await server.cli(["apply", "--wait", "-f", "-"], manifest);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect((await runs()).map(({ host }) => host)).toEqual(["h1", "h1", "h1"]);
  });
  afterEach(async () => {
    await server.cli(["delete", "containers", "--all", "-n", "default"]);
  });

  const statusOf = async (name: string): Promise<ContainerStatus> =>
    (await client.get<Container>(containers, { namespace: "default", name })).status ?? {};

  /** What the engines hold of ours; one that is down holds nothing. */
  async function runs(): Promise<readonly Run[]> {
    const found = await Promise.all(hosts.all.map(async ({ name, engine }) => runsOn(name, engine.docker)));
    return found.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async function moved(): Promise<void> {
    await eventually("what may move runs elsewhere", async () => {
      const elsewhere = (await runs()).filter(({ host, state }) => host !== lost.name && state === "running");
      return movable.every((name) => elsewhere.some((run) => run.name === name));
    });
  }

  /** What two containers cost the engines alone, on this machine in this moment. */
  async function engineMs(): Promise<number> {
    const { docker } = hosts.get("h2").engine;
    const began = performance.now();
    const plain = await Promise.all(
      movable.map(() => docker.createContainer({ Image: "busybox:lab", Cmd: ["sleep", "100000"] })),
    );
    await Promise.all(plain.map((one) => one.start()));
    const took = performance.now() - began;
    await Promise.all(plain.map((one) => one.remove({ force: true })));
    return took;
  }

  test.each([
    { how: "kill -9 of its dockerd", lose: () => lost.kill9(), recover: () => lost.restart() },
    { how: "a cut of its network", lose: () => lost.cut(), recover: () => lost.mend() },
  ])("$how", async ({ how, lose, recover }) => {
    const [only] = (await runs()).filter(({ name }) => name === singleton);
    const since = Math.floor(Date.now() / 1000);
    const began = performance.now();
    await lose();
    await moved();
    const took = performance.now() - began;
    const engines = await engineMs();
    process.stdout.write(
      `${how}: ran elsewhere after ${Math.round(took)} ms, of which engines ${Math.round(engines)} ms\n`,
    );
    expect(took).toBeLessThan(tolerationMs + promisedMs + engines);
    expect((await runs()).filter(({ name, host }) => name === singleton && host !== lost.name)).toEqual([]);
    expect(await statusOf(singleton)).toMatchObject({ hostName: lost.name, phase: "Unknown" });

    await recover();
    await eventually("nothing is left over", async () => {
      const all = await runs();
      return all.length === 3 && all.every(({ name, host }) => (name === singleton) === (host === lost.name));
    });
    await eventually("the singleton is known again", async () => (await statusOf(singleton)).phase === "Running");
    expect((await runs()).find(({ name }) => name === singleton)).toEqual(only);
    for (const host of ["h2", "h3"]) expect(await createdOn(hosts.get(host), since)).not.toContain(singleton);
  });

  test("an Engine that is busy is not taken for lost", async () => {
    const { docker } = hosts.get("h2").engine;
    const work = ["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 100000"];
    let longest = 0;
    const stop = new AbortController();
    const asking = (async () => {
      while (!stop.signal.aborted) {
        const began = performance.now();
        await docker.ping();
        longest = Math.max(longest, performance.now() - began);
      }
    })();
    const many = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const container = await docker.createContainer({ Image: "busybox:lab", Cmd: work });
        await container.start();
        return container;
      }),
    );
    await Promise.all(many.map((container) => container.remove({ force: true })));
    stop.abort();
    await asking;
    process.stdout.write(`an Engine that starts 20 containers at once answers within ${Math.round(longest)} ms\n`);
    const about = "involvedObject.kind=Host,involvedObject.name=h2,reason=HostNotReady";
    const { stdout } = await server.cli(["get", "events", "-A", "-o", "json", "--field-selector", about]);
    expect((JSON.parse(stdout) as { items: readonly unknown[] }).items).toEqual([]);
  });
});

async function runsOn(host: string, docker: Docker): Promise<readonly Run[]> {
  const all = await docker
    .listContainers({ all: true, filters: { label: [labels.instance] } })
    .catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") return [];
      throw error;
    });
  const details = await Promise.all(all.map(({ Id }) => docker.getContainer(Id).inspect()));
  return details.map(({ Config, State }) => ({
    ...{
      host,
      name: Config.Labels[labels.name] ?? "",
      state: State.Status,
      startedAt: State.StartedAt,
      pid: State.Pid,
    },
  }));
}

/** The Containers that an engine was told to make since then, in Unix seconds; it remembers as long as it lives. */
async function createdOn({ engine }: LabHost, since: number): Promise<readonly string[]> {
  const filters = JSON.stringify({ type: ["container"], event: ["create"] });
  const until = Math.ceil(Date.now() / 1000);
  const events = await engine.docker.getEvents({ since, until, filters });
  let told = "";
  for await (const chunk of events) told += String(chunk);
  return told
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { Actor: { Attributes: Readonly<Record<string, string>> } })
    .map(({ Actor }) => Actor.Attributes[labels.name] ?? "");
}
