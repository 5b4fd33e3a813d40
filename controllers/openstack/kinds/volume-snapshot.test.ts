import { expect, test } from "vitest";
import type { VolumeSnapshotResource } from "../../../crds/openstack/volume-snapshot.ts";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { WaitingError } from "../actuator.ts";
import { volumeSnapshotActuator as actuator } from "./volume-snapshot.ts";

const now = new Date("2026-01-01T00:00:00Z");
const moment = { now, wasReady: true };
const metadata = { "stowage.dev:uid": "u1" };
const remote = { id: "s1", name: "web", status: "available", volumeId: "v1", metadata };
const resource: VolumeSnapshotResource = { volumeRef: "data" };

const whats = (wanted: object, there: object = remote): readonly string[] =>
  actuator.changes(contextOf(), { ...resource, ...wanted }, { ...remote, ...there }, moment).map(({ what }) => what);

test("references() names its volume", () => {
  const cloudCredentialsRef = { secretName: "clouds", cloudName: "lab" };
  expect(actuator.references({ cloudCredentialsRef, resource })).toMatchObject([
    { field: "resource.volumeRef", name: "data", type: { plural: "volumes" } },
  ]);
});

test("create() gives it its mark at once, so that leftBehind() is exact", async () => {
  const snapshot = { id: "s1", status: "creating", metadata };
  const cloud = new ScriptedCloud(({ method }) => (method === "POST" ? { snapshot } : { snapshots: [snapshot] }));
  const made = await actuator.create(contextOf(cloud), { ...resource, force: true });
  expect(await actuator.leftBehind(contextOf(cloud), resource)).toEqual([made]);
  expect(cloud.asked).toEqual([
    {
      method: "POST",
      path: "/snapshots",
      body: { snapshot: { name: "web", force: true, volume_id: "volumes/data", metadata } },
    },
    { method: "GET", path: "/snapshots/detail", query: { metadata: '{"stowage.dev:uid":"u1"}' } },
  ]);
});

test("changes() finds nothing to do where all is as asked, and sets what is not", () => {
  expect(whats({})).toEqual([]);
  expect(whats({ description: "why", metadata: [{ name: "a", value: "1" }] })).toEqual([
    'set description to "why"',
    'set metadata a to "1"',
  ]);
  expect(whats({ description: "why" }, { status: "error_deleting" })).toEqual([]);
});

test("delete() asks again what Cinder could not delete, and says so", async () => {
  const cloud = new ScriptedCloud();
  const failed = { ...remote, status: "error_deleting" };
  await expect(actuator.delete(contextOf(cloud), failed, resource)).rejects.toThrow(WaitingError);
  expect(cloud.asked).toEqual([{ method: "DELETE", path: "/snapshots/s1" }]);
});

test.each([
  { status: "available", kind: "ready" },
  { status: "backing-up", kind: "ready" },
  { status: "creating", kind: "waiting" },
  { status: "deleting", kind: "waiting" },
  { status: "error", kind: "failed" },
  { status: "error_deleting", kind: "failed" },
])("a snapshot that is $status is $kind", ({ status, kind }) => {
  expect(actuator.stateOf({ ...remote, status }, now).kind).toBe(kind);
});

test("observe() is in ORC's words", () => {
  expect(actuator.observe({ ...remote, projectId: "p1" })).toEqual({
    name: "web",
    status: "available",
    volumeID: "v1",
    projectID: "p1",
    metadata: [],
  });
});
