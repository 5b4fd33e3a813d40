/**
 * Whatever Hosts and Containers there are, and whatever happens meanwhile: no Host is promised more than it has, nothing
 * is held twice, and whoever can be placed is. The scheduler's own reconciler, over an API that is late and that fails.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { conflict } from "../../api/status.ts";
import { parseCpuList } from "../../controllers/scheduler/cpu-set.ts";
import { Ledger } from "../../controllers/scheduler/ledger.ts";
import { preempt } from "../../controllers/scheduler/preemption.ts";
import type { PriorityClass } from "../../controllers/scheduler/priority.ts";
import { resize } from "../../controllers/scheduler/resize.ts";
import { SchedulerReconciler } from "../../controllers/scheduler/reconciler.ts";
import { schedule } from "../../controllers/scheduler/schedule.ts";
import { matches } from "../../crds/selector.ts";
import { wantOf } from "../../controllers/scheduler/want.ts";
import { evictedStatus, statusOf } from "../../controllers/container/status.ts";
import { allocatedOf, amountsOf, isAllotted, isResizePending, resizePending } from "../../crds/allocation.ts";
import { hasEnded } from "../../crds/disruption.ts";
import { keyOf } from "../../controllers/runtime/reconciler.ts";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { FakeClock } from "../fakes/clock.ts";
import { containerOf, hostOf, observedOf } from "../fakes/objects.ts";

const gpu = "vendor.example/gpu";
const cpus = fc.constantFrom("0", "100m", "0.57", "70m", "1", "1500m");
const memories = fc.constantFrom("0", "64Mi", "100M", "1Gi", "1.5Gi");

const hosts = fc
  .array(
    fc.record({
      cpu: fc.constantFrom("500m", "1", "2", "4"),
      memory: memories,
      ready: fc.constantFrom(true, true, true, false),
      zone: fc.constantFrom("a", "b"),
      gpus: fc.nat(2),
      numa: fc.constantFrom(undefined, ["0-1"], ["0,2", "1,3"]),
      tainted: fc.constantFrom(undefined, undefined, "NoSchedule", "PreferNoSchedule"),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((all) =>
    all.map(({ cpu, memory, ready, zone, gpus, numa, tainted }, index): Host => {
      const paths = Array.from({ length: gpus }, (_, device) => `/dev/gpu${device}`);
      const host = hostOf(`h${index}`, {
        ready,
        metadata: { labels: { zone } },
        spec: {
          ...(gpus === 0 ? {} : { devices: [{ name: gpu, paths }] }),
          ...(tainted === undefined ? {} : { taints: [{ key: "t", effect: tainted }] }),
        },
      });
      return {
        ...host,
        status: {
          ...host.status,
          allocatable: { cpu, memory },
          ...(numa && { numa: numa.map((list, id) => ({ id, cpus: list })) }),
        },
      };
    }),
  );

const priorities: Readonly<Record<string, number>> = { low: -5, high: 10, higher: 20 };

const specs = fc
  .record({
    cpu: cpus,
    memory: memories,
    asLimit: fc.boolean(),
    port: fc.constantFrom(undefined, undefined, 80, 81),
    ip: fc.constantFrom(undefined, "10.0.0.1", "10.0.0.2", "0.0.0.0"),
    zone: fc.constantFrom(undefined, undefined, "a"),
    gpus: fc.constantFrom(0, 0, 0, 1, 2),
    dedicated: fc.constantFrom(0, 0, 0, 1, 2),
    tolerates: fc.boolean(),
    exclusive: fc.constantFrom(false, false, false, true),
    away: fc.constantFrom(undefined, undefined, "web", "db"),
    near: fc.constantFrom(undefined, undefined, undefined, "web"),
    spread: fc.constantFrom(undefined, undefined, "zone"),
    priorityClassName: fc.constantFrom(undefined, undefined, "low", "high", "higher"),
    restartPolicy: fc.constantFrom("Always", "OnFailure"),
  })
  .map(({ cpu, memory, asLimit, port, ip, zone, gpus, dedicated, away, near, spread, priorityClassName, ...rest }) => {
    const amounts = { cpu: dedicated > 0 ? dedicated : cpu, memory, ...(gpus > 0 ? { [gpu]: gpus } : {}) };
    const term = (app: string): object => ({
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app } }, topologyKey: "zone" },
      ],
    });
    const constraint = { maxSkew: 1, topologyKey: "zone", labelSelector: { matchLabels: { app: "web" } } };
    return {
      resources: asLimit ? { limits: amounts } : { requests: amounts },
      restartPolicy: rest.restartPolicy,
      ...(dedicated > 0 ? { cpuPolicy: "Dedicated" } : {}),
      ...(port === undefined
        ? {}
        : { ports: [{ containerPort: port, hostPort: port, ...(ip === undefined ? {} : { hostIP: ip }) }] }),
      ...(priorityClassName === undefined ? {} : { priorityClassName }),
      placement: {
        ...(zone === undefined ? {} : { hostSelector: { matchLabels: { zone } } }),
        ...(rest.tolerates ? { tolerations: [{ operator: "Exists" }] } : {}),
        ...(rest.exclusive ? { tenancy: "Exclusive" } : {}),
        ...(spread === undefined ? {} : { topologySpreadConstraints: [constraint] }),
        affinity: {
          ...(away === undefined ? {} : { containerAntiAffinity: term(away) }),
          ...(near === undefined ? {} : { containerAffinity: term(near) }),
        },
      },
    };
  });

const created = fc.record({
  spec: specs,
  app: fc.constantFrom("web", "db", "other"),
  namespace: fc.constantFrom("blue", "blue", "red"),
});

type Action =
  | { readonly do: "create"; readonly what: { spec: object; app: string; namespace: string } }
  | { readonly do: "work" | "remove" | "observe" | "end"; readonly which: number }
  | { readonly do: "change"; readonly which: number; readonly spec: object }
  | { readonly do: "show" | "leave" | "restart" }
  | { readonly do: "fail"; readonly when: "before" | "after" };

const actions = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: created.map((what): Action => ({ do: "create", what })) },
    { weight: 12, arbitrary: fc.nat(30).map((which): Action => ({ do: "work", which })) },
    { weight: 1, arbitrary: fc.nat(30).map((which): Action => ({ do: "remove", which })) },
    {
      weight: 4,
      arbitrary: fc.tuple(fc.nat(30), specs).map(([which, spec]): Action => ({ do: "change", which, spec })),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.nat(30), fc.constantFrom<("observe" | "end")[]>("observe", "observe", "end"))
        .map(([which, what]): Action => ({ do: what, which })),
    },
    { weight: 6, arbitrary: fc.constantFrom<Action[]>({ do: "show" }, { do: "leave" }) },
    { weight: 1, arbitrary: fc.constantFrom<Action[]>({ do: "restart" }) },
    {
      weight: 3,
      arbitrary: fc.constantFrom<"before" | "after">("before", "after").map((when): Action => ({ do: "fail", when })),
    },
  ),
  { maxLength: 80, size: "max" },
);

const priorityClasses = new Map(
  Object.entries(priorities).map(([name, value]): [string, PriorityClass] => [
    name,
    {
      ...{ apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", value },
      metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
    },
  ]),
);

/** One control plane: what the API holds, what its informer has shown of it, and the scheduler. */
class Plane {
  readonly objects = new Map<string, Container>();
  /** Those that have had a run that ended: what they get back before the next is what they request, and no more. */
  readonly over = new Set<string>();
  readonly #intrusions: string[] = [];
  readonly #hosts: readonly Host[];
  #shown = new Map<string, Container>();
  #late: [key: string, next: Container | undefined][] = [];
  #version = 1;
  #names = 0;
  #fault: "before" | "after" | undefined;
  #ledger = new Ledger();
  #reconciler = this.#start();

