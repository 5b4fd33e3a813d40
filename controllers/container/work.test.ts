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

function workWhileCacheShows(shown: Container): { readonly work: Work; readonly written: Container[] } {
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
  return { work: new Work(options, stale, new AbortController().signal), written };
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
