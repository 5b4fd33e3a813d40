/**
 * Every operation of every kind: what both versions of OpenAPI describe.
 * Source of the names and parameters: apiserver/pkg/endpoints/installer.go.
 */
import { apiVersionOf } from "../../crds/meta.ts";
import { schemaPrefix } from "../discovery/builtin-groups.ts";
import { subresourcesOf } from "../discovery/versions.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { metaName } from "./meta-schemas.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly type: "string" | "integer" | "boolean";
  readonly description: string;
}

export interface Operation {
  readonly path: string;
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** x-kubernetes-action. */
  readonly action: string;
  readonly id: string;
  readonly description: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly parameters: readonly Parameter[];
  /** Media types of the body and the name of its schema; undefined when there is none. */
  readonly body: { readonly consumes: readonly string[]; readonly schema: string } | undefined;
  /** Name of the schema of the answer. */
  readonly answer: string;
}

const parameter = (name: string, type: Parameter["type"], description: string): Parameter => ({
  name,
  in: "query",
  type,
  description,
});

const pretty = parameter("pretty", "string", "If 'true', then the output is pretty printed.");
const dryRun = parameter("dryRun", "string", "All: everything is done but persisting the result.");
const fieldManager = parameter(
  "fieldManager",
  "string",
  "The name of whoever makes these changes; at most 128 characters.",
);
const fieldValidation = parameter(
  "fieldValidation",
  "string",
  "What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.",
);
const force = parameter("force", "boolean", "Apply requests only: take over fields that others manage.");
const writing: readonly Parameter[] = [pretty, dryRun, fieldManager, fieldValidation];
const deleting: readonly Parameter[] = [
  pretty,
  dryRun,
  parameter("gracePeriodSeconds", "integer", "Seconds before the object is deleted."),
  parameter("propagationPolicy", "string", "What happens to dependents: Orphan, Background or Foreground."),
];
const listing: readonly Parameter[] = [
  pretty,
  parameter("labelSelector", "string", "Only objects with these labels; everything when empty."),
  parameter("fieldSelector", "string", "Only objects with these fields; everything when empty."),
  parameter("limit", "integer", "At most this many objects; the answer says how to get the next ones."),
  parameter("continue", "string", "Where the next page begins, as the page before said it."),
  parameter("resourceVersion", "string", "How new the state must be; see resourceVersionMatch."),
  parameter("resourceVersionMatch", "string", "Exact or NotOlderThan."),
  parameter("timeoutSeconds", "integer", "Ends a list or watch after this time."),
  parameter("watch", "boolean", "Watch for changes and return them as a stream."),
  parameter("allowWatchBookmarks", "boolean", "Events of type BOOKMARK tell how far the watch has come."),
  parameter("sendInitialEvents", "boolean", "A watch begins with the objects that are there."),
];
const inPath = (name: string, description: string): Parameter => ({ name, in: "path", type: "string", description });

const json: readonly string[] = ["application/json", "application/yaml"];

/** Media types that PATCH takes for a kind. */
export function patchTypes({ mergeKeys }: ResourceDefinition): readonly string[] {
  return [
    "application/json-patch+json",
    "application/merge-patch+json",
    ...(mergeKeys === undefined ? [] : ["application/strategic-merge-patch+json"]),
    "application/apply-patch+yaml",
  ];
}

/** The name of a kind's schema, as kube-openapi has it. */
export function schemaName({ group, version, kind }: Pick<ResourceDefinition, "group" | "version" | "kind">): string {
  return `${schemaPrefix(group)}.${version}.${kind}`;
}

/** The name of the schema of a list of a kind. */
export function listSchemaName({ group, version, listKind }: ResourceDefinition): string {
  return schemaName({ group, version, kind: listKind });
}

/** The path of a group and version: api/v1, apis/stowage.dev/v1alpha1. */
export function groupVersionPath(type: Pick<ResourceDefinition, "group" | "version">): string {
  return `${type.group === "" ? "api" : "apis"}/${apiVersionOf(type)}`;
}

interface Shape {
  readonly method: Operation["method"];
  readonly action: string;
  /** Begins the operation's id and its description. */
  readonly says: readonly [id: string, text: string];
  readonly parameters: readonly Parameter[];
  readonly body?: "object" | "patch" | "delete";
  readonly answer: "object" | "list" | "status";
}

const create: Shape = {
  method: "post",
  action: "post",
  says: ["create", "create a"],
  parameters: writing,
  body: "object",
  answer: "object",
};