  constructor(all: readonly Host[]) {
    this.#hosts = all;
    this.#restart();
  }

  /** What was placed where anti-affinity forbids it. */
  get intrusions(): readonly string[] {
    return this.#intrusions;
  }

  async act(action: Action): Promise<void> {
    switch (action.do) {
      case "create": {
        const { spec, app, namespace } = action.what;
        const name = `c${this.#names++}`;
        this.#put(containerOf(spec, { metadata: { name, namespace, uid: name, labels: { app } } }));
        return;
      }
      case "work":
        return this.work(this.#pick(action.which));
      case "remove": {
        const key = this.#pick(action.which);
        if (this.objects.delete(key)) this.#late.push([key, undefined]);
        return;
      }
      case "change": {
        const old = this.objects.get(this.#pick(action.which));
        if (old === undefined) return;
        const { resources, cpuPolicy } = containerOf(action.spec).spec;
        const generation = (old.metadata.generation ?? 0) + 1;
        this.#put({ ...old, metadata: { ...old.metadata, generation }, spec: { ...old.spec, resources, cpuPolicy } });
        return;
      }
      case "observe":
      case "end":
        this.#observe(this.#pick(action.which), action.do === "end");
        return;
      case "show":
        this.show();
        return;
      case "leave":
        this.leave();
        return;
      case "restart":
        this.#restart();
        return;
      case "fail":
        this.#fault = action.when;
    }
  }

  /** What the Container controller says of one that runs, or that has just ended. */
  #observe(key: string, ends: boolean): void {
    const container = this.objects.get(key);
    if (container?.status?.hostName === undefined || container.status.eviction !== undefined) return;
    const { spec, metadata, status } = container;
    const isAllowed = isAllotted(container);
    if (hasEnded(container) && status.observedGeneration === metadata.generation && !isResizePending(container)) {
      // It stays as it is, or was given what it asked for.
      if (status.allocatedResources === undefined && status.devices === undefined) return;
    }
    const end = ends && isAllowed && spec.restartPolicy !== "Always";
    if (end) this.over.add(key);
    const exited = end || (hasEnded(container) && !isAllowed);
    const keep = observedOf(spec, { state: exited ? "exited" : "running", exitCode: 0 });
    const problem = isAllowed ? undefined : ({ reason: resizePending, summary: "", message: "" } as const);
    const sight = { container, generation: metadata.generation, keep, before: undefined, problem, now: new Date(0) };
    this.#put({ ...container, status: statusOf({ ...sight, released: isAllowed }) });
  }

  #pick(which: number): string {
    return [...this.objects.keys()].at(which % Math.max(1, this.objects.size)) ?? "";
  }

