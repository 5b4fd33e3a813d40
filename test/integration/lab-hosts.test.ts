/** The lab's hosts do what real ones do when a cable is pulled or an engine dies, and leave nothing when they go. */
import { readFile, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run } from "../lab/commands.ts";
import { Dockerd, dockerdMissing } from "../lab/docker.ts";
import type { LabHost } from "../lab/hosts.ts";
import { LabHosts } from "../lab/hosts.ts";
import { imagesMissing, importBusybox } from "../lab/images.ts";
import { linkOf } from "../lab/network.ts";
import { Sshd, sshdMissing } from "../lab/sshd.ts";
import { eventually } from "../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;

/** What listens at an address, as a client with little patience sees it. */
async function fetched(url: string): Promise<string> {
  return fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    (answer) => answer.text(),
    (error: unknown) => ((error as Error).name === "TimeoutError" ? "nothing" : "refused"),
  );
}

/** What the labs of this process are known by: others' may come and go meanwhile. */
async function ownNames(): Promise<readonly string[]> {
  const names = await Promise.all(
    (await readdir(tmpdir())).map(async (folder) => {
      const owner = await readFile(join(tmpdir(), folder, "owner"), "utf8").catch(() => "");
      return owner.startsWith(`${process.pid} `) ? [folder, linkOf(folder)] : [];
    }),
  );
  return names.flat();
}

/** Links, mounts and folders with these names in theirs. */
async function traces(names: readonly string[]): Promise<readonly string[]> {
  const links = await run("ip", ["-brief", "link"]);
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const folders = await readdir(tmpdir());
  const all = [...links.split("\n"), ...mounts.split("\n"), ...folders];
  return all.filter((trace) => names.some((name) => trace.includes(name)));
}

describe.skipIf(missing)(`hosts in network namespaces${missing ? `: skipped, ${missing}` : ""}`, () => {
  test("each is reached at its own address, cut off alone, and killed alone", async () => {
    await using hosts = await LabHosts.start(2, { liveRestore: true, runtimes: ["other"] });
    const [east, west] = hosts.all as readonly [LabHost, LabHost];
    const web = ({ address }: LabHost): Promise<string> => fetched(`http://${address}:8080/`);
    const ping = ({ endpoint }: LabHost): Promise<string> => fetched(endpoint.replace("tcp:", "http:") + "/_ping");
    for (const { name, engine } of hosts.all) {
      await importBusybox(engine.docker, "busybox:lab", { files: { "etc/index.html": name } });
      const container = await engine.docker.createContainer({
        Image: "busybox:lab",
        Cmd: ["httpd", "-f", "-p", "80", "-h", "/etc"],
        ExposedPorts: { "80/tcp": {} },
        HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "8080" }] }, Runtime: "other" },
      });
      await container.start();
    }
    for (const host of hosts.all) await eventually(`${host.name} serves`, async () => (await web(host)) === host.name);

    await east.cut();
    expect(await ping(east)).toBe("nothing");
    expect(await web(west)).toBe("h2");
    expect(await east.engine.docker.listContainers()).toHaveLength(1);
    await east.kill9();
    await east.restart();
    await east.mend();
    await eventually("it answers again", async () => (await ping(east)) === "OK");
    expect(await east.engine.docker.listContainers()).toHaveLength(1);

    await west.kill9();
    expect(await ping(west)).toBe("refused");
    await west.restart();
    expect(await ping(west)).toBe("OK");
    expect(await west.engine.docker.listContainers()).toHaveLength(1);
  });

  test("nothing of them is left", async () => {
    const hosts = await LabHosts.start(1, { tls: true });
    const names = await ownNames();
    // The network's bridge and folder, the host's cable and folder, and its data.
    expect((await traces(names)).length).toBeGreaterThanOrEqual(5);
    await hosts[Symbol.asyncDispose]();
    expect(await traces(names)).toEqual([]);
  });

  test.skipIf(sshdMissing)(`an sshd leads to the engine${sshdMissing ? `: skipped, ${sshdMissing}` : ""}`, async () => {
    await using dockerd = await Dockerd.start();
    await using sshd = await Sshd.start(dockerd);
    const { ID } = (await dockerd.docker.info()) as { ID: string };
    const ssh = (key: string, ...command: readonly string[]): Promise<string> =>
      run("ssh", [
        ...["-p", String(sshd.port), "-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
        ...["-o", `UserKnownHostsFile=${sshd.knownHostsFile}`, `root@${sshd.address}`, ...command],
      ]);
    const { privateKeyFile: key } = sshd;
    expect(await ssh(key, "docker", "info", "--format", "{{.ID}}")).toBe(`${ID}\n`);
    await expect(ssh("/dev/null", "true")).rejects.toThrow("Permission denied");
    await sshd.restart();
    expect(await ssh(key, "echo", "$DOCKER_HOST")).toBe(`${dockerd.endpoint}\n`);
  });
});
