/** Deletion, one by one and in collections; finalizers; namespaces that go away. */
import { area, each, get, listAfter, named, patch, post, put, remove, send } from "../sequence.ts";
import type { Body, Sequence } from "../sequence.ts";
import { configMap, configMaps, secrets, widget, widgets } from "./paths.ts";

const a = `${configMaps}/a`;
const options = (content: Body): Body => ({ apiVersion: "v1", kind: "DeleteOptions", ...content });

/** Options in the body; given to a ConfigMap, a custom object, and one of those with a finalizer. */
const bodies: Readonly<Record<string, unknown>> = {
  "no options": undefined,
  "empty options": {},
  "the kind of options": options({}),
  "another kind": { apiVersion: "v1", kind: "ConfigMap" },
  "options of meta.k8s.io": { apiVersion: "meta.k8s.io/v1", kind: "DeleteOptions" },
  "options of another group": { apiVersion: "odd.example.com/v1", kind: "DeleteOptions" },
  "propagation Background": options({ propagationPolicy: "Background" }),
  "propagation Foreground": options({ propagationPolicy: "Foreground" }),
  "propagation Orphan": options({ propagationPolicy: "Orphan" }),
  "an unknown propagation": options({ propagationPolicy: "Sideways" }),
  "orphanDependents true": options({ orphanDependents: true }),
  "orphanDependents false": options({ orphanDependents: false }),
  "both ways to say it": options({ orphanDependents: true, propagationPolicy: "Background" }),
  "no grace": options({ gracePeriodSeconds: 0 }),
  "some grace": options({ gracePeriodSeconds: 30 }),
  "a negative grace": options({ gracePeriodSeconds: -1 }),
  "a grace that is text": options({ gracePeriodSeconds: "soon" }),
  "another uid": options({ preconditions: { uid: "7f3b1c9e-0000-4000-8000-000000000000" } }),
  "another resourceVersion": options({ preconditions: { resourceVersion: "1" } }),
  "preconditions that are empty": options({ preconditions: {} }),
  "a dry run": options({ dryRun: ["All"] }),
  "an odd dry run": options({ dryRun: ["Some"] }),
  "an unknown field": options({ made: "up" }),
  "a list": [],
  text: '"a"',
  "no JSON": "{",
  null: "null",
};

const single = area("delete options", {
  ...each(bodies, (body) => [
    post(configMaps, configMap("a")),
    remove(a, body),
    get(a),
    post(widgets, widget("a")),
    remove(`${widgets}/a`, body),
    get(`${widgets}/a`),
    post(widgets, widget("f", {}, { finalizers: ["example.com/wait"] })),
    remove(`${widgets}/f`, body),
    remove(`${widgets}/f`, body),
    get(`${widgets}/f`),
  ]),
  ...each(
    {
      "propagation in the query": "propagationPolicy=Foreground",
      "an unknown propagation in the query": "propagationPolicy=Sideways",
      "orphanDependents in the query": "orphanDependents=true",
      "grace in the query": "gracePeriodSeconds=5",
      "a grace in the query that is no number": "gracePeriodSeconds=soon",
      "a dry run in the query": "dryRun=All",
      "an odd dry run in the query": "dryRun=Some",
      "an unknown parameter": "made=up",
    },
    (query) => [post(configMaps, configMap("a")), remove(`${a}?${query}`), get(a)],
  ),
  "options in the body and in the query": [
    post(configMaps, configMap("a")),
    remove(`${a}?propagationPolicy=Foreground`, options({ propagationPolicy: "Orphan" })),
    get(a),
  ],
  "options in YAML": [
    post(configMaps, configMap("a")),
    send("DELETE", a, "dryRun: [All]\n", { "content-type": "application/yaml" }),
    send("DELETE", a, "dryRun", { "content-type": "text/plain" }),
    get(a),
  ],
  "preconditions that hold": [
    named("created", post(configMaps, configMap("a"))),
    remove(a, {
      preconditions: { uid: "{created.metadata.uid}", resourceVersion: "{created.metadata.resourceVersion}" },
    }),
    get(a),
  ],
  "preconditions that held once": [
    named("created", post(configMaps, configMap("a"))),
    patch("merge", a, { data: { b: "2" } }),
    remove(a, { preconditions: { resourceVersion: "{created.metadata.resourceVersion}" } }),
    remove(a, { preconditions: { uid: "{created.metadata.uid}" } }),
  ],
});

