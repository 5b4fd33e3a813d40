/** The fake OpenStack keeps the contract that the real one does (test/openstack/kinds.test.ts). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeOpenStack } from "../fakes/openstack/openstack.ts";
import { filesOf } from "./openstack/files.ts";
import { kindContract } from "./openstack/kinds.contract.ts";
import { scenarios } from "./openstack/kinds/index.ts";

const wanted = process.env["OPENSTACK_KINDS"]?.split(",");

describe("on the fake OpenStack", () => {
  let fake: FakeOpenStack;
  beforeAll(async () => {
    fake = await FakeOpenStack.start();
  });
  afterAll(async () => {
    await fake[Symbol.asyncDispose]();
  });

  for (const scenario of scenarios)
    if (wanted?.includes(scenario.kind.type.kind) !== false)
      kindContract(scenario, async () => fake, filesOf(scenarios));

  test("nothing was asked of it that it does not know", () => {
    expect(fake.unknown).toEqual([]);
  });
});
