/** What becomes of bound Containers that ask for more or less than they were given. */
import { expect, test } from "vitest";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { FakeClock } from "../../test/fakes/clock.ts";
import { containerOf, hostOf } from "../../test/fakes/objects.ts";
import { readyHost } from "../../test/fakes/world.ts";
import { findCondition } from "../runtime/conditions.ts";
import { keyOf } from "../runtime/reconciler.ts";
import { Ledger } from "./ledger.ts";
import { SchedulerReconciler } from "./reconciler.ts";

const gpu = "vendor.example/gpu";
const requests = (amounts: object): object => ({ resources: { requests: amounts } });
const gpus = (count: number): Host =>
  hostOf("a", { spec: { devices: [{ name: gpu, paths: Array.from({ length: count }, (_, id) => `/dev/gpu${id}`) }] } });

/** As its next version. */
function later(container: Container): Container {
  const resourceVersion = `${Number(container.metadata.resourceVersion) + 1}`;
  return { ...container, metadata: { ...container.metadata, resourceVersion } };
}

/** One Host "a", and a scheduler whose writes are shown at once, unless `write` says otherwise. */
class Lab {
  readonly ledger = new Ledger();
  readonly shown = new Map<string, Container>();
  readonly events: string[] = [];
  writes = 0;
  write = (next: Container): Promise<Container> => {
    this.show(next);
    return Promise.resolve(next);
  };
  readonly reconciler: SchedulerReconciler;

  constructor(host: Host) {
    this.ledger.putHost(host);
    this.reconciler = new SchedulerReconciler({
      client: {
        updateStatus: (_, draft) => {
          this.writes++;
          return this.write(later(draft as unknown as Container)) as never;
        },
      },
      containers: { get: (key) => this.shown.get(key), list: () => this.shown.values(), byIndex: () => [] },
      priorityClasses: { get: () => undefined, list: () => [], byIndex: () => [] },
      ledger: this.ledger,
      tenancy: "Shared",
      violating: () => new Set(),
      onRoom: () => undefined,
      events: { event: (_, type, reason, message) => this.events.push(`${type} ${reason}: ${message}`) },
      clock: new FakeClock(),
    });
  }

  show(next: Container): void {
    const old = this.shown.get(keyOf(next));
    this.shown.set(keyOf(next), next);
    this.ledger.see(old, next);
  }

  /** Bound by the scheduler, and running as its spec says. */
  async run(name: string, spec: object): Promise<void> {
    this.show(containerOf({ restartPolicy: "OnFailure", ...spec }, { metadata: { name } }));
    await this.work(name);
    this.say(name, { phase: "Running", observedGeneration: 1 });
  }

  say(name: string, status: ContainerStatus): void {
    const old = this.get(name);
    this.#put({ ...old, status: { ...old.status, ...status } });
  }

  /** What runs is as its spec asks by now: what the Container controller says then. */
  apply(name: string): void {
    const { metadata, ...old } = this.get(name);
    const { releasing: _released, ...status } = old.status ?? {};
    this.#put({ ...old, metadata, status: { ...status, observedGeneration: metadata.generation ?? 0 } });
  }

  change(name: string, spec: object): void {
    const old = this.get(name);
    const { generation = 0 } = old.metadata;
    const next = containerOf({ restartPolicy: "OnFailure", ...spec });
    this.#put({ ...old, spec: next.spec, metadata: { ...old.metadata, generation: generation + 1 } });
  }

  /** It ended, and the Container controller has given back what it had. */
  end(name: string): void {
    const { generation = 0 } = this.get(name).metadata;
    this.#put({
      ...this.get(name),
      status: { hostName: "a", phase: "Succeeded", observedGeneration: generation },
    });
  }

  async work(name: string): Promise<void> {
    await this.reconciler.reconcile(`default/${name}`);
  }

  get(name: string): Container {
    const found = this.shown.get(`default/${name}`);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  }

  waits(name: string): string | undefined {
    const found = findCondition(this.get(name).status?.conditions, "ResizePending");
    return found && `${found.reason}: ${found.message}`;
  }

  get taken(): object {
    const { milliCpu, memory } = this.ledger.candidate("a")?.taken ?? { milliCpu: NaN, memory: NaN };
    return { milliCpu, memory };
  }

  #put(next: Container): void {
    this.show(later(next));
  }
}

