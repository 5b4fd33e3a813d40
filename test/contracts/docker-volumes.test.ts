/** Volumes and what is in them, on a real Docker Engine. */
import { text } from "node:stream/consumers";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../crds/container.ts";
import { DockerDriver } from "../../drivers/docker/docker-driver.ts";
import type { HostDriver, Observed } from "../../drivers/driver.ts";
import type { Inputs } from "../../drivers/inputs.ts";
import { ownVolumeName, shownFiles } from "../../drivers/own-volumes.ts";
import { Dockerd, dockerdMissing } from "../lab/docker.ts";
import { imagesMissing, importBusybox } from "../lab/images.ts";
import { containerOf, only, ownerOf, refusal } from "./driver.contract.ts";

const missing = dockerdMissing ?? imagesMissing;
const image = "busybox:lab";

/** One volume `settings` with these files. */
function inputsOf(files: Readonly<Record<string, string>>, digest = "0123456789ab", mode = 0o644): Inputs {
  const content = new Map(Object.entries(files).map(([path, value]) => [path, { content: Buffer.from(value), mode }]));
  return {
    main: { env: new Map() },
    initContainers: new Map(),
    volumes: new Map([["settings", { files: content, digest, folder: `..2026_01_01_00_00_00.${digest}-${digest}` }]]),
    config: { "ConfigMap settings": digest },
  };
}

