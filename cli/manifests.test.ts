import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseManifests, readManifests } from "./manifests.ts";

const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
const parse = (text: string | Uint8Array, name = "a.yaml") =>
  parseManifests(name, typeof text === "string" ? Buffer.from(text) : text);

const dataOf = (text: string): unknown => parse(head + text).manifests[0]?.object["data"];

describe("parseManifests reads YAML as kubectl does", () => {
  test.each([
    { why: "yes is a boolean in YAML 1.1", text: "data: {a: yes}", want: { a: true } },
    { why: "a leading zero makes it octal", text: "data: {a: 0644}", want: { a: 420 } },
    { why: "22:22 is no number in base 60", text: "data: {a: 22:22}", want: { a: "22:22" } },
    { why: "a date is a string", text: "data: {a: 2026-11-20}", want: { a: "2026-11-20" } },
    { why: "keys are strings, whatever they look like", text: "data: {yes: 1, 2: 3}", want: { yes: 1, 2: 3 } },
    { why: "merge keys are merged", text: "data: {<<: {a: 1}, b: 2}", want: { a: 1, b: 2 } },
  ])("$why", ({ text, want }) => {
    expect(dataOf(text)).toEqual(want);
  });
});

describe("parseManifests tells where things stand", () => {
  const two = `${head}---\n# between\n---\n${head}data:\n  list:\n    - name: x\n`;

  test("by file, document and line where there are several", () => {
    const { manifests } = parse(two);
    expect(manifests.map(({ where }) => where())).toEqual(["a.yaml: document 1, line 1", "a.yaml: document 3, line 7"]);
    expect(manifests[1]?.where("data.list[0].name")).toBe("a.yaml: document 3, line 12");
  });
  test("by the nearest thing around a field that is missing", () => {
    expect(parse(two).manifests[1]?.where("data.list[0].value")).toBe("a.yaml: document 3, line 12");
  });
  test("by file and line where there is one", () => {
    expect(parse(head).manifests[0]?.where("metadata.name")).toBe("a.yaml: line 3");
  });
  test("inside a List", () => {
    const list = "kind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n";
    expect(parse(list).manifests[0]?.where("metadata.name")).toBe("a.yaml: line 6");
  });
});

describe("parseManifests says in one line what is wrong", () => {
  test.each([
    { why: "a bracket is missing", text: "a: [1", want: "a.yaml: line 1: invalid YAML at column 6: " },
    {
      why: "tabs",
      text: "a:\n\t- b",
      want: "a.yaml: line 2: invalid YAML at column 1: Tabs are not allowed as indentation",
    },
    {
      why: "a key twice",
      text: "a:\n  b: 1\n  b: 2",
      want: 'a.yaml: line 3: invalid YAML at column 3: key "b" stands twice in one map',
    },
    {
      why: "an unknown tag",
      text: "a: !vault x",
      want: "a.yaml: line 1: invalid YAML at column 4: Unresolved tag: !vault",
    },
    { why: "an alias of nothing", text: "a: *b", want: "a.yaml: line 1: invalid YAML: Unresolved alias" },
    { why: "nothing", text: "", want: "a.yaml: there is no object in it" },
    { why: "comments only", text: "# x\n---\n# y\n", want: "a.yaml: there is no object in it" },
    { why: "a byte order mark only", text: "\ufeff", want: "a.yaml: there is no object in it" },
    {
      why: "a list",
      text: "- a",
      want: "a.yaml: line 1: expected an object with apiVersion, kind and metadata, found a list",
    },
    {
      why: "text",
      text: "hello",
      want: 'a.yaml: line 1: expected an object with apiVersion, kind and metadata, found string "hello"',
    },
    {
      why: "no name",
      text: "apiVersion: v1\nkind: X\nmetadata: {}",
      want: "a.yaml: line 3: X: metadata.name: Required value",
    },
    {
      why: "a name that is a number",
      text: "apiVersion: v1\nkind: X\nmetadata: {name: 7}",
      want: "a.yaml: line 3: X: metadata.name: Invalid value: 7: must be a string",
    },
    { why: "no kind", text: "apiVersion: v1\nmetadata: {name: a}", want: "a.yaml: line 1: kind: Required value" },
    {
      why: "metadata is text",
      text: "apiVersion: v1\nkind: X\nmetadata: a",
      want: 'a.yaml: line 3: X: metadata: Invalid value: "a": must be a map',
    },
  ])("$why", ({ text, want }) => {
    const { manifests, problems } = parse(text);
    expect(manifests).toEqual([]);
    expect(problems.map(({ where, message }) => `${where}: ${message}`)).toEqual([expect.stringContaining(want)]);
  });

  test("bytes that are not text", () => {
    expect(parse(Uint8Array.of(0xff, 0xfe, 0x80)).problems[0]?.message).toContain("not text in UTF-8");
    expect(parse("a: \u0000").problems[0]).toEqual({
      where: "a.yaml: line 1",
      message: expect.stringContaining("0x00") as string,
    });
  });
  test("JSON files are JSON", () => {
    expect(parse('{"a": 1,}', "a.json").problems[0]?.message).toContain("this is not JSON");
  });
  test("aliases that grow without bounds", () => {
    const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"];
    for (const [i, name] of Array.from("bcdefghi").entries()) bomb.push(`${name}: &${name} [${Array<string>(9).fill(`*${"abcdefgh".charAt(i)}`).join(",")}]`); // prettier-ignore
    expect(parse(bomb.join("\n")).problems[0]?.message).toContain("Excessive alias count");
  });
  test("an object larger than the API takes, with where its bulk is", () => {
    const { problems } = parse(`${head}data:\n  big: ${"x".repeat(4 << 20)}\n`);
    expect(problems[0]?.message).toMatch(
      /ConfigMap "a": Request entity too large: .* 3145728; the most of it is in data.big/,
    );
  });
});

describe("readManifests", () => {
  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), "stowage-manifests-"));
    onTestFinished(() => rm(path, { recursive: true }));
    await mkdir(join(path, "sub"));
    await writeFile(join(path, "b.yaml"), head);
    await writeFile(join(path, "a.json"), '{"apiVersion":"v1","kind":"X","metadata":{"name":"j"}}');
    await writeFile(join(path, "README.md"), "no manifest");
    await writeFile(join(path, "sub", "c.yml"), head);
    return path;
  }
  const options = (cwd: string) => ({ recursive: false, cwd, stdin: Readable.from([head]) });
  const places = async (paths: string[], cwd: string, recursive = false): Promise<string[]> =>
    (await readManifests(paths, { ...options(cwd), recursive })).manifests.map(({ where }) => where());

  test("takes the manifests of a folder by name, and those below it when told so", async () => {
    const cwd = await folder();
    expect(await places(["."], cwd)).toEqual(["a.json: line 1", "b.yaml: line 1"]);
    expect(await places(["."], cwd, true)).toEqual(["a.json: line 1", "b.yaml: line 1", "sub/c.yml: line 1"]);
  });
  test("takes a file whatever its name, and standard input", async () => {
    const cwd = await folder();
    await writeFile(join(cwd, "x.txt"), head);
    expect(await places(["x.txt", "-"], cwd)).toEqual(["x.txt: line 1", "standard input: line 1"]);
  });
  test("says which path does not exist, and which folder has no manifest", async () => {
    const cwd = await folder();
    await mkdir(join(cwd, "empty"));
    await expect(places(["nope.yaml"], cwd)).rejects.toThrow('the path "nope.yaml" does not exist');
    await expect(places(["empty"], cwd)).rejects.toThrow('no manifest in folder "empty"');
  });
});