test("what a Container is bound with is set aside, and stays so until another is", async () => {
  const lab = new Lab(hostOf("a"));
  await lab.run("web", requests({ cpu: "1500m", memory: "1Gi" }));
  expect(lab.get("web").status?.allocatedResources).toEqual({ cpu: "1500m", memory: "1Gi" });
  lab.change("web", requests({ cpu: "1", memory: "2Gi" }));
  expect(lab.taken).toEqual({ milliCpu: 1500, memory: 2 ** 30 });
  await lab.work("web");
  expect(lab.get("web").status?.allocatedResources).toEqual({ cpu: "1", memory: "2Gi" });
  expect(lab.taken).toEqual({ milliCpu: 1500, memory: 2 ** 31 });
  lab.apply("web");
  expect(lab.taken).toEqual({ milliCpu: 1000, memory: 2 ** 31 });
  expect(lab.waits("web")).toBeUndefined();
});

test("who asks for more than there is now is told so once, and gets it when there is room", async () => {
  const lab = new Lab(hostOf("a"));
  await lab.run("web", requests({ memory: "2Gi" }));
  await lab.run("other", requests({ memory: "4Gi" }));
  lab.change("web", requests({ memory: "6Gi" }));
  await lab.work("web");
  await lab.work("web");
  expect(lab.waits("web")).toBe('Deferred: Host "a": too little memory');
  expect(lab.get("web").status).toMatchObject({ phase: "Running", allocatedResources: { memory: "2Gi" } });
  expect(lab.events.filter((event) => event.includes("Resize"))).toEqual([
    'Warning ResizePending: Deferred: Host "a": too little memory',
  ]);
  expect([...lab.reconciler.refused.keys()]).toEqual(["default/web"]);

  lab.end("other");
  await lab.work("web");
  expect(lab.waits("web")).toBeUndefined();
  expect(lab.get("web").status?.allocatedResources).toEqual({ memory: "6Gi" });
  expect([...lab.reconciler.refused.keys()]).toEqual([]);
});

test("who asks for more than its Host ever has is told that, and no more once it asks for less again", async () => {
  const lab = new Lab(hostOf("a"));
  await lab.run("web", {});
  lab.change("web", requests({ cpu: "5" }));
  await lab.work("web");
  expect(lab.waits("web")).toBe('Infeasible: Host "a": too little cpu');
  lab.change("web", {});
  await lab.work("web");
  expect(lab.waits("web")).toBeUndefined();
  expect(lab.get("web").status).not.toHaveProperty("allocatedResources");
});

test("it keeps the devices that it has, and none that another has is given to it", async () => {
  const lab = new Lab(gpus(3));
  await lab.run("first", requests({ [gpu]: 1 }));
  await lab.run("web", requests({ [gpu]: 1 }));
  lab.change("web", requests({ [gpu]: 3 }));
  await lab.work("web");
  expect(lab.waits("web")).toBe(`Deferred: Host "a": too little ${gpu}`);
  lab.end("first");
  lab.change("web", requests({ [gpu]: 2, cpu: "1" }));
  await lab.work("web");
  expect(lab.get("web").status?.devices?.[0]?.ids).toEqual(["/dev/gpu1", "/dev/gpu0"]);
  lab.change("web", requests({ [gpu]: 1 }));
  await lab.work("web");
  expect(lab.get("web").status?.devices).toHaveLength(1);
});

test("CPUs of its own follow how many it asks for", async () => {
  const lab = new Lab(readyHost("a", { numa: [{ id: 0, cpus: "0-3" }] }));
  const dedicated = (cpu: number): object => ({ cpuPolicy: "Dedicated", ...requests({ cpu }) });
  await lab.run("web", dedicated(1));
  expect(lab.get("web").status?.cpuset).toBe("0");
  lab.change("web", dedicated(3));
  await lab.work("web");
  expect(lab.get("web").status?.cpuset).toBe("0-2");
  lab.change("web", requests({ cpu: 3 }));
  await lab.work("web");
  expect(lab.get("web").status).not.toHaveProperty("cpuset");
});

test("room that is given back is free once what runs does without, and not while nobody can tell", async () => {
  const lab = new Lab(hostOf("a"));
  await lab.run("web", requests({ memory: "4Gi", cpu: "1" }));
  lab.change("web", requests({ memory: "1Gi", cpu: "2" }));
  const { write } = lab;
  lab.write = () => Promise.reject(new Error("nobody can tell"));
  await expect(lab.work("web")).rejects.toThrow("nobody can tell");
  expect(lab.taken).toEqual({ milliCpu: 2000, memory: 2 ** 32 });
  lab.write = write;
  await lab.work("web");
  expect(lab.get("web").status?.releasing).toEqual({ allocatedResources: { memory: "4Gi" } });
  expect(lab.taken).toEqual({ milliCpu: 2000, memory: 2 ** 32 });
  lab.apply("web");
  expect(lab.taken).toEqual({ milliCpu: 2000, memory: 2 ** 30 });
});

