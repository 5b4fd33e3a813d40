import { isDeepStrictEqual } from "node:util";
import type { Client } from "../../../api/client/client.ts";
import { isNotFound } from "../../../api/status.ts";
import { adoptedID } from "../../../controllers/container/adoption.ts";
import type { Resolved } from "../../../controllers/container/inputs/inputs.ts";
import { resolve, sourcesOf } from "../../../controllers/container/inputs/inputs.ts";
import { readSources, typeOf } from "../../../controllers/container/inputs/lookup.ts";
import { preview, previewRemoval } from "../../../controllers/container/preview.ts";
import { deletion, whyAway } from "../../../controllers/container/reconciler.ts";
import { forEachParallel } from "../../../controllers/runtime/parallel.ts";
import { keyOf } from "../../../controllers/runtime/reconciler.ts";
import { violating } from "../../../controllers/scheduler/budgets.ts";
import { decide, noPriorityClass, refusalText } from "../../../controllers/scheduler/decide.ts";
import { refusalsOf } from "../../../controllers/scheduler/filters/filter.ts";
import { placementFilters } from "../../../controllers/scheduler/filters/placement.ts";
import { Ledger } from "../../../controllers/scheduler/ledger.ts";
import type { Priority, PriorityClass } from "../../../controllers/scheduler/priority.ts";
import { priorityOf } from "../../../controllers/scheduler/priority.ts";
import { resize } from "../../../controllers/scheduler/resize.ts";
import type { Place } from "../../../controllers/scheduler/status.ts";
import { resizedStatus, resizePendingStatus, staysOn } from "../../../controllers/scheduler/status.ts";
import type { Tenancy, Want } from "../../../controllers/scheduler/want.ts";
import { wantOf } from "../../../controllers/scheduler/want.ts";
import { verdict } from "../../../controllers/taint-eviction/plan.ts";
import { isAllotted } from "../../../crds/allocation.ts";
import type { Container } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { configMapType, priorityClassType, secretType } from "../../../crds/core.ts";
import { hasEnded } from "../../../crds/disruption.ts";
import type { DisruptionBudget } from "../../../crds/disruption-budget.ts";
import { disruptionBudgets } from "../../../crds/disruption-budget.ts";
import type { Host } from "../../../crds/host.ts";
import { hosts } from "../../../crds/host.ts";
import type { KubeObject, ResourceType } from "../../../crds/meta.ts";
import { groupResource } from "../../../crds/meta.ts";
import type { PlannedContainer } from "../../../crds/plan.ts";
import type { HostDriver } from "../../../drivers/driver.ts";
import { HostUnreachableError, StepError, UnsupportedHostError } from "../../../drivers/driver.ts";
import type { Clock } from "../../../process/clock.ts";
import type { OpenDriver } from "../host-access.ts";
import type { Change } from "./changes.ts";
import { changesOf } from "./changes.ts";
import { described, plannedStep } from "./wording.ts";

export interface WorldOptions {
  /** Nothing but dry runs is written with it. */
  readonly client: () => Client;
  readonly openDriver: OpenDriver;
  /** As the scheduler's. */
  readonly tenancy: Tenancy;
  /** As the container controller's: the same digests as its. */
  readonly digestKey: () => Uint8Array;
  readonly clock: Clock;
}

/** How long a host has to show what it has. */
const lookTimeoutMs = 20_000;
/** Hosts that are looked at at once. */
const atOnce = 8;

/** What is read of the API before anything is decided. */
interface Known {
  /** By name, without the changes: through these the hosts are reached. */
  readonly present: ReadonlyMap<string, Host>;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly changedHosts: ReadonlySet<string>;
  /** By key, with the changes made. */
  readonly containers: ReadonlyMap<string, Container>;
  readonly classes: ReadonlyMap<string, PriorityClass>;
  readonly budgets: ReadonlyMap<string, DisruptionBudget>;
  /** ConfigMaps and Secrets as they will be, by {@link sourceKey}; undefined where they will be gone. */
  readonly sources: ReadonlyMap<string, KubeObject | undefined>;
}

/** Where a Container is to be, or stays. */
interface Placed {
  readonly container: Container;
  readonly place?: Place;
  readonly message?: string;
}

/** A Container that leaves its Host. */
interface Move {
  readonly container: Container;
  readonly why: string;
  /** The Host cannot be asked. */
  readonly hostLost: boolean;
  readonly to: Placed;
}

/** The API and the hosts as they are, and what is taken of each Host as one Container after the other is planned. */
export class World {
  readonly #options: WorldOptions;
  readonly #known: Known;
  readonly #ledger: Ledger;
  /** Those that adopt something. */
  readonly #claims: readonly Container[];

