/** The Docker driver keeps the driver's contract against a real dockerd, and what is particular to Docker. */
import { randomBytes } from "node:crypto";
import { readFile, readlink, statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../crds/container.ts";
import { DockerDriver } from "../../drivers/docker/docker-driver.ts";
import { HostUnreachableError, UnsupportedHostError } from "../../drivers/driver.ts";
import type { HostDriver, StoredImage } from "../../drivers/driver.ts";
import { labels } from "../../drivers/labels.ts";
import { Dockerd, dockerdMissing } from "../lab/docker.ts";
import { imagesMissing, importBusybox } from "../lab/images.ts";
import { Registry, registryMissing, registryUser } from "../lab/registry.ts";
import type { DriverLab } from "./driver.contract.ts";
import { containerOf, describeDriver, only, ownerOf, refusal } from "./driver.contract.ts";

const missing = dockerdMissing ?? imagesMissing ?? registryMissing;
const image = "busybox:lab";

async function startLab(): Promise<DriverLab> {
  await using parts = new AsyncDisposableStack();
  const dockerd = parts.use(await Dockerd.start({ name: "contract" }));
  const open = parts.use(await Registry.start());
  const closed = parts.use(await Registry.start({ authenticated: true }));
  await importBusybox(dockerd.docker, image);
  // With content of its own: the host has no layer of it once the name is gone.
  const files = { "etc/payload": randomBytes(2 ** 20) };
  await importBusybox(dockerd.docker, "remote:lab", { files });
  const remoteImage = await open.push(dockerd.docker, "remote:lab", "team/remote:v1");
  await dockerd.docker.getImage("remote:lab").remove();
  const secretImage = await closed.push(dockerd.docker, image, "team/secret:v1");
  const all = parts.move();
  return {
    open: (instance) => DockerDriver.open({ hostName: "lab", instance, endpoint: dockerd.endpoint }),
    image,
    remoteImage,
    secretImage,
    credentials: registryUser,
    cut: () => dockerd.kill9(),
    restore: () => dockerd.restart(),
    reboot: () => dockerd.restart(),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

if (missing !== undefined) {
  test(`needs a real Docker Engine and registry: ${missing}`, ({ skip }) => {
    console.warn(`Skipped: the Docker driver's contract: ${missing}`);
    skip(missing);
  });
} else {
  describeDriver("Docker driver", startLab);

  describe("Docker Engine", () => {
    let dockerd: Dockerd;
    const { signal } = new AbortController();
    const open = (options: { readonly concurrency?: number; readonly instance?: string } = {}): HostDriver =>
      DockerDriver.open({ hostName: "lab", instance: "docker", endpoint: dockerd.endpoint, ...options });

    beforeAll(async () => {
      dockerd = await Dockerd.start({ name: "docker", tls: true, liveRestore: true });
      await importBusybox(dockerd.docker, image, {
        changes: ['ENTRYPOINT ["echo", "from the image"]', 'CMD ["and its command"]'],
      });
    });
    afterAll(async () => {
      await dockerd[Symbol.asyncDispose]();
    });

    test("a name that somebody else's container has is refused, and that container is left alone", async () => {
      await using driver = open();
      const container = containerOf({ image });
      const name = `lab_${container.metadata.name}_${container.metadata.uid.slice(0, 8)}`;
      const foreign = await dockerd.docker.createContainer({ name, Image: image });
      await expect(driver.perform({ do: "create", container, start: true }, signal)).rejects.toEqual(
        refusal("CreateContainerError", "which is not ours: remove or rename it"),
      );
      expect((await foreign.inspect()).State.Status).toBe("created");
    });

    test("containers that carry only some of our labels are nobody's", async () => {
      await using driver = open({ instance: "partial" });
      const Labels = { [labels.instance]: "partial", [labels.namespace]: "lab" };
      await dockerd.docker.createContainer({ Image: image, Labels });
      expect(await driver.owners(signal)).toEqual([]);
    });

    test.each<[string, object, string]>([
      ["neither command nor args: the image's", {}, "from the image and its command"],
      ["args alone: the image's entrypoint with them", { args: ["args"] }, "from the image args"],
      ["command alone: not the image's arguments", { command: ["echo", "mine"] }, "mine"],
      ["both", { command: ["echo"], args: ["both"] }, "both"],
    ])("runs %s", async (_, fields, output) => {
      await using driver = open();
      const container = containerOf({ image, restartPolicy: "Never", ...fields });
      await driver.perform({ do: "create", container, start: true }, signal);
      const { id } = await only(driver, container);
      expect(await text(driver.logs(id, { follow: true }, signal))).toBe(`${output}\n`);
    });

    describe("what fills its disk", () => {
      const named = async (driver: HostDriver, name: string): Promise<StoredImage | undefined> =>
        (await driver.images(signal)).find(({ names }) => names.includes(name));

      test("the disk, as the kernel of its machine tells it, and the CPUs", async () => {
        await using driver = open();
        const { data } = await driver.disks(signal);
        const { blocks, bsize, files } = await statfs(dockerd.dataRoot);
        expect(data).toMatchObject({ capacity: blocks * bsize, inodes: files });
        expect(data.available).toBeLessThan(data.capacity);
        const online = (await readFile("/sys/devices/system/cpu/online", "utf8")).trim();
        expect((await driver.hardware(signal)).numa.map(({ cpus }) => cpus).join()).toBe(online);
        // Our own program is no image that anybody could miss.
        expect((await driver.images(signal)).flatMap(({ names }) => names.filter((name) => /toolbox/.test(name)))).toEqual([]); // prettier-ignore
      });

      test("an image goes with all of its names, but not from under a container, whoever made that", async () => {
        await using driver = open({ instance: "images" });
        await importBusybox(dockerd.docker, "spare:1", { files: { "etc/payload": randomBytes(1024) } });
        await dockerd.docker.getImage("spare:1").tag({ repo: "other/spare", tag: "2" });
        const spare = await named(driver, "spare:1");
        if (spare === undefined) throw new Error("it is not there");
        expect(spare).toMatchObject({
          names: expect.arrayContaining(["spare:1", "other/spare:2"]) as string[],
          used: false,
        });
        const theirs = await dockerd.docker.createContainer({ Image: spare.id, Cmd: ["true"] });
        expect(await named(driver, "spare:1")).toMatchObject({ used: true });
        // Who removes it has not heard of the container yet.
        expect(await driver.removeImage({ ...spare, names: [] }, signal)).toBe(false);
        await theirs.remove();
        expect(await driver.removeImage(spare, signal)).toBe(true);
        expect(await named(driver, "other/spare:2")).toBeUndefined();
        expect(await driver.removeImage(spare, signal)).toBe(true);
      });
    });

    describe("a container's processes", () => {
      /** What a script says that runs in a container with these fields. */
      const says = async (script: string, fields: object): Promise<string> => {
        await using driver = open();
        const container = containerOf({ image, command: ["sh", "-c", script], restartPolicy: "Never", ...fields });
        await driver.perform({ do: "create", container, start: true }, signal);
        const { id } = await only(driver, container);
        const said = await text(driver.logs(id, { follow: true }, signal));
        await driver.perform({ do: "remove", id, why: "test" }, signal);
        return said.trim();
      };
      const status = (field: string): string => `grep '^${field}:' /proc/self/status | cut -f 2`;
      /** Of linux/capability.h. */
      const [chown, netBindService, netAdmin] = [1n << 0n, 1n << 10n, 1n << 12n];
      const capabilities = async (securityContext: object): Promise<bigint> =>
        BigInt(`0x${await says(status("CapEff"), { securityContext })}`);

      test("have the capabilities that are asked for", async () => {
        expect((await capabilities({})) & (chown | netAdmin)).toBe(chown);
        expect(await capabilities({ capabilities: { drop: ["ALL"] } })).toBe(0n);
        expect(await capabilities({ capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } })).toBe(netBindService);
        expect(
          (await capabilities({ capabilities: { add: ["NET_ADMIN"], drop: ["CHOWN"] } })) & (chown | netAdmin),
        ).toBe(netAdmin);
      });

      const deny = JSON.stringify({
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
      });
      const hosts = [
        { ip: "192.0.2.1", hostnames: ["one.test", "uno.test"] },
        { ip: "2001:db8::2", hostnames: ["two.test"] },
      ];
      const dns = {
        nameservers: ["192.0.2.53"],
        searches: ["a.test", "b.test"],
        options: [{ name: "ndots", value: "3" }, { name: "rotate" }],
      };
      test.each<[string, object, string, string | RegExp]>([
        ["no_new_privs", { securityContext: { allowPrivilegeEscalation: false } }, status("NoNewPrivs"), "1"],
        ["may gain privileges by default", {}, status("NoNewPrivs"), "0"],
        ["the Engine's seccomp profile by default", {}, status("Seccomp"), "2"],
        [
          "the same asked for",
          { securityContext: { seccompProfile: { type: "RuntimeDefault" } } },
          status("Seccomp"),
          "2",
        ],
        ["no seccomp", { securityContext: { seccompProfile: { type: "Unconfined" } } }, status("Seccomp"), "0"],
        [
          "a seccomp profile that travels",
          { securityContext: { seccompProfile: { type: "Localhost", localhostProfile: deny } } },
          "mkdir /tmp/x || touch /tmp/y && ls /tmp",
          /Operation not permitted\ny$/,
        ],
        [
          "a root that cannot be written",
          { securityContext: { readOnlyRootFilesystem: true } },
          "touch /x",
          /Read-only file system/,
        ],
        [
          "user and group by number",
          { securityContext: { runAsUser: 7, runAsGroup: 8 } },
          "id",
          "uid=7 gid=8 groups=8",
        ],
        ["a group alone", { securityContext: { runAsGroup: 8 } }, "id -u; id -g", "0\n8"],
        [
          "further groups",
          { securityContext: { runAsUser: 7, runAsGroup: 8, supplementalGroups: [9, 10] } },
          "id -G",
          "8 9 10",
        ],
        [
          "kernel parameters, with dots or slashes",
          {
            securityContext: {
              sysctls: [
                { name: "net.ipv4.ping_group_range", value: "5 6" },
                { name: "net/ipv4/ip_unprivileged_port_start", value: "77" },
              ],
            },
          },
          "cat /proc/sys/net/ipv4/ping_group_range /proc/sys/net/ipv4/ip_unprivileged_port_start",
          "5\t6\n77",
        ],
        ["ulimits", { ulimits: [{ name: "nofile", soft: 100, hard: 200 }] }, "ulimit -S -n; ulimit -H -n", "100\n200"],
        ["64 MiB of /dev/shm by default", {}, "df -k /dev/shm | awk 'END { print $2 }'", "65536"],
        ["as much of it as asked for", { shmSize: "1Mi" }, "df -k /dev/shm | awk 'END { print $2 }'", "1024"],
        [
          "resolv.conf",
          { dnsConfig: dns },
          "grep -v '^#' /etc/resolv.conf",
          "search a.test b.test\nnameserver 192.0.2.53\noptions ndots:3 rotate",
        ],
        [
          "further lines of hosts",
          { hostAliases: hosts },
          "grep test$ /etc/hosts",
          "192.0.2.1\tone.test\n192.0.2.1\tuno.test\n2001:db8::2\ttwo.test",
        ],
        [
          "devices of the host",
          { devices: [{ hostPath: "/dev/full", containerPath: "/dev/brimful", permissions: "r" }] },
          "head -c 1 /dev/brimful | wc -c; test -e /dev/full && stat -c %t:%T /dev/brimful",
          "1\n1:7",
        ],
        ["CPUs of the host", { cpuset: "0" }, status("Cpus_allowed_list"), "0"],
      ])("have %s", async (_, fields, script, expected) => {
        const said = await says(`(${script}) 2>&1`, fields);
        if (typeof expected === "string") expect(said).toBe(expected);
        else expect(said).toMatch(expected);
      });

      test.each<[string, string]>([
        ["hostNetwork", "net"],
        ["hostPID", "pid"],
        ["hostIPC", "ipc"],
      ])("share the host's namespace with %s, and have their own without", async (field, namespace) => {
        const script = `readlink /proc/self/ns/${namespace}`;
        const hosts = await readlink(`/proc/self/ns/${namespace}`);
        expect(await says(script, { [field]: true })).toBe(hosts);
        expect(await says(script, {})).not.toBe(hosts);
      });

      test("on the host's network have its name", async () => {
        expect(await says("hostname", { hostNetwork: true, ports: [{ containerPort: 80, hostPort: 80 }] })).toBe(
          hostname(),
        );
        expect(await says("hostname", { hostNetwork: true, hostname: "mine" })).toBe("mine");
      });

      // What cannot be seen from inside, or not on every machine: starting a privileged container needs all capabilities.
      const logging = { driver: "json-file", options: { "max-size": "1m", "max-file": "3" } };
      test.each<[string, object, object]>([
        ["are privileged", { securityContext: { privileged: true } }, { Privileged: true }],
        ["log where the Container says", { logging }, { LogConfig: { Type: logging.driver, Config: logging.options } }],
        [
          "may do with a device what is asked for",
          { devices: [{ hostPath: "/dev/full", permissions: "r" }] },
          { Devices: [{ PathOnHost: "/dev/full", PathInContainer: "/dev/full", CgroupPermissions: "r" }] },
        ],
      ])("%s", async (_, fields, config) => {
        await using driver = open();
        const container = containerOf({ image, ...fields });
        await driver.perform({ do: "create", container, start: false }, signal);
        const { id } = await only(driver, container);
        expect((await dockerd.docker.getContainer(id).inspect()).HostConfig).toMatchObject(config);
      });
    });

    describe("runAsNonRoot", () => {
      const create = async (securityContext: object, of = image, more: object = {}): Promise<void> => {
        await using driver = open();
        const container = containerOf({
          image: of,
          securityContext: { runAsNonRoot: true, ...securityContext },
          ...more,
        });
        await driver.perform({ do: "create", container, start: false }, signal);
        const { id } = await only(driver, container);
        await driver.perform({ do: "remove", id, why: "test" }, signal);
      };
      const refused = (words: string): Error => refusal("CreateContainerConfigError", words);

      beforeAll(async () => {
        await importBusybox(dockerd.docker, "numbered:lab", { changes: ['CMD ["sh"]', "USER 1000:5"] });
        await importBusybox(dockerd.docker, "named:lab", { changes: ['CMD ["sh"]', "USER somebody"] });
      });

      test("is content with a number other than 0, of the Container or of the image", async () => {
        await create({ runAsUser: 7 });
        await create({}, image, { user: "7" });
        await create({}, "numbered:lab");
        await create({ runAsUser: 7 }, "named:lab");
      });

      test("refuses what would be root, or might be", async () => {
        await expect(create({})).rejects.toEqual(refused("container has runAsNonRoot and image will run as root"));
        await expect(create({}, image, { user: "root" })).rejects.toEqual(refused("will run as root"));
        await expect(create({ runAsUser: 0 }, "numbered:lab")).rejects.toEqual(refused("breaks non-root policy"));
        await expect(create({}, "named:lab")).rejects.toEqual(refused("non-numeric user (somebody)"));
      });

      test("a group alone goes with the image's user", async () => {
        await using driver = open();
        const container = containerOf({
          image: "numbered:lab",
          securityContext: { runAsGroup: 9 },
          command: ["id"],
          restartPolicy: "Never",
        });
        await driver.perform({ do: "create", container, start: true }, signal);
        const { id } = await only(driver, container);
        expect(await text(driver.logs(id, { follow: true }, signal))).toBe("uid=1000 gid=9 groups=9\n");
      });
    });

    test("CPUs and the most processes change in place", async () => {
      await using driver = open();
      const asked = (fields: object): Container =>
        containerOf(
          { image, command: ["sleep", "1000000"], ...fields },
          "changing",
          "11111111-1111-4111-8111-111111111111",
        );
      await driver.perform({ do: "create", container: asked({ cpuset: "0", pidsLimit: 5 }), start: true }, signal);
      const { id } = await only(driver, asked({}));
      const becomes = async (fields: object): Promise<unknown> => {
        await driver.perform({ do: "update", id, to: driver.inPlace(asked(fields).spec) }, signal);
        return (await only(driver, asked({}))).inPlace;
      };
      expect(await becomes({ cpuset: "0-1", pidsLimit: 7 })).toMatchObject({ cpuset: "0-1", pidsLimit: 7 });
      expect(await becomes({ cpuset: "1" })).toMatchObject({ cpuset: "1", pidsLimit: 0 });
      await driver.perform({ do: "remove", id, why: "test" }, signal);
    });

    test.each<[string, object, string]>([
      ["a device that is not there", { devices: [{ hostPath: "/dev/nothing" }] }, "correct spec.devices"],
      ["CPUs that are not there", { cpuset: "4000" }, "correct spec.cpuset"],
      ["a logging driver that is not there", { logging: { driver: "telegraph" } }, "correct spec.logging"],
      [
        "a seccomp profile that is none",
        { securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "{" } } },
        "correct securityContext.seccompProfile.localhostProfile",
      ],
      [
        "a capability that is not there",
        { securityContext: { capabilities: { add: ["FLYING"] } } },
        "correct securityContext.capabilities",
      ],
      [
        "a kernel parameter that is the host's",
        { securityContext: { sysctls: [{ name: "kernel.panic", value: "1" }] } },
        "correct securityContext.sysctls",
      ],
    ])("%s is refused, with what to do", async (_, fields, advice) => {
      await using driver = open();
      const container = containerOf({ image, ...fields });
      await expect(driver.perform({ do: "create", container, start: true }, signal)).rejects.toThrow(advice);
    });

    // Deleting a few containers with long grace periods must not keep a host from everything else.
    test("waiting for a container to stop holds no slot", async () => {
      await using driver = open({ concurrency: 1 });
      const stubborn = containerOf({ image, command: ["sleep", "1000000"] });
      await driver.perform({ do: "create", container: stubborn, start: true }, signal);
      const { id } = await only(driver, stubborn);
      const waiting = new AbortController();
      const stop = driver.perform({ do: "stop", id, graceSeconds: 3600 }, waiting.signal);
      await driver.perform({ do: "create", container: containerOf({ image }), start: false }, signal);
      waiting.abort(new Error("waited enough"));
      await expect(stop).rejects.toThrow("waited enough");
      await driver.perform({ do: "remove", id, why: "test" }, signal);
    });

    test("with live-restore containers outlive their Engine", async () => {
      await using driver = open();
      const container = containerOf({ image, command: ["sleep", "1000000"] });
      await driver.perform({ do: "create", container, start: true }, signal);
      const before = await only(driver, container);
      await dockerd.kill9();
      await expect(driver.ping(signal)).rejects.toThrow(HostUnreachableError);
      await dockerd.restart();
      expect(await only(driver, container)).toEqual(before);
      await driver.perform({ do: "remove", id: before.id, why: "test" }, signal);
    });

    test("what the image's HEALTHCHECK says is seen while it runs", async () => {
      await using driver = open();
      // The API that imports images knows no HEALTHCHECK: one that was made with it stands for such an image.
      const script = "cat /tmp/health && exit 0; echo ill; exit 1";
      const Healthcheck = { Test: ["CMD-SHELL", script], Interval: 1e9, Timeout: 30e9, Retries: 1, StartPeriod: 0 };
      const model = await dockerd.docker.createContainer({ Image: image, Healthcheck });
      await model.commit({ repo: "checked", tag: "lab" });
      await model.remove();
      const container = containerOf({ image: "checked:lab", command: ["sleep", "1000000"] });
      await driver.perform({ do: "create", container, start: true }, signal);
      const health = async (): Promise<unknown> => (await only(driver, container)).health;
      await expect.poll(health, { timeout: 30_000 }).toMatchObject({
        status: "unhealthy",
        output: expect.stringContaining("ill") as string,
      });
      const { id } = await only(driver, container);
      await driver.exec(id, ["sh", "-c", "echo well > /tmp/health"], { timeoutMs: 30_000, maxOutput: 0 }, signal);
      await expect.poll(health, { timeout: 30_000 }).toEqual({ status: "healthy", output: "well\n" });
      await driver.perform({ do: "stop", id, graceSeconds: 0 }, signal);
      expect(await health()).toBeUndefined();
      await driver.perform({ do: "remove", id, why: "test" }, signal);
    });

    test("what `docker update` changed is seen and put back", async () => {
      await using driver = open();
      const container = containerOf({
        image,
        command: ["sleep", "1000000"],
        resources: { limits: { memory: "32Mi" } },
      });
      await driver.perform({ do: "create", container, start: true }, signal);
      const { id, inPlace } = await only(driver, container);
      await dockerd.docker.getContainer(id).update({ Memory: 2 ** 26, MemorySwap: 2 ** 27, CpuShares: 5 });
      expect((await only(driver, container)).inPlace).toEqual({ ...inPlace, memoryLimit: 2 ** 26, cpuShares: 5 });
      await driver.perform({ do: "update", id, to: inPlace }, signal);
      expect((await only(driver, container)).inPlace).toEqual(inPlace);
    });

    describe("over TLS", () => {
      const secure = (tls: object = {}, endpoint = dockerd.tcpEndpoint ?? ""): HostDriver => {
        const { ca = "", cert = "", key = "" } = dockerd.certificates ?? {};
        return DockerDriver.open({ hostName: "lab", instance: "tls", endpoint, tls: { ca, cert, key, ...tls } });
      };

      test("a client certificate opens it", async () => {
        await using driver = secure();
        const container = containerOf({ image });
        await driver.perform({ do: "create", container, start: true }, signal);
        expect((await driver.observe(ownerOf(container), signal)).map(({ owner }) => owner)).toEqual([
          ownerOf(container),
        ]);
      });

      test("serverName is what its certificate must be for", async () => {
        await using right = secure({ serverName: "engine.test" });
        await right.info(signal);
        await using wrong = secure({ serverName: "other.test" });
        await expect(wrong.info(signal)).rejects.toThrow(/other\.test/);
        await expect(wrong.info(signal)).rejects.toThrow(UnsupportedHostError);
      });

      test("an Engine whose certificate is from somebody else is not trusted", async () => {
        await using driver = secure({ ca: dockerd.certificates?.cert });
        await expect(driver.info(signal)).rejects.toThrow(UnsupportedHostError);
      });

      test("without TLS it says that the Host needs tls", async () => {
        await using driver = DockerDriver.open({
          hostName: "lab",
          instance: "tls",
          endpoint: dockerd.tcpEndpoint ?? "",
        });
        await expect(driver.info(signal)).rejects.toThrow(/a TLS port needs tls in the Host/);
      });
    });

    test.each([
      ["unix:///nowhere/docker.sock", "there is no such socket: start dockerd"],
      ["tcp://127.0.0.1:1", "nothing listens there: start dockerd"],
      ["tcp://nowhere.invalid:2375", "the name cannot be resolved"],
    ])("%s is unreachable: %s", async (endpoint, why) => {
      await using driver = DockerDriver.open({ hostName: "lab", instance: "docker", endpoint });
      await expect(driver.ping(signal)).rejects.toThrow(`Cannot reach the Docker Engine at ${endpoint}: ${why}`);
      await expect(driver.ping(signal)).rejects.toThrow(HostUnreachableError);
    });
  });
}
