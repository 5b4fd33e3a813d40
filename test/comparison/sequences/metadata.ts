/** What metadata may say, on creation and in changes. */
import { area, changed, each, get, named, only, patch, post, put, remove } from "../sequence.ts";
import type { Body, Sequence } from "../sequence.ts";
import { configMap, configMaps, gauges, widget, widgets } from "./paths.ts";

const owner = { apiVersion: "v1", kind: "ConfigMap", name: "o", uid: "7f3b1c9e-0000-4000-8000-000000000000" };
const long = (length: number): string => "x".repeat(length);

/** Metadata beside the name; each is given to a ConfigMap and to a custom object. */
const creations: Readonly<Record<string, Body>> = {
  "a label without a value": { labels: { a: "" } },
  "a label whose key has a prefix": { labels: { "example.com/a": "b" } },
  "a label key with a space": { labels: { "a b": "c" } },
  "a label key with two slashes": { labels: { "a/b/c": "d" } },
  "a label key with an empty prefix": { labels: { "/a": "d" } },
  "a label key with a prefix only": { labels: { "a/": "d" } },
  "a label key whose prefix is in capitals": { labels: { "Example.com/a": "b" } },
  "a label key that is too long": { labels: { [long(64)]: "b" } },
  "a label key whose prefix is too long": { labels: { [`${long(254)}/a`]: "b" } },
  "an empty label key": { labels: { "": "b" } },
  "a label value with a space": { labels: { a: "b c" } },
  "a label value that begins with a dash": { labels: { a: "-b" } },
  "a label value that is too long": { labels: { a: long(64) } },
  "a label value that is a number": { labels: { a: 1 } },
  "labels that are a list": { labels: ["a"] },
  "labels that are null": { labels: null },
  "a label value that is null": { labels: { a: null } },
  "several wrong labels": { labels: { "a b": "c d", "e f": "g" } },
  "an annotation in capitals": { annotations: { "EXAMPLE.com/A": "b" } },
  "an annotation key with a space": { annotations: { "a b": "c" } },
  "an annotation that is a number": { annotations: { a: 1 } },
  "annotations that are too large together": { annotations: { a: long(200_000), b: long(70_000) } },
  "a finalizer": { finalizers: ["example.com/wait"] },
  "a finalizer without a prefix": { finalizers: ["wait"] },
  "a finalizer with a space": { finalizers: ["example.com/a b"] },
  "an empty finalizer": { finalizers: [""] },
  "the finalizer orphan": { finalizers: ["orphan"] },
  "both finalizers of the garbage collector": { finalizers: ["orphan", "foregroundDeletion"] },
  "finalizers that are text": { finalizers: "example.com/wait" },
  "the same finalizer twice": { finalizers: ["example.com/a", "example.com/a"] },
  "an owner": { ownerReferences: [owner] },
  "an owner that is its controller": { ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] },
  "two controllers": {
    ownerReferences: [
      { ...owner, controller: true },
      { ...owner, name: "p", uid: "7f3b1c9e-0000-4000-8000-000000000001", controller: true },
    ],
  },
  "the same owner twice": { ownerReferences: [owner, owner] },
  "an owner without a uid": { ownerReferences: [{ ...owner, uid: "" }] },
  "an owner without a name": { ownerReferences: [{ ...owner, name: "" }] },
  "an owner without a kind": { ownerReferences: [{ ...owner, kind: "" }] },
  "an owner without an apiVersion": { ownerReferences: [{ ...owner, apiVersion: "" }] },
  "an owner with nothing": { ownerReferences: [{}] },
  "an owner with an odd apiVersion": { ownerReferences: [{ ...owner, apiVersion: "a/b/c" }] },
  "an Event as owner": { ownerReferences: [{ ...owner, kind: "Event" }] },
  "a uid of its own": { uid: "7f3b1c9e-0000-4000-8000-000000000002" },
  "a creationTimestamp of its own": { creationTimestamp: "2001-01-01T00:00:00Z" },
  "a deletionTimestamp of its own": { deletionTimestamp: "2001-01-01T00:00:00Z", deletionGracePeriodSeconds: 5 },
  "a generation of its own": { generation: 7 },
  "a selfLink of its own": { selfLink: "/here" },
  "a resourceVersion": { resourceVersion: "5" },
  "a creationTimestamp that is null": { creationTimestamp: null },
  "a creationTimestamp that is no time": { creationTimestamp: "yesterday" },
  "an unknown field": { madeUp: true },
  "a generateName beside the name": { generateName: "b-" },
  "managedFields that are empty": { managedFields: [] },
  "managedFields of an unknown operation": { managedFields: [{ manager: "a", operation: "Guess", apiVersion: "v1" }] },
};

