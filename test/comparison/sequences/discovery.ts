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

/** Without descriptions, and parameters by their names: what clients go by. */
function operation(body: Body, path: string, method: string): unknown {
  const found = pathsOf(body)[path]?.[method] as Readonly<Record<string, unknown>> | undefined;
  if (found === undefined) return "none";
  const { "x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind } = found;
  return { action, kind, operationId: found["operationId"] };
}

function propertiesOf(body: Body, name: string): readonly string[] {
  const schema = definitionsOf(body)[name] as { readonly properties?: object } | undefined;
  return Object.keys(schema?.properties ?? {}).toSorted();
}

const openApi = area("OpenAPI v2", {
  "the operations of a built-in kind": [
    only(get("/openapi/v2"), (body) => operation(body, "/api/v1/namespaces/{namespace}/configmaps/{name}", "patch")),
    only(get("/openapi/v2"), (body) => operation(body, "/api/v1/namespaces/{namespace}/configmaps", "get")),
  ],
  "the schema of a built-in kind": [
    only(get("/openapi/v2"), (body) => propertiesOf(body, "io.k8s.api.core.v1.ConfigMap")),
    only(
      get("/openapi/v2"),
      (body) => definitionsOf(body)["io.k8s.api.core.v1.ConfigMap"]?.["x-kubernetes-group-version-kind"],
    ),
  ],
  "the schema of metadata": [
    only(get("/openapi/v2"), (body) =>
      // Gone since 1.24.
      propertiesOf(body, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").filter((name) => name !== "clusterName"),
    ),
  ],
});

export const discovery: readonly Sequence[] = [...legacy, ...openApi];
