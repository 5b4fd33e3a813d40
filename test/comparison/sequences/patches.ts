/** Every form of PATCH. */
import { apply, area, each, get, patch, post, remove, send } from "../sequence.ts";
import type { Body, Sequence } from "../sequence.ts";
import { configMap, configMaps, widget, widgets } from "./paths.ts";

const accounts = "/api/v1/namespaces/$ns/serviceaccounts";
const roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/roles";
const owner = (name: string, uid: number): Body => ({
  ...{ apiVersion: "v1", kind: "ConfigMap", name },
  uid: `7f3b1c9e-0000-4000-8000-00000000000${uid}`,
});

const start = { size: 1, tags: ["a", "b", "c"], limits: { cpu: "1", "a/b": "2", "c~d": "3" } };

const json = area("JSON patch", {
  ...each(
    {
      "adds a member": [{ op: "add", path: "/spec/color", value: "blue" }],
      "replaces a member by add": [{ op: "add", path: "/spec/size", value: 2 }],
      "adds at the end of a list": [{ op: "add", path: "/spec/tags/-", value: "d" }],
      "adds into a list": [{ op: "add", path: "/spec/tags/1", value: "d" }],
      "adds just beyond a list": [{ op: "add", path: "/spec/tags/3", value: "d" }],
      "adds far beyond a list": [{ op: "add", path: "/spec/tags/9", value: "d" }],
      "adds at a negative index": [{ op: "add", path: "/spec/tags/-1", value: "d" }],
      "adds at no index": [{ op: "add", path: "/spec/tags/x", value: "d" }],
      "adds below what is not there": [{ op: "add", path: "/spec/missing/x", value: 1 }],
      "adds below a number": [{ op: "add", path: "/spec/size/x", value: 1 }],
      "adds without a value": [{ op: "add", path: "/spec/color" }],
      "adds null": [{ op: "add", path: "/spec/color", value: null }],
      "removes a member": [{ op: "remove", path: "/spec/size" }],
      "removes an item": [{ op: "remove", path: "/spec/tags/0" }],
      "removes what is not there": [{ op: "remove", path: "/spec/missing" }],
      "removes an item that is not there": [{ op: "remove", path: "/spec/tags/9" }],
      "removes below what is not there": [{ op: "remove", path: "/spec/missing/x" }],
      "replaces a member": [{ op: "replace", path: "/spec/size", value: 2 }],
      "replaces what is not there": [{ op: "replace", path: "/spec/missing", value: 2 }],
      "replaces an item": [{ op: "replace", path: "/spec/tags/0", value: "z" }],
      "replaces an item that is not there": [{ op: "replace", path: "/spec/tags/9", value: "z" }],
      "replaces with a wrong type": [{ op: "replace", path: "/spec/size", value: "large" }],
      "replaces the whole": [{ op: "replace", path: "", value: {} }],
      "removes the whole": [{ op: "remove", path: "" }],
      moves: [{ op: "move", from: "/spec/tags/0", path: "/spec/color" }],
      "moves what is not there": [{ op: "move", from: "/spec/missing", path: "/spec/color" }],
      copies: [{ op: "copy", from: "/spec/tags/0", path: "/spec/color" }],
      "copies what is not there": [{ op: "copy", from: "/spec/missing", path: "/spec/color" }],
      "copies without from": [{ op: "copy", path: "/spec/color" }],
      "tests what is so": [
        { op: "test", path: "/spec/size", value: 1 },
        { op: "replace", path: "/spec/size", value: 2 },
      ],
      "tests what is not so": [{ op: "test", path: "/spec/size", value: 2 }],
      "tests what is not there": [{ op: "test", path: "/spec/missing", value: 2 }],
      "tests for null": [{ op: "test", path: "/spec/missing", value: null }],
      "tests an object": [{ op: "test", path: "/spec/limits", value: { "c~d": "3", cpu: "1", "a/b": "2" } }],
      "knows escaped paths": [
        { op: "replace", path: "/spec/limits/a~1b", value: "x" },
        { op: "replace", path: "/spec/limits/c~0d", value: "y" },
      ],
      "of an unknown operation": [{ op: "guess", path: "/spec/size" }],
      "without an operation": [{ path: "/spec/size" }],
      "without a path": [{ op: "add", value: 1 }],
      "of a path without a slash": [{ op: "add", path: "spec/size", value: 1 }],
      "of nothing": [],
      "that changes the name": [{ op: "replace", path: "/metadata/name", value: "b" }],
      "that changes the kind": [{ op: "replace", path: "/kind", value: "Other" }],
      "that removes the kind": [{ op: "remove", path: "/kind" }],
      "that removes the metadata": [{ op: "remove", path: "/metadata" }],
      "that does one thing and fails at the next": [
        { op: "replace", path: "/spec/size", value: 2 },
        { op: "remove", path: "/spec/missing" },
      ],
    },
    (operations) => [post(widgets, widget("a", start)), patch("json", `${widgets}/a`, operations), get(`${widgets}/a`)],
  ),
  ...each(
    {
      "that is an object": {},
      "that is null": "null",
      "that is text": '"a"',
      "that is no JSON": "[",
      "that is empty": "",
      "whose operation is a number": [{ op: 5, path: "/data" }],
      "whose operations are text": ["add"],
      "of too many operations": Array.from({ length: 10_001 }, () => ({
        op: "test",
        path: "/kind",
        value: "ConfigMap",
      })),
    },
    (body) => [post(configMaps, configMap("a")), patch("json", `${configMaps}/a`, body)],
  ),
  "of a built-in kind": [
    post(configMaps, configMap("a")),
    patch("json", `${configMaps}/a`, [{ op: "add", path: "/data/b", value: "2" }]),
    patch("json", `${configMaps}/a`, [{ op: "add", path: "/data/c", value: 2 }]),
    patch("json", `${configMaps}/a`, [{ op: "add", path: "/metadata/labels/a", value: "b" }]),
    patch("json", `${configMaps}/a`, [{ op: "remove", path: "/data" }]),
    patch("json", `${configMaps}/a`, [{ op: "add", path: "/made", value: "up" }]),
    patch("json", `${configMaps}/missing`, [{ op: "add", path: "/data/b", value: "2" }]),
  ],
});