const onCreation = area("metadata on creation", {
  ...each(creations, (metadata) => [
    post(configMaps, configMap("a", {}, metadata)),
    post(widgets, widget("a", {}, metadata)),
  ]),
});

/** Names, for a kind whose names are DNS subdomains. */
const names: Readonly<Record<string, unknown>> = {
  "with dots": "a.b.c",
  "with a dash at the end": "a-",
  "in capitals": "ABC",
  "with an underscore": "a_b",
  "with a slash": "a/b",
  "with a percent sign": "a%b",
  "that is one dot": ".",
  "that is two dots": "..",
  "with 253 characters": long(253),
  "with 254 characters": long(254),
  "that is empty": "",
  "that is a number": 5,
  "that is null": null,
  "that is an object": {},
  "with letters beyond ASCII": "ä",
  "with two dots in a row": "a..b",
  "that begins with a digit": "0a",
};

/** Without the name that was made up. */
const fieldsOfCauses = ({ reason, details }: Body): unknown => ({
  reason,
  fields: (details as { causes: readonly Body[] }).causes.map((cause) => cause["field"]),
});

const onNames = area("names", {
  ...each(names, (name) => [
    post(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name } }),
    post(widgets, { ...widget(""), metadata: { name } }),
  ]),
  "of namespaces are labels": [
    post("/api/v1/namespaces", { metadata: { name: "a.b" } }),
    post("/api/v1/namespaces", { metadata: { name: long(64) } }),
    post("/api/v1/namespaces", { metadata: { name: "" } }),
    post("/api/v1/namespaces", { metadata: {} }),
    post("/api/v1/namespaces", { metadata: { name: "-" } }),
  ],
  "of roles may be anything but a path": [
    ...["system:a", "A b", "a/b", "a%b", "..", "."].map((name) =>
      post("/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/roles", { metadata: { name }, rules: [] }),
    ),
  ],
  "of service accounts, leases, events, quotas and limit ranges are subdomains": [
    ...["v1/namespaces/$ns/serviceaccounts", "v1/namespaces/$ns/resourcequotas", "v1/namespaces/$ns/limitranges"].map(
      (path) => post(`/api/${path}`, { metadata: { name: "A_b" } }),
    ),
    post("/apis/coordination.k8s.io/v1/namespaces/$ns/leases", { metadata: { name: "A_b" } }),
    post("/api/v1/namespaces/$ns/events", {
      metadata: { name: "A_b" },
      involvedObject: { namespace: "$ns" },
      type: "Normal",
    }),
  ],
  "are made from generateName": [
    post(configMaps, { metadata: { generateName: "made-" } }),
    post(widgets, { ...widget(""), metadata: { generateName: "made-" } }),
  ],
  "are made from a long generateName": [
    only(
      post(configMaps, { metadata: { generateName: `${"x".repeat(70)}-` } }),
      ({ metadata }) => (metadata as { name: string }).name.length,
    ),
    only(post(widgets, { ...widget(""), metadata: { generateName: "x".repeat(260) } }), fieldsOfCauses),
  ],
  "cannot be made from a bad generateName": [
    only(post(configMaps, { metadata: { generateName: "Made_" } }), fieldsOfCauses),
    only(post(widgets, { ...widget(""), metadata: { generateName: "Made_" } }), fieldsOfCauses),
    post(configMaps, { metadata: { generateName: "" } }),
    post(configMaps, { metadata: { generateName: 5 } }),
  ],
  "must be those of the path": [
    post(configMaps, configMap("a")),
    put(`${configMaps}/a`, configMap("b")),
    put(`${configMaps}/a`, { ...configMap("a"), metadata: {} }),
    patch("merge", `${configMaps}/a`, { metadata: { name: "b" } }),
    put(`${configMaps}/a`, configMap("a", {}, { namespace: "elsewhere" })),
    patch("merge", `${configMaps}/a`, { metadata: { namespace: "elsewhere" } }),
    post(configMaps, configMap("c", {}, { namespace: "elsewhere" })),
    post(gauges, {
      ...{ apiVersion: "fixtures.example.com/v1", kind: "Gauge", metadata: { name: "$ns", namespace: "elsewhere" } },
    }),
  ],
});