  async work(key: string): Promise<void> {
    // Whatever fails is tried again.
    await this.#reconciler.reconcile(key).catch(() => undefined);
  }

  /** The informer catches up. */
  show(): void {
    for (const [key, next] of this.#late.splice(0)) {
      const old = this.#shown.get(key);
      if (next === undefined) this.#shown.delete(key);
      else this.#shown.set(key, next);
      this.#ledger.see(old, next);
    }
  }

  /** Those that were asked to have left their Host. */
  leave(): void {
    for (const container of this.objects.values())
      if (container.status?.eviction !== undefined)
        this.#put({ ...container, status: evictedStatus(container, container.status.eviction, [], new Date(0)) });
  }

  /** Everything is done that there is to do, by priority. */
  async settle(): Promise<void> {
    this.#fault = undefined;
    for (let before = ""; before !== JSON.stringify([...this.objects]);) {
      before = JSON.stringify([...this.objects]);
      this.leave();
      this.show();
      const keys = [...this.objects.keys()].sort(
        (a, b) => this.#reconciler.priorityOf(b) - this.#reconciler.priorityOf(a),
      );
      for (const key of keys) {
        await this.work(key);
        this.show();
      }
    }
  }

  #restart(): void {
    this.#late = [];
    this.#shown = new Map(this.objects);
    this.#ledger = new Ledger();
    for (const host of this.#hosts) this.#ledger.putHost(host);
    for (const container of this.objects.values()) this.#ledger.see(undefined, container);
    this.#reconciler = this.#start();
  }

