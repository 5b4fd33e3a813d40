import { expect, test } from "vitest";
import type { Taint } from "../../crds/host.ts";
import { notReadyTaint, outOfServiceTaint, unreachableTaint } from "../../crds/taints.ts";
import { containerOf, hostOf } from "../../test/fakes/objects.ts";
import { verdict } from "./plan.ts";
import type { Verdict } from "./plan.ts";

const now = new Date("2026-01-01T01:00:00Z");
const secondsAgo = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();
const lostFor = (seconds: number): Taint => ({
  key: unreachableTaint,
  effect: "NoExecute",
  timeAdded: secondsAgo(seconds),
});

/** As a Host has it whose Secret is wrong. */
const withoutCredentials: Taint = { key: notReadyTaint, effect: "NoSchedule", timeAdded: secondsAgo(9999) };
const outOfService: Taint = { key: outOfServiceTaint, effect: "NoExecute", timeAdded: secondsAgo(10) };

interface Case {
  readonly why: string;
  readonly spec?: object;
  readonly status?: object;
  /** Observed taints of the Host; none of it where there is no Host. */
  readonly observed?: readonly Taint[] | "no Host";
  readonly taints?: readonly Taint[];
  readonly sightedFor?: number;
  readonly maintenance?: boolean;
  readonly want: Verdict | Verdict["do"];
}

const maintained: Taint = { key: "maintained", effect: "NoExecute", timeAdded: secondsAgo(10) };
const tolerating = (seconds?: number): object => ({
  placement: {
    tolerations: [
      { operator: "Exists", effect: "NoExecute", ...(seconds === undefined ? {} : { tolerationSeconds: seconds }) },
    ],
  },
});

test.each<Case>([
  { why: "nothing is wrong with its Host", want: "stay" },
  {
    why: "a lost Host is waited for, five minutes by default",
    observed: [lostFor(60)],
    want: { do: "wait", forMs: 240_000 },
  },
  {
    why: "and then left without being asked",
    observed: [lostFor(300)],
    want: {
      do: "evict",
      reason: "HostLost",
      message: `Host "a" has the taint {${unreachableTaint}: }`,
      hostLost: true,
    },
  },
  {
    why: "its own toleration counts",
    spec: tolerating(20),
    observed: [lostFor(15)],
    want: { do: "wait", forMs: 5_000 },
  },
  { why: "for ever, where it says so", spec: tolerating(), observed: [lostFor(9999)], want: "stay" },
  {
    why: "what was lost while nobody looked counts from now on",
    observed: [lostFor(9999)],
    sightedFor: 100,
    want: { do: "wait", forMs: 200_000 },
  },
  {
    why: "people's taints make it leave in its orderly way, at once",
    taints: [maintained],
    want: { do: "evict", reason: "TaintEviction", message: 'Host "a" has the taint {maintained: }', hostLost: false },
  },
  {
    why: "a Host in maintenance is drained",
    maintenance: true,
    want: { do: "drain", reason: "Maintenance", message: 'Host "a" is in maintenance' },
  },
  { why: "also where a taint is tolerated for a while", maintenance: true, spec: tolerating(20), taints: [maintained], want: "drain" }, // prettier-ignore
  { why: "but not of what may not move", maintenance: true, spec: { placement: { hostName: "a" } }, want: "stay" },
  { why: "nor while it does not answer", maintenance: true, observed: [lostFor(5)], want: "wait" },
  { why: "NoSchedule drives nobody away", taints: [{ key: "full", effect: "NoSchedule" }], want: "stay" },
  {
    why: "one that is pinned to its Host stays",
    spec: { placement: { hostName: "a" } },
    observed: [lostFor(9999)],
    want: "stay",
  },
  {
    why: "what may run once has run",
    spec: { restartPolicy: "Never" },
    status: { startedAt: secondsAgo(9) },
    observed: [lostFor(9999)],
    want: "stay",
  },
  {
    why: "data of this Host keeps it there",
    spec: { volumes: [{ name: "v", dockerVolume: { name: "data" } }] },
    observed: [lostFor(9999)],
    want: "stay",
  },
  {
    why: "also from people's taints: it would begin anew elsewhere, with nothing",
    spec: { volumes: [{ name: "v", dockerVolume: { name: "data" } }] },
    taints: [maintained],
    want: "stay",
  },
  {
    why: "a singleton may still run there",
    spec: { placement: { singleton: true } },
    observed: [lostFor(9999)],
    want: "stay",
  },
  {
    why: "until somebody knows that it does not",
    spec: { placement: { singleton: true } },
    observed: [lostFor(9999)],
    taints: [{ key: outOfServiceTaint, effect: "NoSchedule" }],
    want: "evict",
  },
  { why: "a Host that we cannot ask for want of its credentials runs it all the same", observed: [withoutCredentials], want: "stay" }, // prettier-ignore
  { why: "and is not drained meanwhile", maintenance: true, observed: [withoutCredentials], want: "stay" },
  {
    why: "what must leave it waits until it can be asked, and runs nowhere else before",
    observed: [withoutCredentials],
    taints: [maintained],
    want: { do: "evict", reason: "TaintEviction", message: 'Host "a" has the taint {maintained: }', hostLost: false },
  },
  {
    why: "where people know that it is off it is lost all the same",
    spec: { placement: { singleton: true } },
    observed: [withoutCredentials],
    taints: [outOfService],
    want: {
      do: "evict",
      reason: "HostLost",
      message: `Host "a" has the taint {${outOfServiceTaint}: }`,
      hostLost: true,
    },
  },
  {
    why: "a Host that was deleted for good",
    observed: "no Host",
    want: { do: "evict", reason: "HostGone", message: 'Host "a" no longer exists', hostLost: true },
  },
  { why: "what has ended stays where it ended", status: { phase: "Succeeded" }, taints: [maintained], want: "stay" },
  {
    why: "who goes already is not told again",
    status: { eviction: { reason: "Drained", message: "", requestedAt: secondsAgo(1) } },
    taints: [maintained],
    want: "stay",
  },
  {
    why: "unless its Host is lost before it has left: nobody can ask that any more",
    status: { eviction: { reason: "Drained", message: "", requestedAt: secondsAgo(400) } },
    observed: [lostFor(300)],
    want: {
      do: "evict",
      reason: "HostLost",
      message: `Host "a" has the taint {${unreachableTaint}: }`,
      hostLost: true,
    },
  },
  {
    why: "or gone for good",
    status: { eviction: { reason: "Drained", message: "", requestedAt: secondsAgo(400) } },
    observed: "no Host",
    want: { do: "evict", reason: "HostGone", message: 'Host "a" no longer exists', hostLost: true },
  },
  {
    why: "which it need not be told twice",
    status: { eviction: { reason: "HostLost", message: "", requestedAt: secondsAgo(1), hostLost: true } },
    observed: [lostFor(9999)],
    want: "stay",
  },
])("$why", ({ spec = {}, status = {}, observed = [], taints = [], sightedFor = 9999, maintenance = false, want }) => {
  const container = containerOf(spec, { status: { hostName: "a", ...status } });
  const host =
    observed === "no Host"
      ? undefined
      : hostOf("a", { spec: { taints: [...taints], maintenance }, status: { taints: [...observed] } });
  const found = verdict({ container, host, sightedSince: new Date(secondsAgo(sightedFor)), now });
  if (typeof want === "string") expect(found.do).toBe(want);
  else expect(found).toEqual(want);
});
