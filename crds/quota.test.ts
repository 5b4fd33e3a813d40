import { expect, test } from "vitest";
import { writeAmount } from "./amount.ts";
import { containers } from "./container.ts";
import { configMapType } from "./core.ts";
import type { KubeObject } from "./meta.ts";
import { countedKind, counts, totalUsage, unsaid, usageOf } from "./quota.ts";

const container = (resources?: object): KubeObject =>
  ({ metadata: { name: "web" }, spec: { image: "a", ...(resources && { resources }) } }) as unknown as KubeObject;
const shown = (amounts: ReturnType<typeof usageOf>) =>
  Object.fromEntries([...amounts].map(([name, amount]) => [name, writeAmount(amount)]));

test("a Container uses what it requests, and its limits where it requests nothing", () => {
  expect(
    shown(usageOf(containers, container({ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }))),
  ).toEqual({
    "count/containers.stowage.dev": "1",
    cpu: "500m",
    "requests.cpu": "500m",
    "limits.cpu": "1",
    memory: "1Gi",
    "requests.memory": "1Gi",
    "limits.memory": "1Gi",
  });
});

test("what a quota needs to know and a Container does not say", () => {
  expect(unsaid(containers, container({ requests: { cpu: 1 } }), ["cpu", "limits.cpu", "configmaps"])).toEqual([
    "limits.cpu",
  ]);
  expect(unsaid(configMapType, container(), ["cpu"])).toEqual([]);
});

test("which kind a name counts", () => {
  expect(countedKind("configmaps")).toEqual({ group: "", plural: "configmaps" });
  expect(countedKind("count/deployments.apps")).toEqual({ group: "apps", plural: "deployments" });
  expect(countedKind("limits.memory")).toEqual({ group: "stowage.dev", plural: "containers" });
  expect(countedKind("services.nodeports")).toBeUndefined();
  expect(counts(configMapType, "count/configmaps")).toBe(true);
  expect(counts(configMapType, "secrets")).toBe(false);
});

test("totals are there for every name asked for", () => {
  const all = [container({ requests: { cpu: "100m" } }), container({ requests: { cpu: "0.9" } }), container()];
  expect(shown(totalUsage(containers, all, ["cpu", "limits.cpu", "count/containers.stowage.dev"]))).toEqual({
    cpu: "1",
    "limits.cpu": "0",
    "count/containers.stowage.dev": "3",
  });
});
