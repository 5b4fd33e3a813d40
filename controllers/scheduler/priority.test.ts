import { expect, test } from "vitest";
import { containerOf } from "../../test/fakes/objects.ts";
import type { PriorityClass } from "./priority.ts";
import { priorityOf } from "./priority.ts";

const classOf = (name: string, value: number, rest: Partial<PriorityClass> = {}): PriorityClass => ({
  ...{ apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", value, ...rest },
  metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
});
const cacheOf = (...all: readonly PriorityClass[]) => ({
  get: (key: string) => all.find(({ metadata }) => metadata.name === key),
  list: () => all,
});

test("the named class, or none", () => {
  const classes = cacheOf(classOf("high", 100), classOf("polite", 50, { preemptionPolicy: "Never" }));
  expect(priorityOf(containerOf({ priorityClassName: "high" }), classes)).toEqual({ value: 100, preempts: true });
  expect(priorityOf(containerOf({ priorityClassName: "polite" }), classes)).toEqual({ value: 50, preempts: false });
  expect(priorityOf(containerOf({ priorityClassName: "nosuch" }), classes)).toBeUndefined();
  expect(priorityOf(containerOf(), classes)).toEqual({ value: 0, preempts: true });
});

test("the default, of several the least", () => {
  const classes = cacheOf(
    classOf("b", 20, { globalDefault: true }),
    classOf("a", 10, { globalDefault: true, preemptionPolicy: "Never" }),
  );
  expect(priorityOf(containerOf(), classes)).toEqual({ value: 10, preempts: false });
});
