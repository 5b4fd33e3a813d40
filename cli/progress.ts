/** How far an object is from what was asked: what `apply --wait` shows and waits for. */
import type { ContainerSpec, ContainerStatus } from "../crds/container.ts";
import { containers } from "../crds/container.ts";
import type { Condition, KubeObject, ObjectMeta } from "../crds/meta.ts";
import { apiVersionOf } from "../crds/meta.ts";

export interface Progress {
  readonly state: "working" | "reached" | "failed";
  /** For people: `Pending: no Host fits`, `Running`; empty where there is nothing to be told. */
  readonly text: string;
}

interface AnyObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] };
}

/** Whether a controller has seen the newest spec. True for kinds whose status does not say. */
export function isCurrent(metadata: ObjectMeta, observed: number | undefined): boolean {
  return observed === undefined || observed >= (metadata.generation ?? 0);
}

/** Pure. Kinds without a Ready or Available condition have arrived as soon as they are stored. */
export function progressOf(object: KubeObject): Progress {
  const any = object as AnyObject;
  if (any.kind === containers.kind && any.apiVersion === apiVersionOf(containers)) return containerProgress(any);
  const condition = any.status?.conditions?.find(({ type }) => type === "Ready" || type === "Available");
  if (condition === undefined) return { state: "reached", text: "" };
  const observed = condition.observedGeneration ?? any.status?.observedGeneration;
  if (condition.status === "True" && isCurrent(any.metadata, observed))
    return { state: "reached", text: condition.type };
  return { state: "working", text: sentence(condition.reason, condition.message) };
}

function containerProgress(object: AnyObject): Progress {
  const spec = object.spec as ContainerSpec;
  const status = (object.status ?? {}) as ContainerStatus;
  const text = sentence(status.summary ?? status.phase ?? "Pending", status.message);
  if ((status.observedGeneration ?? 0) < (object.metadata.generation ?? 0)) {
    // The scheduler says why it found no Host before anyone observed a generation; all else is about the old spec.
    const known = status.observedGeneration === undefined && status.message !== undefined;
    return { state: "working", text: known ? text : "Pending: waiting for a controller to look at it" };
  }
  if (spec.runState !== "Running") return { state: status.phase === spec.runState ? "reached" : "working", text };
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  if (status.phase === "Succeeded") return { state: "reached", text };
  if (status.phase === "Failed") return { state: "failed", text };
  const isReady = ready?.status === "True" && isCurrent(object.metadata, ready.observedGeneration);
  return { state: isReady ? "reached" : "working", text };
}

const sentence = (head: string, message: string | undefined): string =>
  message === undefined || message === "" || message === head ? head : `${head}: ${message}`;
