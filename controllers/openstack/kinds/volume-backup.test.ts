import { expect, test } from "vitest";
import type { VolumeBackupResource } from "../../../crds/openstack/volume-backup.ts";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { WaitingError } from "../actuator.ts";
import { volumeBackupActuator as actuator } from "./volume-backup.ts";

const now = new Date("2026-01-01T00:00:00Z");
const moment = { now, wasReady: true };
const metadata = { "stowage.dev:uid": "u1" };
const remote = { id: "b1", name: "web", status: "available", volumeId: "v1", metadata };
const resource: VolumeBackupResource = { volumeRef: "data" };

test("references() names its volume, and its snapshot", () => {
  const cloudCredentialsRef = { secretName: "clouds", cloudName: "lab" };
  const spec = { cloudCredentialsRef, resource: { ...resource, snapshotRef: "yesterday" } };
  expect(actuator.references(spec).map(({ field, name }) => `${field} ${name}`)).toEqual([
    "resource.volumeRef data",
    "resource.snapshotRef yesterday",
  ]);
});

test("create() takes an answer that tells hardly anything", async () => {
  const cloud = new ScriptedCloud(() => ({ backup: { id: "b1", name: "web" } }));
  const made = await actuator.create(contextOf(cloud), { ...resource, incremental: true });
  expect(actuator.stateOf(made, now).kind).toBe("waiting");
  expect(cloud.asked).toEqual([
    {
      method: "POST",
      path: "/backups",
      body: { backup: { name: "web", incremental: true, volume_id: "volumes/data", metadata } },
    },
  ]);
});

test("changes() goes in one request, with all of the metadata, and is looked at again", async () => {
  const backup = { id: "b1", name: "other" };
  const cloud = new ScriptedCloud(() => ({ backup }));
  const there = { ...remote, metadata: { ...metadata, theirs: "1" } };
  const asked = { ...resource, name: "other", metadata: [{ name: "a", value: "1" }] };
  const changes = actuator.changes(contextOf(), asked, there, moment);
  expect(changes.map(({ what }) => what)).toEqual(['set name to "other", set metadata a to "1"']);
  expect(await changes[0]?.perform(contextOf(cloud))).toEqual(backup);
  expect(cloud.asked).toEqual([
    {
      method: "PUT",
      path: "/backups/b1",
      body: {
        backup: { name: "other", metadata: { ...metadata, theirs: "1", a: "1", "stowage.dev:names": "a" } },
      },
    },
    { method: "GET", path: "/backups/b1" },
  ]);
  expect(actuator.changes(contextOf(), resource, remote, moment)).toEqual([]);
});

test("delete() waits for the incremental ones that build on it", async () => {
  const cloud = new ScriptedCloud();
  const base = { ...remote, hasDependentBackups: true };
  await expect(actuator.delete(contextOf(cloud), base, resource)).rejects.toThrow(WaitingError);
  expect(await actuator.delete(contextOf(cloud), remote, resource)).toBe("going");
  expect(cloud.asked).toEqual([{ method: "DELETE", path: "/backups/b1" }]);
});

test("stateOf() tells why it failed", () => {
  const state = actuator.stateOf({ ...remote, status: "error", failReason: "no space" }, now);
  expect(state).toMatchObject({ kind: "failed", message: expect.stringMatching(/^no space\. /) as string });
});

test("observe() is in ORC's words", () => {
  expect(actuator.observe(remote)).toEqual({ name: "web", status: "available", volumeID: "v1", metadata: [] });
});
