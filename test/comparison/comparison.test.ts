/** Every sequence is sent to a real kube-apiserver and to our server; they answer alike, but for what allowed.ts says. */
import { beforeAll, describe, expect, test } from "vitest";
import { allowed } from "./allowed.ts";
import { kubeApiServerMissing } from "../lab/kubernetes/kube-apiserver.ts";
import { Comparison } from "./comparison.ts";
import { AllowList } from "./difference.ts";
import { sequences } from "./sequences/index.ts";

const allowList = new AllowList(allowed);

test("there are enough sequences, each with a name of its own", () => {
  expect(new Set(sequences.map(({ name }) => name)).size).toBe(sequences.length);
  expect(sequences.length).toBeGreaterThanOrEqual(300);
});

const why = kubeApiServerMissing === undefined ? "" : ` (${kubeApiServerMissing})`;

describe.skipIf(kubeApiServerMissing !== undefined)(`as kube-apiserver does${why}`, () => {
  let comparison: Comparison;
  let compared = 0;

  beforeAll(async () => {
    comparison = await Comparison.start();
    return () => comparison[Symbol.asyncDispose]();
  }, 300_000);

  const cases = sequences.map((sequence, id) => ({ name: sequence.name, sequence, id }));
  test.concurrent.each(cases)("$name", async ({ sequence, id }) => {
    compared++;
    const found = await comparison.compare(sequence, id);
    const differences = allowList.remaining(found).map(({ at, theirs, ours }) => ({ at, theirs, ours }));
    expect(differences).toEqual([]);
  });

  test("every entry of allowed.ts is needed", ({ skip }) => {
    skip(compared < sequences.length, "only some sequences were run");
    expect(allowList.unused).toEqual([]);
  });
});