const merge = area("merge patch", {
  ...each(
    {
      "adds and removes": { spec: { size: null, color: "blue" } },
      "replaces a list": { spec: { tags: ["z"] } },
      "removes what is not there": { spec: { missing: null } },
      "replaces an object with text": { spec: "a" },
      "removes the spec": { spec: null },
      "changes the kind": { kind: "Other" },
      "changes the apiVersion": { apiVersion: "fixtures.example.com/v2" },
      "removes the kind": { kind: null },
      "removes the metadata": { metadata: null },
      "of a wrong type": { spec: { size: "large" } },
      "with an unknown field": { spec: { made: "up" } },
      "with null in a new object": { spec: { limits: { cpu: null, memory: "1" } } },
      "of nothing": {},
      "that is a list": [],
      "that is text": '"a"',
      "that is null": "null",
      "that is no JSON": "{",
      "that is empty": "",
    },
    (body) => [post(widgets, widget("a", start)), patch("merge", `${widgets}/a`, body), get(`${widgets}/a`)],
  ),
  "of what is not there": [patch("merge", `${widgets}/a`, {}), patch("merge", `${configMaps}/a`, {})],
  "of a built-in kind": [
    post(configMaps, configMap("a")),
    patch("merge", `${configMaps}/a`, { data: { a: null, b: "2" } }),
    patch("merge", `${configMaps}/a`, { data: { b: 2 } }),
    patch("merge", `${configMaps}/a`, { data: null }),
    patch("merge", `${configMaps}/a`, { made: "up" }),
    patch("merge", `${configMaps}/a`, []),
    patch("merge", `${configMaps}/a`, "null"),
    patch("merge", `${configMaps}/a`, "{"),
  ],
});

