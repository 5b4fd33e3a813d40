import { expect, test } from "vitest";
import type { Disks, FileSystem, StoredImage } from "../../drivers/driver.ts";
import { containerOf, hostOf } from "../../test/fakes/objects.ts";
import { pressureOf, removalOf, size, unusedSince, usedPercent } from "./disk.ts";

const GiB = 2 ** 30;
const fs = (available: number, fields: Partial<FileSystem> = {}): FileSystem => ({
  capacity: 100 * GiB,
  available: available * GiB,
  inodes: 1000,
  inodesFree: 900,
  ...fields,
});
const one = (available: number): Disks => ({ data: fs(available), images: fs(available) });
const specOf = (fields: object = {}): ReturnType<typeof hostOf>["spec"] => hostOf("a", { spec: fields }).spec;
const image = (id: string, fields: Partial<StoredImage> = {}): StoredImage => ({
  id,
  names: [`${id}:1`],
  sizeBytes: 4 * GiB,
  used: false,
  ...fields,
});

test.each<[string, Disks, object, string | undefined]>([
  ["enough room", one(11), {}, undefined],
  ["too little", one(10), {}, "The disk for data and images is 90 % full, with 10.0 GiB of 100 GiB left (spec.diskPressurePercent is 90)"], // prettier-ignore
  ["enough, by the Host's own measure", one(10), { diskPressurePercent: 95 }, undefined],
  [
    "a disk of its own for images, which is full",
    { data: fs(50), images: fs(0.5, { capacity: 20 * GiB }) },
    {},
    "The disk for images is 98 % full, with 512 MiB of 20.0 GiB left (spec.diskPressurePercent is 90)",
  ],
  [
    "no inodes",
    { data: fs(50, { inodesFree: 49 }), images: fs(50, { inodesFree: 49 }) },
    {},
    "The disk for data and images has 49 of 1000 inodes left, less than 5 %",
  ],
  ["a file system that counts none", { data: fs(50, { inodes: 0, inodesFree: 0 }), images: fs(50, { inodes: 0, inodesFree: 0 }) }, {}, undefined], // prettier-ignore
])("%s", (_, disks, spec, expected) => {
  expect(pressureOf(disks, specOf(spec))).toBe(expected);
});

test("fullness is rounded up, as kubelet does", () => {
  expect(usedPercent({ capacity: 1000, available: 149, inodes: 0, inodesFree: 0 })).toBe(86);
  expect(usedPercent({ capacity: 0, available: 0, inodes: 0, inodesFree: 0 })).toBe(0);
  expect([0, 999, 1024, 1.5 * 2 ** 20, 300 * GiB].map(size)).toEqual(["0 B", "999 B", "1.0 KiB", "1.5 MiB", "300 GiB"]);
});

test("an image is unused since it was seen first, or was used last", () => {
  const first = unusedSince(new Map(), [image("a"), image("b", { used: true })], 1000);
  const second = unusedSince(first, [image("a"), image("b"), image("c")], 2000);
  expect([...second]).toEqual([
    ["a", 1000],
    ["b", 1000],
    ["c", 2000],
  ]);
  expect([...unusedSince(second, [image("c", { used: true })], 3000)]).toEqual([["c", 3000]]);
});

const minute = 60_000;
const now = 60 * minute;
/** Named by the minutes since when they are unused. */
const unused = new Map([["30", 30 * minute], ["20", 20 * minute], ["40", 40 * minute], ["59", 59 * minute]]); // prettier-ignore
const all = ["59", "40", "30", "20"].map((id) => image(id));

test.each<[string, number, object, readonly StoredImage[], readonly string[] | undefined]>([
  ["nothing below the threshold", 16, {}, all, undefined],
  ["the longest unused first, until there is room", 14, {}, all, ["20", "30"]],
  ["none that is used", 14, {}, all.map((it) => ({ ...it, used: it.id === "20" })), ["30", "40"]],
  ["none that is young, whatever is wanted", 1, {}, all, ["20", "30", "40"]],
  ["young ones where the Host says so", 1, { imageGC: { minimumAgeSeconds: 0 } }, all, ["20", "30", "40", "59"]],
  ["by the Host's own thresholds", 40, { imageGC: { highThresholdPercent: 60, lowThresholdPercent: 58 } }, all, ["20"]],
  ["nothing where it is switched off", 0, { imageGC: { highThresholdPercent: 100 } }, all, undefined],
])("removes %s", (_, available, spec, stored, expected) => {
  const removal = removalOf(one(available), specOf(spec), stored, { unused, bound: [], now });
  expect(removal?.images.map(({ id }) => id)).toEqual(expected);
});

test("what a bound Container asks for stays, however it is spelled, also while it has no container", () => {
  const stored = [
    image("20", { names: ["docker.io/library/web:latest"] }),
    image("30", { names: ["job:2"] }),
    image("40", { names: [] }),
  ];
  const bound = [containerOf({ image: "web", initContainers: [{ name: "i", image: "docker.io/library/job:2" }] })];
  const removal = removalOf(one(0), specOf(), stored, { unused, bound, now });
  expect(removal?.images.map(({ id }) => id)).toEqual(["40"]);
  expect(removal?.wanted).toBe(20 * GiB);
});
