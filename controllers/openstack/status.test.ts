import { describe, expect, test } from "vitest";
import { networkKind } from "../../crds/openstack/network.ts";
import type { Condition } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { ExternalStatus } from "../../crds/openstack/external.ts";
import type { AnyExternal } from "./actuator.ts";
import type { Seen, Verdict } from "./status.ts";
import { isAtRest, isAvailable, isTerminal, statusOf } from "./status.ts";

const then = "2026-01-01T00:00:00Z";
const now = new Date("2026-01-01T00:01:00Z");
const seen: Seen = { id: "n1", resource: { name: "web" }, usable: true };

function object(status?: ExternalStatus, generation = 1): AnyExternal {
  return {
    apiVersion: apiVersionOf(networkKind.type),
    kind: "Network",
    metadata: { name: "web", namespace: "shop", uid: "u1", resourceVersion: "1", creationTimestamp: then, generation },
    spec: { cloudCredentialsRef: { secretName: "cloud", cloudName: "admin" }, resource: {} },
    ...(status && { status }),
  };
}

const after = (verdict: Verdict, found: Seen | "gone" | undefined, before?: ExternalStatus): ExternalStatus =>
  statusOf(object(before), found, verdict, now);

/** Available and Progressing, each as `status reason`. */
const words = ({ conditions = [] }: ExternalStatus): readonly string[] =>
  conditions.map(({ type, status, reason }: Condition) => `${type} ${status} ${reason}`);

const up = after({ reason: "Success" }, seen);

describe("statusOf", () => {
  const refused: Verdict = { reason: "TransientError", message: "no answer" };

  test.each<{ why: string; verdict: Verdict; found: Seen | "gone" | undefined; before?: ExternalStatus; is: string[] }>(
    [
      {
        why: "what is as asked is available and up to date",
        verdict: { reason: "Success" },
        found: seen,
        is: ["Available True Success", "Progressing False Success"],
      },
      {
        why: "what waits is not available, and goes on",
        verdict: { reason: "Progressing", message: "Waiting for Subnet" },
        found: undefined,
        is: ["Available False Progressing", "Progressing True Progressing"],
      },
      {
        why: "what is not ready yet is not available",
        verdict: { reason: "Progressing", message: "creating" },
        found: { ...seen, usable: false },
        is: ["Available False Progressing", "Progressing True Progressing"],
      },
      {
        why: "a cloud that does not answer takes nothing away from what was available",
        verdict: refused,
        found: undefined,
        before: up,
        is: ["Available True Success", "Progressing True TransientError"],
      },
      {
        why: "what was never there is not available for an error",
        verdict: refused,
        found: undefined,
        is: ["Available False TransientError", "Progressing True TransientError"],
      },
      {
        why: "what asks for the impossible stays available as it is",
        verdict: { reason: "InvalidConfiguration", message: "no" },
        found: seen,
        is: ["Available True Success", "Progressing False InvalidConfiguration"],
      },
      {
        why: "what is gone for good is not available",
        verdict: { reason: "UnrecoverableError", message: "gone" },
        found: "gone",
        before: up,
        is: ["Available False UnrecoverableError", "Progressing False UnrecoverableError"],
      },
      {
        why: "nothing is available that cannot be recovered",
        verdict: { reason: "UnrecoverableError", message: "no" },
        found: seen,
        is: ["Available False UnrecoverableError", "Progressing False UnrecoverableError"],
      },
    ],
  )("$why", ({ verdict, found, before, is }) => {
    expect(words(after(verdict, found, before))).toEqual(is);
  });

  test("has what was seen, and when all was well", () => {
    expect(up).toMatchObject({ id: "n1", resource: { name: "web" }, lastSyncTime: "2026-01-01T00:01:00Z" });
    expect(after(refused, undefined, { ...up, lastSyncTime: then })).toMatchObject({
      id: "n1",
      resource: { name: "web" },
      lastSyncTime: then,
    });
  });

  test("forgets what is gone", () => {
    const gone = after({ reason: "Success" }, "gone", up);
    expect(gone.id).toBeUndefined();
    expect(gone.resource).toBeUndefined();
  });

  test("cuts what a service says at a length that a condition can have", () => {
    const status = after({ reason: "TransientError", message: "x".repeat(100_000) }, undefined);
    expect(status.conditions?.map(({ message }) => message.length)).toEqual([2048, 2048]);
  });
});

describe("where an object stands", () => {
  test.each<{ why: string; status: ExternalStatus | undefined; generation?: number; is: boolean[] }>([
    { why: "nothing was said of it", status: undefined, is: [false, false, false] },
    { why: "it is as asked", status: up, is: [true, true, false] },
    { why: "it was as asked, and is asked for something else", status: up, generation: 2, is: [true, false, false] },
    {
      why: "it is tried again",
      status: after({ reason: "TransientError", message: "no answer" }, undefined),
      is: [false, false, false],
    },
    {
      why: "it was given up",
      status: after({ reason: "InvalidConfiguration", message: "no" }, undefined),
      is: [false, true, true],
    },
    {
      why: "it was given up, and is asked for something else",
      status: after({ reason: "InvalidConfiguration", message: "no" }, undefined),
      generation: 2,
      is: [false, false, false],
    },
  ])("$why", ({ status, generation, is }) => {
    const one = object(status, generation);
    expect([isAvailable(one), isAtRest(one), isTerminal(one)]).toEqual(is);
  });
});
