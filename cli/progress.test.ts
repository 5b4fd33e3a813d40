import { describe, expect, test } from "vitest";
import type { KubeObject } from "../crds/meta.ts";
import { progressOf } from "./progress.ts";

const metadata = {
  name: "a",
  uid: "u",
  resourceVersion: "1",
  creationTimestamp: "2026-11-20T00:00:00Z",
  generation: 2,
};
const ready = (status: string, observedGeneration = 2) => ({
  type: "Ready",
  status,
  reason: "R",
  message: "",
  observedGeneration,
});
const container = (status: object, runState = "Running"): KubeObject =>
  ({
    apiVersion: "stowage.dev/v1alpha1",
    kind: "Container",
    metadata,
    spec: { image: "i", runState },
    status,
  }) as KubeObject;
const current = { observedGeneration: 2 };

describe("progressOf a Container", () => {
  test.each([
    { why: "nobody has looked at it yet", object: container({}), want: "working" },
    {
      why: "what was ready is the old spec",
      object: container({ observedGeneration: 1, phase: "Running", conditions: [ready("True", 1)] }),
      want: "working",
    },
    {
      why: "it runs but is not ready",
      object: container({ ...current, phase: "Running", conditions: [ready("False")] }),
      want: "working",
    },
    {
      why: "it is ready",
      object: container({ ...current, phase: "Running", conditions: [ready("True")] }),
      want: "reached",
    },
    { why: "it ended well", object: container({ ...current, phase: "Succeeded" }), want: "reached" },
    { why: "it ended badly, for good", object: container({ ...current, phase: "Failed" }), want: "failed" },
    {
      why: "it should be stopped and runs",
      object: container({ ...current, phase: "Running" }, "Stopped"),
      want: "working",
    },
    {
      why: "it should be stopped and is",
      object: container({ ...current, phase: "Stopped" }, "Stopped"),
      want: "reached",
    },
    {
      why: "it should be paused and is",
      object: container({ ...current, phase: "Paused" }, "Paused"),
      want: "reached",
    },
  ])("$want: $why", ({ object, want }) => {
    expect(progressOf(object).state).toBe(want);
  });
  test("says why it is not there yet", () => {
    const object = container({ ...current, phase: "Pending", summary: "ImagePullBackOff", message: "no such image" });
    expect(progressOf(object).text).toBe("ImagePullBackOff: no such image");
  });
});

test("why there is no Host is told before anyone has looked at the Container", () => {
  const object = container({ summary: "Pending", message: "There is no Host" });
  expect(progressOf(object)).toEqual({ state: "working", text: "Pending: There is no Host" });
});

describe("progressOf anything else", () => {
  const other = (status?: object): KubeObject => ({ apiVersion: "v1", kind: "X", metadata, ...{ status } });
  test.each([
    { why: "it has no condition", object: other(), want: "reached" },
    {
      why: "it is not Available",
      object: other({ conditions: [{ ...ready("False"), type: "Available" }] }),
      want: "working",
    },
    { why: "it is Ready", object: other({ conditions: [ready("True")] }), want: "reached" },
    { why: "it was Ready before the last change", object: other({ conditions: [ready("True", 1)] }), want: "working" },
  ])("$want: $why", ({ object, want }) => {
    expect(progressOf(object).state).toBe(want);
  });
});
