import { expect, test } from "vitest";
import type { ImageResource } from "../../../crds/openstack/image.ts";
import { FakeClock } from "../../../test/fakes/clock.ts";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { WaitingError } from "../actuator.ts";
import type { ImageAndUpload } from "./image.ts";
import { imageActuator } from "./image.ts";

const clock = new FakeClock();
const now = clock.now();
const ago = (ms: number): Date => new Date(now.getTime() - ms);
const actuator = imageActuator({ clock, sources: { mayReadFrom: () => false, drivers: { get: () => undefined } } });
const tag = "stowage.dev/uid=u1";
const resource: ImageResource = {
  content: { containerFormat: "bare", diskFormat: "raw", download: { url: "http://example.org/disk.raw" } },
};
const remote: ImageAndUpload = { id: "i1", name: "web", status: "active", protected: false, tags: [tag] };

const whats = (wanted: object, there: object = remote): readonly string[] =>
  actuator
    .changes(contextOf(), { ...resource, ...wanted }, { ...remote, ...there }, { now, wasReady: false })
    .map(({ what }) => what);

test("create() gives it its mark at once, so that leftBehind() is exact", async () => {
  const image = { id: "i1", status: "queued", tags: ["a", tag] };
  const cloud = new ScriptedCloud(({ method }) =>
    method === "POST" ? image : { images: [image, { id: "i2", tags: ["a"] }] },
  );
  const properties = { minDiskGB: 1, hardware: { cpuCores: 2, qemuGuestAgent: true } };
  const made = await actuator.create(contextOf(cloud), { ...resource, tags: ["a"], properties });
  expect(await actuator.leftBehind(contextOf(cloud), resource)).toEqual([made]);
  expect(cloud.asked).toEqual([
    {
      method: "POST",
      path: "/images",
      body: {
        name: "web",
        container_format: "bare",
        disk_format: "raw",
        tags: ["a", tag],
        min_disk: 1,
        hw_cpu_cores: "2",
        hw_qemu_guest_agent: "true",
      },
    },
    { method: "GET", path: "/images", query: { tag, owner: "home" } },
  ]);
});

test("changes() finds nothing to do where all is as asked", () => {
  expect(whats({})).toEqual([]);
  expect(whats({}, { tags: [tag, "theirs"], visibility: "shared" })).toEqual([]);
});

test("changes() is one JSON patch for all that differs", async () => {
  const cloud = new ScriptedCloud(() => ({ id: "i1" }));
  const wanted = {
    ...resource,
    name: "other",
    protected: true,
    tags: ["a"],
    properties: { architecture: "x86_64" as const },
  };
  const changes = actuator.changes(contextOf(), wanted, remote, { now, wasReady: true });
  expect(changes.map(({ what }) => what)).toEqual([
    'set protected to true, architecture to "x86_64", name to "other", tags to ["a","stowage.dev/uid=u1"]',
  ]);
  await changes[0]?.perform(contextOf(cloud));
  expect(cloud.asked[0]).toEqual({
    method: "PATCH",
    path: "/images/i1",
    body: [
      { op: "replace", path: "/name", value: "other" },
      { op: "replace", path: "/protected", value: true },
      { op: "replace", path: "/tags", value: ["a", tag] },
      { op: "add", path: "/architecture", value: "x86_64" },
    ],
  });
});

test.each([
  { why: "what has no data gets it", there: { status: "queued" }, want: ["upload its data"] },
  {
    why: "what is getting it is left alone",
    there: { status: "queued", upload: { kind: "running", sent: 1, length: 2 } },
    want: [],
  },
  {
    why: "an upload that nobody is at may still end",
    there: { status: "saving", updatedAt: ago(60_000).toISOString() },
    want: [],
  },
  {
    why: "an upload that nobody is at for long has broken off",
    there: { status: "saving", updatedAt: ago(180_000).toISOString(), name: "other" },
    want: ["delete it, because its upload broke off"],
  },
  {
    why: "what Glance has given up is made again",
    there: { status: "killed" },
    want: ["delete it, because its upload broke off"],
  },
])("$why", ({ there, want }) => {
  expect(whats({}, there)).toEqual(want);
});

test("what failed is told again until it is tried again", async () => {
  const error = new WaitingError("no such host", 30_000);
  const failed = (at: Date): ImageAndUpload => ({ ...remote, status: "queued", upload: { kind: "failed", error, at } });
  const [soon] = actuator.changes(contextOf(), resource, failed(ago(10_000)), { now, wasReady: false });
  await expect(soon?.perform(contextOf())).rejects.toBe(error);
});

test("a wrong or missing source is told at once", async () => {
  const cloud = new ScriptedCloud(() => ({ id: "i1", status: "queued" }));
  const url = "http://169.254.169.254/latest";
  const refused: ImageResource = { content: { containerFormat: "bare", diskFormat: "raw", download: { url } } };
  const [upload] = actuator.changes(contextOf(), refused, { ...remote, status: "queued" }, { now, wasReady: false });
  await expect(upload?.perform(contextOf(cloud))).rejects.toThrow("is not a public address");
});

test("delete() takes protection off only where the spec does not ask for it", async () => {
  const cloud = new ScriptedCloud(() => ({ id: "i1" }));
  const kept = { ...remote, protected: true };
  await expect(actuator.delete(contextOf(cloud), kept, { ...resource, protected: true })).rejects.toThrow(WaitingError);
  expect(cloud.asked).toEqual([]);
  expect(await actuator.delete(contextOf(cloud), kept, resource)).toBe("gone");
  expect(cloud.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(["PATCH /images/i1", "DELETE /images/i1"]);
});

test.each([
  { there: { status: "active" }, want: { kind: "ready" } },
  { there: { status: "queued" }, want: { kind: "waiting", takesChanges: true } },
  { there: { status: "saving" }, want: { kind: "waiting", takesChanges: false } },
  {
    there: { status: "saving", updatedAt: ago(180_000).toISOString() },
    want: { kind: "waiting", takesChanges: true },
  },
  {
    there: { status: "saving", upload: { kind: "running", sent: 3 * 2 ** 20, length: 8 * 2 ** 20 } } as const,
    want: { kind: "waiting", message: "Uploading the image's data: 3 of 8 MiB sent" },
  },
  { there: { status: "deactivated" }, want: { kind: "failed" } },
])("stateOf() of $there.status", ({ there, want }) => {
  expect(actuator.stateOf({ ...remote, ...there }, now)).toMatchObject(want);
});

test("observe() is in ORC's words", () => {
  const observed = actuator.observe({ ...remote, osHashAlgo: "sha512", osHashValue: "ab", size: 7, minDisk: 1 });
  expect(observed).toMatchObject({
    status: "active",
    hash: { algorithm: "sha512", value: "ab" },
    sizeB: 7,
    minDiskGB: 1,
    tags: [tag],
  });
  expect(observed).not.toHaveProperty("upload");
});