const waiting = area("finalizers", {
  "keep an object until they are gone": [
    post(widgets, widget("a", {}, { finalizers: ["example.com/one", "example.com/two"] })),
    remove(`${widgets}/a`),
    remove(`${widgets}/a`),
    patch("merge", `${widgets}/a`, { metadata: { finalizers: ["example.com/two"] } }),
    patch("merge", `${widgets}/a`, { spec: { size: 2 } }),
    patch("merge", `${widgets}/a`, { metadata: { finalizers: [] } }),
    get(`${widgets}/a`),
  ],
  "cannot be added while an object goes": [
    post(configMaps, configMap("a", {}, { finalizers: ["example.com/one"] })),
    remove(a),
    patch("merge", a, { metadata: { finalizers: ["example.com/one", "example.com/new"] } }),
    patch("merge", a, { metadata: { finalizers: ["example.com/new"] } }),
    patch("merge", a, { metadata: { deletionTimestamp: null } }),
    patch("merge", a, { metadata: { deletionGracePeriodSeconds: 50 } }),
    put(a, configMap("a", { b: "1" }, { finalizers: [] })),
    get(a),
  ],
  "an object that goes keeps its name": [
    post(configMaps, configMap("a", {}, { finalizers: ["example.com/one"] })),
    remove(a),
    post(configMaps, configMap("a")),
    patch("json", a, [{ op: "remove", path: "/metadata/finalizers" }]),
    post(configMaps, configMap("a")),
  ],
  "that fall in a dry run": [
    post(configMaps, configMap("a", {}, { finalizers: ["example.com/one"] })),
    remove(a),
    patch("merge", `${a}?dryRun=All`, { metadata: { finalizers: null } }),
    get(a),
  ],
  "through the status": [
    post(widgets, widget("a", {}, { finalizers: ["example.com/one"] })),
    remove(`${widgets}/a`),
    patch("merge", `${widgets}/a/status`, { status: { phase: "Going" }, metadata: { finalizers: [] } }),
    get(`${widgets}/a`),
  ],
  "foreground deletion is one": [
    post(widgets, widget("a")),
    remove(`${widgets}/a?propagationPolicy=Foreground`),
    remove(`${widgets}/a?propagationPolicy=Background`),
    get(`${widgets}/a`),
  ],
  "orphaning changes its mind": [
    post(widgets, widget("a", {}, { finalizers: ["example.com/one"] })),
    remove(`${widgets}/a?propagationPolicy=Foreground`),
    remove(`${widgets}/a?propagationPolicy=Orphan`),
    remove(`${widgets}/a?propagationPolicy=Background`),
    get(`${widgets}/a`),
  ],
});

