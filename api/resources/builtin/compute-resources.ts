/**
 * Which names of resources Kubernetes knows, and what amounts there can be of them.
 * Source: pkg/apis/core/helper/helpers.go and pkg/apis/core/validation/validation.go.
 */
import { canonicalQuantity, readAmount } from "../../../crds/amount.ts";
import type { Quantity } from "../../../crds/schema.ts";
import { invalidValue } from "../../schema/field-errors.ts";
import { qualified } from "../../schema/names.ts";
import type { StatusCause } from "../../status.ts";

const counted: ReadonlySet<string> = new Set([
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]);
const container: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);
const quota: ReadonlySet<string> = new Set([
  ...container,
  ...["requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage"],
  ...["limits.cpu", "limits.memory", "limits.ephemeral-storage"],
  ...counted,
]);
const hugePages = /^hugepages-/;
const quotaHugePages = /^(requests\.)?hugepages-/;

const isFullyQualified = (name: string): boolean => name.includes("/");
const isNative = (name: string): boolean => !isFullyQualified(name) || name.includes("kubernetes.io/");
/** Source: IsExtendedResourceName. */
const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith("requests.") && qualified(`requests.${name}`).length === 0;

/** Any resource that Kubernetes measures. */
export function resourceNameCauses(name: string, path: string): readonly StatusCause[] {
  const wrong = qualified(name).map((why) => invalidValue(path, name, why));
  if (wrong.length > 0 || isFullyQualified(name) || quota.has(name) || name === "storage" || quotaHugePages.test(name))
    return wrong;
  return [invalidValue(path, name, "must be a standard resource type or fully qualified")];
}

/** What a container can ask for. */
export function containerResourceNameCauses(name: string, path: string): readonly StatusCause[] {
  const causes = resourceNameCauses(name, path);
  if (!isFullyQualified(name))
    return container.has(name) || hugePages.test(name)
      ? causes
      : [...causes, invalidValue(path, name, "must be a standard resource for containers")];
  return isNative(name) || isExtended(name)
    ? causes
    : [...causes, invalidValue(path, name, "doesn't follow extended resource name standard")];
}

/** What a ResourceQuota can limit. */
export function quotaResourceNameCauses(name: string, path: string): readonly StatusCause[] {
  const causes = resourceNameCauses(name, path);
  return isFullyQualified(name) || quota.has(name) || quotaHugePages.test(name)
    ? causes
    : [...causes, invalidValue(path, name, "must be a standard resource for quota")];
}

/** `quantity` is one: Go would not have taken anything else. */
export function quantityCauses(name: string, quantity: Quantity, path: string): readonly StatusCause[] {
  const { nano } = readAmount(quantity);
  const whole = nano % 1_000_000_000n === 0n || !(counted.has(name) || isExtended(name));
  return [
    ...(nano < 0n ? [invalidValue(path, canonicalQuantity(quantity), "must be greater than or equal to 0")] : []),
    ...(whole ? [] : [invalidValue(path, canonicalQuantity(quantity), "must be an integer")]),
  ];
}

/** Whether more of it can be promised than there is, so that requests and limits may differ. */
export const isOvercommitAllowed = (name: string): boolean => isNative(name) && !hugePages.test(name);

/** Whether Kubernetes itself gives the name a meaning. */
export const isStandardQuotaName = (name: string): boolean => quota.has(name) || quotaHugePages.test(name);
