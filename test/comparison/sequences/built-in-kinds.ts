/** What every built-in kind does alike, for each of them. */
import { area, changed, each, get, named, patch, post, put, remove } from "../sequence.ts";
import type { Sequence } from "../sequence.ts";
import { builtIns, objectOf } from "./paths.ts";

const byKind = Object.fromEntries(builtIns.map((kind) => [`${kind.kind} ${kind.apiVersion}`, kind]));
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

const life = area(
  "life of a built-in object",
  each(byKind, (kind) => [
    named("created", post(kind.path, objectOf(kind, { labels: { of: "$ns" } }))),
    post(kind.path, objectOf(kind)),
    get(`${kind.path}/${kind.name}`),
    get(`${kind.path}?labelSelector=of%3D$ns`),
    get(`${kind.path}?labelSelector=of%3D$ns`, { accept: table }),
    get(`${kind.path}/${kind.name}`, { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" }),
    put(`${kind.path}/${kind.name}`, changed("created", { ...kind.change, metadata: { labels: { added: "yes" } } })),
    put(`${kind.path}/${kind.name}`, changed("created", kind.change)),
    remove(`${kind.path}/${kind.name}`),
    get(`${kind.path}/${kind.name}`),
    remove(`${kind.path}/${kind.name}`),
  ]),
);

const patches = area(
  "patches of a built-in object",
  each(byKind, (kind) => [
    post(kind.path, objectOf(kind)),
    patch("merge", `${kind.path}/${kind.name}`, { metadata: { annotations: { by: "merge" } }, ...kind.change }),
    patch("strategic", `${kind.path}/${kind.name}`, { metadata: { annotations: { by: "strategic" } } }),
    patch("json", `${kind.path}/${kind.name}`, [{ op: "add", path: "/metadata/annotations/and", value: "json" }]),
    patch("merge", `${kind.path}/${kind.name}`, {}),
    remove(`${kind.path}/${kind.name}`),
  ]),
);

const refusals = area(
  "refusals of a built-in object",
  each(byKind, (kind) => [
    post(kind.path, { ...objectOf(kind), metadata: {} }),
    post(kind.path, { ...objectOf(kind), metadata: { name: "not/a/name" } }),
    post(kind.path, { ...objectOf(kind), kind: "Wrong" }),
    post(kind.path, { ...objectOf(kind), apiVersion: "wrong/v1" }),
    post(kind.path, objectOf(kind, { namespace: "elsewhere" })),
    put(`${kind.path}/missing`, objectOf(kind)),
    put(`${kind.path}/missing`, { ...objectOf(kind), metadata: { name: "missing" } }),
    patch("merge", `${kind.path}/missing2`, {}),
    get(`${kind.path}/missing`),
    remove(`${kind.path}/missing`),
    remove(`${kind.path}/missing2`),
  ]),
);

export const builtInKinds: readonly Sequence[] = [...life, ...patches, ...refusals];
