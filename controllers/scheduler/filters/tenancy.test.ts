import { expect, test } from "vitest";
import { hostOf } from "../../../test/fakes/objects.ts";
import { ledgerOf, refusals, wanted } from "../../../test/fakes/world.ts";
import { tenancy } from "./tenancy.ts";

const exclusive = { placement: { tenancy: "Exclusive" } };

test.each([
  ["Exclusive beside its own tenant", exclusive, "blue", [["blue", {}]], undefined],
  ["Exclusive on an empty host", exclusive, "blue", [], undefined],
  ["Exclusive beside another tenant", exclusive, "blue", [["red", {}]], "has Containers of another tenant"],
  ["Shared beside another's Exclusive", {}, "blue", [["red", exclusive]], "is exclusive to another tenant"],
  ["Shared beside its own Exclusive", {}, "blue", [["blue", exclusive]], undefined],
  [
    "Exclusive beside its own and another",
    exclusive,
    "blue",
    [
      ["blue", {}],
      ["red", {}],
    ],
    "has Containers of another tenant",
  ],
] as const)("%s", (_, spec, namespace, there, expected) => {
  const ledger = ledgerOf(
    [hostOf("a")],
    there.map(([tenant, own], index) => ({
      on: "a",
      spec: own,
      metadata: { name: `c${index}`, namespace: tenant },
    })),
  );
  expect(refusals(tenancy, wanted(spec, { namespace }), ledger)).toEqual(expected === undefined ? {} : { a: expected });
});
