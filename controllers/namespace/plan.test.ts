import { expect, test } from "vitest";
import type { DiscoveredType } from "../../api/client/client.ts";
import { deletionOrder, pollAfter } from "./plan.ts";

const type = (kind: string, more: Partial<DiscoveredType> = {}): DiscoveredType => ({
  group: "",
  version: "v1",
  plural: `${kind.toLowerCase()}s`,
  kind,
  namespaced: true,
  verbs: ["get", "list", "delete"],
  singular: kind.toLowerCase(),
  shortNames: [],
  categories: [],
  ...more,
});

test("content comes first, Events last; what is not in namespaces, or cannot be listed and deleted, not at all", () => {
  const { content, events } = deletionOrder([
    type("Event"),
    type("Secret"),
    type("Node", { namespaced: false }),
    type("LocalSubjectAccessReview", { verbs: ["create"] }),
    type("Event", { group: "events.k8s.io" }),
    type("Event", { group: "calendar.example.com" }),
    type("Container", { group: "stowage.dev" }),
  ]);
  expect(content.map(({ group, kind }) => `${group}/${kind}`)).toEqual([
    "/Secret",
    "calendar.example.com/Event",
    "stowage.dev/Container",
  ]);
  expect(events.map(({ group }) => group)).toEqual(["", "events.k8s.io"]);
});

test.each([
  { why: "soon at first", elapsedMs: 0, want: 200 },
  { why: "then in proportion", elapsedMs: 10_000, want: 2500 },
  { why: "as seldom as upstream in the end", elapsedMs: 86_400_000, want: 8000 },
  { why: "soon when clocks differ", elapsedMs: -5000, want: 200 },
])("a namespace that is not empty is looked at again $why", ({ elapsedMs, want }) => {
  const deletedAt = new Date("2026-01-01T00:00:00Z");
  expect(pollAfter(deletedAt, new Date(deletedAt.getTime() + elapsedMs))).toBe(want);
});
