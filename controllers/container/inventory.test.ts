import { expect, test } from "vitest";
import type { OwnedContainer } from "../../drivers/driver.ts";
import { Inventory } from "./inventory.ts";

const owned: OwnedContainer = {
  owner: { namespace: "shop", name: "web" },
  ...{ uid: "u", hostName: "east", id: "1", hostSideName: "shop_web_u", state: "running" },
};

test("a host lacks what it was not found to have, as long as all that happens there is heard", () => {
  const inventory = new Inventory();
  expect(inventory.lacks("east", "shop/db")).toBe(false);
  inventory.hear({ kind: "listed", hostName: "east", found: [owned] });
  expect(["shop/db", "shop/web"].map((key) => inventory.lacks("east", key))).toEqual([true, false]);
  expect(inventory.lacks("west", "shop/db")).toBe(false);
  inventory.hear({ kind: "changed", hostName: "east", owner: { namespace: "shop", name: "db" } });
  expect(inventory.lacks("east", "shop/db")).toBe(false);
  inventory.hear({ kind: "listening", hostName: "east" });
  expect(inventory.lacks("east", "shop/db")).toBe(false);
});
