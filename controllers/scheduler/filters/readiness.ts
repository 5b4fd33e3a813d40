/** Whether the Host takes Containers at all. */
import { findCondition } from "../../runtime/conditions.ts";
import type { Filter } from "./filter.ts";

/** Of a Host of which nobody can tell yet what it has: it came a moment ago. */
export const notProbed = "was not probed yet";

export const readiness: Filter = {
  name: "Readiness",
  makesRoom: false,
  prepare:
    () =>
    ({ host: { metadata, spec, status } }) => {
      if (metadata.deletionTimestamp !== undefined) return "is being deleted";
      if (spec.unschedulable) return "is unschedulable";
      if (spec.maintenance) return "is in maintenance";
      const ready = findCondition(status?.conditions, "Ready");
      if (ready === undefined) return notProbed;
      if (ready.status !== "True") return "is not ready";
      return findCondition(status?.conditions, "DiskPressure")?.status === "True" ? "has disk pressure" : undefined;
    },
};

export const runtime: Filter = {
  name: "Runtime",
  makesRoom: false,
  prepare: ({ runtime: wanted }) =>
    wanted === undefined
      ? undefined
      : ({ host }) => (host.status?.runtimes?.includes(wanted) === true ? undefined : `has no runtime "${wanted}"`),
};
