import { describe, expect, test } from "vitest";
import type { FieldSet } from "./field-set.ts";
import { canonical, difference, intersection, pathsOf, readFieldSet, union } from "./field-set.ts";
import { keyElement, pathText, valueElement } from "./path-element.ts";

const leaf = {};
const labels = (...keys: readonly string[]): FieldSet => ({
  "f:metadata": { "f:labels": Object.fromEntries(keys.map((key) => [`f:${key}`, leaf])) },
});

describe("a set of fields", () => {
  test("union, difference and intersection go by members", () => {
    expect(union(labels("a"), labels("b"))).toEqual(labels("a", "b"));
    expect(difference(labels("a", "b"), labels("b", "c"))).toEqual(labels("a"));
    expect(difference(labels("a"), labels("a"))).toEqual({});
    expect(intersection(labels("a", "b"), labels("b", "c"))).toEqual(labels("b"));
    expect(intersection(labels("a"), labels("b"))).toEqual({});
  });

  test("a node and what is below it are members of their own", () => {
    const item = { "f:list": { 'k:{"name":"a"}': { ".": leaf, "f:name": leaf, "f:value": leaf } } };
    const node = { "f:list": { 'k:{"name":"a"}': leaf } };
    expect(difference(item, node)).toEqual({ "f:list": { 'k:{"name":"a"}': { "f:name": leaf, "f:value": leaf } } });
    expect(difference(node, item)).toEqual({});
    expect(intersection(item, node)).toEqual(node);
    expect(union(node, item)).toEqual(item);
    expect(union(item, node)).toBe(item);
    expect(difference(item, { "f:list": { 'k:{"name":"a"}': { "f:value": leaf } } })).toEqual({
      "f:list": { 'k:{"name":"a"}': { ".": leaf, "f:name": leaf } },
    });
  });

  test("what an operation leaves as it is, is shared", () => {
    const all = union(labels("a"), { "f:spec": { "f:image": leaf } });
    expect(union(all, labels("a"))).toBe(all);
    expect(difference(all, labels("z"))).toBe(all);
    expect(difference(all, labels("a"))["f:spec"]).toBe(all["f:spec"]);
  });

  test("is written in the order of encoding/json", () => {
    const set = canonical({
      'v:"b"': leaf,
      "f:é": leaf,
      'k:{"port":80}': { "f:port": leaf, ".": leaf },
      "f:b": leaf,
      'k:{"port":443}': leaf,
      "f:a": leaf,
    });
    expect(Object.keys(set)).toEqual(["f:a", "f:b", "f:é", 'k:{"port":443}', 'k:{"port":80}', 'v:"b"']);
    expect(JSON.stringify(set['k:{"port":80}'])).toBe('{".":{},"f:port":{}}');
    expect(Object.keys(union({ "f:b": leaf }, { "f:c": leaf, "f:a": leaf }))).toEqual(["f:a", "f:b", "f:c"]);
  });

  test("elements have one form, whoever wrote them", () => {
    expect(
      keyElement([
        ["protocol", "TCP"],
        ["containerPort", 80],
      ]),
    ).toBe('k:{"containerPort":80,"protocol":"TCP"}');
    expect(valueElement("<a&b>")).toBe('v:"\\u003ca\\u0026b\\u003e"');
    expect(readFieldSet({ 'k:{"b": 1, "a":"x"}': {}, "x:later": {}, "i:03": {}, ".": {} })).toEqual({
      ".": leaf,
      "i:3": leaf,
      'k:{"a":"x","b":1}': leaf,
    });
  });

  test.each([{ a: {} }, { "k:[1]": {} }, { "v:{": {} }, { "i:x": {} }, { "f:a": 1 }, 1, [], null])(
    "%j is none",
    (value) => {
      expect(() => readFieldSet(value)).toThrow();
    },
  );

  test("paths are told as messages have them, parents first", () => {
    const set = {
      "f:spec": {
        "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": leaf, "f:name": leaf } },
        "f:set": { 'v:"a"': leaf },
        "f:a.b/c": leaf,
      },
    };
    expect([...pathsOf(set)].map(pathText)).toEqual([
      ".spec.a.b/c",
      '.spec.ports[port=80,protocol="TCP"]',
      '.spec.ports[port=80,protocol="TCP"].name',
      '.spec.set[="a"]',
    ]);
  });
});
