/** Hosts with what is bound to them, for tests of the scheduler's filters and scores. */
import type { Filter } from "../../controllers/scheduler/filters/filter.ts";
import { Ledger } from "../../controllers/scheduler/ledger.ts";
import type { Score } from "../../controllers/scheduler/scores/score.ts";
import type { Standing, Want } from "../../controllers/scheduler/want.ts";
import { wantOf } from "../../controllers/scheduler/want.ts";
import type { ContainerStatus } from "../../crds/container.ts";
import type { Host, HostStatus } from "../../crds/host.ts";
import type { ObjectMeta } from "../../crds/meta.ts";
import { containerOf, hostOf } from "./objects.ts";

/** A Container on a Host; its name is made up where it has none. */
export interface Bound {
  readonly on: string;
  readonly spec?: object;
  readonly metadata?: Partial<ObjectMeta>;
  readonly status?: ContainerStatus;
}

export function ledgerOf(hosts: readonly Host[], bound: readonly Bound[] = []): Ledger {
  const ledger = new Ledger();
  for (const host of hosts) ledger.putHost(host);
  for (const [index, { on, spec = {}, metadata, status }] of bound.entries()) {
    const name = { name: `bound-${index}`, ...metadata };
    ledger.see(undefined, containerOf(spec, { metadata: name, status: { hostName: on, ...status } }));
  }
  return ledger;
}

/** Hosts by their labels. */
export function hostsOf(labels: Readonly<Record<string, Readonly<Record<string, string>>>>): readonly Host[] {
  return Object.entries(labels).map(([name, own]) => hostOf(name, { metadata: { labels: own } }));
}

/** A Host that is ready, with more in its status. */
export function readyHost(name: string, status: HostStatus, spec: object = {}): Host {
  const host = hostOf(name, { spec });
  return { ...host, status: { ...host.status, ...status } };
}

export function wanted(spec: object = {}, metadata: Partial<ObjectMeta> = {}, standing?: Standing): Want {
  return wantOf(containerOf(spec, { metadata }), standing);
}

/** What the filter says of each Host; nothing of those that do. */
export function refusals(filter: Filter, want: Want, ledger: Ledger): Readonly<Record<string, string>> {
  const check = filter.prepare(want, ledger);
  return Object.fromEntries(
    [...ledger.candidates()].flatMap((candidate) => {
      const refusal = check?.(candidate);
      return refusal === undefined ? [] : [[candidate.host.metadata.name, refusal]];
    }),
  );
}

/** What the score gives each Host, rounded; undefined where it has nothing to say. */
export function ratings(score: Score, want: Want, ledger: Ledger): Readonly<Record<string, number>> | undefined {
  const all = [...ledger.candidates()];
  const rated = score.rate(want, all, ledger);
  return (
    rated && Object.fromEntries(all.map(({ host }, index) => [host.metadata.name, Math.round(rated[index] ?? NaN)]))
  );
}
