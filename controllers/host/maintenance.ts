/** Says how far the draining of a Host in maintenance is. Pure. */
import type { Container } from "../../crds/container.ts";
import { hasEnded, whyStays } from "../../crds/disruption.ts";
import type { Host } from "../../crds/host.ts";
import type { ConditionDraft } from "../runtime/conditions.ts";
import { keyOf } from "../runtime/reconciler.ts";
import { shortList } from "./names.ts";

export const maintenanceType = "Maintenance";

/**
 * Undefined where the Host is not in maintenance. It is drained when nothing of what may move is left, nor anything that
 * may not: as long as such runs there, somebody has to decide what becomes of it.
 */
export function maintenanceCondition({ spec }: Host, bound: readonly Container[]): ConditionDraft | undefined {
  if (!spec.maintenance) return undefined;
  const left = bound.filter((container) => !hasEnded(container));
  const draft = (reason: string, message: string): ConditionDraft => ({
    type: maintenanceType,
    status: "True",
    reason,
    message,
  });
  if (left.length === 0) return draft("Drained", "");
  const staying = left.filter((container) => whyStays(container) !== undefined);
  const says = `${count(left.length)} left: ${shortList(left.map(keyOf))}`;
  if (staying.length === 0) return draft("Draining", says);
  const why = shortList(staying.map((container) => `${keyOf(container)} (${whyStays(container) ?? ""})`));
  return draft("Draining", `${says}. Of these, what may not move stays until it is deleted: ${why}`);
}

const count = (containers: number): string => (containers === 1 ? "1 Container is" : `${containers} Containers are`);