const three = [
  post(configMaps, configMap("a", {}, { labels: { of: "us" } })),
  post(configMaps, configMap("b", {}, { labels: { of: "us" } })),
  post(configMaps, configMap("c", {}, { finalizers: ["example.com/wait"] })),
];
const names = get(configMaps, { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" });

const collections = area("delete a collection", {
  ...each(
    {
      all: "",
      "by label": "?labelSelector=of%3Dus",
      "by name": "?fieldSelector=metadata.name%3Db",
      "by a wrong selector": "?labelSelector=%3D%3D",
      "by a field that is none": "?fieldSelector=data%3Db",
      "none of them": "?labelSelector=of%3Dothers",
      "in a dry run": "?dryRun=All",
      "in the foreground": "?propagationPolicy=Foreground",
      "with an unknown propagation": "?propagationPolicy=Sideways",
      "in pages": "?limit=1",
    },
    (query) => [...three, remove(`${configMaps}${query}`), names],
  ),
  "as of a revision": [
    ...three,
    named("last", post(configMaps, configMap("d"))),
    listAfter("last", configMaps, ({ kind }) => kind),
    remove(`${configMaps}?resourceVersion=0&fieldSelector=metadata.name=a`),
    names,
  ],
  "with options in the body": [...three, remove(configMaps, options({ propagationPolicy: "Orphan" })), names],
  "with preconditions": [...three, remove(configMaps, options({ preconditions: { uid: "a" } })), names],
  "of custom objects": [
    post(widgets, widget("a")),
    post(widgets, widget("b", {}, { labels: { a: "b" } })),
    remove(`${widgets}?labelSelector=a%3Db`),
    remove(widgets),
    get(widgets),
  ],
  "of nothing": [remove(configMaps), remove(widgets)],
  "as a table": [
    ...three,
    send("DELETE", configMaps, undefined, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" }),
  ],
  "of all namespaces": [
    remove("/api/v1/namespaces"),
    remove("/api/v1/configmaps"),
    remove("/apis/fixtures.example.com/v1/widgets"),
  ],
});

const ns = "/api/v1/namespaces/$ns";
const namespaces = area("namespaces", {
  "wait for their finalizer": [
    remove(ns),
    get(ns),
    remove(ns),
    post(configMaps, configMap("a")),
    post(widgets, widget("a")),
    get(configMaps),
    patch("merge", ns, { metadata: { labels: { a: "b" } } }),
  ],
  "what is in them can still be changed": [
    post(configMaps, configMap("a")),
    remove(ns),
    patch("merge", a, { data: { b: "2" } }),
    remove(a),
    post(secrets, { metadata: { name: "a" } }),
  ],
  "are finalized": [
    remove(ns),
    named("found", get(ns)),
    put(`${ns}/finalize`, { apiVersion: "v1", kind: "Namespace", metadata: { name: "$ns" }, spec: { finalizers: [] } }),
    get(ns),
  ],
  "are finalized early": [
    put(`${ns}/finalize`, { apiVersion: "v1", kind: "Namespace", metadata: { name: "$ns" }, spec: { finalizers: [] } }),
    get(ns),
    remove(ns),
    get(ns),
  ],
  "their finalizers cannot be changed otherwise": [
    patch("merge", ns, { spec: { finalizers: [] } }),
    patch("merge", ns, { spec: null }),
    patch("merge", `${ns}/finalize`, { spec: { finalizers: ["example.com/a"] } }),
    put(`${ns}/finalize`, { metadata: { name: "$ns" }, spec: { finalizers: ["example.com/a", "kubernetes"] } }),
    put(`${ns}/finalize`, { metadata: { name: "$ns" }, spec: { finalizers: ["no prefix"] } }),
    get(`${ns}/finalize`),
  ],
  "their status": [
    patch("merge", `${ns}/status`, { status: { phase: "Odd" } }),
    patch("merge", `${ns}/status`, { status: { conditions: [{ type: "A", status: "True" }] } }),
    patch("merge", ns, { status: { phase: "Terminating" } }),
    get(`${ns}/status`),
  ],
  "may have finalizers of their own": [
    patch("merge", ns, { metadata: { finalizers: ["example.com/wait"] } }),
    remove(ns),
    put(`${ns}/finalize`, { metadata: { name: "$ns" }, spec: { finalizers: [] } }),
    get(ns),
    patch("merge", ns, { metadata: { finalizers: [] } }),
    get(ns),
  ],
  "that may not go": [remove("/api/v1/namespaces/default"), remove("/api/v1/namespaces/kube-system")],
  "that are not there": [
    remove("/api/v1/namespaces/nowhere"),
    post("/api/v1/namespaces/nowhere/configmaps", configMap("a")),
    get("/api/v1/namespaces/nowhere/configmaps"),
    get("/api/v1/namespaces/nowhere/configmaps/a"),
    remove("/api/v1/namespaces/nowhere/configmaps"),
  ],
  "have a name as label": [
    get(ns),
    patch("merge", ns, { metadata: { labels: { "kubernetes.io/metadata.name": "other" } } }),
    patch("merge", ns, { metadata: { labels: null } }),
  ],
  "are deleted in the foreground or orphaning": [
    remove(`${ns}?propagationPolicy=Orphan`),
    get(ns),
    remove(`${ns}?propagationPolicy=Foreground`),
    get(ns),
  ],
});

export const deletion: readonly Sequence[] = [...single, ...waiting, ...collections, ...namespaces];
