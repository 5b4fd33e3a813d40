/** See README.md here. */
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once, setMaxListeners } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCondition } from "../../../controllers/runtime/conditions.ts";
import type { Host } from "../../../crds/host.ts";
import { Connection } from "../../../drivers/docker/connection.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { Scenario } from "../../lab/scenario.ts";
import { Sshd, sshdMissing } from "../../lab/sshd.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing ?? sshdMissing;
const file = (name: string): string => new URL(name, import.meta.url).pathname;

describe.skipIf(missing)(`a Host over SSH${missing ? `: skipped, ${missing}` : ""}`, () => {
  let dockerd: Dockerd;
  let sshd: Sshd;
  let server: StowageServer;
  let scenario: Scenario;

  beforeAll(async () => {
    dockerd = await Dockerd.start({ name: "ssh" });
    sshd = await Sshd.start(dockerd);
    await importBusybox(dockerd.docker);
    server = await StowageServer.start();
    scenario = new Scenario(server);
    await offer(sshd.privateKey, sshd.knownHosts);
    const { code, stderr } = await server.cli(["apply", "--wait", "-f", "-"], host());
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await sshd[Symbol.asyncDispose]();
    await dockerd[Symbol.asyncDispose]();
  });

  const host = (): string =>
    JSON.stringify({
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Host",
      metadata: { name: "far" },
      spec: { docker: { endpoint: sshd.endpoint, ssh: { secretRef: { namespace: "default", name: "far" } } } },
    });

  async function offer(privateKey: string, knownHosts: string): Promise<void> {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "far", namespace: "default" },
      type: "kubernetes.io/ssh-auth",
      stringData: { "ssh-privatekey": privateKey, known_hosts: knownHosts },
    };
    const { code, stderr } = await server.cli(["apply", "-f", "-"], JSON.stringify(secret));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }

  async function readyIs(status: string, reason: string): Promise<string> {
    return eventually(`the Host is ${reason}`, async () => {
      const { stdout } = await server.cli(["get", "host", "far", "-o", "json"]);
      const ready = findCondition((JSON.parse(stdout) as Host).status?.conditions, "Ready");
      return ready?.status === status && ready.reason === reason ? `${ready.message} ` : undefined;
    });
  }

  test("a Container runs there, its log streams, and it goes on when sshd was restarted", async () => {
    await scenario.apply(file("container.yaml"));
    const { containerID = "", startedAt } = await scenario.shows("clock", { phase: "Running" });
    const following = spawn(file("../../../cli/stowage"), ["logs", "-f", "clock", "--kubeconfig", server.kubeconfig]);
    let said = "";
    following.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    const ticks = (): number => said.split("\n").length - 1;
    for (const enough of [3, 6]) await eventually("the log streams", async () => ticks() >= enough);
    following.kill();
    await once(following, "close");
    await sshd.restart();
    await readyIs("True", "EngineReachable");
    await scenario.change("clock", { resources: { limits: { cpu: "500m" } } });
    await eventually("the change has reached the Engine", async () => {
      const { HostConfig } = await dockerd.docker.getContainer(containerID.replace("docker://", "")).inspect();
      return HostConfig.CpuQuota === 50_000;
    });
    expect(await scenario.shows("clock", { phase: "Running" })).toMatchObject({ containerID, startedAt });
  });

  test("more streams at once than one SSH connection may have", async () => {
    using connection = new Connection(sshd.endpoint, { ssh: sshd });
    const leaving = new AbortController();
    setMaxListeners(0, leaving.signal);
    const { signal } = leaving;
    const before = await sessions();
    const streams = await Promise.all(
      Array.from({ length: 25 }, () => connection.stream({ method: "GET", path: "/events", signal })),
    );
    expect(streams.every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect((await sessions()) - before).toBe(3);
    leaving.abort();
  });

  /** How often somebody has logged in. */
  const sessions = async (): Promise<number> => (await sshd.log()).split("Accepted publickey").length;

  test.each([
    ["another key of the machine", () => [sshd.privateKey, sshd.knownHosts.replace(/AAAA\S+/, otherKey())], "has another key than known_hosts"], // prettier-ignore
    ["no key of the machine", () => [sshd.privateKey, "elsewhere ssh-ed25519 AAAA"], "has no key of 127.0.0.1 (add what `ssh-keyscan"], // prettier-ignore
    ["a key that sshd does not take", () => [strangersKey(), sshd.knownHosts], "does not take the key ssh-privatekey"],
    ["what is no key", () => ["not a key", sshd.knownHosts], "is no private key without a passphrase"],
  ] as const)("%s", async (_, given, says) => {
    const [privateKey = "", knownHosts = ""] = given();
    await offer(privateKey, knownHosts);
    expect(await readyIs("False", "InvalidCredentials")).toContain(says);
    await offer(sshd.privateKey, sshd.knownHosts);
    await readyIs("True", "EngineReachable");
    expect(server.log).not.toContain(sshd.privateKey.split("\n")[2]);
  });
});

/** The wire form of an ed25519 key that nobody has, in base64. */
const otherKey = (): string => {
  const parts = [Buffer.from("ssh-ed25519"), Buffer.alloc(32, 1)];
  return Buffer.concat(parts.flatMap((part) => [Buffer.from([0, 0, 0, part.length]), part])).toString("base64");
};

const strangersKey = (): string =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  }).privateKey;
