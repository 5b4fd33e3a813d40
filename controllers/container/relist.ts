/** Finds what a lost event may have hidden. Pure. */
import type { Container } from "../../crds/container.ts";
import type { OwnedContainer } from "../../drivers/driver.ts";
import type { Key } from "../runtime/reconciler.ts";
import { keyOf, keyOfOwner } from "../runtime/reconciler.ts";
import { containerID } from "./crash-loop.ts";

/** The state on a host that a phase goes with; a phase that is not here goes with none. */
const stateOf: Readonly<Record<string, readonly OwnedContainer["state"][]>> = {
  Running: ["running", "restarting"],
  Paused: ["paused"],
  Succeeded: ["exited"],
  Failed: ["exited"],
  Stopped: ["created", "exited"],
};

/**
 * The Containers to look at again: those whose status says something else than the list of what their host has. That
 * keeps a relist at one call per host, however many Containers it has.
 */
export function outOfStep(bound: readonly Container[], found: readonly OwnedContainer[]): readonly Key[] {
  const byOwner = Map.groupBy(found, ({ owner }) => keyOfOwner(owner));
  return bound
    .map((container) => ({ container, key: keyOf(container) }))
    .flatMap(({ container, key }) => (inStep(container, byOwner.get(key) ?? []) ? [] : [key]));
}

function inStep({ status }: Container, found: readonly OwnedContainer[]): boolean {
  const main = found.filter(({ initContainer }) => initContainer === undefined);
  const [only] = main;
  if (only === undefined) {
    const none = status?.containerID === undefined || status.phase === "Succeeded" || status.phase === "Failed";
    return none && found.every((one) => isInitInStep(status, one));
  }
  if (main.length > 1 || status?.containerID !== containerID(only)) return false;
  // Between two runs of what keeps ending, until its time.
  if (status.backoff?.until !== undefined && only.state === "exited") return true;
  return stateOf[status.phase ?? ""]?.includes(only.state) ?? false;
}

const initStateOf: Readonly<Record<string, readonly OwnedContainer["state"][]>> = {
  Waiting: ["created"],
  Running: ["running", "paused"],
  Terminated: ["exited"],
};

function isInitInStep(status: Container["status"], one: OwnedContainer): boolean {
  const said = status?.initContainerStatuses?.find(({ name }) => name === one.initContainer);
  return said?.containerID === containerID(one) && (initStateOf[said.state]?.includes(one.state) ?? false);
}
