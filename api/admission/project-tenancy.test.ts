import { expect, test } from "vitest";
import { reaching } from "./project-tenancy.ts";

const affinity = (...namespaces: readonly string[]) => ({
  requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone", namespaces: [...namespaces] }],
});
const preferred = (...namespaces: readonly string[]) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [
    { weight: 1, containerAffinityTerm: { topologyKey: "zone", namespaces: [...namespaces] } },
  ],
});
const volume = (name: string) => ({ volumes: [{ name: "data", dockerVolume: { name } }] });

test.each([
  { why: "a spec that says nothing of others", spec: {}, reaches: [] },
  { why: "a volume of the namespace's own", spec: volume("beta.data"), reaches: [] },
  {
    why: "a volume of whoever made it",
    spec: volume("data"),
    reaches: ['dockerVolume "data" must have a name that begins with "beta."'],
  },
  {
    why: "a volume of a namespace whose name begins alike",
    spec: volume("beta-two.data"),
    reaches: ['dockerVolume "beta-two.data" must have a name that begins with "beta."'],
  },
  {
    why: "a priority, which takes the place of others",
    spec: { priorityClassName: "vip" },
    reaches: ['priorityClassName "vip" must not be set'],
  },
  {
    why: "its own neighbours",
    spec: { placement: { singleton: false, affinity: { containerAffinity: affinity("beta") } } },
    reaches: [],
  },
  {
    why: "near those of others, which tells where they are",
    spec: { placement: { singleton: false, affinity: { containerAffinity: affinity("beta", "alpha") } } },
    reaches: ['placement.affinity must not name namespace "alpha"'],
  },
  {
    why: "away from those of others, which keeps them out",
    spec: { placement: { singleton: false, affinity: { containerAntiAffinity: preferred("alpha") } } },
    reaches: ['placement.affinity must not name namespace "alpha"'],
  },
])("$why", ({ spec, reaches }) => {
  expect(reaching("beta", spec)).toEqual(reaches);
});