/** Changes of a ServiceAccount whose secrets are a, b and c. */
const strategic = area("strategic merge patch", {
  ...each(
    {
      "merges items by key": { secrets: [{ name: "b", fieldPath: "x" }, { name: "d" }] },
      "deletes an item": { secrets: [{ name: "b", $patch: "delete" }] },
      "deletes an item that is not there": { secrets: [{ name: "z", $patch: "delete" }] },
      "deletes an item without its key": { secrets: [{ $patch: "delete" }] },
      "replaces a list": { secrets: [{ name: "z" }, { $patch: "replace" }] },
      "empties a list": { secrets: [{ $patch: "replace" }] },
      "removes a list": { secrets: null },
      "orders a list": { "$setElementOrder/secrets": [{ name: "c" }, { name: "a" }, { name: "b" }] },
      "orders a list that grows": {
        "$setElementOrder/secrets": [{ name: "d" }, { name: "a" }, { name: "b" }, { name: "c" }],
        secrets: [{ name: "d" }],
      },
      "orders a list without naming what it adds": {
        "$setElementOrder/secrets": [{ name: "a" }],
        secrets: [{ name: "d" }],
      },
      "adds an item without its key": { secrets: [{ fieldPath: "x" }] },
      "of an unknown directive": { secrets: [{ name: "b", $patch: "guess" }] },
      "replaces a map": { metadata: { labels: { $patch: "replace", z: "1" } } },
      "deletes a map": { metadata: { labels: { $patch: "delete" } } },
      "retains some keys": { metadata: { labels: { $retainKeys: ["y"], y: "1" } } },
      "retains keys that are not given": { metadata: { labels: { $retainKeys: ["x"], y: "1" } } },
      "with an unknown directive of a map": { metadata: { labels: { $patch: "guess" } } },
      "deletes from a list of words": {
        metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/a"] },
      },
      "adds to a list of words": { metadata: { finalizers: ["example.com/c", "example.com/a"] } },
      "orders a list of words": {
        metadata: {
          "$setElementOrder/finalizers": ["example.com/b", "example.com/c", "example.com/a"],
          finalizers: ["example.com/c"],
        },
      },
      "merges owners by uid": {
        metadata: { ownerReferences: [{ uid: owner("p", 1)["uid"], name: "q" }, owner("r", 2)] },
      },
      "deletes an owner": { metadata: { ownerReferences: [{ uid: owner("p", 1)["uid"], $patch: "delete" }] } },
      "replaces the whole": { $patch: "replace", metadata: { name: "a" } },
      "deletes the whole": { $patch: "delete" },
      "of a wrong type": { secrets: "a" },
      "of an item of a wrong type": { secrets: ["a"] },
      "with an unknown field": { made: "up" },
      "of nothing": {},
      "that is a list": [],
      "that is null": "null",
      "that is no JSON": "{",
    },
    (body) => [
      post(accounts, {
        metadata: {
          name: "a",
          labels: { x: "1", y: "2" },
          finalizers: ["example.com/a", "example.com/b"],
          ownerReferences: [owner("p", 1)],
        },
        secrets: [{ name: "a" }, { name: "b" }, { name: "c" }],
      }),
      patch("strategic", `${accounts}/a`, body),
      get(`${accounts}/a`),
    ],
  ),
  "of a list that has no key replaces it": [
    post(roles, { metadata: { name: "a" }, rules: [{ apiGroups: [""], resources: ["a", "b"], verbs: ["get"] }] }),
    patch("strategic", `${roles}/a`, { rules: [{ apiGroups: [""], resources: ["c"], verbs: ["list"] }] }),
    patch("strategic", `${roles}/a`, { rules: [] }),
  ],
  "of the data of a ConfigMap": [
    post(configMaps, configMap("a", { a: "1", b: "2" })),
    patch("strategic", `${configMaps}/a`, { data: { a: null, c: "3" } }),
    patch("strategic", `${configMaps}/a`, { data: { $retainKeys: ["c"], c: "4" } }),
    patch("strategic", `${configMaps}/a`, { data: null }),
  ],
});

const types = area("types of patches", {
  "none is asked for": [post(configMaps, configMap("a")), send("PATCH", `${configMaps}/a`, {}, { "content-type": "" })],
  "plain JSON": [post(configMaps, configMap("a")), send("PATCH", `${configMaps}/a`, {})],
  "an unknown one": [
    post(configMaps, configMap("a")),
    send("PATCH", `${configMaps}/a`, {}, { "content-type": "application/odd-patch+json" }),
    post(widgets, widget("a")),
    send("PATCH", `${widgets}/a`, {}, { "content-type": "text/plain" }),
  ],
  "with a character set": [
    post(configMaps, configMap("a")),
    send(
      "PATCH",
      `${configMaps}/a`,
      { data: { b: "2" } },
      { "content-type": "application/merge-patch+json; charset=utf-8" },
    ),
  ],
  "to a collection": [
    send("PATCH", configMaps, {}, { "content-type": "application/merge-patch+json" }),
    send("PATCH", widgets, {}, { "content-type": "application/merge-patch+json" }),
  ],
  "that need force or a manager": [
    post(configMaps, configMap("a")),
    patch("merge", `${configMaps}/a?force=true`, { data: { b: "2" } }),
    patch("apply", `${configMaps}/a`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }),
    patch("merge", `${configMaps}/a?fieldManager=${"x".repeat(129)}`, { data: { b: "2" } }),
    patch("merge", `${configMaps}/a?fieldManager=%00`, { data: { b: "2" } }),
    apply("a", `${configMaps}/a`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }, "force=maybe"),
    remove(`${configMaps}/a`),
  ],
});

export const patches: readonly Sequence[] = [...json, ...merge, ...strategic, ...types];
