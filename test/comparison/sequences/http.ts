/** Paths, methods, media types and bodies. */
import { area, each, get, only, patch, post, put, remove, send } from "../sequence.ts";
import type { Sequence } from "../sequence.ts";
import { configMap, configMaps, sample, samples, secrets, widget, widgets } from "./paths.ts";

const g = "g=meta.k8s.io";
const accepts: readonly string[] = [
  ...["application/json", "application/yaml", "*/*", "application/*", "text/html", "application/xml", "image/png, */*"],
  ...[
    "application/json;q=0.1,application/yaml;q=0.9",
    "application/json;q=0",
    "text/plain;q=0.5,application/json;q=0.1",
  ],
  ...[`application/json;as=Table;v=v1;${g}`, `application/json;as=Table;v=v1beta1;${g},application/json`],
  ...[`application/json;as=Table;v=v9;${g}`, `application/json;as=Table;v=v9;${g},application/json`],
  ...[
    "application/json;as=Table",
    `application/json;as=PartialObjectMetadata;v=v1;${g}`,
    `application/yaml;as=Table;v=v1;${g}`,
  ],
  ...[`application/json;as=PartialObjectMetadataList;v=v1;${g}`, `application/json;as=Odd;v=v1;${g}`],
  ...[
    "application/json;pretty=1",
    "application/json;charset=utf-8",
    "application/vnd.kubernetes.protobuf, application/json",
  ],
  ...["application/json;profile=odd", "", ",", "odd", "application/json, odd", "application/yaml;q=odd", "text/*"],
];

const negotiation = area(
  "Accept",
  each(Object.fromEntries(accepts.map((accept) => [`"${accept}"`, accept])), (accept) => [
    post(configMaps, configMap("a")),
    get(`${configMaps}/a`, { accept }),
    get(configMaps, { accept }),
    get(`${configMaps}/missing`, { accept }),
    post(widgets, widget("a", { size: 1, ports: [{ port: 80, name: "web" }] })),
    get(`${widgets}/a`, { accept }),
    get(widgets, { accept }),
    send("POST", configMaps, configMap("b"), { accept }),
    send("DELETE", `${configMaps}/b`, undefined, { accept }),
    only(get("/api/v1", { accept }), (body) => body["kind"]),
    only(get("/version", { accept }), () => ""),
  ]),
);

const tables = area("tables", {
  ...each({ None: "None", Metadata: "Metadata", Object: "Object", Odd: "Odd" }, (include) => [
    post(widgets, widget("a", { size: 1, when: "2020-01-01T00:00:00Z", ports: [{ port: 80, name: "web" }] })),
    post(widgets, widget("b", {})),
    get(`${widgets}?includeObject=${include}`, { accept: `application/json;as=Table;v=v1;${g}` }),
    get(`${widgets}/a?includeObject=${include}`, { accept: `application/json;as=Table;v=v1;${g}` }),
  ]),
  "of kinds without columns of their own": [
    post(samples, sample({})),
    get(samples, { accept: `application/json;as=Table;v=v1;${g}` }),
  ],
  "of nothing": [
    get(configMaps, { accept: `application/json;as=Table;v=v1;${g}` }),
    get(widgets, { accept: `application/json;as=Table;v=v1;${g}` }),
    get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.fixtures.example.com", {
      accept: `application/json;as=Table;v=v1;${g}`,
    }),
    get("/api/v1/namespaces/$ns", { accept: `application/json;as=Table;v=v1;${g}` }),
  ],
  "of v1beta1": [
    post(widgets, widget("a", { size: 1 })),
    get(widgets, { accept: `application/json;as=Table;v=v1beta1;${g}` }),
  ],
});

