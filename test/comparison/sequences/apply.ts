/** Server-side apply, and what every other write does to managedFields. */
import { apply, area, changed, each, get, named, patch, post, put, remove, send } from "../sequence.ts";
import type { Body, Sequence } from "../sequence.ts";
import { builtIns, configMap, configMaps, objectOf, widget, widgets } from "./paths.ts";

const a = `${widgets}/a`;
const byKind = Object.fromEntries(builtIns.map((kind) => [`${kind.kind} ${kind.apiVersion}`, kind]));
const port = (number: number, more: Body = {}): Body => ({ port: number, ...more });
const meta = (metadata: Body): Body => ({ ...widget("a"), spec: undefined, metadata: { name: "a", ...metadata } });

const kinds = area(
  "server-side apply of a kind",
  each(byKind, (kind) => [
    apply("one", `${kind.path}/${kind.name}`, objectOf(kind, { labels: { a: "1" } })),
    apply("one", `${kind.path}/${kind.name}`, objectOf(kind, { labels: { b: "1" } })),
    apply("two", `${kind.path}/${kind.name}`, objectOf(kind, { labels: { b: "2" } })),
    apply("two", `${kind.path}/${kind.name}`, objectOf(kind, { labels: { b: "2" } }), "force=true"),
    patch("merge", `${kind.path}/${kind.name}`, kind.change),
    remove(`${kind.path}/${kind.name}`),
  ]),
);

/** What two managers apply one after the other, and the first again. */
const pairs: Readonly<Record<string, readonly [Body, Body]>> = {
  "other fields": [widget("a", { size: 1 }), widget("a", { tags: ["a"] })],
  "the same value": [widget("a", { size: 1 }), widget("a", { size: 1 })],
  "another value": [widget("a", { size: 1 }), widget("a", { size: 2 })],
  "two other values": [widget("a", { size: 1, color: "blue" }), widget("a", { size: 2, color: "green" })],
  "a default's field": [widget("a", { size: 1 }), widget("a", { color: "blue" })],
  "an atomic list": [widget("a", { frozen: ["a"] }), widget("a", { frozen: ["b"] })],
  "a list without a type": [widget("a", { tags: ["a"] }), widget("a", { tags: ["b"] })],
  "a set": [widget("a", { words: ["a", "b"] }), widget("a", { words: ["b", "c"] })],
  "items of a keyed list": [widget("a", { ports: [port(1), port(2)] }), widget("a", { ports: [port(2), port(3)] })],
  "a field of a keyed item": [
    widget("a", { ports: [port(1, { name: "x" })] }),
    widget("a", { ports: [port(1, { name: "y" })] }),
  ],
  "a key that a default completes": [
    widget("a", { ports: [port(1)] }),
    widget("a", { ports: [port(1, { protocol: "TCP" }), port(1, { protocol: "UDP" })] }),
  ],
  "members of a map": [widget("a", { limits: { x: "1", y: "2" } }), widget("a", { limits: { y: "3", z: "4" } })],
  "an atomic map": [widget("a", { settled: { a: "1" } }), widget("a", { settled: { b: "1" } })],
  "a list where there was an item": [widget("a", { tags: ["a"] }), widget("a", { tags: [] })],
  "an empty object": [widget("a", { limits: { x: "1" } }), widget("a", { limits: {} })],
  labels: [meta({ labels: { a: "1" } }), meta({ labels: { a: "2", b: "1" } })],
  annotations: [meta({ annotations: { "example.com/a": "1" } }), meta({ annotations: { "example.com/a": "2" } })],
  finalizers: [meta({ finalizers: ["example.com/a"] }), meta({ finalizers: ["example.com/b"] })],
};

const conflicts = area(
  "two managers apply",
  each(pairs, ([first, second]) => [
    apply("one", a, first),
    apply("two", a, second),
    apply("two", a, second, "force=true"),
    apply("one", a, first),
    // Not all fields of the spec: Kubernetes 1.20 makes it null then, and refuses that.
    apply("one", a, widget("a", { replicas: 1 })),
    apply("two", a, widget("a", { replicas: 1 })),
    get(a),
  ]),
);

