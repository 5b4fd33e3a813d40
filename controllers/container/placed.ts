import type { Container } from "../../crds/container.ts";

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
