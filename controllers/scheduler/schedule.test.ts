import { describe, expect, test } from "vitest";
import type { ContainerStatus } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import type { Condition } from "../../crds/meta.ts";
import { containerOf, hostOf } from "../../test/fakes/objects.ts";
import { Ledger } from "./ledger.ts";
import type { Placement } from "./schedule.ts";
import { schedule } from "./schedule.ts";
import { wantOf } from "./want.ts";

/** Places `spec` beside Containers that are bound already, by Host. */
function place(
  spec: object,
  hosts: readonly Host[],
  bound: Readonly<Record<string, readonly object[]>> = {},
): Placement {
  const ledger = new Ledger();
  for (const host of hosts) ledger.putHost(host);
  for (const [hostName, specs] of Object.entries(bound))
    for (const [index, taken] of specs.entries()) {
      const metadata = { name: `${hostName}-${index}` };
      ledger.see(undefined, containerOf(taken, { metadata, status: { hostName } }));
    }
  return schedule(wantOf(containerOf(spec)), ledger);
}

const memory = (amount: string): object => ({ resources: { requests: { memory: amount } } });
const [a, b] = [hostOf("a"), hostOf("b")];

test("waits for the first probe of a Host that would do: it may have it already", () => {
  const fresh = hostOf("b", { status: { conditions: [] } });
  expect(place({}, [a, fresh])).toEqual({ unschedulable: "Waiting for the first probe of 1 of 2 hosts" });
  expect(place({ placement: { hostName: "a" } }, [a, fresh])).toEqual({ hostName: "a" });
  expect(place({}, [a, hostOf("b", { ready: false })])).toEqual({ hostName: "a" });
});

describe("says why nothing does", () => {
  test("each host by the first thing that is in the way, alike ones counted", () => {
    const hosts = [
      hostOf("a", { ready: false }),
      hostOf("b", { spec: { unschedulable: true } }),
      hostOf("c", { metadata: { labels: { zone: "x" } } }),
      hostOf("d", { metadata: { labels: { zone: "x" } } }),
    ];
    expect(place({ ...memory("1Ti"), runtime: "gvisor" }, hosts)).toEqual({
      unschedulable: '0/4 hosts fit: 1 is not ready, 1 is unschedulable, 2 has no runtime "gvisor"',
    });
    expect(place({ placement: { hostSelector: { matchLabels: { zone: "x" } } }, ...memory("1Ti") }, hosts)).toEqual({
      unschedulable: "0/4 hosts fit: 2 does not match placement.hostSelector, 2 too little memory",
    });
  });

  test("when there is no host at all", () => {
    expect(place({}, [])).toEqual({
      unschedulable: "There is no Host: create one, or start the server with --docker",
    });
  });

  test("when placement names a host that does not exist", () => {
    expect(place({ placement: { hostName: "nosuch" } }, [a, b])).toEqual({
      unschedulable: 'Host "nosuch", which placement.hostName names, does not exist',
    });
    expect(place({ placement: { hostName: "b" } }, [a, b])).toEqual({ hostName: "b" });
  });
});

describe("chooses", () => {
  test("the host with the larger share left", () => {
    expect(place(memory("1Gi"), [a, b], { a: [memory("1Gi")] })).toEqual({ hostName: "b" });
  });
  test("the host that has a container of it already, left over from a store that was lost", () => {
    const ledger = new Ledger();
    for (const host of [a, b]) ledger.putHost(host);
    ledger.putFound("b", [{ owner: { namespace: "default", name: "web" } }]);
    ledger.see(undefined, containerOf(memory("1Gi"), { metadata: { name: "other" }, status: { hostName: "b" } }));
    expect(schedule(wantOf(containerOf()), ledger)).toEqual({ hostName: "b" });
  });
  test("the host with fewer Containers where none requests anything", () => {
    expect(place({}, [a, b], { a: [{}, {}], b: [{}] })).toEqual({ hostName: "b" });
  });
  test("the first by name where all is equal", () => {
    expect(place({}, [b, a])).toEqual({ hostName: "a" });
  });
});

