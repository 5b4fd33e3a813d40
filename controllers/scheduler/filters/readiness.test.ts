import { expect, test } from "vitest";
import type { Host } from "../../../crds/host.ts";
import type { Condition } from "../../../crds/meta.ts";
import { hostOf } from "../../../test/fakes/objects.ts";
import { ledgerOf, readyHost, refusals, wanted } from "../../../test/fakes/world.ts";
import { notProbed, readiness, runtime } from "./readiness.ts";

const pressed: Condition = {
  ...{ type: "DiskPressure", status: "True", reason: "Test", message: "" },
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

test.each([
  ["ready", hostOf("a"), undefined],
  ["not ready", hostOf("a", { ready: false }), "is not ready"],
  ["never probed", hostOf("a", { status: { conditions: [] } }), notProbed],
  ["cordoned", hostOf("a", { spec: { unschedulable: true } }), "is unschedulable"],
  ["in maintenance", hostOf("a", { spec: { maintenance: true } }), "is in maintenance"],
  ["being deleted", hostOf("a", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }), "is being deleted"],
  [
    "its disk is full",
    readyHost("a", { conditions: [...(hostOf("a").status?.conditions ?? []), pressed] }),
    "has disk pressure",
  ],
] as const satisfies readonly (readonly [string, Host, string | undefined])[])("a Host that is %s", (_, host, said) => {
  expect(refusals(readiness, wanted(), ledgerOf([host]))).toEqual(said === undefined ? {} : { a: said });
});

test("a runtime must be offered", () => {
  const ledger = ledgerOf([readyHost("a", { runtimes: ["runc", "kata"] }), hostOf("b")]);
  expect(refusals(runtime, wanted({ runtime: "kata" }), ledger)).toEqual({ b: 'has no runtime "kata"' });
  expect(refusals(runtime, wanted(), ledger)).toEqual({});
});