  #start(): SchedulerReconciler {
    const shown = (): Map<string, Container> => this.#shown;
    return new SchedulerReconciler({
      client: { updateStatus: (_, draft) => this.#updateStatus(draft as unknown as Container) as never },
      containers: { get: (key) => shown().get(key), list: () => shown().values(), byIndex: () => [] },
      priorityClasses: {
        get: (name) => priorityClasses.get(name),
        list: () => priorityClasses.values(),
        byIndex: () => [],
      },
      ledger: this.#ledger,
      tenancy: "Shared",
      violating: () => new Set<string>(),
      onRoom: () => undefined,
      events: { event: () => undefined },
      clock: new FakeClock(),
    });
  }

  #put(container: Container): Container {
    const next = { ...container, metadata: { ...container.metadata, resourceVersion: String(this.#version++) } };
    this.objects.set(keyOf(next), next);
    this.#late.push([keyOf(next), next]);
    return next;
  }

  async #updateStatus(draft: Container): Promise<Container> {
    await Promise.resolve();
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault === "before") throw new Error("nothing was written");
    const old = this.objects.get(keyOf(draft));
    if (old?.metadata.resourceVersion !== draft.metadata.resourceVersion)
      throw conflict(containerType, draft.metadata.name, "changed");
    if (old.status?.hostName === undefined && draft.status?.hostName !== undefined)
      this.#intrusions.push(...this.#intrusionsOf(draft));
    const next = this.#put({ ...old, ...(draft.status && { status: draft.status }) });
    if (fault === "after") throw new Error("nobody can tell");
    return next;
  }

  /** Who is in the same zone when something is placed there, and keeps it away or is kept away by it. */
  #intrusionsOf(container: Container): readonly string[] {
    const zoneOf = ({ status }: Container): string | undefined =>
      this.#hosts.find(({ metadata }) => metadata.name === status?.hostName)?.metadata.labels?.["zone"];
    const keepsAway = (one: Container, other: Container): boolean =>
      one.metadata.namespace === other.metadata.namespace &&
      (one.spec.placement?.affinity?.containerAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some(
        ({ labelSelector }) => matches(labelSelector, other.metadata.labels ?? {}),
      );
    return [...this.objects.values()]
      .filter((other) => !this.over.has(keyOf(other)))
      .filter((other) => other.status?.hostName !== undefined && zoneOf(other) === zoneOf(container))
      .filter((other) => keepsAway(container, other) || keepsAway(other, container))
      .map((other) => `${keyOf(container)} beside ${keyOf(other)}`);
  }
}

/** What must hold at any time of what is on one Host. */
function check(host: Host, bound: readonly Container[], over: ReadonlySet<string>): void {
  const sum = (amount: "milliCpu" | "memory"): number =>
    bound.reduce((total, container) => {
      const before = amountsOf(container.status?.releasing?.allocatedResources ?? {});
      return total + Math.max(allocatedOf(container)[amount], before[amount]);
    }, 0);
  const has = amountsOf(host.status?.allocatable ?? {});
  expect(sum("milliCpu")).toBeLessThanOrEqual(has.milliCpu);
  expect(sum("memory")).toBeLessThanOrEqual(has.memory);

  const wants = bound.filter((container) => !over.has(keyOf(container))).map((container) => wantOf(container));
  const ports = wants.flatMap((want) => want.ports);
  for (const [index, a] of ports.entries())
    for (const b of ports.slice(index + 1))
      expect(a.port === b.port && (a.ip === "" || b.ip === "" || a.ip === b.ip)).toBe(false);

  const held = bound.flatMap(({ status }) => [status, status?.releasing]);
  const devices = held.flatMap((had) => (had?.devices ?? []).flatMap(({ ids }) => ids));
  expect(new Set(devices).size).toBe(devices.length);
  const own = held.flatMap((had) => parseCpuList(had?.cpuset ?? "") ?? []);
  expect(new Set(own).size).toBe(own.length);
  for (const container of bound.filter(isAllotted)) {
    const want = wantOf(container);
    const { cpuset = "", devices: given = [] } = container.status ?? {};
    expect(parseCpuList(cpuset)?.length).toBe(want.dedicated ? want.requests.milliCpu / 1000 : 0);
    expect(given.reduce((total, { ids }) => total + ids.length, 0)).toBe(want.devices.get(gpu) ?? 0);
  }

  const tenants = new Set(wants.map(({ tenant }) => tenant));
  if (wants.some(({ tenancy }) => tenancy === "Exclusive")) expect(tenants.size).toBe(1);
  if (bound.length > 0) expect(host.status?.conditions?.[0]?.status).toBe("True");
  const tainted = host.spec.taints?.some(({ effect }) => effect === "NoSchedule") === true;
  if (tainted) expect(wants.every(({ placement }) => placement?.tolerations !== undefined)).toBe(true);
}

