import type { Client } from "../../api/client/client.ts";
import { evict } from "../../api/client/evict.ts";
import { hasReason, isNotFound } from "../../api/status.ts";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { formatTime } from "../../crds/meta.ts";
import type { Clock } from "../../process/clock.ts";
import type { Cache, EventRecorder, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { settled, waiting } from "../runtime/reconciler.ts";
import type { Eviction } from "./plan.ts";
import { isAway, verdict } from "./plan.ts";

export interface TaintEvictionOptions {
  readonly client: Pick<Client, "get" | "list" | "updateStatus">;
  readonly containers: Cache<Container>;
  readonly hosts: Cache<Host>;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** How long one that a DisruptionBudget wants to stay is left alone: as kubectl does. */
const refusedMs = 5_000;

/** When one whose Host is gone is looked at again while all others are lost. */
const blindMs = 5_000;

/** Makes one Container leave its Host once it no longer tolerates the Host's taints, or where the Host is in maintenance. */
export class TaintEvictionReconciler implements Reconciler {
  readonly #options: TaintEvictionOptions;
  #sightedSince: Date;
  #wasBlind = false;

  constructor(options: TaintEvictionOptions) {
    this.#options = options;
    // What was so while nobody looked counts from now on.
    this.#sightedSince = options.clock.now();
  }

  async reconcile(key: Key): Promise<Outcome> {
    const { containers, hosts, clock } = this.#options;
    const container = containers.get(key);
    const hostName = container?.status?.hostName;
    if (container === undefined || hostName === undefined) return settled();
    const host = hosts.get(hostName);
    // Who returns wakes those on Hosts that there are.
    if (this.#isBlind()) return settled(host === undefined ? blindMs : undefined);
    const decided = verdict({ container, host, sightedSince: this.#sightedSince, now: clock.now() });
    switch (decided.do) {
      case "stay":
        return settled();
      case "wait":
        return settled(decided.forMs);
      case "evict":
        return this.#evict(container, decided);
      case "drain":
        return this.#drain(container, hostName, decided);
    }
  }

  async #drain(
    container: Container,
    hostName: string,
    { reason, message }: Pick<Eviction, "reason" | "message">,
  ): Promise<Outcome> {
    const { client, clock, events } = this.#options;
    try {
      await evict(client, container.metadata, { reason, message, hostName }, () => clock.now());
    } catch (error) {
      if (isNotFound(error) || hasReason(error, "Forbidden")) return settled();
      if (!hasReason(error, "TooManyRequests", "InternalError")) throw error;
      const why = error.details?.causes?.[0]?.message ?? error.message;
      events.event(container, "Warning", "EvictionRefused", `${message}, and it stays for now: ${why}`);
      return waiting("EvictionRefused", why, refusedMs);
    }
    events.event(container, "Normal", reason, message);
    return settled();
  }

  /**
   * Whether no Host can be asked: then it is more likely that we are. Nobody moves, and all times begin anew when the first
   * is back. Source: FullDisruption in kubernetes/pkg/controller/nodelifecycle/node_lifecycle_controller.go.
   */
  #isBlind(): boolean {
    const all = [...this.#options.hosts.list()];
    const isBlind = all.length > 0 && all.every(isAway);
    if (this.#wasBlind && !isBlind) this.#sightedSince = this.#options.clock.now();
    this.#wasBlind = isBlind;
    return isBlind;
  }

  /** Written on top of the very version that was decided about: any change since is decided about anew. */
  async #evict(container: Container, { reason, message, hostLost }: Eviction): Promise<Outcome> {
    const requestedAt = formatTime(this.#options.clock.now());
    const eviction = { reason, message, requestedAt, ...(hostLost ? { hostLost } : {}) };
    const next: Container = { ...container, status: { ...container.status, eviction } };
    try {
      await this.#options.client.updateStatus<Container>(containerType, next);
    } catch (error) {
      if (isNotFound(error)) return settled();
      throw error;
    }
    this.#options.events.event(container, "Warning", reason, message);
    return settled();
  }
}