const json = JSON.stringify(configMap("a"));
const yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: '1'\n";
const bodies = area("bodies", {
  ...each<readonly [type: string, body: string]>(
    {
      JSON: ["application/json", json],
      "JSON with a character set": ["application/json; charset=utf-8", json],
      "JSON in capitals": ["APPLICATION/JSON", json],
      YAML: ["application/yaml", yaml],
      "JSON as YAML": ["application/yaml", json],
      "YAML as JSON": ["application/json", yaml],
      "no type": ["", json],
      "a type that is none": ["odd", json],
      text: ["text/plain", json],
      XML: ["application/xml", "<a/>"],
      "a form": ["application/x-www-form-urlencoded", "a=b"],
      "protobuf that is none": ["application/vnd.kubernetes.protobuf", "k8s\0odd"],
      "the type of a patch": ["application/merge-patch+json", json],
      "two documents of YAML": ["application/yaml", `${yaml}---\n${yaml}`],
      "YAML with a wrong indent": ["application/yaml", "a:\n b: 1\n  c: 2\n"],
      "YAML with a tab": ["application/yaml", "a:\n\tb: 1\n"],
      "YAML with a key twice": ["application/yaml", `${yaml}data: {}\n`],
      "YAML with an anchor": [
        "application/yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: &x '1', y: *x}\n",
      ],
      "YAML with numbers and words as text": [
        "application/yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: yes, b: 1}\n",
      ],
      "empty YAML": ["application/yaml", ""],
      "empty JSON": ["application/json", ""],
      "white space": ["application/json", "  \n "],
      null: ["application/json", "null"],
      "a list": ["application/json", "[]"],
      "text in JSON": ["application/json", '"a"'],
      "JSON cut off": ["application/json", json.slice(0, 20)],
      "JSON with more behind it": ["application/json", `${json} x`],
      "JSON with a comma too many": ["application/json", '{"kind":"ConfigMap",}'],
      "JSON with a control character": [
        "application/json",
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"\t"}}',
      ],
      "JSON with half of a pair": [
        "application/json",
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"\\ud800"}}',
      ],
      "JSON that is very deep": ["application/json", `${"[".repeat(20_000)}${"]".repeat(20_000)}`],
      "a byte order mark": ["application/json", `\ufeff${json}`],
      "another kind": ["application/json", json.replace("ConfigMap", "Secret")],
      "an unknown kind": ["application/json", json.replace("ConfigMap", "Odd")],
      "another version": ["application/json", json.replace('"v1"', '"v2"')],
      "another group": ["application/json", json.replace('"v1"', '"odd.example.com/v1"')],
      "an odd apiVersion": ["application/json", json.replace('"v1"', '"a/b/c"')],
      "a kind that is a number": ["application/json", json.replace('"ConfigMap"', "5")],
      "no kind": ["application/json", json.replace('"kind":"ConfigMap",', "")],
      "no apiVersion": ["application/json", json.replace('"apiVersion":"v1",', "")],
      "a list of objects": ["application/json", '{"apiVersion":"v1","kind":"ConfigMapList","items":[]}'],
      "keys in other cases": [
        "application/json",
        '{"APIVERSION":"v1","Kind":"ConfigMap","metadata":{"Name":"a"},"data":{"a":"1"}}',
      ],
      "a key twice": [
        "application/json",
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"},"data":{"b":"2"}}',
      ],
      "__proto__ in it": [
        "application/json",
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"__proto__":"1","constructor":"2"}}',
      ],
    },
    ([type, body]) => [send("POST", configMaps, body, { "content-type": type }), get(`${configMaps}/a`)],
  ),
  ...each<readonly [type: string, body: string]>(
    {
      "YAML for a custom kind": [
        "application/yaml",
        "apiVersion: fixtures.example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {size: 1}\n",
      ],
      "no type for a custom kind": ["", JSON.stringify(widget("a"))],
      "text for a custom kind": ["text/plain", JSON.stringify(widget("a"))],
      "protobuf for a custom kind": ["application/vnd.kubernetes.protobuf", "k8s\0odd"],
      "an empty body for a custom kind": ["application/json", ""],
      "JSON cut off for a custom kind": ["application/json", '{"kind":'],
      "empty YAML for a custom kind": ["application/yaml", ""],
    },
    ([type, body]) => [send("POST", widgets, body, { "content-type": type }), get(`${widgets}/a`)],
  ),
  "too large": [
    post(configMaps, configMap("a", { a: "x".repeat(3 * 1024 * 1024) })),
    post(widgets, widget("a", { tags: ["x".repeat(3 * 1024 * 1024)] })),
  ],
  "of an update": [
    post(configMaps, configMap("a")),
    put(`${configMaps}/a`, ""),
    put(`${configMaps}/a`, "{"),
    put(`${configMaps}/a`, []),
    put(`${configMaps}/a`, { apiVersion: "v1", kind: "Secret", metadata: { name: "a" } }),
    put(`${configMaps}/a`, {}),
    put(`${configMaps}/a`, { metadata: { name: "a" } }),
    send("PUT", `${configMaps}/a`, "{}", { "content-type": "text/plain" }),
    post(widgets, widget("a")),
    put(`${widgets}/a`, ""),
    put(`${widgets}/a`, {}),
    put(`${widgets}/a`, { metadata: { name: "a" } }),
    put(`${widgets}/a`, configMap("a")),
  ],
});

