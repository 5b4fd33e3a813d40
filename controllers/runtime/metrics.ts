/**
 * What controllers tell of their work, for whoever counts it. Source of what is told and when: MetricsProvider of
 * k8s.io/client-go/util/workqueue/metrics.go, and reconcileHandler in
 * sigs.k8s.io/controller-runtime/pkg/internal/controller/controller.go.
 */
import type { Key } from "./reconciler.ts";

/** terminal: an error after which nothing is tried until the object changes. */
export type ReconcileResult = "success" | "requeue_after" | "error" | "terminal";

/** Of one controller for as long as it runs; disposed of when it stops. Nothing here throws. */
export interface ControllerMetrics extends Disposable {
  /** The key is in the queue, or will be as soon as nobody works on it; it was not before. */
  added(key: Key): void;
  /** A worker took it. */
  taken(key: Key): void;
  /** It is to be added again after a wait. */
  retried(): void;
  /** What came of it; told before {@link done}. */
  reconciled(key: Key, result: ReconcileResult): void;
  done(key: Key): void;
}

export interface MetricsProvider {
  /** `workers`: how many keys it works on at once. */
  controller(name: string, workers: number): ControllerMetrics;
}

const nothing: ControllerMetrics = {
  added: () => undefined,
  taken: () => undefined,
  retried: () => undefined,
  reconciled: () => undefined,
  done: () => undefined,
  [Symbol.dispose]: () => undefined,
};

/** Counts nothing. */
export const noMetrics: MetricsProvider = { controller: () => nothing };
