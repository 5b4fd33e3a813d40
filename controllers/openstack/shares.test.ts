import { describe, expect, test } from "vitest";
import { Shares } from "./shares.ts";

function opened(): { readonly shares: Shares; readonly woken: string[] } {
  const shares = new Shares();
  const woken: string[] = [];
  shares.onTurn((key) => woken.push(key));
  return { shares, woken };
}

const many = (count: number, prefix = "shop"): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}/${at}`);

describe("Shares", () => {
  test("lets 16 in about one cloud, whatever others wait for, and any about another", () => {
    const { shares } = opened();
    expect(many(20).filter((key) => shares.enter(key, "one"))).toEqual(many(16));
    expect(shares.enter("bank/0", "other")).toBe(true);
  });

  test("wakes who waits in the order they came, one for each that leaves, and lets them in", () => {
    const { shares, woken } = opened();
    for (const key of many(19)) shares.enter(key, "one");
    shares.leave("shop/3");
    shares.leave("shop/3");
    shares.leave("shop/0");
    expect(woken).toEqual(["shop/16", "shop/17"]);
    expect(shares.enter("shop/20", "one")).toBe(false);
    expect(shares.enter("shop/16", "one")).toBe(true);
  });

  test("goes on to the next where who was woken leaves without having entered", () => {
    const { shares, woken } = opened();
    for (const key of many(18)) shares.enter(key, "one");
    shares.leave("shop/0");
    shares.leave("shop/16");
    expect(woken).toEqual(["shop/16", "shop/17"]);
  });

  test("lets one in at a time about a cloud that does not answer, until it does", () => {
    const { shares, woken } = opened();
    for (const key of many(20)) shares.enter(key, "one");
    for (const key of many(16)) {
      shares.answered(key, false);
      shares.leave(key);
    }
    expect(woken).toEqual(["shop/16"]);
    expect(shares.enter("shop/21", "one")).toBe(false);
    shares.answered("shop/16", true);
    shares.leave("shop/16");
    expect(woken).toEqual(["shop/16", "shop/17", "shop/18", "shop/19", "shop/21"]);
  });

  test("remembers a cloud that does not answer while nobody asks it", () => {
    const { shares } = opened();
    shares.enter("shop/0", "one");
    shares.answered("shop/0", false);
    shares.leave("shop/0");
    expect(many(3).map((key) => shares.enter(key, "one"))).toEqual([true, false, false]);
  });

  test("lets go of one place with another cloud's", () => {
    const { shares, woken } = opened();
    for (const key of many(17)) shares.enter(key, "one");
    expect(shares.enter("shop/0", "other")).toBe(true);
    expect(woken).toEqual(["shop/16"]);
  });
});
