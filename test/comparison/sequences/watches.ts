/** Watches: what is told, in which order, in which form. */
import { area, each, end, events, get, named, patch, post, remove, watch } from "../sequence.ts";
import type { Sequence } from "../sequence.ts";
import { builtIns, configMap, configMaps, objectOf, widget, widgets } from "./paths.ts";

const byKind = Object.fromEntries(
  builtIns.filter(({ path }) => path.includes("$ns")).map((kind) => [`${kind.kind} ${kind.apiVersion}`, kind]),
);
const here = get(configMaps);

const kinds = area(
  "watch of a kind",
  each(byKind, (kind) => [
    named("list", get(kind.path)),
    watch("w", `${kind.path}?watch=true&resourceVersion={list.metadata.resourceVersion}`),
    post(kind.path, objectOf(kind)),
    patch("merge", `${kind.path}/${kind.name}`, { metadata: { labels: { a: "b" } } }),
    remove(`${kind.path}/${kind.name}`),
    events("w", 3),
  ]),
);

const content = area("watch", {
  "of a custom kind": [
    named("list", get(widgets)),
    watch("w", `${widgets}?watch=true&resourceVersion={list.metadata.resourceVersion}`),
    post(widgets, widget("a", { size: 1 })),
    patch("merge", `${widgets}/a`, { spec: { size: 2 } }),
    patch("merge", `${widgets}/a/status`, { status: { phase: "Ready" } }),
    remove(`${widgets}/a`),
    events("w", 4),
  ],
  "from now shows what there is": [
    post(configMaps, configMap("a")),
    post(configMaps, configMap("b")),
    watch("w", `${configMaps}?watch=true`),
    events("w", 2),
    post(configMaps, configMap("c")),
    events("w", 1),
  ],
  "from any revision shows what there is": [
    post(configMaps, configMap("a")),
    watch("w", `${configMaps}?watch=true&resourceVersion=0`),
    events("w", 1),
    remove(`${configMaps}/a`),
    events("w", 1),
  ],
  "from an old revision tells what happened since": [
    named("created", post(configMaps, configMap("a"))),
    patch("merge", `${configMaps}/a`, { data: { b: "2" } }),
    remove(`${configMaps}/a`),
    post(configMaps, configMap("a")),
    watch("w", `${configMaps}?watch=true&resourceVersion={created.metadata.resourceVersion}`),
    events("w", 3),
  ],
  "from what is no revision": [get(`${configMaps}?watch=true&resourceVersion=abc`)],
  "of one name": [
    named("list", here),
    watch(
      "w",
      `${configMaps}?watch=true&resourceVersion={list.metadata.resourceVersion}&fieldSelector=metadata.name%3Db`,
    ),
    post(configMaps, configMap("a")),
    post(configMaps, configMap("b")),
    patch("merge", `${configMaps}/a`, { data: { b: "2" } }),
    remove(`${configMaps}/b`),
    events("w", 2),
  ],
  "of a path with a name": [get(`${configMaps}/b?watch=true&timeoutSeconds=5`)],
  "by label: objects come and go": [
    named("list", here),
    watch("w", `${configMaps}?watch=true&resourceVersion={list.metadata.resourceVersion}&labelSelector=in%3Dyes`),
    post(configMaps, configMap("a")),
    patch("merge", `${configMaps}/a`, { metadata: { labels: { in: "yes" } } }),
    patch("merge", `${configMaps}/a`, { data: { b: "2" } }),
    patch("merge", `${configMaps}/a`, { metadata: { labels: { in: "no" } } }),
    patch("merge", `${configMaps}/a`, { data: { b: "3" } }),
    patch("merge", `${configMaps}/a`, { metadata: { labels: { in: "yes" } } }),
    remove(`${configMaps}/a`),
    events("w", 5),
  ],
  "by label from now": [
    post(configMaps, configMap("a", {}, { labels: { in: "yes" } })),
    post(configMaps, configMap("b")),
    watch("w", `${configMaps}?watch=true&labelSelector=in%3Dyes`),
    events("w", 1),
    patch("merge", `${configMaps}/b`, { metadata: { labels: { in: "yes" } } }),
    patch("merge", `${configMaps}/a`, { metadata: { labels: null } }),
    events("w", 2),
  ],
  "by a wrong label selector": [get(`${configMaps}?watch=true&labelSelector=%3D%3D`)],
  "by a wrong field selector": [get(`${configMaps}?watch=true&fieldSelector=data%3Da`)],
  "of deletions that wait": [
    named("list", get(widgets)),
    watch("w", `${widgets}?watch=true&resourceVersion={list.metadata.resourceVersion}`),
    post(widgets, widget("a", {}, { finalizers: ["example.com/wait"] })),
    remove(`${widgets}/a`),
    patch("merge", `${widgets}/a`, { metadata: { finalizers: null } }),
    events("w", 3),
  ],
  "of writes that change nothing": [
    post(configMaps, configMap("a")),
    named("list", here),
    watch("w", `${configMaps}?watch=true&resourceVersion={list.metadata.resourceVersion}`),
    patch("merge", `${configMaps}/a`, { data: { a: "1" } }),
    patch("merge", `${configMaps}/a?dryRun=All`, { data: { a: "2" } }),
    patch("merge", `${configMaps}/a`, { data: { a: "3" } }),
    events("w", 1),
  ],
  "of a deleted collection": [
    post(configMaps, configMap("a")),
    post(configMaps, configMap("b")),
    named("list", here),
    watch("w", `${configMaps}?watch=true&resourceVersion={list.metadata.resourceVersion}`),
    remove(configMaps),
    post(configMaps, configMap("c")),
    events("w", 3),
  ],
  "ends after its time": [
    post(configMaps, configMap("a")),
    watch("w", `${configMaps}?watch=true&timeoutSeconds=5`),
    end("w"),
  ],
  "with a time that is none": [get(`${configMaps}?watch=true&timeoutSeconds=soon`)],
  "tells bookmarks before it ends": [
    post(configMaps, configMap("a")),
    watch("w", `${configMaps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=5&resourceVersion=0`),
    end("w"),
  ],
  "with a match of revisions": [
    get(`${configMaps}?watch=true&timeoutSeconds=5&resourceVersion=1&resourceVersionMatch=NotOlderThan`),
    get(`${configMaps}?watch=true&timeoutSeconds=5&resourceVersionMatch=Exact`),
  ],
  "of a namespace that is not there": [
    watch("w", "/api/v1/namespaces/nowhere/configmaps?watch=true&timeoutSeconds=5"),
    end("w"),
  ],
  "across namespaces": [
    named("list", get("/api/v1/configmaps?labelSelector=of%3D$ns")),
    watch("w", "/api/v1/configmaps?watch=true&labelSelector=of%3D$ns&resourceVersion={list.metadata.resourceVersion}"),
    post(configMaps, configMap("a", {}, { labels: { of: "$ns" } })),
    events("w", 1),
  ],
  "of a namespace that is deleted": [
    named("list", here),
    watch(
      "w",
      "/api/v1/namespaces?watch=true&fieldSelector=metadata.name%3D$ns&resourceVersion={list.metadata.resourceVersion}",
    ),
    remove("/api/v1/namespaces/$ns"),
    events("w", 1),
  ],
});

const forms = area("form of a watch", {
  ...each(
    {
      "a table": "application/json;as=Table;v=v1;g=meta.k8s.io",
      "a table with columns for each event": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
      "metadata only": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
      "the list of metadata": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
      yaml: "application/yaml",
      "json as a stream": "application/json;stream=watch",
      anything: "*/*",
      "what there is none of": "application/odd",
    },
    (accept) => [
      post(configMaps, configMap("a")),
      watch("w", `${configMaps}?watch=true&timeoutSeconds=5`, { accept }),
      end("w"),
      post(widgets, widget("a")),
      watch("v", `${widgets}?watch=true&timeoutSeconds=5`, { accept }),
      end("v"),
    ],
  ),
  "a table with whole objects": [
    post(configMaps, configMap("a")),
    watch("w", `${configMaps}?watch=true&timeoutSeconds=5&includeObject=Object`, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
    }),
    end("w"),
    watch("v", `${configMaps}?watch=true&timeoutSeconds=5&includeObject=None`, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
    }),
    end("v"),
  ],
});

export const watches: readonly Sequence[] = [...kinds, ...content, ...forms];
