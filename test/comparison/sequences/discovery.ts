/** Discovery and OpenAPI, for what both servers have. */
import { area, each, get, only } from "../sequence.ts";
import type { Body, Sequence } from "../sequence.ts";
import { builtIns } from "./paths.ts";

interface Resource extends Body {
  readonly name: string;
}

const resourcesCalled =
  (plural: string) =>
  (body: Body): unknown =>
    (body["resources"] as readonly Resource[])
      .filter(({ name }) => name.split("/")[0] === plural)
      .map((resource) => ({ ...resource, verbs: (resource["verbs"] as readonly string[]).toSorted() }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));

const legacy = area("discovery", {
  ...each(
    Object.fromEntries(builtIns.map((kind) => [`${kind.kind} ${kind.apiVersion}`, kind])),
    ({ apiVersion, path }) => [
      only(
        get(apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`),
        resourcesCalled(path.slice(path.lastIndexOf("/") + 1)),
      ),
    ],
  ),
  "of namespaces": [only(get("/api/v1"), resourcesCalled("namespaces"))],
  "of definitions": [
    get("/apis/apiextensions.k8s.io"),
    only(get("/apis/apiextensions.k8s.io/v1"), resourcesCalled("customresourcedefinitions")),
  ],
  "of reviews": [
    only(get("/apis/authorization.k8s.io/v1"), (body) => resourcesCalled("selfsubjectaccessreviews")(body)),
    only(get("/apis/authentication.k8s.io/v1"), resourcesCalled("tokenreviews")),
  ],
  "of custom kinds": [
    get("/apis/fixtures.example.com"),
    only(get("/apis/fixtures.example.com/v1"), resourcesCalled("widgets")),
    only(get("/apis/fixtures.example.com/v1"), resourcesCalled("samples")),
    only(get("/apis/fixtures.example.com/v1beta1"), resourcesCalled("gauges")),
  ],
  "of the core group": [only(get("/api"), ({ kind, versions }) => ({ kind, versions }))],
  "of a custom group among all": [
    only(get("/apis"), ({ groups }) =>
      (groups as readonly Resource[]).filter(({ name }) => name === "fixtures.example.com"),
    ),
  ],
});

const pathsOf = (body: Body): Readonly<Record<string, Body>> => body["paths"] as Readonly<Record<string, Body>>;
const definitionsOf = (body: Body): Readonly<Record<string, Body>> =>
  body["definitions"] as Readonly<Record<string, Body>>;
const widgets = "/apis/fixtures.example.com/v1/namespaces/{namespace}/widgets";

const openApi = area("OpenAPI v2", {
  "the schema of a custom kind": [
    only(get("/openapi/v2"), (body) => definitionsOf(body)["com.example.fixtures.v1.Widget"]),
  ],
  "the schema of a list of a custom kind": [
    only(get("/openapi/v2"), (body) => definitionsOf(body)["com.example.fixtures.v1.WidgetList"]),
  ],
  ...each(
    { "": "", "/{name}": "/{name}", "/{name}/status": "/{name}/status", "/{name}/scale": "/{name}/scale" },
    (below) => [
      only(get("/openapi/v2"), (body) => Object.keys(pathsOf(body)[`${widgets}${below}`] ?? {}).toSorted()),
      only(get("/openapi/v2"), (body) => pathsOf(body)[`${widgets}${below}`]?.["get"]),
      only(get("/openapi/v2"), (body) => pathsOf(body)[`${widgets}${below}`]?.["patch"]),
      only(get("/openapi/v2"), (body) => pathsOf(body)[`${widgets}${below}`]?.["put"]),
      only(get("/openapi/v2"), (body) => pathsOf(body)[`${widgets}${below}`]?.["post"]),
      only(get("/openapi/v2"), (body) => pathsOf(body)[`${widgets}${below}`]?.["delete"]),
    ],
  ),
  "the operations of a built-in kind": [
    only(get("/openapi/v2"), (body) => pathsOf(body)["/api/v1/namespaces/{namespace}/configmaps/{name}"]?.["patch"]),
    only(get("/openapi/v2"), (body) => pathsOf(body)["/api/v1/namespaces/{namespace}/configmaps"]?.["get"]),
  ],
  "the schema of a built-in kind": [
    only(get("/openapi/v2"), (body) =>
      Object.keys(definitionsOf(body)["io.k8s.api.core.v1.ConfigMap"]?.["properties"] as object),
    ),
    only(
      get("/openapi/v2"),
      (body) => definitionsOf(body)["io.k8s.api.core.v1.ConfigMap"]?.["x-kubernetes-group-version-kind"],
    ),
  ],
  "the schema of metadata": [
    only(get("/openapi/v2"), (body) =>
      Object.keys(
        definitionsOf(body)["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]?.["properties"] as object,
      ).toSorted(),
    ),
  ],
});

export const discovery: readonly Sequence[] = [...legacy, ...openApi];
