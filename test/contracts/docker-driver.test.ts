/** The Docker driver keeps the driver's contract against a real dockerd, and what is particular to Docker. */
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DockerDriver } from "../../drivers/docker/docker-driver.ts";
import { HostUnreachableError, UnsupportedHostError } from "../../drivers/driver.ts";
import type { HostDriver } from "../../drivers/driver.ts";
import { labels } from "../../drivers/labels.ts";
import { Dockerd, dockerdMissing } from "../lab/docker.ts";
import { imagesMissing, importBusybox } from "../lab/images.ts";
import { Registry, registryMissing } from "../lab/registry.ts";
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
