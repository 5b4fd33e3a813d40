/** What the scheduler says in Container.status. Pure. */
import type { Allotment } from "../../crds/allocation.ts";
import { resizePending } from "../../crds/allocation.ts";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import { formatTime } from "../../crds/meta.ts";
import type { ConditionDraft } from "../runtime/conditions.ts";
import { setCondition } from "../runtime/conditions.ts";

/** What a Container has on its Host. */
export interface Place extends Allotment {
  readonly hostName: string;
  /** With which it was placed: what may take its place is measured by it. */
  readonly priority: number;
}

/** Why a Container does not get on its Host what it asks for by now. */
export interface Refusal {
  /** Whether the Host may have as much once others take less. */
  readonly reason: "Deferred" | "Infeasible";
  readonly message: string;
}

export function boundStatus(container: Container, place: Place, now: Date): ContainerStatus {
  const { hostName } = place;
  // The message said why no Host would do; what it had on another Host is not here.
  const { message: _message, ...previous } = withoutAllotment(container.status);
  return {
    ...previous,
    phase: "Pending",
    // What kubectl shows of a pod that has a node and nothing on it yet.
    summary: "ContainerCreating",
    ...place,
    conditions: withScheduled(
      container,
      { status: "True", reason: "Scheduled", message: `Bound to Host "${hostName}"` },
      now,
    ),
  };
}

export function unschedulableStatus(container: Container, message: string, now: Date): ContainerStatus {
  return {
    ...container.status,
    phase: "Pending",
    summary: "Pending",
    message,
    conditions: withScheduled(container, { status: "False", reason: "Unschedulable", message }, now),
  };
}

/** Of a bound Container: whether it is where its spec would have it now. It does not move either way. */
export function placedStatus(
  container: Container,
  hostName: string,
  misplaced: string | undefined,
  now: Date,
): ContainerStatus {
  const scheduled =
    misplaced === undefined
      ? { reason: "Scheduled", message: `Bound to Host "${hostName}"` }
      : { reason: "PlacementChanged", message: staysOn(hostName, misplaced) };
  return { ...container.status, conditions: withScheduled(container, { status: "True", ...scheduled }, now) };
}

/** `misplaced`: what makes its spec want another Host by now, as a filter says it. */
export const staysOn = (hostName: string, misplaced: string): string =>
  `Stays on Host "${hostName}", which ${misplaced}: to place it anew, delete it and apply it again`;

function withScheduled(
  { status, metadata: { generation } }: Container,
  draft: Pick<ConditionDraft, "status" | "reason" | "message">,
  now: Date,
): NonNullable<ContainerStatus["conditions"]> {
  const asOf = generation === undefined ? {} : { observedGeneration: generation };
  return [...setCondition(status?.conditions, { type: "Scheduled", ...draft, ...asOf }, now)];
}

/** Of a bound Container that has `allotment` from now on: as much as it asks for. */
export function resizedStatus({ status }: Container, allotment: Allotment): ContainerStatus {
  const { conditions, ...previous } = withoutAllotment(status);
  const kept = conditions && { conditions: conditions.filter(({ type }) => type !== resizePending) };
  return { ...previous, ...allotment, ...kept };
}

/** Of a bound Container that asks for more than its Host has: it keeps what it has. */
export function resizePendingStatus(container: Container, { reason, message }: Refusal, now: Date): ContainerStatus {
  const { status, metadata } = container;
  const asOf = metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
  const pending = { type: resizePending, status: "True", reason, message, ...asOf } as const;
  return { ...status, conditions: [...setCondition(status?.conditions, pending, now)] };
}

function withoutAllotment(status: ContainerStatus = {}): ContainerStatus {
  const { allocatedResources: _resources, cpuset: _cpuset, devices: _devices, releasing: _releasing, ...rest } = status;
  return rest;
}

/** Asks a Container to make room for another that has more priority. */
export function preemptedStatus(victim: Container, message: string, now: Date): ContainerStatus {
  return { ...victim.status, eviction: { reason: "Preempted", message, requestedAt: formatTime(now) } };
}
