/** Lists: selectors, pages, revisions; and reads of one object. */
import { area, each, get, listAfter, named, only, patch, post, remove, send } from "../sequence.ts";
import type { Body, Sequence } from "../sequence.ts";
import { configMap, configMaps, gauges, widget, widgets } from "./paths.ts";

const metadataOnly = { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" };
const labelled = [
  post(configMaps, configMap("a", {}, { labels: { env: "prod", tier: "1" } })),
  post(configMaps, configMap("b", {}, { labels: { env: "test", tier: "5" } })),
  post(configMaps, configMap("c", {}, { labels: { env: "" } })),
  post(configMaps, configMap("d")),
];

const labelSelectors: readonly string[] = [
  ...["env=prod", "env==prod", "env!=prod", "env", "!env", "env in (prod,test)", "env in ( prod , test )"],
  ...["env notin (prod)", "env in ()", "env in (,prod)", "env in (prod", "env in prod", "tier>1", "tier<5", "tier>x"],
  ...["env=", "env!=", "env=prod,tier=1", "env=prod,,tier=1", ",env=prod", "env=prod,", " env = prod ", "", ",", "!"],
  ...[
    "env prod",
    "=prod",
    "env=prod tier=1",
    "env=a b",
    "-env=a",
    "env=-a",
    "example.com/env=a",
    "a/b/c=d",
    "env=prod)",
  ],
  ...["(env=prod)", "env notin prod", "env===prod", "env=!prod", "!env=prod", "!env,!tier", "in in (in)", "notin=in"],
  ...[
    "env in (a b)",
    "env>1.5",
    "env>-1",
    `env=${"x".repeat(64)}`,
    `${"x".repeat(64)}=a`,
    "env in (prod),tier notin (5)",
  ],
];

const byLabel = area(
  "label selector",
  each(Object.fromEntries(labelSelectors.map((selector) => [`"${selector.slice(0, 40)}"`, selector])), (selector) => {
    const query = `labelSelector=${encodeURIComponent(selector)}`;
    return [...labelled, get(`${configMaps}?${query}`, metadataOnly), get(`${widgets}?${query}`, metadataOnly)];
  }),
);

const fieldSelectors: readonly string[] = [
  ...["metadata.name=a", "metadata.name==a", "metadata.name!=a", "metadata.name=", "metadata.name", "=a", "", ","],
  ...["metadata.namespace=$ns", "metadata.namespace=other", "metadata.name=a,metadata.namespace=$ns", "spec.size=1"],
  ...[
    "metadata.labels.a=b",
    "metadata.name=a,metadata.name=b",
    "metadata.name=a\\,b",
    "metadata.name=a\\b",
    "status.phase=x",
  ],
  ...[
    "metadata.name in (a)",
    "metadata.name>a",
    "metadata.uid=a",
    "type=Opaque",
    "metadata.name=a=b",
    "metadata.name=A_b",
  ],
];

const byField = area(
  "field selector",
  each(Object.fromEntries(fieldSelectors.map((selector) => [`"${selector}"`, selector])), (selector) => {
    const query = `fieldSelector=${selector === "metadata.namespace=$ns" ? selector : encodeURIComponent(selector).replaceAll("%24ns", "$ns")}`;
    return [
      ...labelled,
      get(`${configMaps}?${query}`, metadataOnly),
      post(widgets, widget("a", { size: 1 })),
      get(`${widgets}?${query}`, metadataOnly),
      get(`/api/v1/namespaces?${query}&labelSelector=none`, metadataOnly),
      get(`${gauges}?${query}`, metadataOnly),
    ];
  }),
);

const paging = area("pages", {
  "of one object each": [
    ...labelled,
    named("first", get(`${configMaps}?limit=1`)),
    named("second", get(`${configMaps}?limit=1&continue={first.metadata.continue}`)),
    named("third", get(`${configMaps}?limit=2&continue={second.metadata.continue}`)),
  ],
  "as large as the list": [...labelled, get(`${configMaps}?limit=4`), get(`${configMaps}?limit=5`)],
  "of custom objects": [
    post(widgets, widget("a")),
    post(widgets, widget("b")),
    post(widgets, widget("c")),
    named("first", get(`${widgets}?limit=2`)),
    get(`${widgets}?limit=2&continue={first.metadata.continue}`),
  ],
  "with a selector have no count": [
    ...labelled,
    named("first", get(`${configMaps}?limit=1&labelSelector=env`)),
    named("second", get(`${configMaps}?limit=1&labelSelector=env&continue={first.metadata.continue}`)),
    get(`${configMaps}?limit=1&labelSelector=env&continue={second.metadata.continue}`),
  ],
  "show what was there when the first was read": [
    ...labelled,
    named("first", get(`${configMaps}?limit=2`)),
    remove(`${configMaps}/c`),
    post(configMaps, configMap("e")),
    patch("merge", `${configMaps}/d`, { data: { new: "yes" } }),
    get(`${configMaps}?limit=5&continue={first.metadata.continue}`),
    get(configMaps, metadataOnly),
  ],
  "of no size": [...labelled, get(`${configMaps}?limit=0`, metadataOnly)],
  "of a size that is none": [
    get(`${configMaps}?limit=many`),
    get(`${configMaps}?limit=-1`),
    get(`${configMaps}?limit=1.5`),
  ],
  "continued by what is no token": [
    get(`${configMaps}?limit=1&continue=odd`),
    get(`${configMaps}?limit=1&continue=e30`),
    get(`${configMaps}?limit=1&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi8uLi8ifQ`),
    get(`${configMaps}?continue=`),
  ],
  "continued as of another revision": [
    ...labelled,
    named("first", get(`${configMaps}?limit=1`)),
    get(`${configMaps}?limit=1&continue={first.metadata.continue}&resourceVersion=1`),
    get(`${configMaps}?limit=1&continue={first.metadata.continue}&resourceVersion=0`),
    get(`${configMaps}?limit=1&continue={first.metadata.continue}&resourceVersionMatch=Exact`),
  ],
  "continued in another collection": [
    ...labelled,
    post(widgets, widget("x")),
    named("first", get(`${configMaps}?limit=1`)),
    get(`${widgets}?limit=1&continue={first.metadata.continue}`),
  ],
  "as tables": [
    ...labelled,
    named("first", get(`${configMaps}?limit=3`, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" })),
    get(`${configMaps}?limit=3&continue={first.metadata.continue}`, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
    }),
  ],
  "of metadata": [...labelled, get(`${configMaps}?limit=3`, metadataOnly)],
});

/** kube-apiserver 1.20 lists what its watch cache has in the order of a Go map. */
const inNoOrder = (body: Body): unknown => {
  const { items } = body as { items?: readonly { metadata: { name: string } }[] };
  return items === undefined ? body : items.map(({ metadata }) => metadata.name).toSorted();
};

const afterLast = listAfter("last", configMaps, inNoOrder);

const revisions = area("revisions of a list", {
  ...each(
    {
      "of no particular revision": "resourceVersion=",
      "any there is": "resourceVersion=0",
      "at least an old one": "resourceVersion=1",
      "not older than an old one": "resourceVersion=1&resourceVersionMatch=NotOlderThan",
      "any, said otherwise": "resourceVersion=0&resourceVersionMatch=NotOlderThan",
      "exactly none": "resourceVersion=0&resourceVersionMatch=Exact",
      "a match without a revision": "resourceVersionMatch=Exact",
      "a match that is unknown": "resourceVersion=1&resourceVersionMatch=Roughly",
      "a match that is unknown without a revision": "resourceVersionMatch=Roughly",
      "what is no revision": "resourceVersion=abc",
      "a negative revision": "resourceVersion=-1",
      "what is no revision with a match": "resourceVersion=abc&resourceVersionMatch=Exact",
      "an old one in pages": "resourceVersion=1&limit=1&resourceVersionMatch=NotOlderThan",
      "any in pages": "resourceVersion=0&limit=1",
      "pages at least as new": "limit=1&resourceVersion=1",
    },
    (query) => [
      ...labelled,
      named("last", post(configMaps, configMap("e"))),
      afterLast,
      only(get(`${configMaps}?${query}`, metadataOnly), inNoOrder),
      get(`${widgets}?${query}`, metadataOnly),
    ],
  ),
  "exactly one that there was": [
    named("created", post(configMaps, configMap("a"))),
    named("last", post(configMaps, configMap("b"))),
    afterLast,
    get(`${configMaps}?resourceVersion={created.metadata.resourceVersion}&resourceVersionMatch=Exact`),
    only(
      get(`${configMaps}?resourceVersion={created.metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`),
      inNoOrder,
    ),
    only(get(`${configMaps}?resourceVersion={created.metadata.resourceVersion}`), inNoOrder),
    get(`${configMaps}?resourceVersion={created.metadata.resourceVersion}&limit=1`),
  ],
  "one that has not happened": [
    get(`${configMaps}?resourceVersion=999999999&resourceVersionMatch=Exact`),
    get(`${configMaps}/a?resourceVersion=0`),
  ],
  "of one object": [
    named("created", post(configMaps, configMap("a"))),
    named("last", patch("merge", `${configMaps}/a`, { data: { b: "2" } })),
    afterLast,
    get(`${configMaps}/a?resourceVersion={created.metadata.resourceVersion}`),
    get(`${configMaps}/a?resourceVersion=abc`),
    get(`${configMaps}/a?resourceVersionMatch=Exact`),
    get(`${configMaps}/missing?resourceVersion=1`),
  ],
});

const places = area("lists", {
  "across namespaces": [
    post(configMaps, configMap("a", {}, { labels: { of: "$ns" } })),
    get("/api/v1/configmaps?labelSelector=of%3D$ns"),
    get("/api/v1/configmaps?fieldSelector=metadata.namespace%3D$ns,metadata.name%3Da"),
    get("/apis/fixtures.example.com/v1/widgets?fieldSelector=metadata.namespace%3D$ns"),
  ],
  "that are empty": [get(configMaps), get(widgets), get(`${gauges}?labelSelector=none`)],
  "in the order of names": [
    ...["b", "a", "a.b", "a-b", "ab", "c"].map((name) => post(configMaps, configMap(name))),
    get(configMaps, metadataOnly),
  ],
  "of custom objects carry their kind": [post(widgets, widget("a")), get(widgets)],
  "with parameters that are wrong": [
    get(`${configMaps}?timeoutSeconds=soon`),
    get(`${configMaps}?watch=maybe&timeoutSeconds=1`),
    get(`${configMaps}?allowWatchBookmarks=maybe`),
    get(`${configMaps}?limit=1&limit=2`),
    get(`${configMaps}?made=up`),
    get(`${configMaps}?pretty=true`),
    get(`${configMaps}?%zz`),
  ],
  "asked for by HEAD": [
    post(configMaps, configMap("a")),
    send("HEAD", configMaps),
    send("HEAD", `${configMaps}/a`),
    send("HEAD", `${configMaps}/b`),
  ],
});

export const lists: readonly Sequence[] = [...byLabel, ...byField, ...paging, ...revisions, ...places];
