import { eventType } from "../../crds/core.ts";
import { describe, expect, test } from "vitest";
import { ApiError, forbidden } from "../../api/status.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { FakeClock, settle } from "../../test/fakes/clock.ts";
import { RecordingLog } from "../../test/fakes/log.ts";
import { MemoryObjects } from "../../test/fakes/memory-objects.ts";
import type { EventRecorder } from "./reconciler.ts";
import { ApiEventRecorder } from "./events.ts";

const web: KubeObject = {
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata: { name: "web", namespace: "shop", uid: "u1", resourceVersion: "7", creationTimestamp: "" },
};
const host: KubeObject = {
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Host",
  metadata: { name: "local", uid: "u2", resourceVersion: "8", creationTimestamp: "" },
};

function setUp() {
  const client = new MemoryObjects();
  const clock = new FakeClock();
  const log = new RecordingLog();
  const recorder = new ApiEventRecorder({ client, clock, log, component: "stowage-test", random: () => 0 });
  return { client, clock, log, recorder };
}

test("an Event says of what, what, by whom and when, as kubectl describe expects it", async () => {
  const { client, recorder } = setUp();
  recorder.event(web, "Warning", "Failed", 'Cannot pull image "x"');
  await recorder.flush();
  expect(client.all()).toEqual([
    {
      apiVersion: "v1",
      kind: "Event",
      metadata: expect.objectContaining({ namespace: "shop", name: "web.18867251edfa0001" }) as unknown,
      involvedObject: {
        apiVersion: "stowage.dev/v1alpha1",
        kind: "Container",
        namespace: "shop",
        name: "web",
        uid: "u1",
        resourceVersion: "7",
      },
      type: "Warning",
      reason: "Failed",
      message: 'Cannot pull image "x"',
      source: { component: "stowage-test" },
      reportingComponent: "stowage-test",
      reportingInstance: "",
      firstTimestamp: "2026-01-01T00:00:00Z",
      lastTimestamp: "2026-01-01T00:00:00Z",
      count: 1,
    },
  ]);
});

test("of a cluster-scoped object it is kept in namespace default", async () => {
  const { client, recorder } = setUp();
  recorder.event(host, "Normal", "Ready", "");
  await recorder.flush();
  expect(client.all()).toMatchObject([{ metadata: { namespace: "default" }, involvedObject: { name: "local" } }]);
});

test("a name at the limit leaves room for the id, and a message is cut", async () => {
  const { client, recorder } = setUp();
  const long = { ...web, metadata: { ...web.metadata, name: `${"a".repeat(235)}.${"b".repeat(17)}` } };
  recorder.event(long, "Normal", "Ready", "m".repeat(2000));
  await recorder.flush();
  const [event] = client.all();
  expect(event?.metadata.name).toMatch(/^a{235}\.[0-9a-f]{16}$/);
  expect(event).toMatchObject({ message: "m".repeat(1024) });
});

