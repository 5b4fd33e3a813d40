import { expect, test } from "vitest";
import { next, untried } from "./probe.ts";
import type { ProbeState } from "./probe.ts";

const results = (text: string, successThreshold: number, failureThreshold: number, first?: boolean): string => {
  let state: ProbeState = untried(first);
  return Array.from(text)
    .map((one) => {
      state = next({ successThreshold, failureThreshold }, state, { ok: one === "+", message: "no" });
      return state.verdict === undefined ? "?" : state.verdict ? "+" : "-";
    })
    .join("");
};

test.each([
  ["one success is enough", "+", 1, 3, undefined, "+"],
  ["failures below the threshold change nothing", "+--+--", 1, 3, undefined, "++++++"],
  ["three in a row do", "+---+", 1, 3, undefined, "+++-+"],
  ["successes below the threshold change nothing", "++-+++", 3, 1, false, "-----+"],
  ["nothing is known before a threshold is reached", "--", 1, 3, undefined, "??"],
])("%s", (_, seen, successThreshold, failureThreshold, first, verdicts) => {
  expect(results(seen, successThreshold, failureThreshold, first)).toBe(verdicts);
});