const checkAll = (plane: Plane, on: readonly Host[]): void => {
  expect(plane.intrusions).toEqual([]);
  for (const host of on)
    check(
      host,
      [...plane.objects.values()].filter(({ status }) => status?.hostName === host.metadata.name),
      plane.over,
    );
};

test("no Host is promised more than it has, whatever is late, fails, restarts or must go", async () => {
  await fc.assert(
    fc.asyncProperty(hosts, actions, async (on, all) => {
      const plane = new Plane(on);
      for (const action of all) {
        await plane.act(action);
        checkAll(plane, on);
      }
      await plane.settle();
      checkAll(plane, on);

      // Nobody waits for whom there is room, or could be made.
      const ledger = new Ledger();
      for (const host of on) ledger.putHost(host);
      for (const container of plane.objects.values()) ledger.see(undefined, container);
      for (const container of plane.objects.values()) {
        const priority = priorities[container.spec.priorityClassName ?? ""] ?? 0;
        const want = wantOf(container, { priority, tenancy: "Shared" });
        if (container.status?.hostName !== undefined) {
          const isOver = hasEnded(container) && !isResizePending(container);
          if (!isOver && isAllotted(container)) expect(allocatedOf(container)).toEqual(want.requests);
          else if (!isOver) expect(resize(container, want, ledger).refusal).toBeDefined();
          continue;
        }
        expect(schedule(want, ledger)).toHaveProperty("unschedulable");
        expect(preempt(want, ledger, () => new Set())).toBeUndefined();
      }
    }),
    { numRuns: 200 },
  );
});

test("the same Hosts in another order get the same Containers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(created, { maxLength: 15 }), hosts, async (all, on) => {
      const placements = async (those: readonly Host[]): Promise<readonly unknown[]> => {
        const plane = new Plane(those);
        for (const what of all) await plane.act({ do: "create", what });
        await plane.settle();
        return [...plane.objects.values()].map(({ status }) => status?.hostName);
      };
      expect(await placements([...on].reverse())).toEqual(await placements(on));
    }),
    { numRuns: 50 },
  );
});

test("what is gone leaves nothing behind", () => {
  fc.assert(
    fc.property(fc.array(created, { maxLength: 20 }), hosts, (all, on) => {
      const ledger = new Ledger();
      for (const host of on) ledger.putHost(host);
      const state = (): string =>
        JSON.stringify(
          [...ledger.candidates()].map(({ taken, ports, takenCpus, takenDevices, tenants, containers }) => [
            taken,
            ...[ports, takenCpus, takenDevices, tenants].map((map) => map.size),
            containers,
          ]),
        );
      const before = state();
      const made = all.map(({ spec, app, namespace }, index) =>
        containerOf(spec, { metadata: { name: `c${index}`, namespace, labels: { app } } }),
      );
      for (const container of made) {
        const placement = schedule(wantOf(container), ledger);
        if (!("hostName" in placement)) continue;
        const bound = { ...container, status: { hostName: placement.hostName, cpuset: "1" } };
        ledger.assume(bound, "unknown");
        ledger.see(container, bound);
      }
      for (const container of made) ledger.see(container, undefined);
      expect(state()).toBe(before);
      for (const container of made) {
        expect([...ledger.termsAbout(wantOf(container))]).toEqual([]);
        const selector = { namespaces: ["blue", "red"], selector: {} };
        expect(ledger.counts({ all: [selector] }).size).toBe(0);
      }
    }),
  );
});
