import { isDeepStrictEqual } from "node:util";
import type { Client } from "../../api/client/client.ts";
import { ApiError, isNotFound } from "../../api/status.ts";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Clock } from "../../process/clock.ts";
import type { Cache, EventRecorder, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { keyOf, settled, waiting } from "../runtime/reconciler.ts";
import { placementFilters, wantOf } from "./filters.ts";
import type { Ledger } from "./ledger.ts";
import { refusalOf, schedule } from "./schedule.ts";
import { boundStatus, placedStatus, unschedulableStatus } from "./status.ts";

export interface SchedulerOptions {
  readonly client: Pick<Client, "updateStatus">;
  readonly containers: Cache<Container>;
  readonly ledger: Ledger;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/**
 * Binds one Container to a Host, once and for all. Must have one worker only: each decision counts on the ledger
 * holding all those before.
 */
export class SchedulerReconciler implements Reconciler {
  readonly #options: SchedulerOptions;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  async reconcile(key: Key): Promise<Outcome> {
    const { containers, ledger, clock, events } = this.#options;
    const container = containers.get(key);
    if (container === undefined || container.metadata.deletionTimestamp !== undefined) return settled();
    if (container.status?.hostName !== undefined) return this.#review(container, container.status.hostName);
    if (ledger.hasBound(container)) return settled();

    // What an earlier try may have taken must not stand in the way of this one.
    ledger.forget(key);
    const placement = schedule(wantOf(container), ledger.candidates());
    if ("hostName" in placement) return this.#bind(container, placement.hostName);

    const message = placement.unschedulable;
    if (await this.#write(container, unschedulableStatus(container, message, clock.now()))) {
      events.event(container, "Warning", "FailedScheduling", message);
    }
    // Whatever may make room wakes it.
    return waiting("Unschedulable", message);
  }

  async #bind(container: Container, hostName: string): Promise<Outcome> {
    const { ledger, events, clock } = this.#options;
    ledger.assume(container, hostName, "unknown");
    try {
      await this.#write(container, boundStatus(container, hostName, clock.now()));
    } catch (error) {
      // A refusal is certain; anything else may have happened all the same, and keeps its room until that is known.
      if (error instanceof ApiError && error.code < 500) ledger.forget(keyOf(container));
      if (isNotFound(error)) return settled();
      throw error;
    }
    ledger.assume(container, hostName, "bound");
    events.event(container, "Normal", "Scheduled", `Successfully assigned ${keyOf(container)} to ${hostName}`);
    return settled();
  }

  /** Tells whoever changes the placement of a bound Container that it does not move, and when they have taken it back. */
  async #review(container: Container, hostName: string): Promise<Outcome> {
    const { ledger, events, clock } = this.#options;
    const candidate = ledger.candidate(hostName);
    if (candidate === undefined) return settled();
    const misplaced = refusalOf(placementFilters, wantOf(container), candidate);
    const said = findCondition(container.status?.conditions, "Scheduled")?.reason === "PlacementChanged";
    if ((misplaced !== undefined) === said) return settled();
    const status = placedStatus(container, hostName, misplaced, clock.now());
    await this.#write(container, status);
    const message = findCondition(status.conditions, "Scheduled")?.message ?? "";
    if (misplaced !== undefined) events.event(container, "Warning", "PlacementChanged", message);
    return settled();
  }

  /** Writes on top of exactly the version that was decided about, so that nothing is bound twice. False: no news. */
  async #write(container: Container, status: ContainerStatus): Promise<boolean> {
    if (isDeepStrictEqual(status, container.status)) return false;
    const next: Container = { ...container, status };
    await this.#options.client.updateStatus<Container>(containerType, next);
    return true;
  }
}
