import { expect, test } from "vitest";
import type { VolumeResource } from "../../../crds/openstack/volume.ts";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { ready, WaitingError } from "../actuator.ts";
import { volumeActuator as actuator } from "./volume.ts";

const now = new Date("2026-01-01T00:00:00Z");
const moment = { now, wasReady: true };
const metadata = { "stowage.dev:uid": "u1" };
const remote = { id: "v1", name: "web", description: "", size: 1, status: "available", metadata };
const cloudCredentialsRef = { secretName: "clouds", cloudName: "lab" };

const whats = (resource: VolumeResource, now_: object = remote): readonly string[] =>
  actuator.changes(contextOf(), resource, { ...remote, ...now_ }, moment).map(({ what }) => what);

test("references() names what it is made of", () => {
  const resource = { size: 1, volumeTypeRef: "gold", imageRef: "debian" };
  expect(actuator.references({ cloudCredentialsRef, resource }).map(({ field, name }) => `${field} ${name}`)).toEqual([
    "resource.volumeTypeRef gold",
    "resource.imageRef debian",
  ]);
  expect(actuator.references({ cloudCredentialsRef })).toEqual([]);
});

test("create() gives it its mark at once, so that leftBehind() is exact", async () => {
  const volume = { ...remote, status: "creating" };
  const cloud = new ScriptedCloud(({ method }) =>
    method === "POST" ? { volume } : { volumes: [volume, { ...volume, id: "v2", metadata: {} }] },
  );
  const context = contextOf(cloud);
  const made = await actuator.create(context, { size: 1, volumeTypeRef: "gold", snapshotRef: "yesterday" });
  expect(await actuator.leftBehind(context, { size: 1 })).toEqual([made]);
  expect(cloud.asked).toEqual([
    {
      method: "POST",
      path: "/volumes",
      body: {
        volume: {
          name: "web",
          size: 1,
          metadata,
          volume_type: "volumetypes/gold",
          snapshot_id: "volumesnapshots/yesterday",
        },
      },
    },
    { method: "GET", path: "/volumes/detail", query: { metadata: '{"stowage.dev:uid":"u1"}' } },
  ]);
});

test("find() asks for the name only, and looks at the rest itself", async () => {
  const cloud = new ScriptedCloud(() => ({ volumes: [remote, { ...remote, id: "v2", size: 2 }] }));
  expect(await actuator.find(contextOf(cloud), { name: "web", size: 2 })).toEqual([{ ...remote, id: "v2", size: 2 }]);
  expect(cloud.asked).toEqual([{ method: "GET", path: "/volumes/detail", query: { name: "web" } }]);
});

test("changes() finds nothing to do where all is as asked", () => {
  expect(whats({ size: 1 })).toEqual([]);
});

test("changes() extends last", () => {
  expect(whats({ size: 3, name: "other", metadata: [{ name: "a", value: "1" }] })).toEqual([
    'set name to "other"',
    'set metadata a to "1"',
    "extend it from 1 to 3 GiB",
  ]);
});

test("changes() leaves a volume that somebody else has extended", () => {
  expect(whats({ size: 1 }, { size: 5 })).toEqual([]);
});

test("changes() clears a description that is no longer asked for", () => {
  expect(whats({ size: 1 }, { description: "old" })).toEqual(['set description to ""']);
});

test("changes() touches nothing that has failed and may have data", () => {
  expect(whats({ size: 3, name: "other" }, { status: "error_extending" })).toEqual([]);
  expect(whats({ size: 1 }, { status: "error", createdAt: "2025-01-01T00:00:00Z" })).toEqual([]);
});

test("an extension waits while the volume is busy", async () => {
  const [extension] = actuator.changes(contextOf(), { size: 2 }, { ...remote, status: "backing-up" }, moment);
  await expect(extension?.perform(contextOf())).rejects.toThrow(WaitingError);
});

test("an extension is asked for, and looked at again", async () => {
  const extending = { ...remote, status: "extending" };
  const cloud = new ScriptedCloud(({ method }) => (method === "GET" ? { volume: extending } : undefined));
  const [extension] = actuator.changes(contextOf(), { size: 2 }, remote, moment);
  expect(await extension?.perform(contextOf(cloud))).toEqual(extending);
  expect(cloud.asked).toEqual([
    { method: "POST", path: "/volumes/v1/action", body: { "os-extend": { new_size: 2 } } },
    { method: "GET", path: "/volumes/v1" },
  ]);
});

test("delete() asks once, and then waits", async () => {
  const cloud = new ScriptedCloud();
  expect(await actuator.delete(contextOf(cloud), remote, { size: 1 })).toBe("going");
  expect(await actuator.delete(contextOf(cloud), { ...remote, status: "deleting" }, { size: 1 })).toBe("going");
  expect(cloud.asked).toEqual([{ method: "DELETE", path: "/volumes/v1" }]);
});

test.each([
  { status: "available", kind: "ready" },
  { status: "in-use", kind: "ready" },
  { status: "backing-up", kind: "ready" },
  { status: "creating", kind: "waiting" },
  { status: "downloading", kind: "waiting" },
  { status: "extending", kind: "waiting" },
  { status: "error", kind: "failed" },
  { status: "error_extending", kind: "failed" },
  { status: "error_deleting", kind: "failed" },
])("a volume that is $status is $kind", ({ status, kind }) => {
  expect(actuator.stateOf({ ...remote, status }, now).kind).toBe(kind);
  expect(actuator.stateOf(remote, now)).toBe(ready);
});

test("observe() is in ORC's words", () => {
  const observed = actuator.observe({
    ...remote,
    bootable: "true",
    attachments: [{ attachmentId: "a1", serverId: "s1", device: "/dev/vdb" }],
    volumeImageMetadata: { image_id: "i1" },
    metadata: { ...metadata, b: "2", a: "1" },
    snapshotId: "sn1",
    tenantId: "p1",
  });
  expect(observed).toMatchObject({
    bootable: true,
    attachments: [{ attachmentID: "a1", serverID: "s1", device: "/dev/vdb" }],
    imageID: "i1",
    metadata: [
      { name: "a", value: "1" },
      { name: "b", value: "2" },
    ],
    snapshotID: "sn1",
    tenantID: "p1",
  });
  expect(observed).not.toHaveProperty("id");
});
