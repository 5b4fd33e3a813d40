import { describe, expect, test } from "vitest";
import { RecentValues } from "./recent-values.ts";
import type { Revision } from "./store.ts";

const [one, two] = [1 as Revision, 2 as Revision];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("RecentValues", () => {
  test("knows that a value differs only for the revision that it remembers", () => {
    const recent = new RecentValues();
    recent.remember({ key: "a", value: bytes("1"), revision: one });
    expect(recent.differs("a", bytes("2"), one)).toBe(true);
    expect(recent.differs("a", bytes("1"), one)).toBe(false);
    expect(recent.differs("a", bytes("2"), two)).toBe(false);
    expect(recent.differs("b", bytes("2"), one)).toBe(false);
  });

  test("keeps the newest revision, in whatever order they are told", () => {
    const recent = new RecentValues();
    recent.remember({ key: "a", value: bytes("2"), revision: two });
    recent.remember({ key: "a", value: bytes("1"), revision: one });
    expect(recent.differs("a", bytes("1"), two)).toBe(true);
  });

  test("forgets what was longest unseen when memory is short", () => {
    const recent = new RecentValues();
    const megabyte = new Uint8Array(1024 * 1024);
    for (let i = 0; i < 8; i++) recent.remember({ key: `/${i}`, value: megabyte, revision: one });
    recent.remember({ key: "/0", value: megabyte, revision: one });
    recent.remember({ key: "/8", value: megabyte, revision: one });
    const known = Array.from({ length: 9 }, (_, i) => i).filter((i) => recent.differs(`/${i}`, bytes(""), one));
    expect(known).toEqual([0, 2, 3, 4, 5, 6, 7, 8]);
  });
});
