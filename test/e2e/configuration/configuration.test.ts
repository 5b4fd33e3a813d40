/** What Containers take from ConfigMaps, Secrets and themselves: README.md. */
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../../../api/client/client.ts";
import type { Container, ContainerStatus } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { configMapType, eventType, secretType } from "../../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../../crds/meta.ts";
import { labels } from "../../../drivers/labels.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;

interface Told extends KubeObject {
  readonly involvedObject: { readonly name: string };
  readonly reason: string;
  readonly message: string;
}

describe.skipIf(missing !== undefined)(`configuration${missing === undefined ? "" : `: skipped, ${missing}`}`, () => {
  let engine: Dockerd;
  let server: StowageServer;
  let client: Client & AsyncDisposable;

  beforeAll(async () => {
    engine = await Dockerd.start({ name: "configuration", tcp: true });
    await importBusybox(engine.docker, "busybox:lab");
    server = await StowageServer.start({ docker: engine.tcpEndpoint ?? "" });
    client = await server.client();
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  const place = (name: string) => ({ namespace: "default", name });
  const apply = async (file: string): Promise<void> => {
    const { code, stderr } = await server.cli(["apply", "-f", join(import.meta.dirname, file)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  };
  const change = (type: ResourceType, name: string, body: Readonly<Record<string, unknown>>): Promise<unknown> =>
    client.patch(type, place(name), { type: "merge", body });
  const statusOf = async (name: string): Promise<ContainerStatus> =>
    (await client.get<Container>(containers, place(name))).status ?? {};
  const shows = (name: string, expected: Partial<ContainerStatus>): Promise<ContainerStatus> =>
    eventually(`${name} shows ${JSON.stringify(expected)}`, async () => {
      const status = await statusOf(name);
      const keys = Object.keys(expected) as (keyof ContainerStatus)[];
      return keys.every((key) => status[key] === expected[key]) ? status : undefined;
    });
  const logOf = async (name: string): Promise<string> => (await server.cli(["logs", name, "-n", "default"])).stdout;
  const eventsOf = async (name: string): Promise<readonly Told[]> =>
    (await client.list<Told>(eventType, { namespace: "default" })).items.filter(
      ({ involvedObject }) => involvedObject.name === name,
    );
  const exec = async (status: ContainerStatus, script: string): Promise<string> => {
    const container = engine.docker.getContainer((status.containerID ?? "").replace("docker://", ""));
    const run = await container.exec({ Cmd: ["sh", "-c", script], AttachStdout: true, AttachStderr: true, Tty: true });
    return (await text(await run.start({ Tty: true }))).replaceAll("\r", "");
  };

  test("variables come from everywhere, in kubelet's order", async () => {
    await apply("environment.yaml");
    await shows("environment", { phase: "Succeeded" });
    expect((await logOf("environment")).split("\n")).toEqual([
      "GREETING=hello",
      "NAME=from-the-secret-hunter2",
      "CFG_NAME=from the ConfigMap",
      "PASSWORD=hunter2-is-the-password",
      "URL=db://from-the-secret-hunter2:hunter2-is-the-password@$(NOBODY)",
      "LITERAL=$(PASSWORD)",
      "OPTIONAL=unset",
      "OPTIONAL_KEY=unset",
      "ME=environment",
      "TIER=front",
      "HOST=local",
      "CPU=2",
      "MEMORY=64",
      "environment $(ME) $(NOBODY)",
      "",
    ]);
    const told = (await eventsOf("environment")).find(({ reason }) => reason === "InvalidEnvironmentVariableNames");
    expect(told?.message).toBe(
      "Keys [1st] from the EnvFrom configMap default/settings were skipped since they are considered invalid environment variable names.",
    );
  });

  test("files of one version are seen together, while they change and the server is killed", async () => {
    await apply("reader.yaml");
    const first = await shows("reader", { phase: "Running" });
    const seen = (value: number): Promise<true> =>
      eventually(`the container sees ${value}`, async () => (await logOf("reader")).includes(`seen ${value} in `));
    await seen(0);
    for (let n = 1; n <= 20; n++) {
      // Keys come and go along with it.
      const data = { a: String(n), b: String(n), first: null, [`key${n}`]: "x", [`key${n - 1}`]: null };
      await change(configMapType, "pair", { data });
      if (n % 5 === 0) {
        await server.kill9();
        await server.start();
      }
      await seen(n);
    }
    const log = await logOf("reader");
    expect(log.split("\n").filter((line) => line.startsWith("bad"))).toEqual([]);
    expect(await shows("reader", { phase: "Running" })).toMatchObject({
      containerID: first.containerID,
      startedAt: first.startedAt,
      restartCount: 0,
    });
    await eventually(
      "old keys are gone",
      async () => (await exec(first, "ls -A /pair | grep -v '^[.][.]2'")) === "..data\na\nb\nkey20\n",
    );
    expect((await exec(first, "ls -A /pair | grep -c '^[.][.]2'")).trim()).toBe("1");
  });

  test("projected files have their modes, follow the Container's labels, and optional ones may be missing", async () => {
    await apply("projected.yaml");
    const status = await shows("projected", { phase: "Running" });
    const modes =
      "stat -L -c '%a %n' all/* all/private/key tls/* etc/one.crt; ls nothing; cat etc/one.crt all/memory; od -An -tx1 all/logo";
    expect((await exec(status, modes)).trim().split(/\s*\n\s*/)).toEqual([
      "440 all/labels",
      "440 all/logo",
      "440 all/memory",
      "755 all/private",
      "440 all/web.conf",
      "400 all/private/key",
      "600 tls/tls.crt",
      "600 tls/tls.key",
      "600 etc/one.crt",
      "certificate32768 00 01 ff",
    ]);
    await change(containers, "projected", { metadata: { labels: { tier: "back" } } });
    await eventually("the label is shown", async () => (await exec(status, "cat all/labels")) === 'tier="back"');
    await client.create(configMapType, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: place("nowhere"),
      ...{ data: { now: "here" } },
    });
    await eventually("an optional one appears", async () => (await exec(status, "cat nothing/now")) === "here");
    expect((await statusOf("projected")).containerID).toBe(status.containerID);
    // What is gone stays with whom it was given to.
    await client.delete(secretType, place("tls"));
    await change(configMapType, "web", { data: { "web.conf": "listen 81" } });
    await client.create(secretType, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: place("tls"),
      ...{ stringData: { "tls.key": "another-key-in-the-secret" } },
    });
    await eventually(
      "it is replaced",
      async () =>
        (await exec(status, "cat tls/tls.key all/private/key all/web.conf")) ===
        "another-key-in-the-secretanother-key-in-the-secretlisten 81",
    );
  });

  test("a Container waits for what is missing, says so, and runs as soon as it is there", async () => {
    await apply("later.yaml");
    const waits = (message: string): Promise<ContainerStatus> =>
      shows("later", { phase: "Pending", summary: "CreateContainerConfigError", message });
    await waits('secret "later" not found');
    await client.create(secretType, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: place("later"),
      ...{ stringData: { other: "x" } },
    });
    await waits("couldn't find key key in Secret default/later");
    await change(secretType, "later", { stringData: { key: "found-in-the-secret" } });
    await waits('MountVolume.SetUp failed for volume "files" : configmap "later" not found');
    await client.create(configMapType, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: place("later"),
      ...{ data: { b: "x" } },
    });
    await waits('MountVolume.SetUp failed for volume "files" : configmap references non-existent config key: a');
    await change(configMapType, "later", { data: { a: "and the file" } });
    await shows("later", { phase: "Succeeded" });
    expect(await logOf("later")).toBe("found-in-the-secret\nand the file");
    const told = (await eventsOf("later")).filter(({ reason }) => reason === "Failed");
    expect(told.map(({ message }) => message)).toContain('Error: secret "later" not found');
  });

  test("with restartOnConfigChange what it uses replaces it, and says which", async () => {
    await apply("restarts.yaml");
    const first = await shows("restarts", { phase: "Running" });
    // Nothing that it uses.
    await change(secretType, "restarts", { stringData: { unused: "b" }, metadata: { labels: { new: "label" } } });
    await change(configMapType, "restarts", { data: { file: "second" } });
    const second = await eventually("another container runs", async () => {
      const status = await statusOf("restarts");
      return status.phase === "Running" && status.containerID !== first.containerID ? status : undefined;
    });
    await eventually("with the new file", async () => (await logOf("restarts")) === "first-of-the-secret second\n");
    expect(second.lastState).toMatchObject({ containerID: first.containerID, reason: "Replaced" });
    await change(secretType, "restarts", { stringData: { used: "second-of-the-secret" } });
    await eventually(
      "with the new variable",
      async () => (await logOf("restarts")) === "second-of-the-secret second\n",
    );
    const told = (await eventsOf("restarts")).filter(({ reason }) => reason === "Replacing");
    expect(told.map(({ message }) => message)).toEqual([
      "Replacing: ConfigMap restarts changed",
      "Replacing: Secret restarts changed",
    ]);
    // The server forgets nothing that matters: nothing is replaced when it comes back.
    const settled = await shows("restarts", { phase: "Running" });
    await server.stop();
    await server.start();
    await change(containers, "restarts", { metadata: { annotations: { woken: "yes" } } });
    await eventually("it is back", async () => (await client.list(containers)).items.length > 0);
    expect(await shows("restarts", { phase: "Running" })).toMatchObject({ containerID: settled.containerID });
  });

  test("nobody was told a value of a Secret", async () => {
    const secrets = ["hunter2", "key-in-the-secret", "found-in-the-secret", "of-the-secret"];
    const found = await engine.docker.listContainers({ all: true });
    const { Volumes } = await engine.docker.listVolumes();
    const seen = [
      server.log,
      JSON.stringify([await client.list(eventType), await client.list(containers)]),
      JSON.stringify([found.map(({ Labels }) => Labels), Volumes]),
    ];
    for (const secret of secrets) for (const where of seen) expect(where).not.toContain(secret);
    expect(found.some(({ Labels }) => Labels[labels.config]?.includes("Secret restarts=") === true)).toBe(true);
  });

  test("nothing of a deleted Container stays on its host", async () => {
    const { code } = await server.cli(["delete", "containers", "--all", "-n", "default"]);
    expect(code).toBe(0);
    // What a server that was killed left in the middle of its work goes ten minutes later.
    for (const { Id, Labels } of await engine.docker.listContainers({ all: true })) {
      expect(Labels).toHaveProperty(["stowage.dev/toolbox"]);
      // Or it goes by itself at this moment.
      await engine.docker
        .getContainer(Id)
        .remove({ force: true })
        .catch(() => undefined);
    }
    // It looks for volumes that it could not remove because of that when it lists what the host has.
    await server.stop();
    await server.start();
    await eventually("no volume is left", async () => {
      const { Volumes } = await engine.docker.listVolumes();
      return Volumes.every(({ Labels }) => (Labels as object | null) === null || !(labels.uid in Labels));
    });
  });
});
