import { Environment } from "@marcbachmann/cel-js";
import { expect, test } from "vitest";
import { stepsOf } from "./steps.ts";

const ten = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
const [eightTimes, wholeOf] = ["a + a + a + a + a + a + a + a", "all(i, i == 0)"];

/** Upper bound for lists of `size` items. */
function steps(expression: string, size: number): number {
  const environment = new Environment({ unlistedVariablesAreDyn: true });
  return stepsOf(environment.parse(expression).ast)(size);
}

test.each([
  { why: "a loop over what is given", expression: `list.${wholeOf}`, size: 1000, least: 1000 },
  {
    why: "loops within loops over what the expression itself writes out",
    expression: `${ten}.all(a, ${ten}.all(b, ${ten}.all(c, ${ten}.all(d, true))))`,
    size: 1,
    least: 10_000,
  },
  {
    why: "a loop over lists that grew eight times, twice",
    expression: `[list].map(a, ${eightTimes}).map(a, ${eightTimes}).all(a, a.${wholeOf})`,
    size: 10,
    least: 640,
  },
])("counts no fewer steps than there are: $why", ({ expression, size, least }) => {
  expect(steps(expression, size)).toBeGreaterThanOrEqual(least);
});

test("texts that are put together make no list longer", () => {
  const text = Array.from({ length: 20 }, (_, i) => `x.f${i}`).join(" + ");
  expect(steps(`list.all(x, ("a" + ${text}).size() < 9)`, 1000)).toBeLessThan(200_000);
});
