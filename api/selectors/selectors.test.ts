import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../crds/meta.ts";
import { ApiError } from "../status.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";

const message = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).code).toBe(400);
    return (error as ApiError).message;
  }
  throw new Error("nothing was refused");
};

describe("parseLabelSelector", () => {
  const labels = { app: "web", tier: "front", "example.com/n": "5" };
  test.each([
    ["", true],
    ["app=web", true],
    ["app==web", true],
    ["app = db", false],
    ["app!=db", true],
    ["missing!=x", true],
    ["app in (db, web)", true],
    ["app notin (db)", true],
    ["app notin(web)", false],
    ["missing notin (a)", true],
    ["app,tier=front", true],
    ["!app", false],
    ["! missing", true],
    ["example.com/n>4", true],
    ["example.com/n<5", false],
    ["app>1", false],
    ["app=", false],
    ["missing in ()", false],
    ["in in (in,notin)", false],
    ["constructor", false],
  ])("%s", (selector, matches) => {
    expect(parseLabelSelector(selector)(labels)).toBe(matches);
  });

  test("an object without labels has none of them", () => {
    expect(parseLabelSelector("!a")(undefined)).toBe(true);
    expect(parseLabelSelector("a")(undefined)).toBe(false);
  });

  test.each([
    ["app in web", "unable to parse requirement: found 'web' expected: '('"],
    ["app web", "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"],
    ["=x", "found '=', expected: !, identifier, or 'end of string'"],
    ["a,", "found '', expected: identifier after ','"],
    ["a=b c", "found 'c', expected: ',' or 'end of string'"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["n>x", "the value must be an integer"],
    ["bad!!key", "found"],
    ["-a=1", "name part must consist of alphanumeric characters"],
    ["a=b@", "a valid label must be an empty string or consist of"],
  ])("%s is refused", (selector, says) => {
    expect(message(() => parseLabelSelector(selector))).toContain(says);
  });
});

describe("parseFieldSelector", () => {
  const object: KubeObject = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "a", namespace: "n", uid: "u", resourceVersion: "1", creationTimestamp: "" },
  };
  const definition = { namespaced: true, selectableFields: { reason: () => "a,b=c" } };

  test.each([
    ["", true],
    ["metadata.name=a", true],
    ["metadata.name==a,metadata.namespace=n", true],
    ["metadata.name!=a", false],
    ["reason=a\\,b\\=c", true],
    ["metadata.name=a,,", true],
  ])("%s", (selector, matches) => {
    expect(parseFieldSelector(selector, definition).matches(object)).toBe(matches);
  });

  test("tells the one name that can match", () => {
    const { name, namespace } = parseFieldSelector("metadata.name=a,metadata.namespace!=n", definition);
    expect([name, namespace]).toEqual(["a", undefined]);
  });

  test.each([
    ["spec.x=1", "field label not supported: spec.x"],
    ["toString=1", "field label not supported: toString"],
    ["metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ["metadata.name=a=b", "invalid field selector: unescaped character in value: 61"],
    ["metadata.name=a\\b", "invalid field selector: invalid escape sequence: \\b"],
  ])("%s is refused", (selector, says) => {
    expect(message(() => parseFieldSelector(selector, definition))).toContain(says);
  });

  test("built-in kinds without fields of their own say which there are", () => {
    const builtIn = { namespaced: false, selectableFields: {}, mergeKeys: {} };
    expect(message(() => parseFieldSelector("type=x", builtIn))).toBe(
      '"type" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect(parseFieldSelector("metadata.namespace=x", builtIn).namespace).toBe("x");
  });

  test("cluster-scoped custom kinds have no namespace to select by", () => {
    expect(message(() => parseFieldSelector("metadata.namespace=x", { namespaced: false, selectableFields: {} }))).toBe(
      "field label not supported: metadata.namespace",
    );
  });
});
