import type { Score } from "./score.ts";

/**
 * Where it runs already, by the labels of what is there: a control plane that lost its store takes up what it had. Counts
 * for more than all others together.
 */
export const foundThere: Score = {
  name: "FoundThere",
  weight: 100,
  rate: ({ key }, fitting) => fitting.map(({ found }) => (found.has(key) ? 100 : 0)),
};
