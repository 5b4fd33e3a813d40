import { expect, test } from "vitest";
import type { CloudSpec } from "./cloud.ts";
import { admits } from "./cloud.ts";

const shop = {
  metadata: { name: "shop", uid: "1", resourceVersion: "1", creationTimestamp: "", labels: { tier: "gold" } },
};
const bare = { metadata: { name: "bare", uid: "2", resourceVersion: "1", creationTimestamp: "" } };

test.each<{ why: string; spec: Pick<CloudSpec, "namespaces" | "namespaceSelector">; in: typeof bare; may: boolean }>([
  { why: "nobody where nothing is said", spec: {}, in: shop, may: false },
  { why: "who is named", spec: { namespaces: ["bank", "shop"] }, in: shop, may: true },
  { why: "not who is not named", spec: { namespaces: ["bank"] }, in: shop, may: false },
  { why: "who has the label", spec: { namespaceSelector: { matchLabels: { tier: "gold" } } }, in: shop, may: true },
  {
    why: "not who has no labels",
    spec: { namespaceSelector: { matchLabels: { tier: "gold" } } },
    in: bare,
    may: false,
  },
  { why: "everybody by an empty selector", spec: { namespaceSelector: {} }, in: bare, may: true },
  {
    why: "who is named, whatever the selector",
    spec: { namespaces: ["bare"], namespaceSelector: { matchLabels: { tier: "gold" } } },
    in: bare,
    may: true,
  },
])("admits $why", ({ spec, in: namespace, may }) => {
  expect(admits(spec, namespace)).toBe(may);
});