/** What a merge patch does to the metadata of an object that has some. */
const changes: Readonly<Record<string, Body>> = {
  "the uid": { uid: "7f3b1c9e-0000-4000-8000-000000000003" },
  "the creationTimestamp": { creationTimestamp: "2001-01-01T00:00:00Z" },
  "the creationTimestamp away": { creationTimestamp: null },
  "the deletionTimestamp": { deletionTimestamp: "2001-01-01T00:00:00Z" },
  "the generation": { generation: 9 },
  "the generateName": { generateName: "b-" },
  "the selfLink": { selfLink: "/here" },
  "a label to be wrong": { labels: { a: "b c" } },
  "a label to be a number": { labels: { a: 1 } },
  "the annotations away": { annotations: null },
  "the annotations to be a list": { annotations: [] },
  "the finalizers": { finalizers: ["example.com/other"] },
  "the finalizers to be wrong": { finalizers: ["other"] },
  "the owners to be two controllers": {
    ownerReferences: [
      { ...owner, controller: true },
      { ...owner, name: "p", uid: "7f3b1c9e-0000-4000-8000-000000000001", controller: true },
    ],
  },
  "the resourceVersion to an older one": { resourceVersion: "1" },
  "the resourceVersion to no number": { resourceVersion: "abc" },
  "all managedFields away": { managedFields: [{}] },
  nothing: {},
};

const onUpdate = area(
  "metadata changes",
  each(changes, (metadata) => [
    post(configMaps, configMap("a", {}, { labels: { l: "1" }, annotations: { n: "1" } })),
    patch("merge", `${configMaps}/a`, { metadata }),
    post(widgets, widget("a", {}, { labels: { l: "1" }, annotations: { n: "1" } })),
    patch("merge", `${widgets}/a`, { metadata }),
    get(`${widgets}/a`),
  ]),
);

const counting = area("generation and resourceVersion", {
  "the generation of a custom object counts changes of its spec": [
    post(widgets, widget("a", { size: 1 })),
    patch("merge", `${widgets}/a`, { spec: { size: 2 } }),
    patch("merge", `${widgets}/a`, { metadata: { labels: { a: "b" } } }),
    patch("merge", `${widgets}/a/status`, { status: { phase: "Ready" } }),
    patch("merge", `${widgets}/a`, { spec: { size: 2 } }),
    patch("merge", `${widgets}/a`, { status: { phase: "Lost" } }),
  ],
  "the generation of a kind without subresources counts all but metadata": [
    post(gauges, {
      apiVersion: "fixtures.example.com/v1",
      kind: "Gauge",
      metadata: { name: "$ns" },
      spec: { level: 1 },
    }),
    patch("merge", `${gauges}/$ns`, { spec: { level: 2 } }),
    patch("merge", `${gauges}/$ns`, { metadata: { labels: { a: "b" } } }),
    remove(`${gauges}/$ns`),
  ],
  "a write that changes nothing keeps the resourceVersion": [
    named("created", post(configMaps, configMap("a"))),
    put(`${configMaps}/a`, changed("created", {})),
    patch("merge", `${configMaps}/a`, { data: { a: "1" } }),
    put(`${configMaps}/a`, configMap("a")),
  ],
  "an update with an old resourceVersion conflicts": [
    named("created", post(configMaps, configMap("a"))),
    patch("merge", `${configMaps}/a`, { data: { b: "2" } }),
    put(`${configMaps}/a`, changed("created", { data: { c: "3" } })),
    patch("merge", `${configMaps}/a`, { metadata: { resourceVersion: "{created.metadata.resourceVersion}" } }),
  ],
  "an update without a resourceVersion overwrites where the kind lets it": [
    post(configMaps, configMap("a")),
    put(`${configMaps}/a`, configMap("a", { b: "2" })),
    post(widgets, widget("a")),
    put(`${widgets}/a`, widget("a", { size: 2 })),
    put(`${widgets}/a`, widget("a", { size: 2 }, { resourceVersion: "" })),
    put(`${widgets}/a`, widget("a", { size: 2 }, { resourceVersion: "0" })),
  ],
  "an update with the uid of another object conflicts": [
    named("created", post(configMaps, configMap("a"))),
    put(`${configMaps}/a`, changed("created", { metadata: { uid: "7f3b1c9e-0000-4000-8000-000000000004" } })),
    put(`${configMaps}/a`, changed("created", { metadata: { uid: null } })),
  ],
  "an update of what is not there": [
    put(`${configMaps}/a`, configMap("a", {}, { resourceVersion: "1" })),
    put(`${configMaps}/a`, configMap("a", {}, { uid: "7f3b1c9e-0000-4000-8000-000000000005" })),
    put(`${widgets}/a`, widget("a", {}, { resourceVersion: "1" })),
    put(`${widgets}/a`, widget("a", {}, { uid: "7f3b1c9e-0000-4000-8000-000000000005" })),
  ],
});

export const metadata: readonly Sequence[] = [...onCreation, ...onNames, ...onUpdate, ...counting];
