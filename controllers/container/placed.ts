import { devicesAsked } from "../../crds/allocation.ts";
import type { Container } from "../../crds/container.ts";
import { hasEnded } from "../../crds/disruption.ts";
import type { Observed } from "../../drivers/driver.ts";
import { changedFields } from "../../drivers/spec-hash.ts";
import type { Wanted } from "./plan.ts";

/**
 * The Container as its host is asked for it: with the CPUs and the devices that the scheduler set aside for it there, as
 * if its spec named them. Pure.
 */
export function asPlaced(container: Container): Container {
  const { spec, status } = container;
  const given = (status?.devices ?? []).flatMap(({ paths }) => paths);
  const cpuset = spec.cpuPolicy === "Dedicated" ? status?.cpuset : undefined;
  if (given.length === 0 && cpuset === undefined) return container;
  const own = spec.devices ?? [];
  const named = new Set(own.map(({ hostPath }) => hostPath));
  const more = [...new Set(given)].filter((path) => !named.has(path));
  return {
    ...container,
    spec: {
      ...spec,
      devices: [...own, ...more.map((hostPath) => ({ hostPath, permissions: "rwm" }))],
      ...(cpuset === undefined ? {} : { cpuset }),
    },
  };
}

/**
 * The fields of the spec that are other than those which `one` was made from. What has ended has given back the CPUs and
 * the devices that it was made with: that is no change. Pure.
 */
export function changedSpec(
  container: Container,
  { specHash }: Pick<Wanted, "specHash">,
  one: Observed,
): readonly string[] {
  const { spec, status } = container;
  const over = hasEnded(container);
  const gaveBack: Readonly<Record<string, boolean>> = {
    cpuset: over && spec.cpuPolicy === "Dedicated" && status?.cpuset === undefined,
    devices: over && devicesAsked(spec).size > 0 && status?.devices === undefined,
  };
  return changedFields(specHash, one.specHash).filter((field) => gaveBack[field] !== true);
}
