/**
 * Whether there is room. What is not asked for is not looked at, so that a Host that is full, or has too much bound
 * already, still takes Containers that request nothing.
 * Source: kubernetes/pkg/scheduler/framework/plugins/noderesources/fit.go.
 */
import type { Amounts } from "../../../crds/allocation.ts";
import { freeCpus, freeDevices } from "../allotment.ts";
import type { Filter } from "./filter.ts";

const names = { milliCpu: "cpu", memory: "memory", storage: "ephemeral-storage" } as const;

const amountFits = (amount: keyof Amounts): Filter => ({
  name: `Fit/${names[amount]}`,
  makesRoom: true,
  prepare: ({ requests }) => {
    const wanted = requests[amount];
    return wanted === 0
      ? undefined
      : ({ allocatable, taken }) =>
          wanted <= allocatable[amount] - taken[amount] ? undefined : `too little ${names[amount]}`;
  },
});

const devices: Filter = {
  name: "Fit/devices",
  makesRoom: true,
  prepare: ({ devices: wanted }) =>
    wanted.size === 0
      ? undefined
      : (candidate) => {
          const missing = [...wanted].find(([name, count]) => count > freeDevices(candidate, name).length);
          return missing && `too little ${missing[0]}`;
        },
};

/** CPUs of its own: more than the sum of requests, which counts them too, it takes whole ones that nobody else has. */
const dedicatedCpus: Filter = {
  name: "Fit/dedicated-cpus",
  makesRoom: true,
  prepare: ({ dedicated, requests: { milliCpu } }) =>
    dedicated
      ? (candidate) => {
          if (milliCpu === 0) return "cannot dedicate no cpu: it requests none";
          if (milliCpu % 1000 !== 0) return `cannot dedicate a part of a cpu: ${milliCpu}m is no whole number`;
          if (candidate.numa.length === 0) return "does not report its NUMA nodes, without which no cpu is dedicated";
          return milliCpu <= freeCpus(candidate).length * 1000 ? undefined : "too few cpus that are not dedicated";
        }
      : undefined,
};

export const fit: readonly Filter[] = [
  amountFits("milliCpu"),
  amountFits("memory"),
  amountFits("storage"),
  devices,
  dedicatedCpus,
];