const paths: readonly string[] = [
  ...["/", "/api", "/api/", "/apis", "/apis/", "/api/v1", "/api/v2", "/api/v1/odd", "/api/v1/odd/a", "/apis/odd"],
  ...["/apis/odd/v1", "/apis/odd/v1/things"],
  ...["/apis/coordination.k8s.io/v9", "/apis/fixtures.example.com"],
  ...["/apis/fixtures.example.com/v1alpha1", "/apis/fixtures.example.com/v9"],
  ...[
    "/apis/fixtures.example.com/v1/odd",
    "/apis/fixtures.example.com/v1/odd/a",
    "/odd",
    "/healthz",
    "/livez",
    "/readyz",
  ],
  ...[
    "/healthz/ping",
    "/healthz/odd",
    "/readyz/ping",
    "/livez?verbose",
    "/api/v1/namespaces/$ns/odd",
    "/api/v1/namespaces/$ns/configmaps/",
  ],
  ...[
    "/api/v1/namespaces/$ns/configmaps/a/odd",
    "/api/v1/namespaces/$ns/configmaps/a/b/c",
    "/api/v1/namespaces//configmaps",
  ],
  ...[
    "/api/v1/configmaps/a",
    "//api/v1",
    "/api//v1",
    "/api/v1/namespaces/$ns/configmaps/..",
    "/api/v1/namespaces/%20/configmaps",
  ],
  ...[
    "/api/v1/namespaces/$ns/configmaps/%2e%2e",
    "/api/v1/namespaces/$ns/configmaps/a%2fb",
    "/API/v1",
    "/api/v1/ConfigMaps",
  ],
  ...[
    "/api/v1/namespaces/$ns/configmap",
    "/openapi",
    "/openapi/v1",
    "/version/",
    "/swagger.json",
    "/.well-known/openid-configuration",
  ],
  ...[
    "/openid/v1/jwks",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/odd",
    "/api/v1/namespaces/$ns/namespaces",
  ],
  ...[
    "/api/v1/componentstatuses/odd",
    "/apis/fixtures.example.com/v1/namespaces/$ns/widgets/a/odd",
    "/metrics/odd",
    "/logs/odd",
  ],
];

const wholes: readonly string[] = [
  ...["/", "/apis", "/apis/", "/api/v1", "/api/v1/namespaces//configmaps", "//api/v1", "/api//v1"],
];

const odd = area("paths", {
  ...each(Object.fromEntries(paths.map((path) => [path, path])), (path) => [
    // What there is at all is another matter than how an answer looks.
    wholes.includes(path) ? only(get(path), (body) => Object.keys(body)) : get(path),
  ]),
});

