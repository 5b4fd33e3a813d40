/** What a Container can be told of itself: fieldRef and resourceFieldRef. Pure. */
import type { Container, ContainerSpec } from "../../../crds/container.ts";
import type { ResourceFieldRef } from "../../../crds/environment.ts";
import type { Quantity } from "../../../crds/schema.ts";
import { parseQuantity } from "../../../crds/quantity.ts";

/** The object itself, and what a limit is that it does not set: all that the Host has for Containers. */
export interface Facts {
  readonly container: Container;
  readonly hostName: string;
  readonly allocatable: Readonly<Record<string, Quantity>>;
}

/** Empty where there is no such label. Source: ExtractFieldPathAsString in kubernetes/pkg/fieldpath/fieldpath.go. */
export function fieldValue(fieldPath: string, { container: { metadata }, hostName }: Facts): string {
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath) ?? [];
  if (map !== undefined && key !== undefined)
    return new Map(Object.entries(metadata[map as "labels" | "annotations"] ?? {})).get(key) ?? "";
  switch (fieldPath) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid;
    case "metadata.labels":
      return formatMap(metadata.labels ?? {});
    case "metadata.annotations":
      return formatMap(metadata.annotations ?? {});
    default:
      return hostName;
  }
}

function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n");
}

/** Source: ExtractContainerResourceValue in kubernetes/pkg/api/v1/resource/helpers.go. */
export function resourceValue(
  { resource, divisor }: ResourceFieldRef,
  resources: ContainerSpec["resources"],
  { allocatable }: Facts,
): string {
  const [kind = "", name = ""] = resource.split(".");
  const limit = resources?.limits?.[name];
  const amount = kind === "limits" ? (limit ?? allocatable[name]) : (resources?.requests?.[name] ?? limit);
  // Processors are counted in thousandths, and everything else whole.
  const unit = name === "cpu" ? 1e-3 : 1;
  const count = (quantity: Quantity): number => Math.ceil(precise(parseQuantity(quantity) / unit));
  const by = divisor === undefined ? 0 : count(divisor);
  return String(Math.ceil(precise(count(amount ?? 0) / (by > 0 ? by : count(1)))));
}

/** 0.1 + 0.2 is 0.3. */
const precise = (value: number): number => Number(value.toPrecision(15));
