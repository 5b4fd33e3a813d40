import { expect, test } from "vitest";
import type { ObjectMeta, OwnerReference } from "../../crds/meta.ts";
import type { Deletion, Node } from "./graph.ts";
import type { OwnerState, Step } from "./plan.ts";
import { plan } from "./plan.ts";

const reference = (uid: string): OwnerReference => ({ apiVersion: "v1", kind: "Thing", name: uid, uid });

const item = (owners: readonly string[], more: Partial<ObjectMeta> = {}): ObjectMeta => ({
  name: "item",
  namespace: "shop",
  uid: "item",
  resourceVersion: "1",
  creationTimestamp: "",
  ownerReferences: owners.map(reference),
  ...more,
});

const dependent = (uid: string, deletion: Deletion, blockOwnerDeletion: boolean): Node => ({
  type: { group: "", version: "v1", plural: "things", kind: "Thing", namespaced: true },
  namespace: "shop",
  name: uid,
  uid,
  owners: [{ ...reference("item"), blockOwnerDeletion }],
  deletion,
});

const going = { deletionTimestamp: "2026-01-01T00:00:00Z" };

interface Case {
  readonly why: string;
  readonly latest: ObjectMeta;
  readonly dependents?: readonly Node[];
  readonly owners?: Readonly<Record<string, OwnerState>>;
  readonly want: readonly Step[];
}

test.each<Case>([
  { why: "who has no owner is nobody's business", latest: item([]), want: [] },
  { why: "an owner that is there keeps it", latest: item(["a"]), owners: { a: "present" }, want: [] },
  {
    why: "an owner that is gone lets it go, its own dependents after it",
    latest: item(["a"]),
    dependents: [dependent("d", "none", true)],
    owners: { a: "absent" },
    want: [{ do: "delete", propagation: "Background" }],
  },
  {
    why: "one owner of several is enough, and the references to the others go",
    latest: item(["a", "b", "c"]),
    owners: { a: "absent", b: "present", c: "deleting" },
    want: [{ do: "disown", owners: ["a", "c"] }],
  },
  {
    why: "while one owner cannot be asked for nothing is done, whatever the others are",
    latest: item(["a", "b"]),
    owners: { a: "absent", b: "unknown" },
    want: [],
  },
  { why: "an owner of which nothing was found out counts as such", latest: item(["a"]), want: [] },
  {
    why: "an owner that waits for its dependents is not kept waiting",
    latest: item(["a"]),
    owners: { a: "deleting" },
    want: [{ do: "delete", propagation: "Background" }],
  },
  {
    why: "what has dependents itself then goes after them, so that the whole tree goes leaves first",
    latest: item(["a"]),
    dependents: [dependent("d", "none", false)],
    owners: { a: "deleting" },
    want: [{ do: "delete", propagation: "Foreground" }],
  },
  {
    why: "a circle of those who wait for each other is broken",
    latest: item(["a"]),
    dependents: [dependent("d", "foreground", true)],
    owners: { a: "deleting" },
    want: [{ do: "unblock" }, { do: "delete", propagation: "Foreground" }],
  },
  {
    why: "a wish to orphan, left as a finalizer, is honoured",
    latest: item(["a"], { finalizers: ["orphan"] }),
    owners: { a: "absent" },
    want: [{ do: "delete", propagation: "Orphan" }],
  },
  {
    why: "so is a wish to go after the dependents",
    latest: item(["a"], { finalizers: ["foregroundDeletion"] }),
    owners: { a: "absent" },
    want: [{ do: "delete", propagation: "Foreground" }],
  },
  {
    why: "what is being deleted already, and waits for others' finalizers, is left alone",
    latest: item(["a"], { ...going, finalizers: ["stowage.dev/container"] }),
    owners: { a: "absent" },
    want: [],
  },
  {
    why: "foreground: nothing in the way, so it may go",
    latest: item([], { ...going, finalizers: ["foregroundDeletion"] }),
    dependents: [dependent("d", "none", false)],
    want: [{ do: "release", finalizer: "foregroundDeletion" }],
  },
  {
    why: "foreground: dependents in the way are looked at, but not those on their way out",
    latest: item([], { ...going, finalizers: ["foregroundDeletion"] }),
    dependents: [dependent("d", "none", true), dependent("e", "background", true), dependent("f", "none", false)],
    want: [{ do: "look", at: ["d"] }],
  },
  {
    why: "foreground: while all in the way are on their way out there is nothing to do",
    latest: item([], { ...going, finalizers: ["foregroundDeletion"] }),
    dependents: [dependent("e", "foreground", true)],
    want: [],
  },
  {
    why: "orphan: dependents are freed before the owner goes",
    latest: item([], { ...going, finalizers: ["orphan"] }),
    dependents: [dependent("d", "none", true)],
    want: [
      { do: "orphan", dependents: [dependent("d", "none", true)] },
      { do: "release", finalizer: "orphan" },
    ],
  },
])("$why", ({ latest, dependents = [], owners = {}, want }) => {
  expect(plan(latest, dependents, new Map(Object.entries(owners)))).toEqual(want);
});
