import { expect, test } from "vitest";
import type { Container } from "../../crds/container.ts";
import type { FileSystem, StoredImage } from "../../drivers/driver.ts";
import { HostUnreachableError, StepError } from "../../drivers/driver.ts";
import { FakeClock, settle } from "../../test/fakes/clock.ts";
import { containerOf, hostOf } from "../../test/fakes/objects.ts";
import type { SurveyorOptions } from "./survey.ts";
import { Surveyor } from "./survey.ts";

const MiB = 2 ** 20;
const image = (id: string): StoredImage => ({ id, names: [`${id}:1`], sizeBytes: 10 * MiB, used: false });

/** A host with a disk of 100 MiB, of which each image takes 10 and something else `filled`. */
class Machine {
  readonly clock = new FakeClock();
  readonly events: string[] = [];
  host = hostOf("a", { spec: { imageGC: { minimumAgeSeconds: 60 } } });
  images: readonly StoredImage[] = [];
  bound: readonly Container[] = [];
  /** Told of each image that was removed. */
  onRemoved: (id: string) => void = () => undefined;
  filled = 0;
  looks = 0;
  /** How often it is asked for its hardware. */
  closeLooks = 0;
  away = false;
  /** What it refuses to remove: an image that a container uses by now, or one that it cannot. */
  refuses: Readonly<Record<string, "used" | "error">> = {};

  survey(): Surveyor {
    const driver: SurveyorOptions["driver"] = {
      disks: async () => {
        if (this.away) throw new HostUnreachableError("away");
        this.looks++;
        const taken = this.filled + 10 * this.images.length;
        const fs: FileSystem = { capacity: 100 * MiB, available: (100 - taken) * MiB, inodes: 0, inodesFree: 0 };
        return { data: fs, images: fs };
      },
      hardware: async () => {
        if (this.away) throw new HostUnreachableError("away");
        this.closeLooks++;
        return { numa: [{ id: 0, cpus: "0-3" }], devices: [] };
      },
      images: async () => this.images,
      removeImage: async ({ id }) => {
        if (this.refuses[id] === "error") throw new StepError("RemoveError", `Cannot remove image "${id}:1": no`);
        if (this.refuses[id] === "used") return false;
        this.images = this.images.filter((one) => one.id !== id);
        this.onRemoved(id);
        return true;
      },
      volumes: async () => [],
      owners: async () => [],
    };
    return new Surveyor({
      driver,
      clock: this.clock,
      events: { event: (_about, type, reason, message) => this.events.push(`${type} ${reason}: ${message}`) },
      random: () => 0.5,
      host: () => this.host,
      bound: () => this.bound,
      orphans: () => ["lost"],
      found: () => undefined,
    });
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.pass(seconds * 1000);
  }
}

test("looks at the disk once a minute, and closely every ten", async () => {
  const machine = new Machine();
  using surveyor = machine.survey();
  await settle();
  expect(surveyor.survey).toMatchObject({ hardware: { numa: [{ cpus: "0-3" }] }, volumes: ["lost"] });
  expect([machine.looks, machine.closeLooks]).toEqual([1, 1]);
  for (let minute = 0; minute < 10; minute++) await machine.pass(60);
  expect([machine.looks, machine.closeLooks]).toEqual([11, 2]);
});

test("a host that was away is looked at as soon as it is back, and one that changed at once", async () => {
  const machine = new Machine();
  machine.away = true;
  using surveyor = machine.survey();
  await settle();
  expect(surveyor.survey).toEqual({});
  machine.away = false;
  surveyor.retry();
  await settle();
  expect(machine.looks).toBe(1);
  surveyor.retry();
  await settle();
  expect(machine.looks).toBe(1);
  surveyor.again();
  await settle();
  expect(machine.looks).toBe(2);
});

test("remembers when the disk was too full last, until another measure is asked for", async () => {
  const machine = new Machine();
  machine.filled = 95;
  using surveyor = machine.survey();
  await settle();
  await machine.pass(60);
  machine.filled = 40;
  const pressedAt = machine.clock.now();
  await machine.pass(60);
  expect(surveyor.survey).toMatchObject({ disks: { data: { available: 60 * MiB } }, pressedAt });
  surveyor.again();
  await settle();
  expect(surveyor.survey.pressedAt).toBeUndefined();
});

test.each([
  ["True", 1, true],
  ["False", 1, false],
  // By another measure than today's.
  ["True", 0, false],
] as const)(
  "begins where the status says DiskPressure=%s of generation %i: %o",
  async (status, generation, pressed) => {
    const machine = new Machine();
    const condition = { type: "DiskPressure", status, observedGeneration: generation, reason: "Test", message: "" };
    const conditions = [{ ...condition, lastTransitionTime: "2026-01-01T00:00:00Z" }];
    machine.host = { ...machine.host, status: { conditions } };
    const began = machine.clock.now();
    using surveyor = machine.survey();
    await settle();
    expect(surveyor.survey.pressedAt).toEqual(pressed ? began : undefined);
  },
);

test("looks no more once it is disposed of", async () => {
  const machine = new Machine();
  const surveyor = machine.survey();
  await settle();
  surveyor[Symbol.dispose]();
  await machine.pass(600);
  expect(machine.looks).toBe(1);
});

test("removes what was unused for long enough, tells of it once, and looks again", async () => {
  const machine = new Machine();
  machine.images = ["a", "b", "c"].map(image);
  machine.filled = 60;
  using surveyor = machine.survey();
  await settle();
  expect(machine.images).toHaveLength(3);
  const tooYoung =
    "Warning FreeDiskSpaceFailed: The disk is 90 % full, and of the 10.0 MiB that images should make free 0 B could be had: the others are in use or too young";
  expect(machine.events).toEqual([tooYoung]);
  await machine.pass(60);
  expect(machine.images.map(({ id }) => id)).toEqual(["b", "c"]);
  expect(machine.events.slice(1)).toEqual([
    "Normal ImagesRemoved: Removed a:1, 10.0 MiB, which nothing used: the disk was 90 % full",
  ]);
  expect(surveyor.survey.disks?.images.available).toBe(20 * MiB);
});

test("what somebody wants who was bound in the midst of it stays", async () => {
  const machine = new Machine();
  machine.images = ["a", "b", "c"].map(image);
  machine.filled = 70;
  machine.onRemoved = () => {
    machine.bound = [containerOf({ image: "b:1" })];
  };
  using _surveyor = machine.survey();
  await settle();
  await machine.pass(60);
  expect(machine.images.map(({ id }) => id)).toEqual(["b", "c"]);
});

test("what the host refuses stays, and is told", async () => {
  const machine = new Machine();
  machine.images = ["a", "b", "c"].map(image);
  machine.filled = 70;
  machine.refuses = { a: "used", b: "error" };
  using _surveyor = machine.survey();
  await settle();
  await machine.pass(60);
  expect(machine.images.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  expect(machine.events.slice(1)).toEqual(['Warning ImageGCFailed: Cannot remove image "b:1": no']);
});
