/** What a controller is made of. One switch (controller.ts) gives outcomes their meaning. */
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import type { Log } from "../../process/log.ts";

/** Which object to look at: `namespace/name`, or `name` for a cluster-scoped kind. */
export type Key = string;

/** Of the Container that something on a host is said to be of. */
export const keyOfOwner = ({ namespace, name }: { readonly namespace: string; readonly name: string }): Key =>
  `${namespace}/${name}`;

export function keyOf(object: Pick<KubeObject, "metadata">): Key {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/**
 * How a reconciliation ended, other than by an error.
 * settled: the world is as asked; look again when something changes, or after `resyncAfterMs`.
 * waiting: something else must happen first; look when it does, or after `pollAfterMs`.
 */
export type Outcome =
  | { readonly kind: "settled"; readonly resyncAfterMs?: number }
  | { readonly kind: "waiting"; readonly reason: string; readonly message: string; readonly pollAfterMs?: number };

export const settled = (resyncAfterMs?: number): Outcome =>
  resyncAfterMs === undefined ? { kind: "settled" } : { kind: "settled", resyncAfterMs };

export const waiting = (reason: string, message: string, pollAfterMs?: number): Outcome =>
  pollAfterMs === undefined ? { kind: "waiting", reason, message } : { kind: "waiting", reason, message, pollAfterMs };

/** Retrying cannot help until the spec changes: the controller stops until then. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  readonly reason: string;
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Read-only view of every object of one kind, as of the last event seen. Objects are shared: never change them. */
export interface Cache<R> {
  get(key: Key): R | undefined;
  list(): Iterable<R>;
  /** Objects for which the index function named `index` returned `value`. */
  byIndex(index: string, value: string): readonly R[];
}

export interface Informer<R extends KubeObject> extends Cache<R> {
  readonly type: ResourceType;
  /** `old` is undefined when the object appeared, `next` when it is gone. Handlers must not throw and not wait. */
  onChange(handler: (old: R | undefined, next: R | undefined) => void): Disposable;
  /** Resolves when the first list is in. */
  readonly synced: Promise<void>;
}

/** Hands out one informer per kind, shared by all controllers; indexes are declared before it starts. */
export interface Informers {
  for<R extends KubeObject>(
    type: ResourceType,
    indexes?: Readonly<Record<string, (object: R) => readonly string[]>>,
  ): Informer<R>;
}

/** Looks at one object and makes the world match it. Level-triggered: reads what is, not what happened. */
export interface Reconciler {
  /**
   * The key may name an object that is gone. Throw to retry with backoff; throw TerminalError to stop until the
   * object changes. Never runs twice at once for one key. What is logged to `log` carries controller, object and the
   * id of this reconciliation.
   */
  reconcile(key: Key, signal: AbortSignal, log: Log): Promise<Outcome>;
}

/** Wakes a controller's queue. */
export type Wake = (key: Key) => void;

/** One control loop, as its folder's setup.ts declares it. */
export interface ControllerDefinition {
  /** As `--controllers` names it: `container`, `scheduler`. */
  readonly name: string;
  /** How many keys are worked on at once. */
  readonly workers: number;
  readonly reconciler: Reconciler;
  /** Which of the keys that wait is worked on first: the one with more. In the order they arrived when absent. */
  readonly priorityOf?: (key: Key) => number;
  /**
   * Connects what wakes it: informers' changes, drivers' events, timers. Called once, before the informers start;
   * may run until `signal` aborts.
   */
  readonly start: (wake: Wake, signal: AbortSignal) => void;
}

/** Tells people what happened, as an Event object. Never throws, never waits; like events are counted, not repeated. */
export interface EventRecorder {
  event(about: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void;
}
