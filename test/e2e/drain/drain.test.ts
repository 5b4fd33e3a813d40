/** See README.md here. */
import { isDeepStrictEqual } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../../../api/client/client.ts";
import { findCondition } from "../../../controllers/runtime/conditions.ts";
import type { Container } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { isReady } from "../../../crds/disruption.ts";
import type { Host } from "../../../crds/host.ts";
import { hosts as hostType } from "../../../crds/host.ts";
import { dockerdMissing } from "../../lab/docker.ts";
import { LabHosts } from "../../lab/hosts.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import type { Output } from "../../lab/stowage.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;

describe.skipIf(missing)(`hosts out of service${missing ? `: skipped, ${missing}` : ""}`, () => {
  let hosts: LabHosts;
  let server: StowageServer;
  let client: Client & AsyncDisposable;

  const cli = (...args: readonly string[]): Promise<Output> => server.cli(args);
  const done = (stdout: string, stderr = ""): Output => ({ code: 0, stdout, stderr });
  /** The lines, in order: who goes first is nobody's promise. */
  const lines = (text: string): readonly string[] => text.split("\n").filter(Boolean).sort();

  async function apply(file: string): Promise<void> {
    const path = new URL(file, import.meta.url).pathname;
    expect(await cli("apply", "--wait", "-f", path)).toMatchObject({ code: 0, stderr: "" });
  }
  async function places(): Promise<Readonly<Record<string, string>>> {
    const { items } = await client.list<Container>(containers, { namespace: "default" });
    const running = items.filter(isReady);
    return Object.fromEntries(running.map(({ metadata, status }) => [metadata.name, status?.hostName ?? ""]));
  }
  const run = (want: Readonly<Record<string, string>>): Promise<unknown> =>
    eventually(`they run where they should: ${JSON.stringify(want)}`, async () =>
      isDeepStrictEqual(await places(), want),
    );

  /** The fewest of `web.yaml` that were Ready at any time while `work` went on. */
  async function fewestReady<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly fewest: number }> {
    const stop = new AbortController();
    const { items, resourceVersion } = await client.list<Container>(containers, { labelSelector: "app=web" });
    const ready = new Map(items.map((item) => [item.metadata.name, isReady(item)]));
    let fewest = Infinity;
    const watching = (async () => {
      for await (const event of client.watch<Container>(containers, { resourceVersion, signal: stop.signal })) {
        if (event.type === "BOOKMARK" || !ready.has(event.object.metadata.name)) continue;
        ready.set(event.object.metadata.name, isReady(event.object));
        fewest = Math.min(fewest, [...ready.values()].filter(Boolean).length);
      }
    })();
    const result = await work();
    stop.abort();
    await watching;
    return { result, fewest };
  }

  beforeAll(async () => {
    hosts = await LabHosts.start(2);
    await Promise.all(hosts.all.map(({ engine }) => importBusybox(engine.docker)));
    server = await StowageServer.start();
    client = await server.client();
    expect(await server.cli(["apply", "--wait", "-f", "-"], hosts.manifest)).toMatchObject({ code: 0, stderr: "" });
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await hosts[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await cli("delete", "disruptionbudgets,containers", "--all", "-n", "default");
    await cli("uncordon", "h1", "h2");
  });

  test("cordon keeps what is there and sends what comes elsewhere, until uncordon", async () => {
    await apply("strict.yaml");
    expect(await cli("cordon", "h1", "--dry-run")).toEqual(done("host/h1 cordoned (server dry run)\n"));
    expect(await cli("cordon", "h1")).toEqual(done("host/h1 cordoned\n"));
    expect(await cli("cordon", "-l", "kubernetes.io/hostname=h1")).toEqual(done("host/h1 already cordoned\n"));
    await apply("web.yaml");
    await run({ strict: "h1", "web-a": "h2", "web-b": "h2" });
    expect(await cli("uncordon", "h1")).toEqual(done("host/h1 uncordoned\n"));
    expect(await cli("uncordon", "h1")).toEqual(done("host/h1 already uncordoned\n"));
    expect(await cli("cordon")).toMatchObject({ code: 2 });
    expect(await cli("cordon", "nosuch")).toMatchObject({
      code: 1,
      stderr: 'error: hosts.stowage.dev "nosuch" not found\n',
    });
  });

  test("drain moves one after the other where a budget wants it so", async () => {
    await apply("web.yaml");
    await run({ "web-a": "h1", "web-b": "h1" });
    const { result, fewest } = await fewestReady(async () => {
      const drained = await cli("drain", "h1");
      await run({ "web-a": "h2", "web-b": "h2" });
      return drained;
    });
    expect(result.code).toBe(0);
    expect(new Set(lines(result.stdout))).toEqual(
      new Set([
        ...["host/h1 cordoned", "evicting container default/web-a", "evicting container default/web-b"],
        ...["container/web-a evicted", "container/web-b evicted", "host/h1 drained"],
      ]),
    );
    expect(result.stderr).toMatch(
      /^(error when evicting container default\/web-[ab] \(will retry after 5s\): Cannot evict container as it would violate the container's disruption budget\. The disruption budget web needs 1 healthy containers and has [12] currently\n)+$/,
    );
    expect(fewest).toBe(1);
    const { stdout } = await cli("get", "disruptionbudget", "web");
    expect(stdout).toMatch(/NAME +MIN-AVAILABLE +MAX-UNAVAILABLE +ALLOWED-DISRUPTIONS +AGE\nweb +1 +(<none>)? +\d/);
  });

  test("drain gives up where a budget never lets anybody go", async () => {
    await apply("strict.yaml");
    const refusal =
      "Cannot evict container as it would violate the container's disruption budget. The disruption budget strict needs 1 healthy containers and has 1 currently";
    expect(await cli("drain", "h1", "--timeout", "4s")).toEqual({
      code: 1,
      stdout: "host/h1 cordoned\nevicting container default/strict\n",
      stderr: `error when evicting container default/strict (will retry after 5s): ${refusal}\nerror: unable to drain host "h1": timed out after 4s, with containers pending: default/strict\n`,
    });
    await run({ strict: "h1" });
  });

  test("drain refuses to move what may not, before it moves anything", async () => {
    await apply("staying.yaml");
    await apply("web.yaml");
    await run({ pinned: "h1", scratch: "h1", "web-a": "h1", "web-b": "h1" });
    const pinned = "default/pinned (its placement names this Host)";
    expect(await cli("drain", "h1")).toEqual({
      code: 1,
      stdout: "host/h1 cordoned\n",
      stderr: [
        `error: unable to drain host "h1": cannot move Containers that stay with their Host (use --force to go on without them): ${pinned}\n`,
        `error: unable to drain host "h1": cannot move Containers with emptyDir volumes, whose content is lost (use --delete-emptydir-data to override): default/scratch\n`,
      ].join(""),
    });
    const before = await places();
    const dry = await cli(
      "drain",
      "h1",
      "--force",
      "--delete-emptydir-data",
      "--dry-run",
      "--container-selector",
      "app!=web",
    );
    expect(dry).toEqual(
      done(
        "host/h1 already cordoned (server dry run)\nevicting container default/scratch (server dry run)\nhost/h1 drained (server dry run)\n",
        `Warning: leaving Containers that stay with their Host: ${pinned}\n`,
      ),
    );
    expect(await places()).toEqual(before);

    const forced = await cli("drain", "h1", "--force", "--delete-emptydir-data");
    expect(forced.code).toBe(0);
    expect(lines(forced.stdout)).toContain("host/h1 drained");
    await run({ pinned: "h1", scratch: "h2", "web-a": "h2", "web-b": "h2" });
  });

  test("a Host in maintenance drains itself, as the budget allows, and says how far it is", async () => {
    const maintenance = async (): Promise<readonly [string | undefined, string | undefined]> => {
      const { status } = await client.get<Host>(hostType, { name: "h1" });
      const found = findCondition(status?.conditions, "Maintenance");
      return [found?.reason, found?.message];
    };
    const set = (value: boolean): Promise<unknown> =>
      client.patch(hostType, { name: "h1" }, { type: "merge", body: { spec: { maintenance: value } } });
    await apply("staying.yaml");
    await apply("web.yaml");
    await run({ pinned: "h1", scratch: "h1", "web-a": "h1", "web-b": "h1" });
    const { fewest } = await fewestReady(async () => {
      await set(true);
      await run({ pinned: "h1", scratch: "h2", "web-a": "h2", "web-b": "h2" });
    });
    expect(fewest).toBe(1);
    await eventually("it names what stays", async () => {
      const [reason, message] = await maintenance();
      return (
        reason === "Draining" &&
        message ===
          "1 Container is left: default/pinned. Of these, what may not move stays until it is deleted: default/pinned (its placement names this Host)"
      );
    });
    await cli("delete", "container", "pinned");
    const drained = 'jsonpath={.status.conditions[?(@.type=="Maintenance")].reason}=Drained';
    expect(await cli("wait", "host/h1", "--for", drained, "--timeout", "60s")).toMatchObject({ code: 0 });
    await set(false);
    await eventually("it is in service again", async () => (await maintenance())[0] === undefined);
  });
});
