import { afterEach, beforeEach, expect, test } from "vitest";
import type { Client } from "../../../api/client/client.ts";
import { notFound } from "../../../api/status.ts";
import { resolve } from "../../../controllers/container/inputs/inputs.ts";
import type { Container } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { configMapType, priorityClassType } from "../../../crds/core.ts";
import type { Host } from "../../../crds/host.ts";
import { hosts } from "../../../crds/host.ts";
import type { KubeObject, ResourceType } from "../../../crds/meta.ts";
import type { HostDriver } from "../../../drivers/driver.ts";
import { DriverPool } from "../../../drivers/pool.ts";
import { FakeClock } from "../../../test/fakes/clock.ts";
import { FakeDockerEngine } from "../../../test/fakes/docker-engine.ts";
import { containerOf, hostOf } from "../../../test/fakes/objects.ts";
import type { Change } from "./changes.ts";
import { World } from "./world.ts";

const digestKey = Buffer.from("key");
const clock = new FakeClock();
const names = ["a", "b"] as const;

let parts: AsyncDisposableStack;
let engines: Readonly<Record<string, FakeDockerEngine>>;
let pool: DriverPool;

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  const images = ["web:1", "web:2"];
  const started = names.map(async (name) => [name, parts.use(await FakeDockerEngine.start({ images }))] as const);
  engines = Object.fromEntries(await Promise.all(started));
  pool = parts.use(new DriverPool({ instance: "test" }));
});
afterEach(() => parts.disposeAsync());

const host = (name: (typeof names)[number], fields: Parameters<typeof hostOf>[1] = {}): Host =>
  hostOf(name, { ...fields, spec: { docker: { endpoint: engines[name]?.endpoint }, ...fields.spec } });
const driverOf = (of: Host): Promise<HostDriver> => pool.ensure(of, () => Promise.reject(new Error("not used")));

const unbound = (name: string, spec: object = {}): Container => containerOf(spec, { metadata: { name } });
const settings = (value: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "default", name: "settings", uid: "u", resourceVersion: "1", creationTimestamp: "" },
  ...{ data: { value } },
});

/** One that runs on `on`, made as the controller makes it. */
async function running(name: string, on: Host, spec: object = {}): Promise<Container> {
  const status = { hostName: on.metadata.name, phase: "Running", priority: 0 } as const;
  const container = containerOf(spec, { metadata: { name }, status });
  const sources = { configMap: () => settings("old"), secret: () => undefined };
  const facts = { container, hostName: on.metadata.name, allocatable: {} };
  const { inputs } = resolve({ sources, facts, digestKey, now: clock.now() });
  const driver = await driverOf(on);
  await driver.perform({ do: "create", container, start: true }, AbortSignal.timeout(10_000), { inputs });
  return container;
}

const created = (type: ResourceType, after: KubeObject): Change => ({
  type,
  before: undefined,
  after,
  change: "Created",
});
const changed = (type: ResourceType, before: KubeObject, after: KubeObject): Change => ({
  type,
  before,
  after,
  change: "Changed",
});

/** The world in which there are `objects`, once `changes` are made. Whoever writes in it fails. */
function look(objects: readonly KubeObject[], changes: readonly Change[] = []): Promise<World> {
  const ofType = ({ kind }: ResourceType): readonly KubeObject[] => objects.filter((object) => object.kind === kind);
  const reader: Pick<Client, "get" | "list"> = {
    get: async (type: ResourceType, { name }) => {
      const found = ofType(type).find(({ metadata }) => metadata.name === name);
      if (found === undefined) throw notFound(type, name);
      return found as never;
    },
    list: async (type: ResourceType) => ({ items: ofType(type) }) as never,
  };
  const client = reader as Client;
  const options = { client: () => client, openDriver: driverOf, tenancy: "Shared", clock } as const;
  return World.look({ ...options, digestKey: () => digestKey }, client, changes);
}

const plan = async (objects: readonly KubeObject[], wanted: readonly Container[], changes: readonly Change[] = []) =>
  (await look(objects, [...wanted.map((one) => created(containers, one)), ...changes])).planAll(wanted);

const high: KubeObject = {
  apiVersion: "scheduling.k8s.io/v1",
  kind: priorityClassType.kind,
  metadata: { name: "high", uid: "u", resourceVersion: "1", creationTimestamp: "" },
  ...{ value: 1000 },
};
const memory = (amount: string): object => ({ resources: { requests: { memory: amount } } });

test("a new Container goes where there is room for it, and what is done there is told", async () => {
  const a = host("a");
  const full = await running("full", a, memory("6Gi"));
  expect(await plan([a, host("b"), full], [unbound("web", memory("4Gi"))])).toEqual([
    { namespace: "default", name: "web", hostName: "b", action: "Create", steps: [{ do: "create", image: "web:1" }] },
  ]);
});

test("those of one plan share the room, the more important first; who finds none is told why", async () => {
  const wanted = [unbound("low", memory("5Gi")), unbound("high", { ...memory("5Gi"), priorityClassName: "high" })];
  expect(await plan([host("a"), high], wanted)).toMatchObject([
    { name: "low", action: "Unschedulable", message: "0/1 hosts fit: 1 too little memory", steps: [] },
    { name: "high", action: "Create", hostName: "a" },
  ]);
});

test("who has to make room is told, and where it goes", async () => {
  const [a, b] = [host("a"), host("b", { spec: { unschedulable: true } })];
  const low = await running("low", a, memory("5Gi"));
  const wanted = [unbound("web", { ...memory("5Gi"), priorityClassName: "high" })];
  expect(await plan([a, b, high, low], wanted)).toMatchObject([
    { name: "web", action: "Create", hostName: "a" },
    {
      name: "low",
      action: "Move",
      hostName: "a",
      message: expect.stringMatching(/^makes room for default\/web on Host "a"; 0\/2 hosts fit: /) as string,
      steps: [{ do: "stop" }, { do: "remove", why: 'makes room for default/web on Host "a"' }],
    },
  ]);
});

