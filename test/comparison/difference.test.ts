import { describe, expect, test } from "vitest";
import { AllowList, differences } from "./difference.ts";
import { normalize } from "./normalize.ts";

const answer = (body: unknown, status = 200) => ({ to: "GET a", status, body });
const found = (theirs: unknown, ours: unknown) =>
  differences("s", [answer(theirs)], [answer(ours)]).map(({ at, theirs: their, ours: our }) => [at, their, our]);

describe("differences", () => {
  test("there are none between equal answers, whatever the order of their fields", () => {
    expect(found({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1 })).toEqual([]);
  });

  test("each is named by its path", () => {
    expect(found({ a: { b: [1, 2] }, c: 1 }, { a: { b: [1, 3] } })).toEqual([
      ["0.body.a.b.1", 2, 3],
      ["0.body.c", 1, undefined],
    ]);
  });

  test("objects of other kinds differ as a whole", () => {
    expect(found({ kind: "Status", a: 1 }, { kind: "Thing", b: 2 })).toHaveLength(1);
  });

  test("of answers with other codes only these are told", () => {
    const theirs = [answer({ message: "no such thing", x: 1 }, 404)];
    expect(differences("s", theirs, [answer({ y: 1 })])).toEqual([
      { sequence: "s", at: "0", theirs: "404 no such thing", ours: "200" },
    ]);
  });
});

describe("the allow-list", () => {
  const difference = { sequence: "area: name", at: "2.body.items.0.kind", theirs: undefined, ours: "Thing" };

  test.each([
    { at: "*.body.items.*.kind" },
    { at: "**.kind" },
    { sequences: "area: *" },
    { theirs: "absent" as const, ours: /^Thing$/ },
  ])("takes $at $sequences $theirs", (entry) => {
    const list = new AllowList([{ sequences: "*", at: "**", why: "", ...entry }]);
    expect(list.remaining([difference])).toEqual([]);
    expect(list.unused).toEqual([]);
  });

  test.each([{ at: "*.kind" }, { sequences: "other: *" }, { ours: "absent" as const }, { theirs: /./ }])(
    "does not take %j",
    (entry) => {
      const list = new AllowList([{ sequences: "*", at: "**", why: "", ...entry }]);
      expect(list.remaining([difference])).toEqual([difference]);
      expect(list.unused).toHaveLength(1);
    },
  );
});

describe("normalize", () => {
  const now = (): string => new Date().toISOString();
  const uid = (digit: number): string => `${digit}0000000-1111-4222-8333-444444444444`;
  const normalized = (...bodies: readonly unknown[]): unknown =>
    normalize(
      bodies.map((body) => answer(body)),
      { ns: "comparison-7" },
    ).map(({ body }) => body);

  test("equal identities and revisions get equal symbols", () => {
    const metadata = (digit: number, resourceVersion: string) => ({ uid: uid(digit), resourceVersion });
    expect(normalized(metadata(1, "17"), metadata(2, "18"), metadata(1, "18"))).toEqual(
      normalized(metadata(5, "31"), metadata(6, "99"), metadata(5, "99")),
    );
    expect(normalized(metadata(1, "17"), metadata(2, "18"))).not.toEqual(
      normalized(metadata(1, "17"), metadata(1, "18")),
    );
  });

  test("times of today, the sequence's own names, and random names become symbols", () => {
    const body = {
      metadata: { creationTimestamp: now(), generateName: "a-", name: "a-x1y2z", namespace: "comparison-7" },
    };
    expect(normalized(body)).toEqual([
      {
        metadata: {
          creationTimestamp: "<now, with a fraction>",
          generateName: "a-",
          name: "a-<random>",
          namespace: "$ns",
        },
      },
    ]);
  });

  test("managers are named by who wrote where", () => {
    const entry = (manager: string, more: object = {}) => ({ manager, operation: "Update", apiVersion: "v1", ...more });
    const status = entry("a", { subresource: "status" });
    const later = entry("a", { apiVersion: "v2" });
    const named = (...managedFields: readonly object[]) => normalized({ metadata: { managedFields } });
    expect(named(status, entry("a"))).toEqual([
      { metadata: { managedFields: { "a Update": entry("a"), "a Update status": status } } },
    ]);
    expect(named(entry("a"), later)).toEqual([
      { metadata: { managedFields: { "a Update": entry("a"), "a Update in v2": later } } },
    ]);
  });

  test("bookmarks in a row are one, whatever their revisions", () => {
    const event = (type: string, resourceVersion: string) => ({ type, object: { metadata: { resourceVersion } } });
    const told = (...events: readonly unknown[]): unknown => normalize([{ to: "events of w", events }], {});
    const added = event("ADDED", "7");
    expect(told(added, event("BOOKMARK", "8"), event("BOOKMARK", "9"))).toEqual(told(added, event("BOOKMARK", "7")));
    expect(told(added, event("BOOKMARK", "8"))).not.toEqual(told(added));
  });

  test("findings are a set", () => {
    const cause = (field: string) => ({ field, message: "is wrong", reason: "FieldValueInvalid" });
    const status = (...fields: readonly string[]) => ({
      kind: "Status",
      message: `Thing "a" is invalid: [${fields.map((field) => `${field}: is wrong`).join(", ")}]`,
      details: { causes: fields.map(cause) },
    });
    expect(normalized(status("a", "b"))).toEqual(normalized(status("b", "a")));
    expect(normalized(status("a", "b"))).not.toEqual(normalized(status("a", "c")));
  });
});