/** What one manager applies one after the other. */
const series: Readonly<Record<string, readonly Body[]>> = {
  "and gives up a field": [widget("a", { size: 1, color: "blue" }), widget("a", { color: "blue" })],
  "and gives up all but one": [widget("a", { size: 1, color: "blue", tags: ["a"] }), widget("a", { tags: ["a"] })],
  "and gives up an item of a set": [widget("a", { words: ["a", "b", "c"] }), widget("a", { words: ["c", "a"] })],
  "and gives up a keyed item": [widget("a", { ports: [port(1), port(2)] }), widget("a", { ports: [port(2)] })],
  "and gives up a list": [widget("a", { ports: [port(1)], size: 1 }), widget("a", { size: 1 })],
  "and orders a keyed list anew": [
    widget("a", { ports: [port(1), port(2)] }),
    widget("a", { ports: [port(2), port(1)] }),
  ],
  "and orders a set anew": [widget("a", { words: ["a", "b"] }), widget("a", { words: ["b", "a"] })],
  "and changes nothing": [widget("a", { size: 1 }), widget("a", { size: 1 })],
  null: [widget("a", { size: 1 }), widget("a", { size: null })],
  "a set with the same word twice": [widget("a", { words: ["a", "a"] })],
  "the same key twice": [widget("a", { ports: [port(1), port(1)] })],
  "an item without its key": [widget("a", { ports: [{ protocol: "TCP" }] })],
  "a wrong type": [widget("a", { size: "large" })],
  "a list where an object belongs": [widget("a", { limits: [] })],
  "an unknown field": [widget("a", { made: "up" })],
  "a status": [{ ...widget("a"), status: { phase: "Ready" } }],
  "another name": [widget("b")],
  "no name": [{ apiVersion: "fixtures.example.com/v1", kind: "Widget" }],
  "another kind": [{ ...widget("a"), kind: "Gauge" }],
  "another version": [{ ...widget("a"), apiVersion: "fixtures.example.com/v9" }],
  "no kind": [{ metadata: { name: "a" } }],
  managedFields: [meta({ managedFields: [{ manager: "x", operation: "Apply" }] })],
  "managedFields that are empty": [meta({ managedFields: [] })],
  "a uid": [meta({ uid: "7f3b1c9e-0000-4000-8000-000000000000" })],
  "a resourceVersion on creation": [meta({ resourceVersion: "1" })],
  "an old resourceVersion": [widget("a", { size: 1 }), meta({ resourceVersion: "1" })],
  "a generateName": [meta({ generateName: "b-" })],
  "another namespace": [meta({ namespace: "elsewhere" })],
};

const alone = area(
  "one manager applies",
  each(series, (bodies) => [...bodies.map((body) => apply("one", a, body)), get(a)]),
);

