/** Our program on a real Docker Engine, and that what is committed is what its source makes. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Connection } from "../../drivers/docker/connection.ts";
import { toolboxFolder } from "../../drivers/docker/toolbox/paths.ts";
import { Toolbox } from "../../drivers/docker/toolbox/toolbox.ts";
import { missingCommand } from "../lab/commands.ts";
import { Dockerd, dockerdMissing } from "../lab/docker.ts";
import { imagesMissing, importBusybox } from "../lab/images.ts";

const folder = new URL("../../drivers/docker/toolbox/", import.meta.url);
const compilers = missingCommand({
  "x86_64-linux-gnu-gcc": "gcc",
  "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
});

test(`the programs are built from toolbox.c${compilers === undefined ? "" : ` (${compilers})`}`, async ({ skip }) => {
  skip(compilers !== undefined, compilers);
  const out = await mkdtemp(join(tmpdir(), "stowage-toolbox-"));
  try {
    await promisify(execFile)(new URL("build", folder).pathname, [out]);
    for (const name of ["toolbox-amd64", "toolbox-arm64"])
      expect((await readFile(join(out, name))).equals(await readFile(new URL(name, folder)))).toBe(true);
  } finally {
    await rm(out, { recursive: true });
  }
});

const missing = dockerdMissing ?? imagesMissing;

describe.skipIf(missing !== undefined)(`on a Docker Engine${missing === undefined ? "" : ` (${missing})`}`, () => {
  const { signal } = new AbortController();
  const leftovers = { all: true, filters: { label: ["stowage.dev/toolbox=lab"] } };
  let dockerd: Dockerd;
  let connection: Connection;
  let toolbox: Toolbox;
  beforeAll(async () => {
    dockerd = await Dockerd.start({ name: "toolbox" });
    connection = new Connection(dockerd.endpoint);
    toolbox = new Toolbox(connection, "lab");
    await importBusybox(dockerd.docker, "busybox:lab");
  });
  afterAll(async () => {
    connection[Symbol.dispose]();
    expect(await dockerd.docker.listContainers(leftovers)).toEqual([]);
    await dockerd[Symbol.asyncDispose]();
  });

  test("tells of the host what the Engine does not", async () => {
    const { exitCode, output } = await toolbox.run(["statfs", "/host"], [`${dockerd.dataRoot}:/host:ro`], signal);
    expect(exitCode).toBe(0);
    const [size = 0, free = 0] = output.toString().split(" ").map(Number);
    expect(size).toBeGreaterThan(free);
    const online = "/sys/devices/system/cpu/online";
    const cpus = await toolbox.run(["cat", online, "/no/such/file"], [], signal);
    expect(cpus.output.toString()).toBe(`${online}\n${await readFile(online, "utf8")}\n`);
  });

  test("says what went wrong by its exit code", async () => {
    const listed = await toolbox.run(["ls", "/no/such/folder", "/sys/devices/system/cpu"], [], signal);
    expect(listed.exitCode).toBe(0);
    expect(listed.output.toString().split("\n")).toContain("/sys/devices/system/cpu/online");
    expect((await toolbox.run(["statfs", "/no/such/folder"], [], signal)).exitCode).toBe(2);
    expect((await toolbox.run(["rename"], [], signal)).exitCode).toBe(125);
    expect((await toolbox.run(["connect", "1", "1000"], [], signal)).exitCode).toBe(111);
  });

  test("writes files into a volume, and replaces a link in one step", async () => {
    const archive = pack();
    archive.entry({ name: "v/data/key", mode: 0o640 }, "value");
    archive.entry({ name: "v/next", type: "symlink", linkname: "data" });
    archive.entry({ name: "v/current", type: "symlink", linkname: "nowhere" });
    archive.finalize();
    await toolbox.extract([{ Type: "volume", Source: "files", Target: "/v" }], await buffer(archive), signal);
    expect(await toolbox.run(["rename", "/v/next", "/v/current"], ["files:/v"], signal)).toMatchObject({ exitCode: 0 });
    const read = await toolbox.run(["cat", "/v/current/key"], ["files:/v:ro"], signal);
    expect(read.output.toString()).toBe("/v/current/key\nvalue\n");
  });

  test("publishes a folder of a volume in one step, and takes away what is not in it", async () => {
    const files = async (folder: string, names: readonly string[]): Promise<Uint8Array> => {
      const archive = pack();
      for (const name of names) archive.entry({ name: `v/${folder}/${name}` }, folder);
      archive.finalize();
      return buffer(archive);
    };
    const publish = async (folder: string, names: readonly string[]): Promise<string[]> => {
      const archive = await files(folder, names);
      expect(await toolbox.run(["publish", "/v", folder], ["published:/v"], signal, archive)).toMatchObject({
        exitCode: 0,
      });
      const shown = await toolbox.run(["ls", "/v"], ["published:/v:ro"], signal);
      return shown.output.toString().trim().replaceAll("/v/", "").split("\n").sort();
    };
    const fixed = ["..data"];
    expect(await publish("..1", ["a", "sub/deep/b"])).toEqual([...fixed, "..1", "a", "sub"].sort());
    const many = Array.from({ length: 300 }, (_, index) => `many/${index}/${"x".repeat(index % 100)}y`);
    expect(await publish("..2", ["a", ...many])).toEqual([...fixed, "..2", "a", "many"].sort());
    expect(await publish("..3", ["c"])).toEqual([...fixed, "..3", "c"].sort());
    const read = await toolbox.run(["cat", "/v/c", "/v/a"], ["published:/v:ro"], signal);
    expect(read.output.toString()).toBe("/v/c\n..3\n");
  });

  test.each([
    ["/dev", "Directory"],
    ["/etc/hostname", "File"],
    ["/dev/null", "CharDevice"],
  ])("%s is a %s", async (path, type) => {
    expect((await toolbox.run(["type", "/host"], [`${path}:/host:ro`], signal)).output.toString()).toBe(`${type}\n`);
  });

  test("is there for other containers, and comes back when somebody prunes it", async () => {
    const volume = await toolbox.volume(signal);
    const container = await dockerd.docker.createContainer({
      Image: "busybox:lab",
      Cmd: [`${toolboxFolder}/toolbox`, "ls", toolboxFolder],
      HostConfig: { Binds: [`${volume}:${toolboxFolder}:ro`], ReadonlyRootfs: true, NetworkMode: "none" },
    });
    await container.start();
    expect(await container.wait()).toMatchObject({ StatusCode: 0 });
    await container.remove();
    await dockerd.docker.getImage(await toolbox.image(signal)).remove({ force: true });
    expect((await toolbox.run(["ls", "/"], [], signal)).exitCode).toBe(0);
  });
});
