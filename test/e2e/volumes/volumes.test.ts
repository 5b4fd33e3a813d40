/** Volumes of Containers: README.md. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Client } from "../../../api/client/client.ts";
import type { Container, ContainerStatus } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { labels } from "../../../drivers/labels.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;
const instance = "volumes-test";
const keeper = { namespace: "volumes", name: "keeper" };
const limited = { namespace: "volumes", name: "limited" };

describe.skipIf(missing !== undefined)(`volumes${missing === undefined ? "" : `: skipped, ${missing}`}`, () => {
  let engine: Dockerd;
  let server: StowageServer;
  let client: Client & AsyncDisposable;

  beforeAll(async () => {
    engine = await Dockerd.start({ name: "e2e-volumes" });
    await importBusybox(engine.docker, "busybox:lab");
    server = await StowageServer.start({ docker: engine.endpoint, args: ["--instance", instance] });
    client = await server.client();
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  /** The status of a run other than that of `before`. */
  const runs = (before?: ContainerStatus, place = keeper): Promise<ContainerStatus> =>
    eventually(`${place.name} runs`, async () => {
      const { status = {} } = await client.get<Container>(containers, place);
      return status.phase === "Running" && status.startedAt !== before?.startedAt ? status : undefined;
    });
  const change = (spec: object): Promise<unknown> =>
    client.patch(containers, keeper, { type: "merge", body: { spec } });
  const exec = async (status: ContainerStatus, script: string): Promise<string> => {
    const container = engine.docker.getContainer((status.containerID ?? "").replace("docker://", ""));
    const run = await container.exec({ Cmd: ["sh", "-c", script], AttachStdout: true, AttachStderr: true, Tty: true });
    return (await text(await run.start({ Tty: true }))).replaceAll("\r", "");
  };
  const volumes = async (): Promise<readonly string[]> =>
    (await engine.docker.listVolumes()).Volumes.filter(({ Labels }) => labels.uid in Labels).map(({ Name }) => Name);

  test("each is what it says, and goes with the container or stays", async () => {
    const { code, stderr } = await server.cli(["apply", "-f", join(import.meta.dirname, "volumes.yaml")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const first = await runs();
    expect(await exec(first, "wc -l < /scratch/starts; cat /again/starts | wc -l; ls -d /host/system")).toBe(
      "1\n1\n/host/system\n",
    );
    expect(await exec(first, "touch /again/x")).toContain("Read-only file system");
    const fill = "head -c 2000000 /dev/zero > /memory/full 2> /dev/null; wc -c < /memory/full";
    expect(await exec(first, fill)).toBe(`${2 ** 20}\n`);
    expect(await volumes()).toHaveLength(1);

    // The same container, started again by the Engine.
    await engine.docker.getContainer((first.containerID ?? "").replace("docker://", "")).kill();
    const again = await runs(first);
    expect(again.containerID).toBe(first.containerID);
    expect(await exec(again, "wc -l < /scratch/starts; ls /memory")).toBe("2\n");

    // Another container.
    await change({ user: "0", hostname: "other" });
    const replaced = await runs(again);
    expect(replaced.containerID).not.toBe(first.containerID);
    expect(await exec(replaced, "wc -l < /scratch/starts; echo kept > /kept/file")).toBe("1\n");
    await change({ hostname: "third" });
    const third = await runs(replaced);
    expect(await exec(third, "wc -l < /scratch/starts; cat /kept/file")).toBe("1\nkept\n");
    expect(await volumes()).toHaveLength(1);

    const deleted = await server.cli(["delete", "container", "keeper", "-n", "volumes"]);
    expect(deleted).toMatchObject({ code: 0 });
    const { Volumes } = await engine.docker.listVolumes();
    expect(Volumes.map(({ Name }) => Name).filter((name) => !name.startsWith("stowage-toolbox"))).toEqual(["kept"]);
  });

  test("init containers take from Secrets and volumes, and what they leave in one the container finds", async () => {
    const { code, stderr } = await server.cli(["apply", "-f", join(import.meta.dirname, "prepared.yaml")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const writes = (text: string, ...args: readonly string[]): Promise<true | undefined> =>
      eventually(`${text} is written`, async () => {
        const { stdout } = await server.cli(["logs", "prepared", "-n", "volumes", ...args]);
        return stdout === text || undefined;
      });
    await writes("from-the-secret\nand more\nof the ConfigMap\n");
    await writes("read\nfrom-the-secret\n", "-c", "reader");
    const seen = await server.cli(["get", "containers,events", "-A", "-o", "yaml"]);
    expect(seen.stdout).toContain("prepared");
    expect(seen.stdout).not.toContain("from-the-secret");
    expect(await server.cli(["delete", "container", "prepared", "-n", "volumes"])).toMatchObject({ code: 0 });
    expect(await volumes()).toEqual([]);
  });

  test("a Container that fills an emptyDir beyond its sizeLimit is evicted, and made anew with an empty one", async () => {
    const { code, stderr } = await server.cli(["apply", "-f", join(import.meta.dirname, "limited.yaml")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const first = await runs(undefined, limited);
    await exec(first, "head -c 3000000 /dev/zero > /scratch/full");
    // Hosts are looked at once a minute, and when a server starts.
    await server.kill9();
    await server.start();
    const again = await runs(first, limited);
    expect(again.containerID).not.toBe(first.containerID);
    expect(again.lastState).toMatchObject({ containerID: first.containerID, reason: "Evicted" });
    expect(await exec(again, "ls /scratch")).toBe("");
    const events = await server.cli(["get", "events", "-n", "volumes"]);
    expect(events.stdout).toContain('Usage of EmptyDir volume "scratch" exceeds the limit "1Mi"');
    expect(await server.cli(["delete", "container", "limited", "-n", "volumes"])).toMatchObject({ code: 0 });
  });

  test("a volume that a crash left without its container goes, and nobody else's does", async () => {
    const mine = { [labels.instance]: instance, [labels.host]: "local", [labels.uid]: "of-nobody" };
    await engine.docker.createVolume({ Name: "stowage-of-nobody-data", Labels: mine });
    await engine.docker.createVolume({ Name: "another", Labels: { ...mine, [labels.instance]: "another" } });
    await server.kill9();
    await server.start();
    await eventually("it is gone", async () => !(await volumes()).includes("stowage-of-nobody-data"));
    expect(await volumes()).toEqual(["another"]);
  });

  test("what is wrong is refused, and says what to do", async () => {
    const cases = parse(await readFile(join(import.meta.dirname, "refused.yaml"), "utf8")) as {
      readonly says: string;
      readonly spec: object;
    }[];
    for (const { says, spec } of cases) {
      const manifest = {
        apiVersion: "stowage.dev/v1alpha1",
        kind: "Container",
        metadata: { name: "refused", namespace: "volumes" },
        spec: { image: "busybox:lab", ...spec },
      };
      const { code, stderr } = await server.cli(["apply", "-f", "-"], JSON.stringify(manifest));
      expect(code, says).toBe(1);
      expect(stderr).toContain(says);
    }
  });
});
