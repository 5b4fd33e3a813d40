import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Entry } from "../codec.ts";
import { EntryList } from "./entry-list.ts";
import type { Revision } from "./store.ts";

const entry = (key: string, revision = 1): Entry => new Entry(key, revision as Revision, Buffer.from("{}"));
const all = (list: EntryList, prefix = "/"): Entry[] => [...list.slice(list.range(prefix))];
const keys = (list: EntryList, prefix?: string): string[] => all(list, prefix).map(({ key }) => key);

test("is what a map of the same changes is, and what it was stays what it was", () => {
  const change = fc.record({
    key: fc.integer({ min: 0, max: 2000 }).map((n) => `/k/${n}`),
    put: fc.integer({ min: 0, max: 3 }),
  });
  const property = fc.property(fc.array(change, { maxLength: 3000, minLength: 500 }), (changes) => {
    let list = EntryList.empty;
    const map = new Map<string, Entry>();
    const halfway = Math.floor(changes.length / 2);
    let snapshot = { list, keys: [] as string[] };
    for (const [index, { key, put }] of changes.entries()) {
      const written = entry(key, index);
      list = put === 0 ? list.without(key) : list.with(written);
      if (put === 0) map.delete(key);
      else map.set(key, written);
      if (index === halfway) snapshot = { list, keys: [...map.keys()].sort() };
    }
    expect(all(list)).toEqual([...map.keys()].sort().map((key) => map.get(key)));
    expect(keys(snapshot.list)).toEqual(snapshot.keys);
  });
  fc.assert(property, { numRuns: 20 });
});

test("knows where a prefix begins and ends, and what follows a key", () => {
  const names = Array.from({ length: 3000 }, (_, i) => `/a/n${i % 3}/${String(i).padStart(5, "0")}`).sort();
  const list = EntryList.of(names.map((key) => entry(key)));
  expect(keys(list, "/a/n1/")).toEqual(names.filter((key) => key.startsWith("/a/n1/")));
  expect(list.range("/a/n1/")).toEqual({ start: 1000, end: 2000 });
  expect(list.range("/a/", names[1234])).toEqual({ start: 1235, end: 3000 });
  expect(list.range("/a/n1/", "/a/n0/x")).toEqual({ start: 1000, end: 2000 });
  expect(list.range("/b/")).toEqual({ start: 3000, end: 3000 });
  expect(list.slice({ start: 255, end: 258 }).map(({ key }) => key)).toEqual(names.slice(255, 258));
  expect(keys(EntryList.empty)).toEqual([]);
  expect(EntryList.empty.without("/a")).toBe(EntryList.empty);
});