  private constructor(options: WorldOptions, known: Known) {
    this.#options = options;
    this.#known = known;
    this.#ledger = new Ledger(options.tenancy);
    for (const container of known.containers.values()) this.#ledger.see(undefined, container);
    for (const host of known.hosts.values()) this.#ledger.putHost(host);
    this.#claims = [...known.containers.values()].filter((container) => adoptedID(container) !== undefined);
  }

  /** With `changes` made. */
  static async look(options: WorldOptions, client: Client, changes: readonly Change[]): Promise<World> {
    const [hostList, bound, classes, budgets] = await Promise.all([
      client.list<Host>(hosts),
      client.list<Container>(containers),
      client.list<PriorityClass>(priorityClassType),
      client.list<DisruptionBudget>(disruptionBudgets),
    ]);
    const world = new World(options, {
      present: withChanges(hosts, hostList.items, []),
      hosts: withChanges(hosts, hostList.items, changes),
      changedHosts: new Set(
        changesOf(hosts, changes).map(({ before, after }) => (after ?? before)?.metadata.name ?? ""),
      ),
      containers: withChanges(containers, bound.items, changes),
      classes: withChanges(priorityClassType, classes.items, changes),
      budgets: withChanges(disruptionBudgets, budgets.items, changes),
      sources: new Map(
        [configMapType, secretType].flatMap((type) =>
          changesOf(type, changes)
            .filter(({ change }) => change !== "Unchanged")
            .flatMap(({ before, after }) => {
              const either = after ?? before;
              return either === undefined ? [] : [[sourceKey(type, either.metadata), after] as const];
            }),
        ),
      ),
    });
    await forEachParallel([...world.#known.hosts.values()], atOnce, (host) => world.#list(host));
    return world;
  }

  /**
   * `wanted`, those that use an object that changes, and those that leave their Host because of it or of `wanted`. One
   * after the other, so that the room that the first takes is not given to the second; hosts are asked at once.
   */
  async planAll(wanted: readonly Container[]): Promise<readonly PlannedContainer[]> {
    const moves = this.#evictions();
    const leaving = new Set(moves.map(({ container }) => keyOf(container)));
    const known = new Set(wanted.map(keyOf));
    const users = [...this.#known.containers.values()].filter(
      (container) => !known.has(keyOf(container)) && this.#usesChanged(container),
    );
    const staying = [...wanted, ...users].filter((container) => !leaving.has(keyOf(container)));
    const urgency = (container: Container): number => this.#priorityOf(container)?.value ?? 0;
    // Those that take less make room for the others.
    const first = staying.toSorted((a, b) => Number(isGiver(b)) - Number(isGiver(a)) || urgency(b) - urgency(a));
    const placed = new Map(first.map((container) => [container, this.#place(container, moves)]));
    // Those of less priority among them may have been driven away meanwhile.
    const moving = new Set(moves.map(({ container }) => keyOf(container)));
    const stayed = staying.filter((container) => !moving.has(keyOf(container)));

    const tasks = [
      ...stayed.map((container) => () => this.#planOne(placed.get(container) ?? { container })),
      ...moves.map((move) => () => this.#planMove(move)),
    ];
    return inOrder(tasks);
  }

  async planRemovals(unwanted: readonly Container[]): Promise<readonly PlannedContainer[]> {
    return inOrder(unwanted.map((container) => () => this.#planRemoval(container)));
  }

  /** Whose containers it has: the scheduler goes by that. A host that does not answer tells nothing. */
  async #list(host: Host): Promise<void> {
    if (whyAway(host.metadata.name, host) !== undefined) return;
    try {
      const driver = await this.#open(host);
      const found = await driver.owners(AbortSignal.timeout(lookTimeoutMs));
      this.#ledger.putFound(host.metadata.name, found);
    } catch (error) {
      if (whyUnknown(error) === undefined) throw error;
    }
  }

  #usesChanged(container: Container): boolean {
    if (container.status?.hostName === undefined) return false;
    return sourcesOf(container).some(({ kind, namespace, name }) =>
      this.#known.sources.has(sourceKey(typeOf(kind), { namespace, name })),
    );
  }

  #priorityOf(container: Container): Priority | undefined {
    const { classes } = this.#known;
    return priorityOf(container, { get: (name) => classes.get(name), list: () => [...classes.values()] });
  }

  #violating(keys: readonly string[]): ReadonlySet<string> {
    const { containers: known, budgets } = this.#known;
    const leaving = keys.flatMap((key) => known.get(key) ?? []);
    return violating(leaving, (namespace) =>
      [...budgets.values()].filter(({ metadata }) => metadata.namespace === namespace),
    );
  }

  /** Those whose Host changes so that they leave it. All leave before one is placed anew. */
  #evictions(): Move[] {
    const now = this.#options.clock.now();
    const moves = [...this.#known.containers.values()].flatMap((container) => {
      const { hostName } = container.status ?? {};
      if (hostName === undefined || !this.#known.changedHosts.has(hostName)) return [];
      const host = this.#known.hosts.get(hostName);
      const decided = verdict({ container, host, sightedSince: new Date(0), now });
      // Those of a Host in maintenance leave one after the other, as budgets let them: in the end all do.
      if (decided.do !== "evict" && decided.do !== "drain") return [];
      this.#ledger.forget(keyOf(container));
      return [{ container, why: decided.message, hostLost: decided.do === "evict" && decided.hostLost }];
    });
    return moves.map((move) => ({ ...move, to: this.#place(withoutHost(move.container), []) }));
  }

  /** Adds whom it drives away to `moves`. */
  #place(container: Container, moves: Move[]): Placed {
    const { hostName, priority: had = 0 } = container.status ?? {};
    const priority = this.#priorityOf(container);
    const want = wantOf(container, { priority: priority?.value ?? 0, tenancy: this.#options.tenancy });
    if (hostName !== undefined) {
      const candidate = this.#ledger.candidate(hostName);
      const misplaced = candidate && refusalsOf(placementFilters, want, this.#ledger)(candidate);
      const message = misplaced === undefined ? {} : { message: staysOn(hostName, misplaced) };
      return { container: this.#resized(container, want), place: { hostName, priority: had }, ...message };
    }
    if (priority === undefined) return { container, message: noPriorityClass(container.spec.priorityClassName) };
    const decision = decide(want, priority, this.#ledger, (keys) => this.#violating(keys));
    if (decision.place !== undefined) {
      const placed = { ...container, status: { ...container.status, ...decision.place } };
      this.#ledger.assume(placed, "bound");
      return { container: placed, place: decision.place };
    }
    const { preemption } = decision;
    if (preemption === undefined) return { container, message: refusalText(decision) };

    const victims = preemption.victims.flatMap((key) => this.#known.containers.get(key) ?? []);
    for (const victim of victims) this.#ledger.forget(keyOf(victim));
    const place = { hostName: preemption.hostName, priority: priority.value, ...preemption.allotment };
    const placed = { ...container, status: { ...container.status, ...place } };
    this.#ledger.assume(placed, "bound");
    const why = `makes room for ${want.key} on Host "${preemption.hostName}"`;
    for (const victim of victims)
      moves.push({ container: victim, why, hostLost: false, to: this.#place(withoutHost(victim), moves) });
    return { container: placed, place, message: refusalText(decision) };
  }

  /** With what the scheduler gives it on its Host, or why it does not. */
  #resized(container: Container, want: Want): Container {
    const { allotment, refusal } = resize(container, want, this.#ledger);
    if (allotment === undefined) {
      const now = this.#options.clock.now();
      return refusal === undefined ? container : { ...container, status: resizePendingStatus(container, refusal, now) };
    }
    // What it gives back is free by the time that the plan has come true.
    const { releasing: _released, ...settled } = allotment;
    const given = { ...container, status: resizedStatus(container, settled) };
    // What has ended only takes it where it is to run again.
    const { status, metadata } = container;
    if (!hasEnded(container) || status?.observedGeneration !== metadata.generation) this.#ledger.assume(given, "bound");
    return given;
  }

  async #planOne({ container, place, message }: Placed): Promise<PlannedContainer> {
    const nothing = { ...nameOf(container), ...(message === undefined ? {} : { message }), steps: [] };
    if (place === undefined) return { ...nothing, action: "Unschedulable" };
    const { hostName } = place;
    return this.#onHost({ ...nothing, hostName }, async (host, driver, signal) => ({
      ...nothing,
      hostName,
      ...described(await this.#preview(container, host, driver, signal)),
    }));
  }

  async #planMove({ container, why, hostLost, to }: Move): Promise<PlannedContainer> {
    const { hostName = "" } = container.status ?? {};
    const toHostName = to.place?.hostName;
    const message = to.message === undefined ? why : `${why}; ${to.message}`;
    const nothing = { ...nameOf(container), hostName, message, steps: [] };
    const leaving = hostLost
      ? { ...nothing, action: "Move" as const }
      : await this.#onHost(nothing, async (_host, driver, signal) => {
          const steps = await previewRemoval(driver, container, { claims: this.#claims, why }, signal);
          return { ...nothing, action: "Move", steps: steps.map(plannedStep) };
        });
    if (toHostName === undefined || leaving.action === "Unknown") return leaving;
    const coming = await this.#onHost({ ...nothing, hostName: toHostName }, async (host, driver, signal) => {
      const { steps } = await this.#preview(to.container, host, driver, signal);
      return { ...nothing, action: "Move", steps: steps.map(plannedStep) };
    });
    return { ...leaving, toHostName, steps: [...leaving.steps, ...coming.steps] };
  }

  async #planRemoval(container: Container): Promise<PlannedContainer> {
    const { hostName } = container.status ?? {};
    const nothing = { ...nameOf(container), steps: [] };
    if (hostName === undefined) return { ...nothing, action: "None" };
    return this.#onHost({ ...nothing, hostName }, async (_host, driver, signal) => {
      const steps = await previewRemoval(driver, container, { claims: this.#claims, why: deletion }, signal);
      return { ...nothing, hostName, action: steps.length === 0 ? "None" : "Delete", steps: steps.map(plannedStep) };
    });
  }

  async #preview(container: Container, host: Host, driver: HostDriver, signal: AbortSignal) {
    const now = this.#options.clock.now();
    const resolved = await this.#resolve(container, host);
    return preview(driver, container, { resolved, claims: this.#claims, now }, signal);
  }

  /** With the objects as they will be. */
  async #resolve(container: Container, host: Host): Promise<Resolved> {
    const { client, digestKey, clock } = this.#options;
    const sources = await readSources(container, async (type, name) => {
      const key = sourceKey(type, name);
      if (this.#known.sources.has(key)) return this.#known.sources.get(key);
      try {
        return await client().get(type, name);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    });
    const facts = { container, hostName: host.metadata.name, allocatable: host.status?.allocatable ?? {} };
    return resolve({ sources, facts, digestKey: digestKey(), now: clock.now() });
  }

  /**
   * The connection that the controllers use, as they have it: to open one to where a plan says that the host will be would
   * take theirs away. Throws HostUnreachableError for a host that is to be elsewhere.
   */
  async #open({ metadata: { name }, spec }: Host): Promise<HostDriver> {
    const present = this.#known.present.get(name);
    if (present === undefined || !isDeepStrictEqual(present.spec.docker, spec.docker))
      throw new HostUnreachableError(`Host "${name}" is to be reached otherwise: what it has then is not known`);
    return this.#options.openDriver(present);
  }

  /** What `look` says; or why nobody can tell what is there. */
  async #onHost(
    nothing: Omit<PlannedContainer, "action"> & { readonly hostName: string },
    look: (host: Host, driver: HostDriver, signal: AbortSignal) => Promise<PlannedContainer>,
  ): Promise<PlannedContainer> {
    const { hostName } = nothing;
    const host = this.#known.hosts.get(hostName);
    const away = whyAway(hostName, host);
    if (host === undefined || away !== undefined) {
      return { ...nothing, action: "Unknown", message: away?.message ?? "" };
    }
    try {
      return await look(host, await this.#open(host), AbortSignal.timeout(lookTimeoutMs));
    } catch (error) {
      const message = whyUnknown(error);
      if (message === undefined) throw error;
      return { ...nothing, action: "Unknown", message };
    }
  }
}

/** By key, as they are once `changes` are made. */
function withChanges<T extends KubeObject>(
  type: ResourceType,
  items: readonly T[],
  changes: readonly Change[],
): ReadonlyMap<string, T> {
  const all = new Map(items.map((item) => [keyOf(item), item]));
  for (const { before, after } of changesOf(type, changes)) {
    if (after !== undefined) all.set(keyOf(after), after as T);
    else if (before !== undefined) all.delete(keyOf(before));
  }
  return all;
}

function sourceKey(type: ResourceType, { namespace = "", name }: { namespace?: string | undefined; name: string }) {
  return `${groupResource(type)} ${namespace}/${name}`;
}

function withoutHost(container: Container): Container {
  const { hostName: _left, ...status } = resizedStatus(container, {});
  return { ...container, status };
}

/** Whether it may give room back on its Host, and takes none. */
const isGiver = (container: Container): boolean => container.status?.hostName !== undefined && isAllotted(container);

async function inOrder<T>(tasks: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const results: T[] = [];
  await forEachParallel([...tasks.entries()], atOnce, async ([index, task]) => {
    results[index] = await task();
  });
  return results;
}

const nameOf = ({ metadata: { namespace = "", name } }: Container): { namespace: string; name: string } => ({
  namespace,
  name,
});

/** Why a host cannot be looked at; undefined where the error is about something else. */
function whyUnknown(error: unknown): string | undefined {
  if (error instanceof HostUnreachableError || error instanceof UnsupportedHostError) return error.message;
  if (error instanceof StepError) return error.message;
  if (error instanceof DOMException && error.name === "TimeoutError")
    return `The host did not show what it has within ${lookTimeoutMs / 1000} s`;
  return undefined;
}
