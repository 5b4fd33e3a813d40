import { isDeepStrictEqual } from "node:util";
import type { Client } from "../../api/client/client.ts";
import { ApiError, isConflict, isNotFound } from "../../api/status.ts";
import type { Allotment } from "../../crds/allocation.ts";
import { allotmentOf, isResizePending, resizePending } from "../../crds/allocation.ts";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import { hasEnded, isLeaving } from "../../crds/disruption.ts";
import type { Condition } from "../../crds/meta.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Clock } from "../../process/clock.ts";
import type { Cache, EventRecorder, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { keyOf, settled, waiting } from "../runtime/reconciler.ts";
import { decide, noPriorityClass, refusalText } from "./decide.ts";
import { refusalsOf } from "./filters/filter.ts";
import { placementFilters } from "./filters/placement.ts";
import type { Ledger } from "./ledger.ts";
import type { Preemption, Violating } from "./preemption.ts";
import type { Priority, PriorityClass } from "./priority.ts";
import { priorityOf } from "./priority.ts";
import type { Resize } from "./resize.ts";
import { resize } from "./resize.ts";
import {
  boundStatus,
  placedStatus,
  preemptedStatus,
  resizedStatus,
  resizePendingStatus,
  unschedulableStatus,
} from "./status.ts";
import type { Place } from "./status.ts";
import type { Tenancy, Want } from "./want.ts";
import { wantOf } from "./want.ts";

export interface SchedulerOptions {
  readonly client: Pick<Client, "updateStatus">;
  readonly containers: Cache<Container>;
  readonly priorityClasses: Cache<PriorityClass>;
  readonly ledger: Ledger;
  /** Of Containers that say nothing about it: as the ledger has it. */
  readonly tenancy: Tenancy;
  /** Others are preferred where somebody must go. */
  readonly violating: Violating;
  /** Told when there is room that was kept for somebody who went elsewhere. */
  readonly onRoom: () => void;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** When one is decided about again whose decision was overtaken by what others did. */
const outdatedMs = 1_000;

/**
 * Binds one Container to a Host. Each decision counts on the ledger holding all those before: from looking at the ledger
 * to taking the room nothing may be waited for. Writing it down may then take its time, while others are decided.
 */
export class SchedulerReconciler implements Reconciler {
  readonly #options: SchedulerOptions;
  readonly #refused = new Map<Key, Want>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Those for whom no Host did when they were last looked at, the one that has waited longest first. */
  get refused(): ReadonlyMap<Key, Want> {
    return this.#refused;
  }

  /** More is first. */
  priorityOf(key: Key): number {
    const { containers, priorityClasses } = this.#options;
    const container = containers.get(key);
    return (container && priorityOf(container, priorityClasses)?.value) ?? 0;
  }

  async reconcile(key: Key): Promise<Outcome> {
    const { containers, priorityClasses, ledger, tenancy } = this.#options;
    const container = containers.get(key);
    this.#refused.delete(key);
    if (container === undefined || container.metadata.deletionTimestamp !== undefined) return settled();
    if (container.status?.hostName !== undefined) return this.#review(container, container.status.hostName);
    if (ledger.hasBound(container)) return settled();

    const unsure = ledger.unsurePlace(container);
    if (unsure !== undefined) return this.#bind(container, unsure);
    // A promise must not stand in the way of what is promised. Room that is not needed any more is for others.
    const promise = ledger.forget(key);
    const priority = priorityOf(container, priorityClasses);
    const want = wantOf(container, { priority: priority?.value ?? 0, tenancy });
    if (priority === undefined) {
      return this.#refuse(container, want, noPriorityClass(container.spec.priorityClassName));
    }
    const outcome = await this.#place(container, want, priority);
    if (promise !== undefined && promise.hostName !== ledger.hostOf(key)) this.#options.onRoom();
    return outcome;
  }

  async #place(container: Container, want: Want, priority: Priority): Promise<Outcome> {
    const { ledger, violating } = this.#options;
    const decision = decide(want, priority, ledger, violating);
    if (decision.place !== undefined) return this.#bind(container, decision.place);
    // Before anything is waited for: room that comes meanwhile must wake it.
    this.#refused.set(want.key, want);
    const told = decision.preemption === undefined || (await this.#makeRoom(container, want, decision.preemption));
    const outcome = await this.#refuse(container, want, refusalText(decision));
    return told ? outcome : settled(outdatedMs);
  }

  /**
   * Keeps the room that there will be from others, and asks those who are in the way to leave. False where the API does
   * not show one of them as it was decided about.
   */
  async #makeRoom(container: Container, want: Want, { hostName, victims, allotment }: Preemption): Promise<boolean> {
    const { containers, ledger, events, clock } = this.#options;
    ledger.assume(
      { ...container, status: { ...container.status, hostName, priority: want.priority, ...allotment } },
      "promised",
    );
    let all = true;
    for (const key of victims) {
      const victim = containers.get(key);
      // Bound a moment ago and not shown yet; or it went, or was asked to go, while the others were told.
      if (victim === undefined || victim.status?.hostName !== hostName || isLeaving(victim)) {
        all = false;
        continue;
      }
      // Who else there is, is nobody's business in another namespace.
      const whom = victim.metadata.namespace === want.tenant ? want.key : "a Container of more priority";
      const message = `Preempted by ${whom} on Host "${hostName}"`;
      try {
        const leaving = { ...victim, status: preemptedStatus(victim, message, clock.now()) };
        const told = await this.#options.client.updateStatus<Container>(containerType, leaving);
        // Where the API shows something newer already, the ledger has seen it: this would take it back.
        if (containers.get(key)?.metadata.resourceVersion === victim.metadata.resourceVersion) ledger.see(victim, told);
      } catch (error) {
        if (isNotFound(error)) continue;
        throw error;
      }
      events.event(victim, "Normal", "Preempted", message);
    }
    return all;
  }

  async #bind(container: Container, place: Place): Promise<Outcome> {
    const { events, clock } = this.#options;
    if (await this.#take(container, boundStatus(container, place, clock.now()))) {
      const message = `Successfully assigned ${keyOf(container)} to ${place.hostName}`;
      events.event(container, "Normal", "Scheduled", message);
    }
    return settled();
  }

  /** Takes the room that `status` speaks of, and writes it down. False where the Container is gone. */
  async #take(container: Container, status: ContainerStatus): Promise<boolean> {
    const { containers, ledger } = this.#options;
    const key = keyOf(container);
    const isShown = (): boolean => containers.get(key)?.metadata.resourceVersion === container.metadata.resourceVersion;
    const again = ledger.unsurePlace(container) !== undefined;
    const before = ledger.held(key);
    const next = { ...container, status };
    ledger.assume(next, "unknown");
    try {
      await this.#write(container, status);
    } catch (error) {
      // A refusal is certain, unless an earlier try came through, or something else did: then the API is about to show
      // it. Anything else may have happened all the same, and keeps its room until that is known.
      const refused = error instanceof ApiError && error.code < 500 && !isConflict(error);
      if (refused && !again && isShown()) {
        if (before === undefined) ledger.forget(key);
        else ledger.restore(before);
        this.#options.onRoom();
      }
      if (isNotFound(error)) return false;
      throw error;
    }
    // Where the API shows something newer already, the ledger has seen it: this would take it back.
    if (isShown()) ledger.assume(next, "bound");
    return true;
  }

  /** Whatever may make room wakes it. */
  async #refuse(container: Container, want: Want, message: string): Promise<Outcome> {
    const { events, clock } = this.#options;
    this.#refused.set(want.key, want);
    if (await this.#write(container, unschedulableStatus(container, message, clock.now()))) {
      events.event(container, "Warning", "FailedScheduling", message);
    }
    return waiting("Unschedulable", message);
  }

  /**
   * Gives a bound Container what it asks for by now, or says why not. And tells whoever changes its placement that it does
   * not move, and when they have taken it back.
   */
  async #review(container: Container, hostName: string): Promise<Outcome> {
    const { ledger, tenancy, events, clock } = this.#options;
    if (ledger.hasBound(container)) return settled();
    const now = clock.now();
    const want = wantOf(container, { priority: container.status?.priority ?? 0, tenancy });
    const { allotment, refusal } = this.#resize(container, want);
    // Before anything is waited for: room that comes meanwhile must wake it.
    if (allotment === undefined) this.#refused.set(want.key, want);

    const placed = this.#placed(container, hostName, want, now);
    if (allotment !== undefined) await this.#give(container, placed, allotment);
    else await this.#write(container, refusal ? resizePendingStatus(placed, refusal, now) : placed.status);

    const misplaced = said(placed, "Scheduled");
    if (misplaced?.reason === "PlacementChanged" && said(container, "Scheduled")?.reason !== misplaced.reason)
      events.event(container, "Warning", misplaced.reason, misplaced.message);
    if (refusal === undefined) return settled();
    if (said(container, resizePending)?.message !== refusal.message)
      events.event(container, "Warning", resizePending, `${refusal.reason}: ${refusal.message}`);
    return waiting(resizePending, refusal.message);
  }

  /** What has ended gets nothing before it says, by its condition ResizePending, that it is to run again. */
  #resize(container: Container, want: Want): Resize {
    const { ledger } = this.#options;
    const unsure = ledger.unsurePlace(container);
    if (unsure !== undefined) return { allotment: allotmentOf(unsure) };
    const isOver = hasEnded(container) && !isResizePending(container);
    return isOver ? { allotment: allotmentOf(container.status) } : resize(container, want, ledger);
  }

  async #give(container: Container, placed: Container, allotment: Allotment): Promise<void> {
    const isSame = isDeepStrictEqual(allotment, allotmentOf(container.status));
    if (isSame && placed === container && !isResizePending(container)) return;
    const status = resizedStatus(placed, allotment);
    await (isSame ? this.#write(container, status) : this.#take(container, status));
  }

  /** With what is to be said of where it is. */
  #placed(container: Container, hostName: string, want: Want, now: Date): Container {
    const { ledger } = this.#options;
    const candidate = ledger.candidate(hostName);
    if (candidate === undefined) return container;
    const misplaced = refusalsOf(placementFilters, want, ledger)(candidate);
    const isSaid = said(container, "Scheduled")?.reason === "PlacementChanged";
    if ((misplaced !== undefined) === isSaid) return container;
    return { ...container, status: placedStatus(container, hostName, misplaced, now) };
  }

  /** Writes on top of exactly the version that was decided about, so that nothing is bound twice. False: no news. */
  async #write(container: Container, status: ContainerStatus = {}): Promise<boolean> {
    if (isDeepStrictEqual(status, container.status)) return false;
    const next: Container = { ...container, status };
    await this.#options.client.updateStatus<Container>(containerType, next);
    return true;
  }
}

const said = ({ status }: Container, type: string): Condition | undefined => findCondition(status?.conditions, type);
