import { isDeepStrictEqual } from "node:util";
import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import type { Host, HostStatus } from "../../crds/host.ts";
import { hosts as hostType } from "../../crds/host.ts";
import type { HostDriver, OwnedContainer } from "../../drivers/driver.ts";
import {
  HostUnreachableError,
  RefusedCredentialsError,
  StepError,
  UnsupportedHostError,
} from "../../drivers/driver.ts";
import type { HostFeed } from "../../drivers/host-feed.ts";
import type { DriverPool } from "../../drivers/pool.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Clock } from "../../process/clock.ts";
import type { Cache, EventRecorder, Key, Outcome, Reconciler, Wake } from "../runtime/reconciler.ts";
import { settled } from "../runtime/reconciler.ts";
import { patiently } from "./patience.ts";
import { secretsOf } from "./secret.ts";
import { Surveyor } from "./survey.ts";
import type { Look, NotReadyReason, Probe, Strays } from "./status.ts";
import { orphanVolumes, statusOf, straysOf, volumePrefix } from "./status.ts";
import { HostWatch } from "./watch.ts";

/** Ours in metadata.finalizers: Containers may be bound to it. */
const finalizer = "stowage.dev/host";

/** Index of Containers by the Host that they are bound to. */
export const byHost = "host/hostName";

export interface HostReconcilerOptions {
  readonly client: Pick<Client, "get" | "patch" | "updateStatus">;
  readonly hosts: Cache<Host>;
  readonly containers: Cache<Container>;
  readonly drivers: Pick<DriverPool, "ensure" | "remove">;
  readonly feed: HostFeed;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** From 0 up to 1: spreads the relists of many hosts. */
  readonly random: () => number;
}

/** How often a host is asked whether it answers. */
const probeMs = 1_000;
/** Many are asked in one go: to wake up for each costs more than the question. */
const beatMs = 250;
/** A host that is silent for longer does not answer; one that answers has to say what it has some time, too. */
const patience = { silenceMs: 4_000, workMs: 30_000 };
/** How often everything on a host is looked at, give or take a tenth. */
const relistMs = 60_000;
/** What a stale one has for its end: as Containers have it by default, and no longer, for all on the Host wait for it. */
const mostGraceSeconds = 30;
/** Containers are counted again once none has changed for so long; where one always does, the relist counts them. */
const recountMs = 2_000;

interface Connection {
  readonly watch: HostWatch;
  readonly surveyor: Surveyor;
  /** Of the Host, when the surveyor was told of it last. */
  generation: number | undefined;
  /** What was seen last; undefined while it does not answer. */
  look: Look | undefined;
  relistAt: number;
  /** When it last told of a change, in milliseconds since 1970; 0 where nobody listens. */
  heardAt: number;
  answeredAt: Date | undefined;
  recountDue: boolean;
  recount: Disposable | undefined;
}

/** Keeps the connection to each Host, listens to it, and says in its status what it is and whether it answers. */
export class HostReconciler implements Reconciler {
  readonly #options: HostReconcilerOptions;
  readonly #connections = new Map<Key, Connection>();
  #wake: Wake = () => undefined;

  constructor(options: HostReconcilerOptions) {
    this.#options = options;
  }

  /** A Container has left this Host, or was bound elsewhere: what it left behind may be stale by now. */
  recount(name: Key): void {
    const connection = this.#connections.get(name);
    if (connection !== undefined) connection.recountDue = true;
    this.#wake(name);
  }

