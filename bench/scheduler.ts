/**
 * How long the scheduler's decision takes: 10,000 Containers over 100 Hosts, one after the other, with nothing but the
 * decision itself and the account of it. `node bench/scheduler.ts`; HOSTS and CONTAINERS change the numbers.
 */
import { Ledger } from "../controllers/scheduler/ledger.ts";
import { preempt } from "../controllers/scheduler/preemption.ts";
import { schedule } from "../controllers/scheduler/schedule.ts";
import { wantOf } from "../controllers/scheduler/want.ts";
import type { Container } from "../crds/container.ts";
import { containerOf, hostOf } from "../test/fakes/objects.ts";

const hostCount = Number(process.env["HOSTS"] ?? 100);
const containerCount = Number(process.env["CONTAINERS"] ?? 10_000);
const apps = 200;

const appOf = (index: number): Record<string, string> => ({ app: `app-${index % apps}` });
const selects = (index: number): object => ({ labelSelector: { matchLabels: appOf(index) } });
const anti = (rule: object): object => ({ placement: { affinity: { containerAntiAffinity: rule } } });

const cases: Readonly<Record<string, (index: number) => object>> = {
  "nothing asked for": () => ({}),
  "cpu and memory": () => ({ resources: { requests: { cpu: "100m", memory: "128Mi" } } }),
  "preferred anti-affinity": (index) =>
    anti({
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, containerAffinityTerm: { ...selects(index), topologyKey: "kubernetes.io/hostname" } },
      ],
    }),
  "required anti-affinity": (index) =>
    anti({
      requiredDuringSchedulingIgnoredDuringExecution: [{ ...selects(index), topologyKey: "kubernetes.io/hostname" }],
    }),
  "spread over zones": (index) => ({
    placement: {
      topologySpreadConstraints: [{ ...selects(index), maxSkew: 1, topologyKey: "topology.kubernetes.io/zone" }],
    },
  }),
};

function emptyLedger(): Ledger {
  const ledger = new Ledger();
  for (let index = 0; index < hostCount; index++) {
    const name = `host-${index}`;
    const labels = { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": `zone-${index % 3}` };
    const host = hostOf(name, { metadata: { labels } });
    ledger.putHost({ ...host, status: { ...host.status, allocatable: { cpu: "64", memory: "256Gi" } } });
  }
  return ledger;
}

/** As the reconciler and the informer do it: decide, take account, and again once the API shows it. */
function place(ledger: Ledger, container: Container): boolean {
  const placement = schedule(wantOf(container), ledger);
  if (!("hostName" in placement)) return false;
  const bound = { ...container, status: { hostName: placement.hostName } };
  ledger.assume(bound, "bound");
  ledger.see(container, bound);
  return true;
}

for (const [name, specOf] of Object.entries(cases)) {
  const ledger = emptyLedger();
  const all = Array.from({ length: containerCount }, (_, index) =>
    containerOf(specOf(index), { metadata: { name: `c-${index}`, labels: appOf(index) } }),
  );
  const times: number[] = [];
  let placed = 0;
  for (const container of all) {
    const began = performance.now();
    if (place(ledger, container)) placed++;
    times.push(performance.now() - began);
  }
  report(name, times, `${placed} placed`);
}

const full = emptyLedger();
for (let index = 0; index < containerCount; index++) {
  const spec = { resources: { requests: { cpu: `${Math.floor((64_000 * hostCount) / containerCount)}m` } } };
  place(full, containerOf(spec, { metadata: { name: `c-${index}`, labels: appOf(index) } }));
}
const urgent = wantOf(containerOf({ resources: { requests: { cpu: "2" } } }), { priority: 1, tenancy: "Shared" });
const times = Array.from({ length: 10 }, () => {
  const began = performance.now();
  preempt(urgent, full, () => new Set());
  return performance.now() - began;
});
report("whom to preempt", times, "each Host is full of Containers of less priority");

function report(name: string, times: readonly number[], note: string): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(3);
  const mean = (times.reduce((sum, time) => sum + time, 0) / times.length).toFixed(3);
  console.log(`${name.padEnd(26)} mean ${mean} ms  p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)}  (${note})`);
}