const methods = area("methods", {
  ...each(
    {
      "of a collection": configMaps,
      "of an object": `${configMaps}/a`,
      "of a collection of custom objects": widgets,
      "of a custom object": `${widgets}/a`,
      "of an object's status": `${widgets}/a/status`,
      "of all namespaces": "/api/v1/configmaps",
      "of a namespace": "/api/v1/namespaces/missing",
      "of a version": "/api/v1",
      "of a group": "/apis/coordination.k8s.io",
      "of all groups": "/apis/odd",
      "of what is not there": "/api/v1/namespaces/$ns/odd",
    },
    (path) => [
      ...["POST", "PUT", "OPTIONS", "TRACE", "ODD", "HEAD"].map((method) =>
        send(method, path, method === "HEAD" || method === "OPTIONS" || method === "TRACE" ? undefined : {}),
      ),
      send("PATCH", path, {}, { "content-type": "application/merge-patch+json" }),
    ],
  ),
  "that read may not delete what is created through reviews": [
    get("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
    remove("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
    get("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/a"),
  ],
});

const parameters = area("parameters", {
  ...each(
    {
      "a dry run": "dryRun=All",
      "an odd dry run": "dryRun=Some",
      "a dry run twice": "dryRun=All&dryRun=All",
      "an empty dry run": "dryRun=",
      "a manager": "fieldManager=me",
      "a manager that is too long": `fieldManager=${"x".repeat(129)}`,
      "a manager that cannot be printed": "fieldManager=a%0ab",
      "an empty manager": "fieldManager=",
      "an unknown one": "made=up",
      "pretty printing": "pretty=true",
      "a time limit": "timeout=5s",
      "force, which is for apply": "force=true",
      "a propagation, which is for deletion": "propagationPolicy=Orphan",
    },
    (query) => [
      post(`${configMaps}?${query}`, configMap("a")),
      get(`${configMaps}/a`),
      post(secrets, { metadata: { name: "b" } }),
      put(`${secrets}/b?${query}`, { metadata: { name: "b", labels: { a: "b" } } }),
      patch("merge", `${secrets}/b?${query}`, { metadata: { labels: { a: "c" } } }),
      get(`${secrets}/b`),
      post(`${widgets}?${query}`, widget("a")),
      patch("merge", `${widgets}/a?${query}`, { spec: { size: 1 } }),
    ],
  ),
  "a time limit that is none": [
    post(`${configMaps}?timeout=soon`, configMap("a")),
    post(`${widgets}?timeout=soon`, widget("a")),
  ],
  // No more than these: Kubernetes 1.20 gives up at once, and goes on with the write behind the client's back.
  "no time at all": [post(`${configMaps}?timeout=0s`, configMap("a")), post(`${widgets}?timeout=0s`, widget("a"))],
});

const reviews = area("reviews", {
  ...each(
    {
      "of oneself": { spec: { resourceAttributes: { verb: "get", resource: "configmaps", namespace: "$ns" } } },
      "of oneself about a path": { spec: { nonResourceAttributes: { path: "/healthz", verb: "get" } } },
      "of nothing": { spec: {} },
      "of both": { spec: { nonResourceAttributes: { path: "/a" }, resourceAttributes: { verb: "get" } } },
      "without a spec": {},
      "with a name": { metadata: { name: "a" }, spec: { nonResourceAttributes: { path: "/healthz", verb: "get" } } },
    },
    (content) => [
      post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", content),
      post("/apis/authorization.k8s.io/v1/subjectaccessreviews", content),
      post("/apis/authorization.k8s.io/v1/namespaces/$ns/localsubjectaccessreviews", content),
    ],
  ),
  "of the rules of oneself": [
    only(
      post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", { spec: { namespace: "$ns" } }),
      (body) => body["kind"],
    ),
    post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", { spec: {} }),
  ],
  "of another": [
    post("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      spec: { user: "nobody", resourceAttributes: { verb: "get", resource: "configmaps" } },
    }),
    post("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      spec: { user: "a", groups: ["system:masters"], resourceAttributes: { verb: "get", resource: "configmaps" } },
    }),
    post("/apis/authorization.k8s.io/v1/namespaces/$ns/localsubjectaccessreviews", {
      spec: { user: "nobody", resourceAttributes: { verb: "get", resource: "configmaps", namespace: "elsewhere" } },
    }),
  ],
  "of a token": [
    post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token: "odd" } }),
    post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: {} }),
    get("/apis/authentication.k8s.io/v1/tokenreviews"),
  ],
  "tokens of service accounts": [
    post("/api/v1/namespaces/$ns/serviceaccounts", { metadata: { name: "a" } }),
    only(post("/api/v1/namespaces/$ns/serviceaccounts/a/token", { spec: {} }), (body) => body["kind"]),
    post("/api/v1/namespaces/$ns/serviceaccounts/missing/token", { spec: {} }),
    post("/api/v1/namespaces/$ns/serviceaccounts/a/token", { spec: { expirationSeconds: 5 } }),
    post("/api/v1/namespaces/$ns/serviceaccounts/a/token", {
      spec: { boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "no" } },
    }),
    post("/api/v1/namespaces/$ns/serviceaccounts/a/token", {
      spec: { boundObjectRef: { kind: "Odd", apiVersion: "v1", name: "no" } },
    }),
    get("/api/v1/namespaces/$ns/serviceaccounts/a/token"),
  ],
});

export const http: readonly Sequence[] = [
  ...negotiation,
  ...tables,
  ...bodies,
  ...odd,
  ...methods,
  ...parameters,
  ...reviews,
];