describe.skipIf(missing !== undefined)(
  `volumes of a Docker Engine${missing === undefined ? "" : ` (${missing})`}`,
  () => {
    const { signal } = new AbortController();
    let dockerd: Dockerd;
    let driver: HostDriver;
    beforeAll(async () => {
      dockerd = await Dockerd.start({ name: "volumes", tcp: true });
      // Far away: nothing of it may depend on the files of this machine.
      driver = DockerDriver.open({ hostName: "lab", instance: "volumes", endpoint: dockerd.tcpEndpoint ?? "" });
      await importBusybox(dockerd.docker, image);
    });
    afterAll(async () => {
      await driver[Symbol.asyncDispose]();
      await dockerd[Symbol.asyncDispose]();
    });
    const removeAll = async (): Promise<void> => {
      for (const { owner } of await driver.owners(signal))
        for (const { id, volumes } of await driver.observe(owner, signal))
          await driver.perform({ do: "remove", id, why: "test", volumes }, signal);
    };
    afterEach(async () => {
      await removeAll();
      expect(await driver.volumes(signal)).toEqual([]);
    });

    const settings = { volumes: [{ name: "settings", configMap: { name: "settings", defaultMode: 0o644 } }] };
    const shell = (script: string, fields: object): Container =>
      containerOf({ image, command: ["sh", "-c", script], restartPolicy: "Never", ...fields });
    const make = async (container: Container, inputs?: Inputs, start = true): Promise<Observed> => {
      await driver.perform({ do: "prepare", container }, signal, { inputs });
      const { command = [] } = container.spec;
      const beside = { inputs: inputs && { ...inputs, main: { command, ...inputs.main } } };
      await driver.perform({ do: "create", container, start }, signal, beside);
      return only(driver, container);
    };
    /** What it printed, once it ended. */
    const output = async ({ id }: Observed): Promise<string> => text(driver.logs(id, { follow: true }, signal));
    const run = async (script: string, fields: object, inputs?: Inputs): Promise<string> => {
      const container = shell(`{ ${script}; } 2>&1`, fields);
      return output(await make(container, inputs));
    };

    test("files are there when the container starts, laid out as kubelet does, and read-only", async () => {
      const inputs = inputsOf({ "a.conf": "A", "conf.d/b.conf": "B" }, "0123456789ab", 0o640);
      const mounts = { ...settings, volumeMounts: [{ name: "settings", mountPath: "/etc/web" }] };
      const folder = "..2026_01_01_00_00_00.0123456789ab-0123456789ab";
      expect(
        await run(
          "cd /etc/web && ls -A | sort && for f in ..data a.conf conf.d; do readlink $f; done && cat a.conf conf.d/b.conf && echo && stat -c '%a %u %g' -L a.conf && echo x > new",
          mounts,
          inputs,
        ),
      ).toBe(
        `${folder}\n..data\na.conf\nconf.d\n${folder}\n..data/a.conf\n..data/conf.d\nAB\n640 0 0\nsh: can't create new: Read-only file system\n`,
      );
    });

    test("files are replaced in a container that runs, and it tells what it is shown", async () => {
      const container = shell("sleep 1000000", {
        ...settings,
        volumeMounts: [{ name: "settings", mountPath: "/etc/web/" }],
        terminationGracePeriodSeconds: 0,
      });
      const { id, uid } = await make(container, inputsOf({ stays: "1", goes: "1" }, "aaaaaaaaaaaa"));
      const shown = shownFiles(container.spec);
      expect(await driver.files(id, shown, signal)).toEqual({ settings: "aaaaaaaaaaaa" });
      const inputs = inputsOf({ stays: "2", "comes/deep/down": "2" }, "bbbbbbbbbbbb");
      const step = { do: "write", id, uid, volumes: ["settings"] } as const;
      await driver.perform(step, signal, { inputs });
      await driver.perform(step, signal, { inputs });
      expect(await driver.files(id, shown, signal)).toEqual({ settings: "bbbbbbbbbbbb" });
      const exec = await dockerd.docker.getContainer(id).exec({
        Cmd: ["sh", "-c", "cd /etc/web && ls -A && cat stays comes/deep/down"],
        AttachStdout: true,
        Tty: true,
      });
      const seen = await text(await exec.start({ Tty: true }));
      expect(seen.replaceAll("\r", "").split(/\s+/).sort()).toEqual(
        ["..data", "..2026_01_01_00_00_00.bbbbbbbbbbbb-bbbbbbbbbbbb", "stays", "comes", "22"].sort(),
      );
      await driver.perform({ do: "stop", id, graceSeconds: 0 }, signal);
      expect(await driver.files(id, shown, signal)).toEqual({ settings: "bbbbbbbbbbbb" });
    });

    test("a file that is mounted by itself is copied, also over one of the image; so is a folder", async () => {
      const mounts = {
        ...settings,
        volumeMounts: [
          { name: "settings", mountPath: "/etc/hostname-of-web", subPath: "a.conf" },
          { name: "settings", mountPath: "/srv/conf", subPath: "conf.d" },
        ],
      };
      const inputs = inputsOf({ "a.conf": "A\n", "conf.d/b.conf": "B\n", "conf.d/c/d.conf": "D\n", other: "O" });
      expect(
        await run("cat /etc/hostname-of-web; cd /srv/conf; find . -type f | sort | xargs cat", mounts, inputs),
      ).toBe("A\nB\nD\n");
      expect(await driver.volumes(signal)).toEqual([]);
    });

    test("an emptyDir is everybody's to write to, lives as long as its container, and the next one finds it empty", async () => {
      const container = shell("ls -A /data; echo mine > /data/$$-file", {
        user: "1234",
        restartPolicy: "Never",
        volumes: [{ name: "data", emptyDir: { medium: "" } }],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      });
      const first = await make(container);
      expect(await output(first)).toBe("");
      await driver.perform({ do: "start", id: first.id }, signal);
      await expect.poll(async () => (await only(driver, container)).state, { timeout: 30_000 }).toBe("exited");
      expect(await output(first)).toMatch(/^1-file\n$/);
      // Somebody removes it behind our back, and its volume stays.
      await driver.perform({ do: "remove", id: first.id, why: "test" }, signal);
      expect(await driver.volumes(signal)).toEqual([
        { owner: ownerOf(container), uid: first.uid, hostName: "lab", name: ownVolumeName(first.uid, "data") },
      ]);
      expect(await output(await make(container))).toBe("");
    });

    test("what is prepared again while something uses it stays", async () => {
      const container = shell("sleep 1000000", {
        terminationGracePeriodSeconds: 0,
        volumes: [{ name: "data", emptyDir: { medium: "" } }, ...settings.volumes],
        volumeMounts: [
          { name: "data", mountPath: "/data" },
          { name: "settings", mountPath: "/etc/web" },
        ],
      });
      const { id } = await make(container, inputsOf({ a: "1", b: "1" }, "aaaaaaaaaaaa"));
      await driver.perform({ do: "prepare", container }, signal, { inputs: inputsOf({ a: "2" }, "bbbbbbbbbbbb") });
      expect(await driver.files(id, shownFiles(container.spec), signal)).toEqual({ settings: "bbbbbbbbbbbb" });
    });

    test("an emptyDir in memory is as large as it may be", async () => {
      const fields = {
        volumes: [{ name: "data", emptyDir: { medium: "Memory", sizeLimit: "4Mi" } }],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      };
      const seen = await run("grep ' /data ' /proc/mounts; stat -c %a /data", fields);
      expect(seen).toMatch(/^tmpfs \/data tmpfs .*size=4096k/);
      expect(seen).toContain("\n1777\n");
    });

    test("a named volume is made where there is none, and outlives the container", async () => {
      const fields = {
        volumes: [{ name: "data", dockerVolume: { name: "keeps", driverOptions: { type: "tmpfs", device: "tmpfs" } } }],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      };
      expect(await run("grep -c ' /data tmpfs' /proc/mounts", fields)).toBe("1\n");
      await removeAll();
      const { Volumes } = await dockerd.docker.listVolumes();
      expect(Volumes.map(({ Name }) => Name)).toContain("keeps");
      expect(await driver.volumes(signal)).toEqual([]);
    });

    describe("hostPath", () => {
      let folder: string;
      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "stowage-host-path-"));
        await writeFile(join(folder, "file"), "of the host\n");
        await mkdir(join(folder, "folder:with colon"));
      });
      afterAll(() => rm(folder, { recursive: true }));
      const mounting = (path: string, type: string, readOnly = false): object => ({
        volumes: [{ name: "host", hostPath: { path: join(folder, path), type } }],
        volumeMounts: [{ name: "host", mountPath: "/host", readOnly }],
      });

      test("is mounted as it is, read-only where asked", async () => {
        expect(await run("cat /host", mounting("file", "File"))).toBe("of the host\n");
        expect(await run("touch /host/x && ls /host", mounting("folder:with colon", "Directory"))).toBe("x\n");
        const denied = await run("touch /host/y", mounting("folder:with colon", "", true));
        expect(denied).toBe("touch: /host/y: Read-only file system\n");
      });

      test("is made where asked", async () => {
        expect(await run("echo x > /host/made && cat /host/made", mounting("new/folder", "DirectoryOrCreate"))).toBe(
          "x\n",
        );
        expect(await run("cat /host/made", mounting("new/folder", "DirectoryOrCreate", true))).toBe("x\n");
      });

      test.each([
        ["nowhere", "Directory", "the host has no such path"],
        ["file", "Directory", "file is not a directory"],
        ["folder:with colon", "File", "folder:with colon is not a file"],
        ["file", "Socket", "file is not a socket file"],
      ])("%s as %s is refused: %s", async (path, type, why) => {
        const container = shell("true", mounting(path, type));
        const prepare = driver.perform({ do: "prepare", container }, signal);
        await expect(prepare).rejects.toEqual(refusal("CreateContainerConfigError", why));
      });

      test("what is not there is refused, and not made", async () => {
        const container = shell("true", mounting("nowhere", ""));
        const create = driver.perform({ do: "create", container, start: true }, signal);
        await expect(create).rejects.toEqual(refusal("CreateContainerError", "the host has no such path"));
      });
    });

    test("an Engine that would mount the whole volume for a subPath is not asked to", async ({ skip }) => {
      const { ApiVersion } = await dockerd.docker.version();
      skip(Number(ApiVersion.split(".")[1]) >= 45, `this Engine speaks API ${ApiVersion}`);
      const container = shell("true", {
        volumes: [{ name: "data", emptyDir: { medium: "" } }],
        volumeMounts: [{ name: "data", mountPath: "/data", subPath: "below" }],
      });
      await expect(make(container)).rejects.toEqual(
        refusal("CreateContainerConfigError", "that needs Docker Engine 26 (API 1.45)"),
      );
      await driver.removeVolumes([ownVolumeName(container.metadata.uid, "data")], signal);
    });

    test("tells how much is in volumes", async () => {
      const container = shell("head -c 1000000 /dev/zero > /data/zeros", {
        volumes: [{ name: "data", emptyDir: { medium: "" } }],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      });
      await output(await make(container));
      const usage = await driver.volumeUsage(signal);
      expect(usage.get(ownVolumeName(container.metadata.uid, "data"))).toBeGreaterThanOrEqual(1_000_000);
    });

    test("variables, command and arguments are those that were found", async () => {
      const container = containerOf({
        image,
        restartPolicy: "Never",
        command: ["echo", "$(SECRET)"],
        env: [{ name: "SECRET", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
      });
      const inputs: Inputs = {
        main: { env: new Map([["SECRET", "hidden"]]), command: ["sh", "-c", "echo $SECRET"] },
        initContainers: new Map(),
        volumes: new Map(),
        config: { "Secret s": "0123456789ab" },
      };
      const made = await make(container, inputs);
      expect(await output(made)).toBe("hidden\n");
      expect(made.config).toEqual({ "Secret s": "0123456789ab" });
    });
  },
);