test("nobody else is given the devices or the CPUs of what still runs with them", async () => {
  const host = readyHost("a", { numa: [{ id: 0, cpus: "0-1" }] });
  const lab = new Lab({ ...host, spec: { ...host.spec, devices: [{ name: gpu, paths: ["/dev/gpu0", "/dev/gpu1"] }] } });
  await lab.run("web", { cpuPolicy: "Dedicated", ...requests({ cpu: 2, [gpu]: 2 }) });
  await lab.run("gpu", {});
  await lab.run("cpu", {});
  lab.change("web", requests({ cpu: 1, [gpu]: 1 }));
  lab.change("gpu", requests({ [gpu]: 1 }));
  lab.change("cpu", { cpuPolicy: "Dedicated", ...requests({ cpu: 1 }) });
  for (const name of ["web", "gpu", "cpu", "web"]) await lab.work(name);
  expect(lab.get("web").status).toMatchObject({
    devices: [{ ids: ["/dev/gpu0"] }],
    releasing: { cpuset: "0-1", devices: [{ name: gpu, ids: ["/dev/gpu1"] }] },
  });
  expect(lab.waits("gpu")).toBe(`Deferred: Host "a": too little ${gpu}`);
  expect(lab.waits("cpu")).toBe('Deferred: Host "a": too few cpus that are not dedicated');

  lab.apply("web");
  for (const name of ["gpu", "cpu"]) await lab.work(name);
  expect(lab.get("gpu").status?.devices?.[0]?.ids).toEqual(["/dev/gpu1"]);
  expect(lab.get("cpu").status?.cpuset).toBe("0");
});

test("what asks again for what it still has gets that back", async () => {
  const lab = new Lab(gpus(2));
  await lab.run("web", requests({ [gpu]: 2, memory: "4Gi" }));
  lab.change("web", requests({ [gpu]: 1, memory: "1Gi" }));
  await lab.work("web");
  lab.change("web", requests({ [gpu]: 2, memory: "4Gi" }));
  await lab.work("web");
  expect(lab.get("web").status?.devices?.[0]?.ids).toHaveLength(2);
  expect(lab.get("web").status).not.toHaveProperty("releasing");
});

test("what is written and not shown yet is not written again, and what was shown meanwhile is believed", async () => {
  const lab = new Lab(hostOf("a"));
  await lab.run("web", requests({ memory: "4Gi" }));
  lab.change("web", requests({ memory: "6Gi" }));
  const { writes, write } = lab;
  lab.write = (next) => Promise.resolve(next);
  await lab.work("web");
  await lab.work("web");
  expect(lab.writes).toBe(writes + 1);

  lab.change("web", requests({ memory: "8Gi" }));
  lab.write = async (next) => {
    await write(next);
    lab.end("web");
    return next;
  };
  await lab.work("web");
  expect(lab.taken).toEqual({ milliCpu: 0, memory: 0 });
});

test("what has ended is given nothing before it asks for it, to run again", async () => {
  const lab = new Lab(hostOf("a"));
  await lab.run("job", requests({ memory: "4Gi" }));
  lab.end("job");
  lab.change("job", { image: "web:2", ...requests({ memory: "4Gi" }) });
  await lab.work("job");
  expect(lab.taken).toEqual({ milliCpu: 0, memory: 0 });
  const asks = { type: "ResizePending", status: "True", reason: "Deferred", message: "" } as const;
  lab.say("job", {
    observedGeneration: 2,
    conditions: [{ ...asks, lastTransitionTime: "2026-01-01T00:00:00Z" }],
  });
  await lab.work("job");
  expect(lab.waits("job")).toBeUndefined();
  expect(lab.taken).toEqual({ milliCpu: 0, memory: 2 ** 32 });
});

test("what runs from before this was written down has what it asks for; what asks for nothing is not written", async () => {
  const lab = new Lab(hostOf("a"));
  const legacy = { hostName: "a", phase: "Running", observedGeneration: 1 } as const;
  lab.show(containerOf(requests({ memory: "9Gi" }), { metadata: { name: "old" }, status: legacy }));
  lab.show(containerOf({}, { metadata: { name: "plain" }, status: legacy }));
  await lab.work("old");
  expect(lab.get("old").status?.allocatedResources).toEqual({ memory: "9Gi" });
  const { writes } = lab;
  await lab.work("plain");
  expect(lab.writes).toBe(writes);
});