describe("the ledger", () => {
  const full = { resources: { requests: { memory: "8Gi" } } };
  const fits = (ledger: Ledger): boolean => "hostName" in schedule(wantOf(containerOf(full)), ledger);
  const ledgerOf = (): Ledger => {
    const ledger = new Ledger();
    ledger.putHost(a);
    return ledger;
  };
  const pending = containerOf(full, { metadata: { name: "other" } });
  const bound = { ...pending, status: { hostName: "a" } };
  const waits: Condition = {
    ...{ type: "ResizePending", status: "True", reason: "Deferred", message: "" },
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };

  test("counts what was bound before the API shows it, and only once when it does", () => {
    const ledger = ledgerOf();
    ledger.assume(bound, "bound");
    ledger.see(pending, { ...pending, metadata: { ...pending.metadata, labels: { late: "news" } } });
    expect(fits(ledger)).toBe(false);
    expect(ledger.hasBound(pending)).toBe(true);
    ledger.see(pending, bound);
    ledger.see(bound, undefined);
    expect(fits(ledger)).toBe(true);
  });

  test("believes the API again once it shows what came after our write", () => {
    const ledger = ledgerOf();
    ledger.assume(bound, "bound");
    ledger.see(pending, { ...pending, metadata: { ...pending.metadata, resourceVersion: "3" } });
    expect(ledger.hasBound(pending)).toBe(false);
    expect(fits(ledger)).toBe(true);
  });

  test("keeps a promise whatever changes, until it is kept or its Container is deleted", () => {
    const ledger = ledgerOf();
    ledger.assume(bound, "promised");
    ledger.see(pending, { ...pending, metadata: { ...pending.metadata, resourceVersion: "3" } });
    expect(fits(ledger)).toBe(false);
    const deletionTimestamp = "2026-01-01T00:00:00Z";
    ledger.see(pending, { ...pending, metadata: { ...pending.metadata, deletionTimestamp } });
    expect(fits(ledger)).toBe(true);
  });

  test("takes promises back for whoever has more priority, and can restore them", () => {
    const ledger = ledgerOf();
    ledger.assume({ ...pending, status: { hostName: "a", priority: 5 } }, "promised");
    expect(ledger.takeBackPromises(5)).toEqual([]);
    const [promise] = ledger.takeBackPromises(6);
    expect(fits(ledger)).toBe(true);
    if (promise !== undefined) ledger.restore(promise);
    expect(fits(ledger)).toBe(false);
  });

  test("keeps the room of a write that may have happened until another try", () => {
    const ledger = ledgerOf();
    ledger.assume(bound, "unknown");
    expect(fits(ledger)).toBe(false);
    expect(ledger.hasBound(pending)).toBe(false);
    ledger.forget("default/other");
    expect(fits(ledger)).toBe(true);
  });

  test.each<[string, ContainerStatus, boolean]>([
    ["what is stopped keeps its room", { phase: "Stopped" }, false],
    ["what has ended leaves it", { phase: "Succeeded", observedGeneration: 1 }, true],
    ["what has ended and was changed asks again before it runs", { phase: "Succeeded", observedGeneration: 0 }, true],
    [
      "what was given room to run again has it",
      { phase: "Succeeded", observedGeneration: 1, allocatedResources: { memory: "8Gi" } },
      false,
    ],
    ["what it was given counts, whatever it asks for by now", { allocatedResources: { cpu: "1" } }, true],
    ["what asked for nothing when it was bound has nothing", { observedGeneration: 0 }, true],
    ["so it is after its new spec was seen", { observedGeneration: 1, conditions: [waits] }, true],
    ["what is from before the field has what it asks for", { observedGeneration: 1 }, false],
  ])("%s", (_, status, free) => {
    const ledger = ledgerOf();
    ledger.see(undefined, { ...pending, status: { hostName: "a", ...status } });
    expect(fits(ledger)).toBe(free);
  });

  test("knows what is taken of a host that appears after its Containers", () => {
    const ledger = new Ledger();
    ledger.see(undefined, bound);
    ledger.putHost(a);
    expect(fits(ledger)).toBe(false);
    ledger.removeHost("a");
    expect([...ledger.candidates()]).toEqual([]);
  });
});
