/** Whatever Hosts and Containers there are, no Host is promised more than it has. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { amountsOf, wantOf } from "../../controllers/scheduler/filters.ts";
import { Ledger } from "../../controllers/scheduler/ledger.ts";
import type { Placement } from "../../controllers/scheduler/schedule.ts";
import { schedule } from "../../controllers/scheduler/schedule.ts";
import type { Container } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { containerOf, hostOf } from "../fakes/objects.ts";

const cpus = fc.constantFrom("0", "100m", "0.57", "70m", "1", "1500m");
const memories = fc.constantFrom("0", "64Mi", "100M", "1Gi", "1.5Gi");

const hosts = fc
  .array(fc.record({ cpu: cpus, memory: memories, ready: fc.boolean(), zone: fc.constantFrom("a", "b") }), {
    maxLength: 5,
  })
  .map((all) =>
    all.map(({ cpu, memory, ready, zone }, index) =>
      hostOf(`h${index}`, {
        ready,
        metadata: { labels: { zone } },
        status: {
          allocatable: { cpu, memory },
          runtimes: ["runc"],
          conditions: [
            {
              type: "Ready",
              status: ready ? "True" : "False",
              reason: "Test",
              message: "",
              lastTransitionTime: "2026-01-01T00:00:00Z",
            },
          ],
        },
      }),
    ),
  );

const containers = fc
  .array(
    fc.record({
      cpu: cpus,
      memory: memories,
      asLimit: fc.boolean(),
      port: fc.constantFrom(undefined, 80, 81),
      ip: fc.constantFrom(undefined, "10.0.0.1", "10.0.0.2", "0.0.0.0"),
      zone: fc.constantFrom(undefined, "a"),
    }),
    { maxLength: 30 },
  )
  .map((all) =>
    all.map(({ cpu, memory, asLimit, port, ip, zone }, index) =>
      containerOf(
        {
          resources: asLimit ? { limits: { cpu, memory } } : { requests: { cpu, memory } },
          ports:
            port === undefined
              ? []
              : [{ containerPort: port, hostPort: port, ...(ip === undefined ? {} : { hostIP: ip }) }],
          ...(zone === undefined ? {} : { placement: { hostSelector: { matchLabels: { zone } } } }),
        },
        { metadata: { name: `c${index}` } },
      ),
    ),
  );

const bind = (container: Container, hostName: string): Container => ({ ...container, status: { hostName } });

/** Binds one after the other; `seen` says whose binding the API has shown before the next is decided. */
function bindAll(
  all: readonly Container[],
  on: readonly Host[],
  seen: (index: number) => boolean,
): readonly Placement[] {
  const ledger = new Ledger();
  for (const host of on) ledger.putHost(host);
  return all.map((container, index) => {
    ledger.see(undefined, container);
    const placement = schedule(wantOf(container), ledger.candidates());
    if ("hostName" in placement) {
      ledger.assume(container, placement.hostName, "bound");
      if (seen(index)) ledger.see(container, bind(container, placement.hostName));
    }
    return placement;
  });
}

test("no Host is promised more than it has, shown or not", () => {
  fc.assert(
    fc.property(containers, hosts, fc.func(fc.boolean()), (all, on, seen) => {
      const placements = bindAll(all, on, seen);
      for (const host of on) {
        const bound = all.filter((_, index) => {
          const placement = placements[index];
          return placement !== undefined && "hostName" in placement && placement.hostName === host.metadata.name;
        });
        const wants = bound.map(wantOf);
        const sum = (amount: "milliCpu" | "memory"): number =>
          wants.reduce((total, want) => total + want.requests[amount], 0);
        const has = amountsOf(host.status?.allocatable ?? {});
        expect(sum("milliCpu")).toBeLessThanOrEqual(has.milliCpu);
        expect(sum("memory")).toBeLessThanOrEqual(has.memory);
        const ports = wants.flatMap((want) => want.ports);
        for (const [index, a] of ports.entries())
          for (const b of ports.slice(index + 1))
            expect(a.port === b.port && (a.ip === "" || b.ip === "" || a.ip === b.ip)).toBe(false);
        if (bound.length > 0) expect(host.status?.conditions?.[0]?.status).toBe("True");
      }
    }),
  );
});

test("the same Hosts in another order get the same Containers", () => {
  fc.assert(
    fc.property(containers, hosts, (all, on) => {
      const seen = (): boolean => true;
      expect(bindAll(all, [...on].reverse(), seen)).toEqual(bindAll(all, on, seen));
    }),
  );
});

test("what is gone leaves nothing behind", () => {
  fc.assert(
    fc.property(containers, hosts, (all, on) => {
      const ledger = new Ledger();
      for (const host of on) ledger.putHost(host);
      const before = JSON.stringify([...ledger.candidates()]);
      for (const container of all) {
        const placement = schedule(wantOf(container), ledger.candidates());
        if (!("hostName" in placement)) continue;
        ledger.assume(container, placement.hostName, "unknown");
        ledger.see(container, bind(container, placement.hostName));
      }
      for (const container of all) ledger.see(container, undefined);
      expect(JSON.stringify([...ledger.candidates()])).toBe(before);
      expect([...ledger.candidates()].every(({ ports }) => ports.size === 0)).toBe(true);
    }),
  );
});
