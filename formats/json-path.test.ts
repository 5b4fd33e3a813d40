import { describe, expect, test } from "vitest";
import { compileJsonPath } from "./json-path.ts";

describe("compileJsonPath", () => {
  const object = {
    metadata: { labels: { "x.y": "1", "a/b": "2" } },
    status: {
      conditions: [
        { type: "A", n: 1 },
        { type: "Ready", status: "True", n: 2 },
      ],
      empty: [],
    },
    wanted: 2,
  };
  test.each([
    [".metadata.labels['x\\.y']", ["1"]],
    [".metadata.labels.x\\.y", ["1"]],
    ['.metadata.labels["a/b"]', ["2"]],
    ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
    [".status.conditions[?(@.type == 'Ready')].status", ["True"]],
    [".status.conditions[?(@.status)].type", ["Ready"]],
    [".status.conditions[?(@.n>1)].type", ["Ready"]],
    [".status.conditions[?(@.n!=1)].type", ["Ready"]],
    [".status.conditions[0].type", ["A"]],
    [".status.conditions[-1].type", ["Ready"]],
    [".status.conditions[*].type", ["A", "Ready"]],
    [".status.empty[0].x", []],
    [".nope.at.all", []],
    [".metadata.constructor", []],
    [".status.conditions[?(@.n == $.wanted)].type", ["Ready"]],
    [".status.conditions[?('Ready' == @.type)].n", [2]],
    [".status.conditions[0:1].type", ["A"]],
    [".status.conditions[-1:].type", ["Ready"]],
    [".status.conditions[:].n", [1, 2]],
    ["..n", [1, 2]],
    [".metadata..*", [{ "x.y": "1", "a/b": "2" }, "1", "2"]],
    ["{.status.conditions[0].n}", [1]],
    ["$.status.conditions[0].n", [1]],
  ])("%s", (path, values) => {
    expect(compileJsonPath(path)(object)).toEqual(values);
  });

  test("the whole object, and the root from within", () => {
    for (const path of [".", "$", "@", "{.}"]) expect(compileJsonPath(path)(object)).toEqual([object]);
    expect(compileJsonPath("$.wanted")(object.status, object)).toEqual([2]);
    expect(compileJsonPath("@.empty")(object.status, object)).toEqual([[]]);
  });

  test.each([".a[", ".a[?(@.x=)]", "a b", ".a[?(x)]", ".a[?(@.x==)]", ".a..", ".a[1,2]", ".a[?(@.x==nope)]"])(
    "%s is refused",
    (path) => {
      expect(() => compileJsonPath(path)).toThrow(SyntaxError);
    },
  );
});