const writers = area("managers", {
  "an update takes fields from who applied them": [
    named("applied", apply("one", a, widget("a", { size: 1, color: "blue" }))),
    put(`${a}?fieldManager=two`, changed("applied", { spec: { size: 2 } })),
    apply("one", a, widget("a", { size: 1, color: "blue" })),
    apply("one", a, widget("a", { color: "blue" })),
    get(a),
  ],
  "an update that removes fields": [
    named("applied", apply("one", a, widget("a", { size: 1, color: "blue", ports: [port(1), port(2)] }))),
    put(`${a}?fieldManager=two`, changed("applied", { spec: { size: null, ports: [port(2)] } })),
    get(a),
  ],
  "each way to write": [
    post(`${widgets}?fieldManager=creator`, widget("a", { size: 1 })),
    patch("merge", `${a}?fieldManager=merger`, { spec: { size: 2 } }),
    patch("json", `${a}?fieldManager=patcher`, [{ op: "add", path: "/spec/tags", value: ["a"] }]),
    patch("merge", `${a}/status?fieldManager=stater`, { status: { phase: "Ready", conditions: [{ type: "A" }] } }),
    patch("merge", `${a}/scale?fieldManager=scaler`, { spec: { replicas: 3 } }),
    apply("applier", a, widget("a", { color: "blue" })),
    get(a),
  ],
  "are named after the client where none is given": [
    send("POST", widgets, widget("a", { size: 1 }), { "user-agent": "kubectl/v1.32.0 (linux/amd64) kubernetes/abc" }),
    send(
      "PATCH",
      a,
      { spec: { size: 2 } },
      { "content-type": "application/merge-patch+json", "user-agent": "a b/c d" },
    ),
    send(
      "PATCH",
      a,
      { spec: { size: 3 } },
      { "content-type": "application/merge-patch+json", "user-agent": "x".repeat(200) },
    ),
  ],
  "clear managedFields": [
    named("applied", apply("one", a, widget("a", { size: 1 }))),
    patch("merge", a, { metadata: { managedFields: [{}] } }),
    patch("merge", a, { spec: { size: 2 } }),
    apply("one", a, widget("a", { size: 3 })),
    patch("json", a, [{ op: "replace", path: "/metadata/managedFields", value: [] }]),
    put(a, widget("a", { size: 4 })),
  ],
  "write managedFields that are wrong": [
    apply("one", a, widget("a", { size: 1 })),
    patch("merge", a, { metadata: { managedFields: [{ manager: "x", operation: "Odd", apiVersion: "v1" }] } }),
    patch("merge", a, {
      metadata: {
        managedFields: [
          { manager: "x", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV2", fieldsV1: {}, time: null },
        ],
      },
    }),
    patch("merge", a, {
      metadata: {
        managedFields: [{ manager: "x", operation: "Update", fieldsType: "FieldsV1", fieldsV1: { "q:x": {} } }],
      },
    }),
    get(a),
  ],
  "apply status": [
    apply("one", a, widget("a", { size: 1 })),
    apply("two", `${a}/status`, {
      ...widget("a", { size: 5 }),
      status: { phase: "Ready", conditions: [{ type: "A" }] },
    }),
    apply("three", `${a}/status`, { ...widget("a"), spec: undefined, status: { phase: "Other" } }),
    apply("three", `${a}/status`, { ...widget("a"), spec: undefined, status: { conditions: [{ type: "B" }] } }),
    apply("two", `${a}/status`, { ...widget("a"), spec: undefined, status: { phase: "Ready" } }),
    apply("one", a, widget("a", {})),
    get(a),
  ],
  "apply scale": [
    apply("one", a, widget("a", { replicas: 1 })),
    apply("two", `${a}/scale`, { apiVersion: "autoscaling/v1", kind: "Scale", spec: { replicas: 2 } }),
    apply("two", `${a}/scale`, { apiVersion: "autoscaling/v1", kind: "Scale", spec: { replicas: 2 } }, "force=true"),
    get(a),
  ],
  "apply the status of what is not there": [
    apply("one", `${a}/status`, { ...widget("a"), status: { phase: "Ready" } }),
    get(a),
  ],
  "apply without storing": [
    apply("one", a, widget("a", { size: 1 }), "dryRun=All"),
    get(a),
    apply("one", a, widget("a", { size: 1 })),
    apply("two", a, widget("a", { size: 2 }), "dryRun=All"),
    apply("two", a, widget("a", { size: 2 }), "dryRun=All&force=true"),
    get(a),
  ],
  "apply after client-side apply": [
    post(
      `${configMaps}?fieldManager=kubectl-client-side-apply`,
      configMap(
        "a",
        { a: "1", b: "2" },
        {
          annotations: {
            "kubectl.kubernetes.io/last-applied-configuration":
              '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1","b":"2"}}',
          },
        },
      ),
    ),
    apply("kubectl", `${configMaps}/a`, configMap("a", { a: "2", b: "2" })),
    apply("kubectl", `${configMaps}/a`, configMap("a", { a: "2" })),
    get(`${configMaps}/a`),
  ],
  "apply and update under one name": [
    apply("one", a, widget("a", { size: 1 })),
    patch("merge", `${a}?fieldManager=one`, { spec: { size: 2, tags: ["a"] } }),
    apply("one", a, widget("a", { size: 1 })),
    apply("one", a, widget("a", {})),
    get(a),
  ],
  "apply YAML": [
    patch(
      "apply",
      `${a}?fieldManager=one`,
      "apiVersion: fixtures.example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec:\n  size: 1\n",
    ),
    patch("apply", `${a}?fieldManager=one`, "a: [\n"),
    patch("apply", `${a}?fieldManager=one`, "- a\n"),
    patch("apply", `${a}?fieldManager=one`, ""),
    get(a),
  ],
  "apply to what is being deleted": [
    apply("one", a, meta({ finalizers: ["example.com/wait"] })),
    remove(a),
    apply("one", a, { ...meta({ finalizers: ["example.com/wait"] }), spec: { size: 1 } }),
    apply("one", a, meta({ finalizers: ["example.com/wait", "example.com/more"] })),
    apply("one", a, meta({})),
    get(a),
  ],
  "apply to a namespace that is not there": [
    apply("one", "/api/v1/namespaces/nowhere/configmaps/a", configMap("a")),
    apply("one", "/apis/fixtures.example.com/v1/namespaces/nowhere/widgets/a", widget("a")),
  ],
});

export const serverSideApply: readonly Sequence[] = [...kinds, ...conflicts, ...alone, ...writers];
