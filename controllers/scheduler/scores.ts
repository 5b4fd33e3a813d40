/** Which of the Hosts that do is better. Pure. */
import type { Candidate, Want } from "./filters.ts";

/** More is better. */
export type Score = (want: Want, candidate: Candidate) => number;

/** Where it runs already, by the labels of what is there: a control plane that lost its store takes up what it had. */
const hasItAlready: Score = ({ key }, { found }) => (found.has(key) ? 1 : 0);

/**
 * The share of cpu and memory that would be left, from 0 to 1.
 * Source: kubernetes/pkg/scheduler/framework/plugins/noderesources/least_allocated.go.
 */
const leastAllocated: Score = ({ requests }, { allocatable, taken }) =>
  (left(allocatable.milliCpu, taken.milliCpu + requests.milliCpu) +
    left(allocatable.memory, taken.memory + requests.memory)) /
  2;

const left = (all: number, taken: number): number => (all === 0 ? 0 : Math.max(0, all - taken) / all);

/** Spreads Containers that request nothing. */
const fewestContainers: Score = (_, { containers }) => -containers;

/** The first decides; each further one only between those that are equal so far. */
export const scores: readonly Score[] = [hasItAlready, leastAllocated, fewestContainers];