test("what is as asked is left alone; another image replaces it where it is", async () => {
  const a = host("a");
  const web = await running("web", a);
  const next: Container = { ...web, spec: { ...web.spec, image: "web:2" } };
  const [asItIs] = await (await look([a, web])).planAll([web]);
  expect(asItIs).toMatchObject({ action: "None", hostName: "a", steps: [] });
  const [replaced] = await (await look([a, web], [changed(containers, web, next)])).planAll([next]);
  expect(replaced).toMatchObject({ action: "Replace", hostName: "a", replacing: ["image"] });
  expect(replaced?.steps.map((step) => step.do)).toEqual(["stop", "remove", "create"]);
});

test("another placement moves nothing, and says so as the scheduler does", async () => {
  const a = host("a");
  const web = await running("web", a);
  const next: Container = { ...web, spec: { ...web.spec, placement: { hostName: "b", singleton: false } } };
  expect(await (await look([a, host("b"), web], [changed(containers, web, next)])).planAll([next])).toMatchObject([
    {
      action: "None",
      hostName: "a",
      message: 'Stays on Host "a", which is not placement.hostName: to place it anew, delete it and apply it again',
    },
  ]);
});

test("who uses what changes is planned along with it", async () => {
  const a = host("a");
  const valueFrom = { configMapKeyRef: { name: "settings", key: "value" } };
  const user = await running("user", a, { env: [{ name: "VALUE", valueFrom }], restartOnConfigChange: true });
  const other = await running("other", a);
  const changes = [changed(configMapType, settings("old"), settings("new"))];
  expect(await plan([a, settings("old"), user, other], [], changes)).toMatchObject([
    { name: "user", action: "Replace", hostName: "a", replacing: ["ConfigMap settings"] },
  ]);
});

test("a taint that drives Containers away is told of as their move", async () => {
  const [a, b] = [host("a"), host("b")];
  const web = await running("web", a);
  const tainted: Host = { ...a, spec: { ...a.spec, taints: [{ key: "broken", effect: "NoExecute" }] } };
  const [moved, ...more] = await plan([a, b, web], [], [changed(hosts, a, tainted)]);
  expect(more).toEqual([]);
  expect(moved).toMatchObject({
    action: "Move",
    hostName: "a",
    toHostName: "b",
    message: 'Host "a" has the taint {broken: }',
  });
  expect(moved?.steps.map((step) => step.do)).toEqual(["stop", "remove", "create"]);
});

test("what is on a host that cannot be asked is unknown, and why", async () => {
  const [a, b] = [host("a"), host("b")];
  const [web, other] = [await running("web", a), await running("other", b)];
  const away = host("b", { ready: false });
  await engines["a"]?.cut();
  expect(await (await look([a, away, web, other])).planAll([web, other])).toMatchObject([
    { name: "web", action: "Unknown", hostName: "a", message: expect.stringContaining("Cannot reach") as string },
    { name: "other", action: "Unknown", hostName: "b", message: 'Host "b" is not ready: see its conditions' },
  ]);
});

test("a Host that is to be reached otherwise is not connected to for a plan", async () => {
  const a = host("a");
  const web = await running("web", a);
  const elsewhere = host("a", { spec: { docker: { endpoint: "tcp://127.0.0.1:1" } } });
  const planned = await (await look([a, web], [changed(hosts, a, elsewhere)])).planAll([web]);
  expect(planned).toMatchObject([
    { action: "Unknown", message: 'Host "a" is to be reached otherwise: what it has then is not known' },
  ]);
});

test("what is deleted is stopped and removed; of what has no Host nothing is", async () => {
  const a = host("a");
  const web = await running("web", a);
  const pending = unbound("pending");
  const planned = await (await look([a, web, pending])).planRemovals([web, pending]);
  expect(planned).toMatchObject([
    { name: "web", hostName: "a", action: "Delete", steps: [{ do: "stop" }, { do: "remove", why: "its Container was deleted" }] }, // prettier-ignore
    { name: "pending", action: "None", steps: [] },
  ]);
});

test("who asks for more gets it where its Host has room, also what others give back in the same plan; who does not is told", async () => {
  const a = host("a");
  const asks = (one: Container, amount: string): Container => ({
    ...one,
    metadata: { ...one.metadata, generation: 2 },
    spec: containerOf(memory(amount)).spec,
  });
  const bound = async (name: string, amount: string): Promise<Container> => {
    const one = await running(name, a, memory(amount));
    return { ...one, status: { ...one.status, observedGeneration: 1, allocatedResources: { memory: amount } } };
  };
  const all = [await bound("grows", "1Gi"), await bound("more", "1Gi"), await bound("gives", "6Gi")] as const;
  const wanted = [asks(all[0], "4Gi"), asks(all[1], "3Gi"), asks(all[2], "2Gi")];
  const changes = wanted.map((next, index) => changed(containers, all[index] ?? next, next));
  expect(await (await look([a, ...all], changes)).planAll(wanted)).toMatchObject([
    { name: "grows", action: "Update", updating: ["memoryReservation 1073741824 -> 4294967296"] },
    { name: "more", action: "Blocked", message: 'Waits for room: Host "a": too little memory', steps: [] },
    { name: "gives", action: "Update", updating: ["memoryReservation 6442450944 -> 2147483648"] },
  ]);
});
