import { describe, expect, test } from "vitest";
import type { ExternalSpec, ExternalStatus } from "../../crds/openstack/external.ts";
import { networkKind } from "../../crds/openstack/network.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { AnyExternal } from "./actuator.ts";
import { importPollMs, resyncInMs } from "./resync.ts";
import { statusOf } from "./status.ts";

const last = new Date("2026-01-01T00:00:00Z");

function object(spec: Partial<ExternalSpec> = {}, status?: ExternalStatus, uid = "u1"): AnyExternal {
  return {
    apiVersion: apiVersionOf(networkKind.type),
    kind: "Network",
    metadata: { name: "web", namespace: "shop", uid, resourceVersion: "1", creationTimestamp: "", generation: 1 },
    spec: { cloudCredentialsRef: { secretName: "cloud", cloudName: "admin" }, resource: {}, ...spec },
    ...(status && { status }),
  };
}

const up = statusOf(object(), { id: "n1", resource: {}, usable: true }, { reason: "Success" }, last);
const given = statusOf(object(), undefined, { reason: "InvalidConfiguration", message: "no" }, last);
const minute = 60_000;
const later = (ms: number): Date => new Date(last.getTime() + ms);

describe("resyncInMs", () => {
  test("is a period after the last time, up to a fifth later, the same for each object every time", () => {
    const waits = Array.from(
      { length: 200 },
      (_, i) => resyncInMs(object({}, up, `uid-${i}`), 10 * minute, last) ?? -1,
    );
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(10 * minute);
    expect(Math.max(...waits)).toBeLessThan(12 * minute);
    expect(new Set(waits).size).toBeGreaterThan(150);
    expect(resyncInMs(object({}, up, "uid-7"), 10 * minute, last)).toBe(waits[7]);
    expect(resyncInMs(object({}, up, "uid-7"), 10 * minute, later(minute))).toBe((waits[7] ?? 0) - minute);
  });

  test.each<{
    why: string;
    spec?: Partial<ExternalSpec>;
    status?: ExternalStatus;
    defaultMs?: number;
    ms: number;
    is: number | undefined;
  }>([
    { why: "what is overdue is due", status: up, ms: 60 * minute, is: 0 },
    { why: "what was never as asked is due", ms: 0, is: 0 },
    { why: "a default of 0 is never", status: up, defaultMs: 0, ms: 60 * minute, is: undefined },
    { why: "0 is never", spec: { resyncPeriod: "0" }, status: up, ms: 60 * minute, is: undefined },
    { why: "what was given up is not looked at again", status: given, ms: 60 * minute, is: undefined },
    {
      why: "what may have come late is looked for once, though there is no period",
      status: { ...up, unansweredUntil: later(minute).toISOString() },
      defaultMs: 0,
      ms: 0,
      is: minute,
    },
    { why: "its own period goes before the default", spec: { resyncPeriod: "1m" }, status: up, ms: 2 * minute, is: 0 },
  ])("$why", ({ spec, status, defaultMs = 10 * minute, ms, is }) => {
    expect(resyncInMs(object(spec, status), defaultMs, later(ms))).toBe(is);
  });
});

test.each([
  { why: "what is waited for is looked for as often as what is there", resyncPeriod: "1s", is: 1000 },
  { why: "but not more seldom than told", resyncPeriod: "10m", is: 15_000 },
  { why: "nor never", resyncPeriod: "0", is: 15_000 },
])("importPollMs: $why", ({ resyncPeriod, is }) => {
  expect(importPollMs(object({ resyncPeriod }), 0, 15_000)).toBe(is);
});
