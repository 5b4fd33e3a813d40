import { expect, test } from "vitest";
import type { Container } from "../../crds/container.ts";
import { containerOf, hostOf } from "../../test/fakes/objects.ts";
import { maintenanceCondition } from "./maintenance.ts";

const there = (name: string, spec: object = {}, phase: "Running" | "Succeeded" = "Running"): Container =>
  containerOf(spec, { metadata: { name }, status: { phase, hostName: "a", startedAt: "2026-01-01T00:00:00Z" } });
const pinned = { placement: { hostName: "a" } };

test.each<{ why: string; bound: readonly Container[]; reason: string; message: string }>([
  { why: "nothing is there", bound: [], reason: "Drained", message: "" },
  { why: "what has ended does not count", bound: [there("b", {}, "Succeeded")], reason: "Drained", message: "" },
  { why: "one is left", bound: [there("b")], reason: "Draining", message: "1 Container is left: default/b" },
  {
    why: "some may not move",
    bound: [there("c", pinned), there("b")],
    reason: "Draining",
    message:
      "2 Containers are left: default/b, default/c. Of these, what may not move stays until it is deleted: default/c (its placement names this Host)",
  },
])("$why", ({ bound, reason, message }) => {
  const condition = maintenanceCondition(hostOf("a", { spec: { maintenance: true } }), bound);
  expect(condition).toEqual({ type: "Maintenance", status: "True", reason, message });
});

test("a Host in service says nothing of it", () => {
  expect(maintenanceCondition(hostOf("a"), [there("b")])).toBeUndefined();
});
