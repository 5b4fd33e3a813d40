import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import type { Output } from "../../lab/stowage.ts";
import { StowageServer } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;

describe.skipIf(missing !== undefined)(`stowage top${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let engine: Dockerd;
  let server: StowageServer;
  beforeAll(async () => {
    engine = await Dockerd.start({ name: "top" });
    await importBusybox(engine.docker);
    server = await StowageServer.start({ docker: engine.endpoint });
    const applied = await server.cli(["apply", "--wait", "-f", join(import.meta.dirname, "containers.yaml")]);
    expect(applied).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  const cells = ({ stdout }: Output): readonly (readonly string[])[] =>
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s+/));

  test("containers: what each that runs uses, of what it may", async () => {
    const busy = async (): Promise<number> => {
      const [line = []] = cells(await server.cli(["top", "containers", "busy", "--no-headers"]));
      return Number(/^(\d+)%$/.exec(line[2] ?? "")?.[1]);
    };
    // Of the 400m that are its limit; other things run on this machine, too.
    await expect.poll(busy, { timeout: 60_000 }).toBeGreaterThan(20);

    const shown = await server.cli(["top", "containers"]);
    const [titles, first, second, ...more] = cells(shown);
    expect(titles).toEqual(["NAME", "CPU(cores)", "CPU%", "MEMORY(bytes)", "MEMORY%"]);
    expect([first?.[0], second?.[0], more]).toEqual(["busy", "idle", []]);
    expect(shown.stdout).toMatch(/^busy +\d+m +\d+% +\d+Mi +\d+%$/m);
    expect(shown.stdout).toMatch(/^idle +\d+m +0% +\d+Mi +0%$/m);

    const everywhere = await server.cli(["top", "ctr", "-A", "--sort-by", "cpu"]);
    expect(cells(everywhere).map(([namespace, name]) => [namespace, name])).toEqual([
      ["NAMESPACE", "NAME"],
      ["default", "busy"],
      ["default", "idle"],
    ]);
  });

  test("hosts: what all of them use together", async () => {
    const shown = await server.cli(["top", "hosts"]);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toMatch(
      /^NAME +CPU\(cores\) +CPU% +MEMORY\(bytes\) +MEMORY%\nlocal +\d+m +\d+% +\d+Mi +\d+%\n$/,
    );
  });

  test("what cannot be shown is told", async () => {
    expect(await server.cli(["top", "containers", "none"])).toEqual({
      code: 1,
      stdout: "",
      stderr: 'error: containers.stowage.dev "none" not found\n',
    });
    expect(await server.cli(["-n", "kube-system", "top", "containers"])).toMatchObject({
      code: 0,
      stderr: "No resources found\n",
    });
    const odd = await server.cli(["top", "containers", "--sort-by", "name"]);
    expect(odd).toMatchObject({ code: 2 });
    expect(odd.stderr).toContain("Allowed choices are cpu, memory");
  });

  test("an Engine that is away is told", async () => {
    await engine.kill9();
    const hosts = await server.cli(["top", "hosts"]);
    expect(hosts).toMatchObject({ code: 1, stdout: "" });
    expect(hosts.stderr).toContain('host "local": Cannot reach the Docker Engine');
  });
});
