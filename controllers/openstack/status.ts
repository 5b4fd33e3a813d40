/** What a reconciliation came to, as ORC's two conditions. Source: k-orc, internal/controllers/generic/status. */
import type { AnyExternal } from "./actuator.ts";
import type { ExternalStatus } from "../../crds/openstack/external.ts";
import { formatTime } from "../../crds/meta.ts";
import type { ConditionDraft } from "../runtime/conditions.ts";
import { setCondition } from "../runtime/conditions.ts";

/** ORC's reasons: each says what the controller does next. Source: k-orc, api/v1alpha1/conditions.go. */
export type Reason = "Success" | "Progressing" | "TransientError" | "InvalidConfiguration" | "UnrecoverableError";

/** How one look at an object ended. */
export type Verdict =
  /** As asked. */
  | { readonly reason: "Success" }
  /** Something has to happen first. */
  | { readonly reason: "Progressing"; readonly message: string; readonly pollMs?: number | undefined }
  /** It did not work; it is tried again. */
  | { readonly reason: "TransientError"; readonly message: string; readonly retryAfterMs?: number | undefined }
  /** It is not tried again until the spec changes. */
  | FinalVerdict;

interface FinalVerdict {
  readonly reason: "InvalidConfiguration" | "UnrecoverableError";
  readonly message: string;
}

/** What was learned of the resource; undefined where nothing was. */
export interface Seen {
  readonly id: string | undefined;
  readonly resource: object;
  /** Whether it can be used as it is. */
  readonly usable: boolean;
}

const success = {
  Available: "OpenStack resource is available",
  Progressing: "OpenStack resource is up to date",
} as const;

/** Longer ones are cut: conditions are for people. */
export const longestMessage = 2048;

/**
 * The status after a look. What was seen before stays where this look saw nothing: a cloud that does not answer takes
 * nothing away from what is known.
 */
export function statusOf(
  { metadata, status = {} }: AnyExternal,
  seen: Seen | "gone" | undefined,
  verdict: Verdict,
  now: Date,
): ExternalStatus {
  const message = "message" in verdict ? verdict.message.slice(0, longestMessage) : undefined;
  const generation = metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
  const before = seen === "gone" ? false : (seen?.usable ?? isAvailable({ status }));
  const usable = before && verdict.reason !== "UnrecoverableError";
  const available: ConditionDraft = {
    type: "Available",
    status: usable ? "True" : "False",
    reason: usable ? "Success" : verdict.reason === "Success" ? "Progressing" : verdict.reason,
    message: usable ? success.Available : (message ?? success.Available),
    ...generation,
  };
  const again = verdict.reason === "Progressing" || verdict.reason === "TransientError";
  const progressing: ConditionDraft = {
    type: "Progressing",
    status: again ? "True" : "False",
    reason: verdict.reason,
    message: message ?? success.Progressing,
    ...generation,
  };
  const conditions = setCondition(setCondition(status.conditions, available, now), progressing, now);
  const { id: _id, resource: _resource, ...rest } = status;
  if (seen === "gone") return { ...rest, conditions };
  const id = seen?.id ?? status.id;
  const resource = seen?.resource ?? status.resource;
  return {
    ...rest,
    ...(id !== undefined && { id }),
    ...(resource !== undefined && { resource }),
    conditions,
    ...(verdict.reason === "Success" && { lastSyncTime: formatTime(now) }),
  };
}

export function isAvailable({ status }: Pick<AnyExternal, "status">): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") ?? false;
}

/** Whether nothing is to be done for it until its spec changes, or until a resync is due. */
export function isAtRest({ metadata, status }: AnyExternal): boolean {
  const progressing = status?.conditions?.find(({ type }) => type === "Progressing");
  return progressing?.status === "False" && progressing.observedGeneration === metadata.generation;
}

/** Whether asking again cannot help until the spec changes. */
export const isFinal = (verdict: Verdict): verdict is FinalVerdict =>
  verdict.reason === "InvalidConfiguration" || verdict.reason === "UnrecoverableError";

/** Whether an object was given up until its spec changes. */
export function isTerminal(object: AnyExternal): boolean {
  const progressing = object.status?.conditions?.find(({ type }) => type === "Progressing");
  return isAtRest(object) && progressing?.reason !== "Success";
}
