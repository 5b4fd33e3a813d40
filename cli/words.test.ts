/** Small things that turn words into values and back. */
import { describe, expect, test } from "vitest";
import { parseDuration } from "./duration.ts";
import { parseFieldPath, valueAt } from "./field-path.ts";
import { nearMatches } from "./near-matches.ts";

test.each([
  ["60s", 60_000],
  ["1h30m", 5_400_000],
  ["500ms", 500],
  ["1.5s", 1500],
  ["2d", 172_800_000],
  ["10", 10_000],
  ["0", 0],
])("parseDuration(%s)", (text, want) => {
  expect(parseDuration("--timeout", text)).toBe(want);
});

test.each(["", "abc", "5x", "-5s", "5m foo"])("parseDuration refuses %j and names the option", (text) => {
  expect(() => parseDuration("--timeout", text)).toThrow(`--timeout "${text}" is not a duration`);
});

describe("field paths", () => {
  test("are read as the API writes them", () => {
    expect(parseFieldPath('spec.ports[0].x[app.dev/name]["q"]')).toEqual([
      "spec",
      "ports",
      0,
      "x",
      "app.dev/name",
      "q",
    ]);
  });
  test("find values, and nothing where there is nothing", () => {
    const object = { spec: { ports: [{ x: 1 }] } };
    expect([valueAt(object, "spec.ports[0].x"), valueAt(object, "spec.a.b")]).toEqual([1, undefined]);
  });
});

test("nearMatches are few letters away, best first", () => {
  expect(nearMatches("contaner", ["Container", "Host", "Containers", "Event"])).toEqual(["Container", "Containers"]);
  expect(nearMatches("x", ["containers"])).toEqual([]);
});
