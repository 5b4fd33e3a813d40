/** The fake OpenStack keeps the contract that the real one does (test/openstack/kinds.test.ts). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fasterClock } from "../fakes/clock.ts";
import { FakeOpenStack } from "../fakes/openstack/openstack.ts";
import { kindsContract } from "./openstack/kinds.contract.ts";
import { scenarios } from "./openstack/kinds/index.ts";

describe("on the fake OpenStack", () => {
  let fake: FakeOpenStack;
  beforeAll(async () => {
    // Most of the time goes by until the controllers look again.
    fake = await FakeOpenStack.start({ clock: fasterClock(10) });
  });
  afterAll(async () => {
    await fake[Symbol.asyncDispose]();
  });

  kindsContract(scenarios, async () => fake);

  test("nothing was asked of it that it does not know", () => {
    expect(fake.unknown).toEqual([]);
  });
});
