/** What hosts are told to do, and how that goes. */
import { Counter, Histogram } from "prom-client";
import type { Registry } from "prom-client";
import type { Step } from "../../../drivers/driver.ts";
import { HostUnreachableError, StepError } from "../../../drivers/driver.ts";
import type { OnStep } from "../../../drivers/pool.ts";

/** From what an Engine does at once to a pull that lasts. */
const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** Counts and times the steps of all drivers. */
export function countSteps(registry: Registry): OnStep {
  const registers = [registry];
  const durations = new Histogram({
    name: "stowage_driver_step_duration_seconds",
    help: "How long hosts took for the steps that they were told, by step.",
    labelNames: ["step"],
    buckets,
    registers,
  });
  const failures = new Counter({
    name: "stowage_driver_step_failures_total",
    help: "Steps that failed, by host, step and why.",
    labelNames: ["host", "step", "reason"],
    registers,
  });
  const known = new Map<Step["do"], Histogram.Internal<"step">>();
  return ({ hostName, step, seconds, error }) => {
    let histogram = known.get(step);
    if (histogram === undefined) {
      histogram = durations.labels(step);
      known.set(step, histogram);
    }
    histogram.observe(seconds);
    if (error !== undefined) failures.inc({ host: hostName, step, reason: reasonOf(error) });
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof StepError) return error.reason;
  return error instanceof HostUnreachableError ? "HostUnreachable" : "Aborted";
}
