import { leaseType } from "../../crds/core.ts";
import { describe, expect, test } from "vitest";
import { FakeClock, settle } from "../../test/fakes/clock.ts";
import { RecordingLog } from "../../test/fakes/log.ts";
import { MemoryObjects } from "../../test/fakes/memory-objects.ts";
import type { Lease } from "./leader-election.ts";
import { leadWhileElected } from "./leader-election.ts";

const place = { namespace: "kube-system", name: "stowage-controllers" };

/** One process that competes. Each has a way to the server of its own, which can break. */
class Contender {
  readonly log = new RecordingLog();
  readonly stop = new AbortController();
  readonly ended: Promise<void>;
  leading = false;
  terms = 0;
  /** When {@link hurry} is called, what is asked is answered ("slow": it was done at once), or fails ("stuck"). */
  fault: MemoryObjects["fault"] | "slow" | "stuck";
  readonly #hurry = new Set<() => void>();

  constructor(identity: string, leases: MemoryObjects, clock: FakeClock) {
    const through = async <T>(request: () => Promise<T>): Promise<T> => {
      if (this.fault === "silence") return new Promise(() => undefined);
      if (this.fault === "slow" || this.fault === "stuck") {
        const answer = this.fault === "slow" ? await request() : undefined;
        await new Promise<void>((resolve) => this.#hurry.add(resolve));
        return answer ?? Promise.reject(new Error("the connection was lost"));
      }
      if (this.fault !== undefined) throw this.fault;
      return request();
    };
    const client: Parameters<typeof leadWhileElected>[0]["client"] = {
      get: (type, name) => through(() => leases.get(type, name)),
      create: (type, draft) => through(() => leases.create(type, draft)),
      update: (type, draft) => through(() => leases.update(type, draft)),
    };
    const options = { client, clock, log: this.log, name: place.name, identity, random: () => 0 };
    this.ended = leadWhileElected(options, (signal) => this.#run(signal), this.stop.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.leading = true;
    this.terms++;
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        resolve();
      });
    });
    this.leading = false;
  }

  hurry(): void {
    this.fault = undefined;
    for (const answer of this.#hurry) answer();
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.ended;
  }
}

function setUp() {
  const clock = new FakeClock(new Date("2026-01-01T00:00:00.125Z"));
  const leases = new MemoryObjects();
  return {
    clock,
    leases,
    join: (identity: string) => new Contender(identity, leases, clock),
    lease: () => leases.get<Lease>(leaseType, place),
  };
}

describe("taking the lease", () => {
  test("the first one creates it, in the shape that client-go writes", async () => {
    const { join, lease } = setUp();
    const a = join("a");
    await settle();
    expect(a.leading).toBe(true);
    expect((await lease()).spec).toEqual({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-01T00:00:00.125000Z",
      renewTime: "2026-01-01T00:00:00.125000Z",
      leaseTransitions: 0,
    });
    await a.end();
  });

  test("of two that come at once, one leads", async () => {
    const { join } = setUp();
    const both = [join("a"), join("b")];
    await settle();
    expect(both.filter(({ leading }) => leading)).toHaveLength(1);
    await Promise.all(both.map((each) => each.end()));
  });

  test("who holds it keeps it: renewed every 2 s, by one request each time", async () => {
    const { join, clock, leases, lease } = setUp();
    const a = join("a");
    await settle();
    leases.requests.length = 0;
    await clock.pass(60_000);
    expect(a.leading).toBe(true);
    expect(a.terms).toBe(1);
    expect(leases.requests).toEqual(Array.from({ length: 30 }, () => "update leases/stowage-controllers"));
    expect((await lease()).spec).toMatchObject({
      acquireTime: "2026-01-01T00:00:00.125000Z",
      renewTime: "2026-01-01T00:01:00.125000Z",
      leaseTransitions: 0,
    });
    await a.end();
  });

  test("a process that was killed and comes back under its name takes its own lease at once", async () => {
    const { join, leases, lease, clock } = setUp();
    const killed = join("a");
    await settle();
    killed.fault = "silence";
    await clock.pass(1000);
    const again = join("a");
    await settle();
    expect(again.leading).toBe(true);
    expect((await lease()).spec).toMatchObject({ holderIdentity: "a", leaseTransitions: 0 });
    expect(leases.requests).toContain("get leases/stowage-controllers");
    await again.end();
  });
});