  /** Must be called before anything is reconciled. Ends all listening when `signal` aborts. */
  start(wake: Wake, signal: AbortSignal): void {
    this.#wake = wake;
    signal.addEventListener("abort", () => {
      for (const connection of this.#connections.values()) disconnect(connection);
    });
  }

  async reconcile(key: Key, signal: AbortSignal): Promise<Outcome> {
    const { hosts, containers } = this.#options;
    const host = hosts.get(key);
    if (host === undefined) {
      await this.#close(key);
      return settled();
    }
    const deleted = host.metadata.deletionTimestamp !== undefined;
    const bound = (): readonly Container[] => (deleted || host.spec.maintenance ? containers.byIndex(byHost, key) : []);
    try {
      if (deleted && bound().length === 0) {
        await this.#close(key);
        await this.#release(host);
        return settled();
      }
      const held = await this.#hold(host);
      const probe = await this.#probe(host, signal);
      // After the probe, which takes its time: whoever reads Drained takes the machine away.
      await this.#report(held, probe, bound());
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return settled(probeMs - (this.#options.clock.now().getTime() % beatMs));
  }

  async #probe(host: Host, signal: AbortSignal): Promise<Probe> {
    const { name } = host.metadata;
    const { client, drivers } = this.#options;
    try {
      const driver = await drivers.ensure(host, secretsOf(client));
      // Nobody would end what begins to listen and to remove images now.
      signal.throwIfAborted();
      const connection = this.#connect(name, driver);
      if (connection.generation !== undefined && connection.generation !== host.metadata.generation)
        connection.surveyor.again();
      connection.generation = host.metadata.generation;
      connection.look = await this.#patientLook(name, connection, signal);
      // Before the Host is called ready: nothing new starts beside them.
      if (connection.look.stale.length > 0) {
        const { stale } = connection.look;
        // How long that may take is not known, but a host that falls silent meanwhile does not answer.
        await patiently(
          this.#options.clock,
          { silenceMs: patience.silenceMs, workMs: Infinity },
          signal,
          (limited) => driver.ping(limited),
          (limited) => this.#removeStale(host, driver, stale, limited),
        );
        connection.recountDue = true;
        connection.look = await this.#patientLook(name, connection, signal);
      }
      connection.answeredAt = this.#options.clock.now();
      return { ready: true, ...connection.look, survey: connection.surveyor.survey };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      const connection = this.#connections.get(name);
      if (connection !== undefined) connection.look = undefined;
      return { ready: false, ...refusal };
    }
  }

  /** Everything at first and from time to time, what changed when something did, else whether it answers at all. */
  async #look(name: Key, connection: Connection, signal: AbortSignal): Promise<Look> {
    const { clock, feed, random } = this.#options;
    const { driver } = connection.watch;
    const now = clock.now().getTime();
    // Farther off than it can be: the clock was set back.
    const relistDue = now >= connection.relistAt || connection.relistAt > now + 2 * relistMs;
    if (connection.look === undefined || relistDue) {
      const [info, found] = await Promise.all([driver.info(signal), driver.owners(signal)]);
      connection.relistAt = now + relistMs * (0.9 + 0.2 * random());
      feed.tell({ kind: "listed", hostName: name, found });
      return { info, ...(await this.#count(name, driver, found, signal)) };
    }
    if (connection.recountDue) {
      connection.recountDue = false;
      return { ...connection.look, ...(await this.#count(name, driver, await driver.owners(signal), signal)) };
    }
    // Who has just told of a change is there.
    if (Math.abs(now - connection.heardAt) >= probeMs) await driver.ping(signal);
    return connection.look;
  }

  /**
   * Lists again before it calls anything an orphan: an object may have gone together with its container, after the
   * first list was made.
   */
  async #count(
    name: Key,
    driver: HostDriver,
    found: readonly OwnedContainer[],
    signal: AbortSignal,
  ): Promise<Omit<Look, "info">> {
    const { containers } = this.#options;
    const first = straysOf(name, found, containers);
    if (first.orphans.length + first.stale.length === 0) return { containers: found.length, orphans: [], stale: [] };
    const again = straysOf(name, await driver.owners(signal), containers);
    const inBoth = (kind: keyof Strays): readonly OwnedContainer[] =>
      again[kind].filter(({ id }) => first[kind].some((one) => one.id === id));
    return {
      containers: found.length,
      orphans: inBoth("orphans")
        .map(({ hostSideName }) => hostSideName)
        .sort(),
      stale: inBoth("stale"),
    };
  }

  /**
   * Each gets its grace period, all at the same time. What the host refuses is tried again with the next look. Before one
   * goes the API itself is asked: our cache may be of a time when it was elsewhere, should we lead no more.
   */
  async #removeStale(
    host: Host,
    driver: HostDriver,
    stale: readonly OwnedContainer[],
    signal: AbortSignal,
  ): Promise<void> {
    const { client, events } = this.#options;
    const remove = async (one: OwnedContainer): Promise<void> => {
      const { id, owner, hostSideName } = one;
      const container = await unlessGone(client.get<Container>(containerType, owner));
      if (straysOf(host.metadata.name, [one], { get: () => container }).stale.length === 0) return;
      const graceSeconds = Math.min(container?.spec.terminationGracePeriodSeconds ?? 0, mostGraceSeconds);
      try {
        await driver.perform({ do: "stop", id, graceSeconds }, signal);
        await driver.perform({ do: "remove", id, why: "its Container runs elsewhere by now" }, signal);
        events.event(host, "Normal", "StaleRemoved", `Removed ${hostSideName}: its Container runs elsewhere by now`);
      } catch (error) {
        if (!(error instanceof StepError)) throw error;
        events.event(host, "Warning", "FailedRemoving", error.message);
      }
    };
    await Promise.all(stale.map(remove));
  }

  /** Listens to the host, from now on or already. */
  #connect(name: Key, driver: HostDriver): Connection {
    const known = this.#connections.get(name);
    if (known?.watch.driver === driver) return known;
    if (known !== undefined) disconnect(known);
    const { feed, clock, events, random, hosts, containers } = this.#options;
    const watch = new HostWatch(driver, clock, {
      listening: () => {
        connection.relistAt = 0;
        connection.surveyor.retry();
        feed.tell({ kind: "listening", hostName: name });
        this.#wake(name);
      },
      changed: (owner) => {
        feed.tell({ kind: "changed", hostName: name, owner });
        connection.heardAt = clock.now().getTime();
        connection.recount?.[Symbol.dispose]();
        connection.recount = clock.after(recountMs, () => {
          connection.recount = undefined;
          connection.recountDue = true;
          this.#wake(name);
        });
      },
      lost: () => {
        connection.heardAt = 0;
        this.#wake(name);
      },
    });
    const connection: Connection = {
      watch,
      surveyor: new Surveyor({
        driver,
        clock,
        events,
        random,
        host: () => hosts.get(name),
        bound: () => containers.byIndex(byHost, name),
        orphans: (volumes, found) => orphanVolumes(volumes, found, containers, hosts),
        found: () => {
          this.#wake(name);
        },
      }),
      generation: undefined,
      look: undefined,
      relistAt: 0,
      heardAt: 0,
      answeredAt: undefined,
      recountDue: false,
      recount: undefined,
    };
    this.#connections.set(name, connection);
    return connection;
  }

  async #close(name: Key): Promise<void> {
    const known = this.#connections.get(name);
    if (known === undefined) return;
    disconnect(known);
    this.#connections.delete(name);
    await this.#options.drivers.remove(name);
  }

  /** A host that accepts a connection and then says nothing does not answer either. */
  #patientLook(name: Key, connection: Connection, signal: AbortSignal): Promise<Look> {
    const { driver } = connection.watch;
    const ping = (limited: AbortSignal): Promise<void> => driver.ping(limited);
    const look = (limited: AbortSignal): Promise<Look> => this.#look(name, connection, limited);
    return patiently(this.#options.clock, patience, signal, ping, look);
  }

  async #hold(host: Host): Promise<Host> {
    const { finalizers = [], deletionTimestamp } = host.metadata;
    if (deletionTimestamp !== undefined || finalizers.includes(finalizer)) return host;
    return this.#patchFinalizers(host, [...finalizers, finalizer]);
  }

  async #release(host: Host): Promise<void> {
    const { finalizers = [] } = host.metadata;
    if (!finalizers.includes(finalizer)) return;
    await this.#patchFinalizers(
      host,
      finalizers.filter((one) => one !== finalizer),
    );
  }

  #patchFinalizers(host: Host, finalizers: readonly string[]): Promise<Host> {
    const { name, uid, resourceVersion } = host.metadata;
    const body = { metadata: { uid, resourceVersion, finalizers } };
    return this.#options.client.patch<Host>(hostType, { name }, { type: "merge", body });
  }

  async #report(host: Host, probe: Probe, bound: readonly Container[]): Promise<void> {
    const answeredAt = this.#connections.get(host.metadata.name)?.answeredAt;
    const status = statusOf({ host, probe, answeredAt, bound, now: this.#options.clock.now() });
    if (isDeepStrictEqual(status, host.status)) return;
    const next: Host = { ...host, status };
    await this.#options.client.updateStatus<Host>(hostType, next);
    this.#tell(host, status);
  }

  #tell(host: Host, status: HostStatus): void {
    const { events } = this.#options;
    const ready = findCondition(status.conditions, "Ready");
    const before = findCondition(host.status?.conditions, "Ready")?.status;
    if (ready?.status === "True" && before !== "True") {
      events.event(
        host,
        "Normal",
        "HostReady",
        `Connected: ${status.engine?.type ?? ""} ${status.engine?.version ?? ""}`,
      );
    }
    if (ready?.status === "False" && before !== "False") events.event(host, "Warning", "HostNotReady", ready.message);
    this.#tellOfDisk(host, status);
    const known = host.status?.orphans ?? [];
    for (const orphan of (status.orphans ?? []).filter((name) => !known.includes(name))) {
      events.event(host, "Warning", "Orphan", orphanMessage(orphan));
    }
  }

  #tellOfDisk(host: Host, status: HostStatus): void {
    const pressure = findCondition(status.conditions, "DiskPressure");
    const before = findCondition(host.status?.conditions, "DiskPressure")?.status ?? "False";
    if (pressure === undefined || pressure.status === before) return;
    if (pressure.status === "True")
      this.#options.events.event(host, "Warning", "HostHasDiskPressure", pressure.message);
    else this.#options.events.event(host, "Normal", "HostHasNoDiskPressure", "There is room on its disk again");
  }
}

/** What somebody can do who knows that it is not wanted any more. */
function orphanMessage(orphan: string): string {
  const isVolume = orphan.startsWith(volumePrefix);
  const [what, command] = isVolume ? [`V${orphan.slice(1)}`, "volume rm"] : [`Container ${orphan}`, "rm -f"];
  const name = isVolume ? orphan.slice(volumePrefix.length) : orphan;
  return `${what} carries our labels and belongs to no object: it is left alone (to remove it, run on the host: docker ${command} ${name})`;
}

async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function disconnect({ watch, surveyor, recount }: Connection): void {
  watch[Symbol.dispose]();
  surveyor[Symbol.dispose]();
  recount?.[Symbol.dispose]();
}

/** What an error says of the host; undefined when it says nothing of it. */
function refusalOf(error: unknown): { readonly reason: NotReadyReason; readonly message: string } | undefined {
  if (error instanceof HostUnreachableError) return { reason: "EngineUnreachable", message: error.message };
  if (error instanceof RefusedCredentialsError) return { reason: "InvalidCredentials", message: error.message };
  if (error instanceof UnsupportedHostError) return { reason: "EngineUnsupported", message: error.message };
  return undefined;
}
