import { describe, expect, test } from "vitest";
import { decodeBody, requireObject } from "./decode.ts";
import { countFields, scanJson } from "./json-scan.ts";
import { ApiError } from "./status.ts";

const decode = (text: string, type?: string, findDuplicates = true): ReturnType<typeof decodeBody> =>
  decodeBody(new TextEncoder().encode(text), type, { findDuplicates });

function refusal(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("decodeBody", () => {
  test.each([
    { why: "no content type means JSON", type: undefined, text: '{"a":1}' },
    { why: "parameters of the type do not matter", type: "application/json; charset=utf-8", text: '{"a":1}' },
    { why: "YAML", type: "application/yaml", text: "a: 1" },
    { why: "YAML under an older name", type: "text/yaml", text: "a: 1" },
  ])("$why", ({ type, text }) => {
    expect(decode(text, type).object).toEqual({ a: 1 });
  });

  test("half of a pair of surrogates is U+FFFD, as for encoding/json", () => {
    expect(decode('{"a":"\\ud800","b":"\\ud83d\\ude00"}', undefined).object).toEqual({ a: "\uFFFD", b: "\u{1F600}" });
  });

  test("a byte order mark is no JSON", () => {
    expect(refusal(() => decode('\uFEFF{"a":1}', undefined)).code).toBe(400);
  });

  test.each(["application/cbor", "application/merge-patch+json"])("refuses %s with what it takes", (type) => {
    const error = refusal(() => decode("{}", type));
    expect([error.code, error.reason]).toEqual([415, "UnsupportedMediaType"]);
    expect(error.message).toContain("accepted media types include: application/json, application/yaml");
  });

  test.each([
    { text: "", says: "unexpected end of JSON input" },
    { text: '{"a":', says: "unexpected end of JSON input at line 1, column 6" },
    { text: '{\n  "a": x\n}', says: "invalid character 'x' at line 2, column 8" },
    { text: '{"a":1,}', says: "invalid character '}' at line 1, column 8" },
    { text: '{"a":01}', says: "invalid character '1' at line 1, column 7" },
    { text: '{"a":1} trailing', says: "invalid character 't' at line 1, column 9" },
    { text: `{"a":${"[".repeat(100_000)}`, says: "invalid character" },
  ])("says where JSON is wrong: $says", ({ text, says }) => {
    const error = refusal(() => decode(text));
    expect(error.code).toBe(400);
    expect(error.message).toContain(says);
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(refusal(() => decodeBody(Uint8Array.of(0x7b, 0xff), undefined)).message).toContain("not UTF-8");
  });

  test.each([
    { text: "a: [1", says: "line 1" },
    { text: "a: 1\n---\nb: 2", says: "found 2 documents, expected one" },
    { text: "# nothing", says: "empty" },
    { text: "a: *missing", says: 'yaml: line 1: unidentified alias "missing"' },
    { text: `a: ${"[".repeat(3_000)}`, says: "error converting YAML to JSON" },
  ])("says what is wrong with YAML: $says", ({ text, says }) => {
    const error = refusal(() => decode(text, "application/yaml"));
    expect(error.code).toBe(400);
    expect(error.message).toContain(says);
    expect(error.message).not.toContain("\n");
  });

  test("refuses YAML that would take long to read", () => {
    const error = refusal(() => decode(`a: ${"x".repeat(1024 * 1024)}`, "application/yaml"));
    expect([error.code, error.message]).toEqual([
      413,
      "the YAML body has 1048579 bytes, the limit is 1048576: send it as JSON",
    ]);
  });

  test("refuses a YAML bomb", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `l${i}: &l${i} [${
          i === 0
            ? "x"
            : Array(9)
                .fill(`*l${i - 1}`)
                .join(", ")
        }]`,
    );
    expect(refusal(() => decode(levels.join("\n"), "application/yaml")).message).toContain("alias");
    const pairs = Array.from({ length: 50 }, (_, i) => `l${i}: &l${i} [${i === 0 ? "x" : `*l${i - 1}, *l${i - 1}`}]`);
    expect(refusal(() => decode(pairs.join("\n"), "application/yaml")).message).toContain("alias");
    const merges = pairs.map((line) => line.replace(/\[(.*)\]/, "{ <<: [$1] }").replace("[x]", "[{ a: 1 }]"));
    expect(decode(merges.join("\n"), "application/yaml").object).toMatchObject({ l49: { a: 1 } });
  });

  test("what an alias shares is shared no longer", () => {
    const { object } = decode("a: &x {v: 1}\nb: *x", "application/yaml");
    const { a, b } = object as { a: object; b: object };
    expect(a).toEqual(b);
    expect(a).not.toBe(b);
  });

  test("reads YAML 1.2: a port mapping is no number, yes is no boolean", () => {
    expect(decode("a: 80:80\nb: yes\nc: 1.5\nd: ~", "application/yaml").object).toEqual({
      a: "80:80",
      b: "yes",
      c: 1.5,
      d: null,
    });
  });

  test.each([
    { type: "application/json", text: `${'{"a":'.repeat(300)}1${"}".repeat(300)}` },
    { type: "application/json", text: `${"[".repeat(300)}${"]".repeat(300)}` },
  ])("refuses nesting that is too deep", ({ type, text }) => {
    expect(refusal(() => decode(text, type)).message).toContain("exceeded max depth");
  });

  test.each(["application/json", "application/yaml"])("keys named like prototypes do no harm (%s)", (type) => {
    const { object } = decode('{"data":{"constructor":{"prototype":{"x":1}},"toString":"y"}}', type);
    expect(Object.keys((object as { data: object }).data)).toEqual(["constructor", "toString"]);
    expect(refusal(() => decode('{"data":{"__proto__":{"x":1}}}', type)).message).toContain("__proto__");
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test.each([
    { type: "application/json", text: '{"spec":{"image":"a","image":"b","ports":[{"name":"x","name":"y"}]}}' },
    { type: "application/yaml", text: "spec:\n  image: a\n  image: b\n  ports:\n  - name: x\n    name: y\n" },
  ])("names duplicate fields; the last one counts ($type)", ({ type, text }) => {
    const { object, duplicates } = decode(text, type);
    expect(duplicates).toEqual(['duplicate field "spec.image"', 'duplicate field "spec.ports[0].name"']);
    expect(object).toEqual({ spec: { image: "b", ports: [{ name: "y" }] } });
  });

  test("keys of several objects, and values that are aliases, are no duplicates", () => {
    const text = "a: [{x: 1}, {x: 2}]\nb: &b {x: &x y}\nc: *b\n? *x\n: {x: 3}\nd: {x: 1, 'x': 2}\n";
    expect(decode(text, "application/yaml").duplicates).toEqual(['duplicate field "d.x"']);
  });

  test("what is inside of strings is no field", () => {
    const text = String.raw`{"a:\\":"x\":\"\\","b":{"a":[":",{"a":1}]},"b":1}`;
    expect(decode(text).duplicates).toEqual(['duplicate field "b"']);
  });

  test("does not look for duplicates unless asked", () => {
    expect(decode('{"a":1,"a":2}', undefined, false).duplicates).toEqual([]);
  });
});

test("scanJson() takes long strings and escapes", () => {
  const text = JSON.stringify({ a: `${"x".repeat(2_000_000)}\n"\\é`, b: ["\u2028", -1.5e3, true, null, {}, []] });
  expect(scanJson(text)).toEqual({ duplicates: [], errorAt: undefined });
  expect(countFields(text)).toBe(2);
});

test.each([[[]], ["text"], [1], [null], [undefined], [true]])("requireObject() refuses %j", (value) => {
  expect(refusal(() => requireObject(value)).message).toContain("cannot unmarshal");
});
