/** Events are one set of objects in two shapes: core/v1 and events.k8s.io/v1. */
import { expect, test } from "vitest";
import { eventsEventType, eventType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { ApiInProcess } from "./api-in-process.ts";
import { ApiOverHttps } from "./api-over-https.ts";
import { KubectlUser, kubectlMissing } from "./kubectl-user.ts";

const core = "/api/v1/namespaces/default/events";
const newer = "/apis/events.k8s.io/v1/namespaces/default/events";
const about = { apiVersion: "stowage.dev/v1alpha1", kind: "Container", namespace: "default", name: "web" };

const coreEvent = (name: string) => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { namespace: "default", name },
  involvedObject: about,
  reason: "Started",
  message: "It runs",
  source: { component: "stowage", host: "rack-7" },
  firstTimestamp: "2026-01-02T03:04:05Z",
  lastTimestamp: "2026-01-02T03:05:05Z",
  count: 2,
  type: "Normal",
});

const newEvent = (name: string, more: object = {}) => ({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata: { namespace: "default", name },
  eventTime: "2026-01-02T03:04:05.123456Z",
  reportingController: "example.com/controller",
  reportingInstance: "controller-1",
  action: "Starting",
  reason: "Started",
  regarding: about,
  note: "It runs",
  type: "Normal",
  ...more,
});

test("what is written in one shape is read in the other", async () => {
  await using api = await ApiOverHttps.open();
  expect((await api.post(core, coreEvent("old"))).code).toBe(201);
  expect((await api.get(`${newer}/old`)).body).toMatchObject({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    regarding: about,
    note: "It runs",
    reason: "Started",
    deprecatedSource: { component: "stowage", host: "rack-7" },
    deprecatedFirstTimestamp: "2026-01-02T03:04:05Z",
    deprecatedLastTimestamp: "2026-01-02T03:05:05Z",
    deprecatedCount: 2,
    eventTime: null,
  });
  const made = await api.post(newer, newEvent("new"));
  expect(made.code, made.text).toBe(201);
  const { body } = await api.get(`${core}/new`);
  expect(body).toMatchObject({
    apiVersion: "v1",
    involvedObject: about,
    message: "It runs",
    reportingComponent: "example.com/controller",
    eventTime: "2026-01-02T03:04:05.123456Z",
    firstTimestamp: null,
    source: {},
  });
  expect(body.metadata.resourceVersion).toBe(made.body.metadata.resourceVersion);
  for (const path of [core, newer]) expect((await api.get(path)).body.items).toHaveLength(2);
  expect(
    (await api.get(`${newer}?fieldSelector=regarding.name=web,reportingController=example.com/controller`)).body.items,
  ).toHaveLength(1);
  expect((await api.delete(`${newer}/old`)).code).toBe(200);
  expect((await api.get(`${core}/old`)).code).toBe(404);
});

test("a watch in one shape tells of writes in the other", async () => {
  await using api = await ApiOverHttps.open();
  const { body } = await api.get(newer);
  await using watch = await api.watch(`${newer}?watch=1&resourceVersion=${body.metadata.resourceVersion}`);
  await api.post(core, coreEvent("a"));
  await api.patch(`${core}/a`, { count: 3 });
  await api.delete(`${core}/a`);
  const lines = [await watch.next(), await watch.next(), await watch.next()];
  expect(lines.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
  expect(lines[1]?.object).toMatchObject({ apiVersion: "events.k8s.io/v1", deprecatedCount: 3, regarding: about });
});

test("a series is counted up by patches, and nothing else changes", async () => {
  await using api = await ApiOverHttps.open();
  await api.post(newer, newEvent("a"));
  const lastObservedTime = "2026-01-02T03:09:05.000000Z";
  for (const type of ["merge-patch", "strategic-merge-patch"]) {
    const { code, text } = await api.patch(`${newer}/a`, { series: { count: 5, lastObservedTime } }, type);
    expect(code, text).toBe(200);
  }
  expect((await api.get(`${core}/a`)).body).toMatchObject({ series: { count: 5, lastObservedTime } });
  const refused = await api.patch(`${newer}/a`, { note: "Something else" });
  expect(refused.code).toBe(422);
  expect(refused.body.message).toContain('message: Invalid value: "Something else": field is immutable');
});

test.each([
  { why: "no time", more: { eventTime: null }, says: "eventTime: Required value" },
  { why: "an unknown type", more: { type: "Odd" }, says: 'type: Invalid value: "": has invalid value: Odd' },
  { why: "no controller", more: { reportingController: "" }, says: "reportingController: Required value" },
  { why: "no action", more: { action: "" }, says: "action: Required value" },
  {
    why: "a note that is too long",
    more: { note: "x".repeat(1025) },
    says: 'message: Invalid value: "": can have at most 1024 characters',
  },
  {
    why: "a series of one",
    more: { series: { count: 1, lastObservedTime: "2026-01-02T03:09:05.000000Z" } },
    says: 'series.count: Invalid value: "": should be at least 2',
  },
  { why: "old fields", more: { deprecatedCount: 1 }, says: 'count: Invalid value: "": needs to be unset' },
  {
    why: "a time without microseconds",
    more: { eventTime: "2026-01-02T03:04:05Z" },
    says: 'cannot parse "Z" as ".000000"',
  },
])("events.k8s.io refuses an event with $why", async ({ more, says }) => {
  await using api = await ApiInProcess.open();
  await expect(api.client.create(eventsEventType, newEvent("odd", more))).rejects.toThrow(says);
});

test("an event is in the namespace of what it is about", async () => {
  await using api = await ApiInProcess.open();
  const elsewhere = { ...coreEvent("odd"), involvedObject: { ...about, namespace: "kube-system" } };
  await expect(api.client.create<KubeObject>(eventType, elsewhere)).rejects.toThrow(
    'involvedObject.namespace: Invalid value: "kube-system": does not match event.namespace',
  );
});

test.skipIf(kubectlMissing !== undefined)("kubectl shows events of both", async () => {
  await using user = await KubectlUser.start();
  await user.ok("create -f -", JSON.stringify(coreEvent("old")));
  await user.ok("create -f -", JSON.stringify(newEvent("new")));
  expect(await user.ok("get events --field-selector involvedObject.name=web")).toMatch(
    /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n.*Normal +Started +container\/web +It runs\n.*Normal +Started +container\/web +It runs$/,
  );
  expect(await user.ok("events --types=Normal")).toMatch(/\(x2 over .*\) +Normal +Started +Container\/web +It runs/);
  expect(await user.ok("get events.events.k8s.io -o wide")).toMatch(/example\.com\/controller, controller-1/);
  expect(await user.ok("explain events.regarding --api-version=events.k8s.io/v1")).toContain(
    "that this event is about",
  );
});
