/** What the scheduler says in Container.status. Pure. */
import type { Container, ContainerStatus } from "../../crds/container.ts";
import type { ConditionDraft } from "../runtime/conditions.ts";
import { setCondition } from "../runtime/conditions.ts";

export function boundStatus(container: Container, hostName: string, now: Date): ContainerStatus {
  const previous = { ...container.status };
  // It said why no Host would do.
  delete previous.message;
  return {
    ...previous,
    phase: "Pending",
    // What kubectl shows of a pod that has a node and nothing on it yet.
    summary: "ContainerCreating",
    hostName,
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
      : {
          reason: "PlacementChanged",
          message: `Stays on Host "${hostName}", which ${misplaced}: to place it anew, delete it and apply it again`,
        };
  return { ...container.status, conditions: withScheduled(container, { status: "True", ...scheduled }, now) };
}

function withScheduled(
  { status, metadata: { generation } }: Container,
  draft: Pick<ConditionDraft, "status" | "reason" | "message">,
  now: Date,
): NonNullable<ContainerStatus["conditions"]> {
  const asOf = generation === undefined ? {} : { observedGeneration: generation };
  return [...setCondition(status?.conditions, { type: "Scheduled", ...draft, ...asOf }, now)];
}