describe("a leader that falls silent", () => {
  test.each([
    { why: "the server refuses", fault: new Error("connect ECONNREFUSED") },
    { why: "the server does not answer at all", fault: "silence" },
  ] as const)("stops within 10 s, before anyone else may begin: $why", async ({ fault }) => {
    const { join, clock } = setUp();
    const a = join("a");
    await settle();
    const b = join("b");
    await clock.pass(4000);
    a.fault = fault;
    await clock.pass(9900);
    expect([a.leading, b.leading]).toEqual([true, false]);
    await clock.pass(200);
    expect([a.leading, b.leading]).toEqual([false, false]);
    await clock.pass(7000);
    expect([a.leading, b.leading]).toEqual([false, true]);
    expect(a.log.lines).toContainEqual(expect.objectContaining({ level: "warn", message: "Lost the lease" }));
    await Promise.all([a.end(), b.end()]);
  });

  test("leads again when it is heard again and nobody else took over", async () => {
    const { join, clock, lease } = setUp();
    const a = join("a");
    await settle();
    a.fault = new Error("connect ECONNREFUSED");
    await clock.pass(30_000);
    expect(a.leading).toBe(false);
    a.fault = undefined;
    await clock.pass(2000);
    expect([a.leading, a.terms]).toEqual([true, 2]);
    expect((await lease()).spec).toMatchObject({ leaseTransitions: 0 });
    await a.end();
  });

  test("waits its turn when somebody did take over", async () => {
    const { join, clock, lease } = setUp();
    const a = join("a");
    await settle();
    const b = join("b");
    a.fault = new Error("connect ECONNREFUSED");
    await clock.pass(30_000);
    a.fault = undefined;
    await clock.pass(60_000);
    expect([a.leading, b.leading]).toEqual([false, true]);
    expect((await lease()).spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    await Promise.all([a.end(), b.end()]);
  });
});

describe("two never lead at once:", () => {
  test("time counts from when a renewal was asked for, not from when it was answered", async () => {
    const { join, clock } = setUp();
    const a = join("a");
    await settle();
    const b = join("b");
    a.fault = "slow";
    await clock.pass(8000);
    a.hurry();
    a.fault = "silence";
    await clock.pass(4100);
    expect([a.leading, b.leading]).toEqual([false, false]);
    await clock.pass(10_000);
    expect([a.leading, b.leading]).toEqual([false, true]);
    await Promise.all([a.end(), b.end()]);
  });

  test("so it does for the request that takes the lease", async () => {
    const { join, clock } = setUp();
    const a = join("a");
    a.fault = "slow";
    await clock.pass(9000);
    a.hurry();
    a.fault = "silence";
    await clock.pass(900);
    expect([a.leading, a.terms]).toEqual([true, 1]);
    await clock.pass(200);
    expect(a.leading).toBe(false);
    await clock.pass(2000);
    await a.end();
  });

  test("a renewal of an earlier term that fails late does not give back the lease of the next one", async () => {
    const { join, clock } = setUp();
    const a = join("a");
    await clock.pass(1000);
    const b = join("b");
    await clock.pass(3000);
    a.fault = "stuck";
    await clock.pass(11_000);
    expect(a.leading).toBe(false);
    a.fault = undefined;
    await clock.pass(3500);
    expect([a.leading, a.terms]).toEqual([true, 2]);
    a.hurry();
    await clock.pass(4000);
    expect([a.leading, b.leading]).toEqual([true, false]);
    await Promise.all([a.end(), b.end()]);
  });

  test("who sees that another one has the lease stops at once", async () => {
    const { join, clock, leases } = setUp();
    const a = join("a");
    await settle();
    await leases.patch(leaseType, place, { type: "merge", body: { spec: { holderIdentity: "other" } } });
    await clock.pass(2000);
    expect(a.leading).toBe(false);
    expect(a.log.lines).toContainEqual(expect.objectContaining({ level: "warn", message: "Lost the lease" }));
    await clock.pass(17_000);
    expect([a.leading, a.terms]).toEqual([true, 2]);
    await a.end();
  });
});

describe("another's lease", () => {
  test("is respected for its duration from when we first saw it, whatever its holder's clock says", async () => {
    const { join, clock, leases } = setUp();
    const spec = { holderIdentity: "other", leaseDurationSeconds: 15, renewTime: "1999-01-01T00:00:00.000000Z" };
    await leases.create(leaseType, lease(spec));
    const a = join("a");
    await clock.pass(14_900);
    expect(a.leading).toBe(false);
    await clock.pass(2000);
    expect(a.leading).toBe(true);
    await a.end();
  });

  test("is not made younger by writes that renew nothing", async () => {
    const { join, clock, leases } = setUp();
    await leases.create(leaseType, lease({ holderIdentity: "other", leaseDurationSeconds: 15 }));
    const a = join("a");
    for (let i = 0; i < 4; i++) {
      await clock.pass(5000);
      await leases.patch(leaseType, place, { type: "merge", body: {} });
    }
    expect(a.leading).toBe(true);
    await a.end();
  });
});

describe("stopping", () => {
  test("waits for the end of the work, then gives the lease back, so that the next one begins at once", async () => {
    const { join, clock, lease } = setUp();
    const a = join("a");
    await settle();
    const b = join("b");
    await settle();
    await a.end();
    expect(a.leading).toBe(false);
    expect((await lease()).spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    await clock.pass(2000);
    expect(b.leading).toBe(true);
    await b.end();
  });

  test("is not kept by a server that does not answer", async () => {
    const { join, clock } = setUp();
    const a = join("a");
    await settle();
    a.fault = "silence";
    a.stop.abort();
    await clock.pass(2000);
    await a.ended;
  });

  test("while waiting for another's lease leaves nothing behind", async () => {
    const { join, clock } = setUp();
    const a = join("a");
    await settle();
    const b = join("b");
    await clock.pass(1000);
    await b.end();
    await a.end();
    expect(clock.timers).toBe(0);
  });
});

test("work that ends by itself ends the term and gives the lease back; its failure is passed on", async () => {
  const { clock, leases, lease: read } = setUp();
  const options = { client: leases, clock, log: new RecordingLog(), name: place.name, identity: "a" };
  const never = new AbortController().signal;
  await leadWhileElected(options, () => Promise.resolve(), never);
  expect((await read()).spec).toMatchObject({ holderIdentity: "" });
  const failing = leadWhileElected(options, () => Promise.reject(new Error("broken")), never);
  await expect(failing).rejects.toThrow("broken");
  expect((await read()).spec).toMatchObject({ holderIdentity: "" });
});

const lease = (spec: Lease["spec"]) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: place,
  spec,
});
