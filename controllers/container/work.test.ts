import { expect, test } from "vitest";
import type { Draft } from "../../api/client/client.ts";
import type { Container } from "../../crds/container.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { containerOf } from "../../test/fakes/objects.ts";
import { systemClock } from "../../process/clock.ts";
import { evictedStatus } from "./status.ts";
import { SupersededError, Work } from "./work.ts";

const eviction = { reason: "Preempted", message: "test", requestedAt: "2026-01-01T00:00:00Z" };
const stale = containerOf({}, { metadata: { resourceVersion: "1" }, status: { hostName: "a", eviction } });

function workWhileCacheShows(shown: Container, began = stale): { readonly work: Work; readonly written: Container[] } {
  const written: Container[] = [];
  const options = {
    client: {
      patch: () => Promise.reject(new Error("not used")),
      updateStatus: <R extends KubeObject>(_type: ResourceType, next: Draft) => {
        written.push(next as Container);
        return Promise.resolve(next as unknown as R);
      },
    },
    containers: { get: () => shown, list: () => [shown], byIndex: () => [] },
    events: { event: () => undefined },
    clock: systemClock,
  };
  return { work: new Work(options, began, new AbortController().signal), written };
}

test.each([
  { why: "waits for a Host", status: { message: "0/2 hosts fit" } },
  { why: "is on another Host", status: { hostName: "b" } },
])("work that began with a copy from before its Container left says nothing of one that $why", async ({ status }) => {
  const { work, written } = workWhileCacheShows(containerOf({}, { metadata: { resourceVersion: "3" }, status }));
  await expect(work.write(evictedStatus(work.latest(), eviction, [], new Date()))).rejects.toThrow(SupersededError);
  expect(written).toEqual([]);
  expect(work.isCurrent()).toBe(false);
});

test("where it is still there, the status goes on top of the newest version", async () => {
  const { work, written } = workWhileCacheShows({ ...stale, metadata: { ...stale.metadata, resourceVersion: "2" } });
  await work.write(evictedStatus(work.latest(), eviction, [], new Date()));
  expect(written.map(({ metadata, status }) => [metadata.resourceVersion, status?.hostName])).toEqual([
    ["2", undefined],
  ]);
});

test("work that began with other devices than the Container has by now makes nothing any more", () => {
  const bound = containerOf({}, { status: { hostName: "a" } });
  const devices = [{ name: "vendor.example/gpu", ids: ["0"], paths: ["/dev/gpu0"] }];
  const { work } = workWhileCacheShows({ ...bound, status: { hostName: "a", devices } }, bound);
  expect(work.isCurrent()).toBe(false);
  expect(workWhileCacheShows(bound, bound).work.isCurrent()).toBe(true);
});

test("what the scheduler set aside after the work began is not known to be what runs", () => {
  const began = containerOf({}, { status: { hostName: "a", allocatedResources: { memory: "4Gi" } } });
  const releasing = { allocatedResources: { memory: "4Gi" } };
  const since = { ...began, status: { hostName: "a", allocatedResources: { memory: "1Gi" }, releasing } };
  expect(workWhileCacheShows(since, began).work.isAllottedAsBefore()).toBe(false);
  expect(
    workWhileCacheShows({ ...since, status: { ...since.status, phase: "Running" } }, since).work.isAllottedAsBefore(),
  ).toBe(true);
});
