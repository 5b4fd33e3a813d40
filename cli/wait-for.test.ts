import { expect, test } from "vitest";
import type { KubeObject } from "../crds/meta.ts";
import { parseFor } from "./wait-for.ts";

const object = (status: string, observedGeneration?: number): KubeObject => ({
  apiVersion: "v1",
  kind: "X",
  metadata: { name: "a", uid: "u", resourceVersion: "1", creationTimestamp: "", generation: 2 },
  ...{ status: { phase: "Running", conditions: [{ type: "Ready", status, observedGeneration }] } },
});

test.each([
  { what: "condition=Ready", given: object("True"), want: true },
  { what: "condition=ready", given: object("True"), want: true },
  { what: "condition=Ready", given: object("False"), want: false },
  { what: "condition=Ready=False", given: object("False"), want: true },
  { what: "condition=Ready", given: object("True", 1), want: false },
  { what: "condition=Ready", given: object("True", 2), want: true },
  { what: "condition=Other", given: object("True"), want: false },
  { what: "condition=Ready", given: undefined, want: false },
  { what: "delete", given: object("True"), want: false },
  { what: "delete", given: undefined, want: true },
  { what: "create", given: object("True"), want: true },
  { what: "jsonpath={.status.phase}=Running", given: object("True"), want: true },
  { what: "jsonpath={.status.phase}=Stopped", given: object("True"), want: false },
  { what: "jsonpath={.status.phase}", given: object("True"), want: true },
  { what: "jsonpath={.status.exitCode}", given: object("True"), want: false },
])("--for=$what of $given.status: $want", ({ what, given, want }) => {
  expect(parseFor(what).isMet(given)).toBe(want);
});

test.each(["ready", "condition=", "jsonpath"])("refuses --for=%s and says what there is", (what) => {
  expect(() => parseFor(what)).toThrow(`--for "${what}" is unknown: use condition=TYPE`);
});
