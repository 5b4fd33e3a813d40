/** The fake Engine keeps the driver's contract as far as something can that runs nothing, and fails when told to. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DockerDriver } from "../../drivers/docker/docker-driver.ts";
import type { HostDriver } from "../../drivers/driver.ts";
import { FakeDockerEngine, fakeRegistryUser, faultImages } from "../fakes/docker-engine.ts";
import type { DriverLab, Skips } from "./driver.contract.ts";
import { containerOf, describeDriver, only, refusal } from "./driver.contract.ts";

const image = "busybox:lab";
const open = (engine: FakeDockerEngine, instance: string): HostDriver =>
  DockerDriver.open({ hostName: "lab", instance, endpoint: engine.endpoint });

async function startLab(): Promise<DriverLab> {
  const remoteImage = "127.0.0.1:5000/team/remote:v1";
  const secretImage = "127.0.0.1:5001/team/secret:v1";
  const engine = await FakeDockerEngine.start({
    images: [image],
    registry: { [remoteImage]: "open", [secretImage]: "secret" },
  });
  return {
    open: (instance) => open(engine, instance),
    image,
    remoteImage,
    secretImage,
    credentials: fakeRegistryUser,
    cut: () => engine.cut(),
    restore: () => engine.restore(),
    reboot: () => engine.reboot(),
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]();
      expect(engine.unknown).toEqual([]);
    },
  };
}

const noProcess = "its containers run nothing that could be looked at";
const skips: Skips = {
  "translates what the spec says": noProcess,
  "refuses a host port that is taken, and leaves the one that has it alone": noProcess,
  "stop lets the container end by itself, start runs it again; twice is as good as once": noProcess,
  "says when memory ran out": noProcess,
  "are what the container wrote, in order, of both outputs": noProcess,
  "follow until the container ends": noProcess,
  "follow until the signal aborts": noProcess,
  "of a terminal come as they are": noProcess,
  "is made beside the container, tells which one it is, and is made once": noProcess,
  "a command runs, and tells how it ended and what it wrote": noProcess,
  "no more of what it wrote is kept than was asked for": noProcess,
  "a command that takes too long is no longer waited for": noProcess,
  "a command that takes too long can be killed, with what it began, and nothing else is": noProcess,
  "a late command that cannot be found is told to be still running": noProcess,
  "a command that the image does not have has failed": noProcess,
  "nothing runs where the container does not": noProcess,
  "a port takes a connection, both ways, without any way there from outside": noProcess,
  "a port that nothing listens on refuses": noProcess,
  "of a megabyte come whole": noProcess,
};

describeDriver("Docker driver with the fake Engine", startLab, skips);

describe("the fake Engine", () => {
  let engine: FakeDockerEngine;
  let driver: HostDriver;
  const { signal } = new AbortController();
  beforeAll(async () => {
    engine = await FakeDockerEngine.start({ images: [image] });
    driver = open(engine, "faults");
  });
  afterAll(async () => {
    await driver[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  const create = (name: string, until = signal): Promise<void> =>
    driver.perform({ do: "create", container: containerOf({ image: name }), start: true }, until);

  test("fails to create and to start where an image's name asks for it", async () => {
    await expect(create(faultImages.create)).rejects.toEqual(refusal("CreateContainerError", "told to fail"));
    await expect(create(faultImages.start)).rejects.toEqual(refusal("StartError", "told to fail"));
  });

  test("never answers where an image's name asks for that", async () => {
    const patience = new AbortController();
    const container = containerOf({ image: faultImages.silence });
    const creating = driver.perform({ do: "create", container, start: true }, patience.signal);
    await expect.poll(async () => (await driver.owners(signal)).some(({ uid }) => uid === container.metadata.uid)).toBe(true); // prettier-ignore
    patience.abort(new Error("waited enough"));
    await expect(creating).rejects.toThrow("waited enough");
    expect((await only(driver, container)).state).toBe("created");
  });

  test("lets the toolbox look at its machine", async () => {
    const { data } = await driver.disks(signal);
    expect(data.available / data.capacity).toBe(0.5);
    expect(await driver.hardware(signal)).toEqual({ numa: [{ id: 0, cpus: "0-7" }], devices: [] });
    expect((await driver.images(signal)).map(({ names }) => names[0])).toContain(image);
  });

  test("tells what it was asked and does not know", async () => {
    const response = await fetch(`${engine.endpoint.replace("tcp", "http")}/v1.41/system/df`);
    expect(response.status).toBe(501);
    expect(engine.unknown).toEqual(["GET /system/df"]);
  });
});