const collection: Readonly<Record<string, Shape>> = {
  list: {
    method: "get",
    action: "list",
    says: ["list", "list or watch objects of kind"],
    parameters: listing,
    answer: "list",
  },
  create,
  deletecollection: {
    method: "delete",
    action: "deletecollection",
    says: ["deleteCollection", "delete collection of"],
    parameters: [...listing, ...deleting.slice(1)],
    body: "delete",
    answer: "status",
  },
};

const single: Readonly<Record<string, Shape>> = {
  get: { method: "get", action: "get", says: ["read", "read the specified"], parameters: [pretty], answer: "object" },
  update: {
    method: "put",
    action: "put",
    says: ["replace", "replace the specified"],
    parameters: writing,
    body: "object",
    answer: "object",
  },
  patch: {
    method: "patch",
    action: "patch",
    says: ["patch", "partially update the specified"],
    parameters: [...writing, force],
    body: "patch",
    answer: "object",
  },
  delete: {
    method: "delete",
    action: "delete",
    says: ["delete", "delete a"],
    parameters: deleting,
    body: "delete",
    answer: "status",
  },
};

export function operationsOf(definition: ResourceDefinition): readonly Operation[] {
  const { plural, namespaced, verbs } = definition;
  const root = `/${groupVersionPath(definition)}`;
  const base = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const item = `${base}/{name}`;
  return [
    ...shapes(collection, verbs).map((shape) => operation(definition, base, shape, "")),
    ...(namespaced
      ? shapes(
          collection,
          verbs.filter((verb) => verb === "list"),
        )
      : []
    ).map((shape) => operation(definition, `${root}/${plural}`, shape, "ForAllNamespaces")),
    ...shapes(single, verbs).map((shape) => operation(definition, item, shape, "")),
    ...subresourcesOf(definition).flatMap(([name, { verbs: below, kind }]) =>
      [...shapes({ create }, below), ...shapes(single, below)].map((shape) =>
        operation(definition, `${item}/${name}`, shape, capital(name), kind),
      ),
    ),
  ];
}

function shapes(all: Readonly<Record<string, Shape>>, verbs: readonly string[]): readonly Shape[] {
  return Object.entries(all).flatMap(([verb, shape]) => (verbs.includes(verb) ? [shape] : []));
}

/** `about` is what is read and written there: the kind itself, but for some subresources. */
function operation(
  definition: ResourceDefinition,
  path: string,
  shape: Shape,
  suffix: string,
  about: Operation["kind"] = definition,
): Operation {
  const { group, version, kind } = definition;
  const scope = path.includes("{namespace}") ? "Namespaced" : "";
  const groupName = capital(group === "" ? "core" : (group.split(".")[0] ?? ""));
  return {
    path,
    method: shape.method,
    action: shape.action,
    id: `${shape.says[0]}${groupName}${capital(version)}${scope}${kind}${suffix}`,
    description: `${shape.says[1]} ${kind}`,
    kind: { group: about.group, version: about.version, kind: about.kind },
    parameters: [...pathParameters(path, kind), ...shape.parameters],
    body: bodyOf(definition, shape, about),
    answer: { object: schemaName(about), list: listSchemaName(definition), status: metaName("Status") }[shape.answer],
  };
}

function pathParameters(path: string, kind: string): readonly Parameter[] {
  return [
    ...(path.includes("{name}") ? [inPath("name", `name of the ${kind}`)] : []),
    ...(path.includes("{namespace}")
      ? [inPath("namespace", "object name and auth scope, such as for teams and projects")]
      : []),
  ];
}

function bodyOf(definition: ResourceDefinition, shape: Shape, about: Operation["kind"]): Operation["body"] {
  switch (shape.body) {
    case undefined:
      return undefined;
    case "object":
      return { consumes: json, schema: schemaName(about) };
    case "patch":
      return { consumes: patchTypes(definition), schema: metaName("Patch") };
    case "delete":
      return { consumes: json, schema: metaName("DeleteOptions") };
  }
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** The extensions that tell a client which kind an operation is about. */
export function extensions({ action, kind }: Operation): JsonObject {
  return { "x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind };
}

/** The paths of a document, each with its operations as `render` writes them. */
export function pathsOf(operations: readonly Operation[], render: (operation: Operation) => JsonObject): JsonObject {
  const byPath = [...Map.groupBy(operations, ({ path }) => path)];
  return Object.fromEntries(
    byPath.map(([path, members]) => [
      path,
      Object.fromEntries(members.map((operation) => [operation.method, render(operation)])),
    ]),
  );
}