describe("what is said again", () => {
  test("is counted on the Event that is there", async () => {
    const { client, clock, recorder } = setUp();
    for (let i = 0; i < 3; i++) {
      recorder.event(web, "Normal", "Started", "x");
      await recorder.flush();
      await clock.pass(60_000);
    }
    expect(client.all()).toMatchObject([
      { count: 3, firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:02:00Z" },
    ]);
    expect(client.requests.map((request) => request.split(" ")[0])).toEqual(["create", "patch", "patch"]);
  });

  test("before the first time was written costs no request", async () => {
    const { client, recorder } = setUp();
    for (let i = 0; i < 3; i++) recorder.event(web, "Normal", "Started", "x");
    await recorder.flush();
    expect(client.all()).toMatchObject([{ count: 3 }]);
    expect(client.requests).toHaveLength(1);
  });

  test.each<{ why: string; again: Parameters<EventRecorder["event"]> }>([
    { why: "in other words", again: [web, "Normal", "Started", "y"] },
    { why: "with another reason", again: [web, "Normal", "Restarted", "x"] },
    { why: "as a warning", again: [web, "Warning", "Started", "x"] },
    {
      why: "of an object made anew under its name",
      again: [{ ...web, metadata: { ...web.metadata, uid: "u9" } }, "Normal", "Started", "x"],
    },
  ])("is another Event $why", async ({ again }) => {
    const { client, recorder } = setUp();
    recorder.event(web, "Normal", "Started", "x");
    recorder.event(...again);
    await recorder.flush();
    expect(client.all()).toHaveLength(2);
  });

  // eventLogger in client-go's tools/record/events_cache.go forgets nothing but what was said longest ago.
  test("is counted however long after", async () => {
    const { client, clock, recorder } = setUp();
    recorder.event(web, "Normal", "Started", "x");
    await clock.pass(3_600_000);
    recorder.event(web, "Normal", "Started", "x");
    await recorder.flush();
    expect(client.all()).toMatchObject([{ count: 2, lastTimestamp: "2026-01-01T01:00:00Z" }]);
  });

  test("when the Event was removed meanwhile is written anew, count and all", async () => {
    const { client, recorder } = setUp();
    recorder.event(web, "Normal", "Started", "x");
    await recorder.flush();
    client.drop(eventType, "shop", client.all()[0]?.metadata.name ?? "");
    recorder.event(web, "Normal", "Started", "x");
    await recorder.flush();
    expect(client.all()).toMatchObject([{ count: 2 }]);
  });
});

// EventAggregate in client-go's tools/record/events_cache.go.
test("ten that differ in their message only become one, which tells the last", async () => {
  const { client, recorder } = setUp();
  for (let i = 1; i <= 12; i++) {
    recorder.event(web, "Warning", "Unhealthy", `probe ${i} failed`);
    await recorder.flush();
  }
  recorder.event(web, "Warning", "BackOff", "another reason");
  await recorder.flush();
  expect(client.all()).toHaveLength(11);
  expect(client.all().slice(-2)).toMatchObject([
    { reason: "Unhealthy", message: "(combined from similar events): probe 12 failed", count: 3 },
    { reason: "BackOff", message: "another reason", count: 1 },
  ]);
});

test("an object that says too much is cut off, others are not, and it is heard again after a while", async () => {
  const { client, clock, recorder } = setUp();
  for (let i = 0; i < 100; i++) recorder.event(web, "Normal", `Tick${i}`, "");
  recorder.event(host, "Normal", "Tick", "tick");
  await recorder.flush();
  expect(client.all()).toHaveLength(26);
  await clock.pass(300_000);
  for (let i = 0; i < 100; i++) recorder.event(web, "Normal", `Tock${i}`, "");
  await recorder.flush();
  expect(client.all()).toHaveLength(27);
});

describe("a write that fails", () => {
  test("is tried again until the server is back, and nothing is lost or out of order", async () => {
    const { client, clock, log, recorder } = setUp();
    client.fault = new ApiError("ServiceUnavailable", "starting");
    recorder.event(web, "Normal", "First", "");
    recorder.event(web, "Normal", "Second", "");
    await clock.pass(1000);
    client.fault = undefined;
    await clock.pass(10_000);
    await recorder.flush();
    expect(client.all()).toMatchObject([{ reason: "First" }, { reason: "Second" }]);
    expect(log.lines).toEqual([]);
  });

  test("is dropped in the end, with a line in the log", async () => {
    const { client, clock, log, recorder } = setUp();
    client.fault = new Error("connect ECONNREFUSED");
    recorder.event(web, "Normal", "Started", "");
    await clock.pass(300_000);
    await recorder.flush();
    expect(client.requests).toHaveLength(12);
    expect(log.lines).toMatchObject([
      {
        level: "warn",
        fields: { kind: "Container", object: "shop/web", reason: "Started", error: "connect ECONNREFUSED" },
      },
    ]);
  });

  test("is dropped at once when the server does not want it", async () => {
    const { client, log, recorder } = setUp();
    client.fault = forbidden(eventType, "", "namespace shop is being terminated");
    recorder.event(web, "Normal", "Killed", "");
    await recorder.flush();
    expect(client.requests).toHaveLength(1);
    expect(log.lines).toHaveLength(1);
  });
});

describe("stopping", () => {
  test("writes what is queued, and takes nothing more", async () => {
    const { client, recorder } = setUp();
    recorder.event(web, "Normal", "Stopped", "");
    await recorder[Symbol.asyncDispose]();
    recorder.event(web, "Normal", "Late", "");
    await settle();
    expect(client.all()).toMatchObject([{ reason: "Stopped" }]);
  });

  test("does not go on trying", async () => {
    const { client, recorder } = setUp();
    client.fault = new Error("connect ECONNREFUSED");
    recorder.event(web, "Normal", "Stopped", "");
    await settle();
    await recorder[Symbol.asyncDispose]();
    expect(client.all()).toEqual([]);
  });

  test("is not kept by a server that does not answer", async () => {
    const { client, clock, recorder } = setUp();
    client.fault = "silence";
    recorder.event(web, "Normal", "Stopped", "");
    await settle();
    const stopping = recorder[Symbol.asyncDispose]();
    await clock.pass(2000);
    await stopping;
  });
});
