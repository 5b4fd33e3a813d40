import { describe, expect, test } from "vitest";
import type { ObjectMeta, OwnerReference, ResourceType } from "../../crds/meta.ts";
import type { Deletion, Node } from "./graph.ts";
import { deletionOf, OwnerGraph } from "./graph.ts";

const things: ResourceType = { group: "x.io", version: "v1", plural: "things", kind: "Thing", namespaced: true };
const clusters: ResourceType = { ...things, plural: "clusters", kind: "Cluster", namespaced: false };

const to = (uid: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: "x.io/v1",
  kind: "Thing",
  name: uid,
  uid,
  ...more,
});

const node = (uid: string, owners: readonly OwnerReference[] = [], more: Partial<Node> = {}): Node => ({
  type: things,
  namespace: "shop",
  name: uid,
  uid,
  owners,
  deletion: "none",
  ...more,
});

const blocking = { blockOwnerDeletion: true };

function graphOf(...nodes: readonly Node[]): OwnerGraph {
  const graph = new OwnerGraph();
  for (const each of nodes) graph.put(each);
  return graph;
}

describe("what appears", () => {
  test("is looked at unless all its owners are known to be there", () => {
    const graph = graphOf(node("owner"));
    expect(graph.put(node("kept", [to("owner")]))).toEqual([]);
    expect(graph.put(node("lost", [to("owner"), to("nobody")]))).toEqual(["lost"]);
    expect(graph.put(node("free"))).toEqual([]);
  });

  test.each([
    { why: "in another namespace", reference: to("owner"), dependent: { namespace: "other" } },
    { why: "of another name", reference: to("owner", { name: "x" }), dependent: {} },
    { why: "of another kind", reference: to("owner", { kind: "Thong" }), dependent: {} },
    { why: "of another group", reference: to("owner", { apiVersion: "y.io/v1" }), dependent: {} },
  ])("is not kept by an owner $why", ({ reference, dependent }) => {
    expect(graphOf(node("owner")).put(node("d", [reference], dependent))).toEqual(["d"]);
  });

  test("is kept by an owner named in another version of its group, and by one of the cluster", () => {
    const owner = node("cluster", [], { type: clusters, namespace: undefined });
    const graph = graphOf(node("owner"), owner);
    const references = [to("owner", { apiVersion: "x.io/v1beta1" }), to("cluster", { kind: "Cluster" })];
    expect(graph.put(node("d", references))).toEqual([]);
  });

  test("under an owner that waits for its dependents is looked at", () => {
    const graph = graphOf(node("owner", [], { deletion: "foreground" }));
    expect(graph.put(node("late", [to("owner")]))).toEqual(["late"]);
  });
});

describe("what goes", () => {
  test("leaves its dependents to be looked at, those never seen with their owner too", () => {
    const graph = graphOf(node("owner"), node("a", [to("owner")]), node("b", [to("owner")]));
    expect(graph.remove("owner")).toEqual(["a", "b"]);
    expect(graph.remove("owner")).toEqual([]);
    expect(graph.dependentsOf("owner").map(({ uid }) => uid)).toEqual(["a", "b"]);
  });

  test("frees owners that waited for it", () => {
    const waiting = node("waiting", [], { deletion: "foreground" });
    const graph = graphOf(waiting, node("owner"), node("d", [to("waiting", blocking), to("owner", blocking)]));
    expect(graph.remove("d")).toEqual(["waiting"]);
    expect(graph.dependentsOf("waiting")).toEqual([]);
  });
});

describe("what changes", () => {
  test.each<{ why: string; deletion: Deletion; want: string[] }>([
    { why: "going in the background: its end will be told", deletion: "background", want: [] },
    { why: "going after its dependents: it and they", deletion: "foreground", want: ["owner", "a", "b"] },
    { why: "leaving its dependents to nobody: it alone", deletion: "orphan", want: ["owner"] },
  ])("$why", ({ deletion, want }) => {
    const graph = graphOf(node("owner"), node("a", [to("owner", blocking)]), node("b", [to("owner")]));
    expect(graph.put(node("owner", [], { deletion }))).toEqual(want);
  });

  test.each([
    { why: "a reference was removed", owners: [] },
    { why: "a reference blocks no longer", owners: [to("owner")] },
  ])("an owner that waits is looked at when $why", ({ owners }) => {
    const graph = graphOf(node("owner", [], { deletion: "foreground" }), node("d", [to("owner", blocking)]));
    expect(graph.put(node("d", owners))).toContain("owner");
  });

  test("a reference that moves from one owner to another is followed", () => {
    const graph = graphOf(node("one"), node("two"), node("d", [to("one")]));
    graph.put(node("d", [to("two")]));
    expect(graph.dependentsOf("one")).toEqual([]);
    expect(graph.remove("two")).toEqual(["d"]);
  });
});

test("a kind that is no longer followed is forgotten, which condemns nobody", () => {
  const graph = graphOf(
    node("owner"),
    node("c", [], { type: clusters, namespace: undefined }),
    node("d", [to("c", { kind: "Cluster" })]),
  );
  graph.forget(clusters);
  expect(graph.get("c")).toBeUndefined();
  expect(graph.get("d")).toBeDefined();
  graph.forget(things);
  expect(graph.dependentsOf("c")).toEqual([]);
});

test.each<{ why: string; metadata: Partial<ObjectMeta>; want: Deletion }>([
  { why: "finalizers alone delete nothing", metadata: { finalizers: ["orphan"] }, want: "none" },
  { why: "no finalizer of ours", metadata: { deletionTimestamp: "x", finalizers: ["y"] }, want: "background" },
  {
    why: "foreground",
    metadata: { deletionTimestamp: "x", finalizers: ["y", "foregroundDeletion"] },
    want: "foreground",
  },
  {
    why: "orphan comes first: it saves what foreground would delete",
    metadata: { deletionTimestamp: "x", finalizers: ["foregroundDeletion", "orphan"] },
    want: "orphan",
  },
])("$why", ({ metadata, want }) => {
  expect(deletionOf({ name: "x", uid: "x", resourceVersion: "1", creationTimestamp: "", ...metadata })).toBe(want);
});
