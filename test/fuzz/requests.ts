/** Requests to everything that is served, with everything that they may have, all of it odd now and then. */
import fc from "fast-check";
import { getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../../formats/json-object.ts";
import type { Schemas } from "./objects.ts";
import { valueOf } from "./objects.ts";
import { mostly, name, oddText, oddValue, someOf } from "./odd.ts";

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly http2: boolean;
}

/** One kind as discovery has it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly subresources: readonly string[];
  readonly schemas: Schemas;
  readonly schema: unknown;
}

export const namespace = "fuzz";

const systemPaths = [
  ...["/", "/api", "/apis", "/api/v1", "/apis/stowage.dev", "/apis/stowage.dev/v1alpha1", "/version", "/metrics"],
  ...["/healthz", "/livez/ping", "/readyz", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/openapi/v3/apis/x/y"],
];
const accepts = [
  ...["application/json", "application/yaml", "*/*", "", "application/vnd.kubernetes.protobuf", "text/html;q=0"],
  ...["application/json;as=Table;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"],
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v3@v1.0+protobuf",
];
const patchTypes = ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"];
const bodyTypes = ["json", "yaml", "vnd.kubernetes.protobuf", "cbor", "xml"];

/** What a header can carry. */
const headerText = oddText.map((text) => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 2000));
const token = fc
  .record({ v: mostly(fc.constant("meta.k8s.io/v1")), rv: mostly(fc.nat(300)), start: mostly(oddText) })
  .map((value) => Buffer.from(JSON.stringify(value)).toString("base64url"));
const selector = fc.oneof(
  fc.constantFrom("a=b", "a!=b", "a in (b,c)", "!a", "a", "metadata.name=a", "metadata.namespace!=fuzz", "type=Opaque"),
  fc.tuple(oddText, fc.constantFrom("=", "==", "!=", " in ", " notin ", ","), oddText).map((parts) => parts.join("")),
);
const flag = mostly(fc.constantFrom("true", "false", "1", "0", ""), oddText);
const queries: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  labelSelector: selector,
  fieldSelector: selector,
  limit: mostly(fc.nat(5), oddText),
  continue: mostly(token, oddText),
  resourceVersion: mostly(fc.constantFrom("", "0", "1", "100"), fc.constantFrom("10000000", "x")),
  resourceVersionMatch: mostly(fc.constantFrom("Exact", "NotOlderThan"), oddText),
  allowWatchBookmarks: flag,
  sendInitialEvents: flag,
  dryRun: mostly(fc.constant("All"), oddText),
  fieldManager: oddText,
  fieldValidation: mostly(fc.constantFrom("Ignore", "Warn", "Strict"), oddText),
  force: flag,
  propagationPolicy: mostly(fc.constantFrom("Orphan", "Background", "Foreground"), oddText),
  gracePeriodSeconds: mostly(fc.nat(3), oddText),
  orphanDependents: flag,
  pretty: flag,
  timeout: mostly(fc.constantFrom("10s", "1m", "1us", "0", "-1s"), oddText),
  includeObject: mostly(fc.constantFrom("None", "Metadata", "Object"), oddText),
  verbose: flag,
  exclude: oddText,
  hash: oddText,
  [""]: oddText,
};
const query = someOf(queries, 3);

const headers = someOf(
  {
    accept: mostly(fc.constantFrom(...accepts), headerText).map(String),
    "accept-encoding": fc.constantFrom("gzip", "br", "gzip;q=0", "identity"),
    "user-agent": headerText,
    "if-none-match": headerText,
    "impersonate-user": headerText,
    "impersonate-group": mostly(fc.constant("system:masters"), headerText).map(String),
    "impersonate-extra-a": headerText,
    authorization: headerText.map((text) => `Bearer ${text}`),
    "x-remote-user": headerText,
    cookie: headerText,
    range: fc.constantFrom("bytes=0-1", "bytes=-1"),
    "x-large": fc.constantFrom("a".repeat(20_000)),
  },
  2,
).map((all) => {
  // Groups of nobody are refused at once.
  const user = "impersonate-group" in all || "impersonate-extra-a" in all ? { "impersonate-user": "a" } : {};
  return { ...user, ...all };
});

const operation = fc.record(
  {
    op: mostly(fc.constantFrom("add", "remove", "replace", "move", "copy", "test")),
    path: mostly(
      fc.oneof(
        fc.constantFrom(
          "",
          "/metadata/labels/a",
          "/spec",
          "/data/a",
          "/metadata/finalizers/-",
          "/a/-/b",
          "/__proto__/a",
        ),
        fc.array(oddText, { maxLength: 4 }).map((parts) => parts.map((part) => `/${part}`).join("")),
      ),
    ),
    from: mostly(fc.constantFrom("/metadata/labels", "/spec", "/metadata")),
    value: oddValue,
  },
  { requiredKeys: ["op", "path"] },
);

/** A whole object, that says what it is and is called as the path says. */
function objectFor(resource: Resource, called: string): fc.Arbitrary<unknown> {
  const { group, version, kind } = resource;
  const metadata = {
    name: mostly(fc.constant(called)),
    namespace: fc.constant(namespace),
    labels: mostly(fc.dictionary(fc.constantFrom("a", "b", "fuzz"), fc.constantFrom("b", "true"))),
  };
  return fc
    .tuple(
      valueOf(resource.schemas, resource.schema),
      fc.record(metadata, { requiredKeys: ["name"] }),
      valueOf(resource.schemas, getOwn(propertiesOf(resource.schema), "metadata")),
    )
    .map(([value, usual, odd]) => {
      const { conversion: _, ...spec } = isJsonObject(value) && isJsonObject(value["spec"]) ? value["spec"] : {};
      return {
        ...(isJsonObject(value) ? value : {}),
        apiVersion: group === "" ? version : `${group}/${version}`,
        kind,
        ...(isJsonObject(value) && value["spec"] !== undefined ? { spec } : {}),
        // Finalizers would keep objects for good; a resourceVersion has no place in a new object.
        metadata: {
          ...(isJsonObject(odd) ? { ...odd, finalizers: undefined, resourceVersion: undefined } : {}),
          ...usual,
        },
      };
    });
}

const propertiesOf = (schema: unknown): JsonObject => {
  const properties = isJsonObject(schema) ? schema["properties"] : undefined;
  return isJsonObject(properties) ? properties : {};
};

interface Body {
  readonly type: string;
  readonly bytes: Buffer;
}

const jsonBody =
  (type: string) =>
  (value: unknown): Body => ({
    type: `application/${type}`,
    bytes: Buffer.from(JSON.stringify(value)),
  });
const anyBody: fc.Arbitrary<Body> = fc.oneof(
  oddValue.map(jsonBody("json")),
  fc.record({
    type: fc.constantFrom(...bodyTypes, ...patchTypes).map((type) => `application/${type}`),
    bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => ({
    type: "application/vnd.kubernetes.protobuf",
    bytes: Buffer.concat([Buffer.from("k8s\0"), bytes]),
  })),
  oddText.map((text) => ({
    type: "application/yaml",
    bytes: Buffer.from(`a: ${text}\nb: [${text}, *x, &y ${text}]\n`),
  })),
);

function bodyFor(method: string, resource: Resource, called: string): fc.Arbitrary<Body | undefined> {
  const whole = objectFor(resource, called);
  const usual =
    method === "PATCH"
      ? fc.oneof(
          fc.array(operation, { maxLength: 4 }).map(jsonBody("json-patch+json")),
          whole.map(jsonBody("merge-patch+json")),
          whole.map(jsonBody("strategic-merge-patch+json")),
          whole.map(jsonBody("apply-patch+yaml")),
        )
      : method === "DELETE"
        ? fc
            .record(
              {
                propagationPolicy: mostly(fc.constantFrom("Background", "Foreground", "Orphan")),
                preconditions: mostly(fc.record({ uid: oddText }, { requiredKeys: [] })),
                dryRun: mostly(fc.constant(["All"])),
                gracePeriodSeconds: oddValue,
              },
              { requiredKeys: [] },
            )
            .map(jsonBody("json"))
        : whole.map(jsonBody("json"));
  return fc.oneof(
    { weight: 10, arbitrary: usual },
    { weight: 1, arbitrary: anyBody },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

function pathOf({ group, version, plural, namespaced }: Resource, called: string | undefined, below: string): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const place = namespaced ? `/namespaces/${namespace}` : "";
  return `${root}${place}/${plural}${called === undefined ? "" : `/${encodeURIComponent(called)}`}${below}`;
}

/** What may be asked for with one value or several, in any order. */
function withQuery(path: string, values: JsonObject, more: Readonly<Record<string, string>>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) search.append(key, wellFormed(value));
  for (const [key, value] of Object.entries(more)) search.set(key, value);
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** Lone surrogates have no place in a URL. */
const wellFormed = (value: unknown): string =>
  typeof value === "string" ? value.toWellFormed() : JSON.stringify(value);

/** Requests about one kind. */
function about(resource: Resource): fc.Arbitrary<FuzzRequest> {
  const verbs = ["GET", "GET", "POST", "POST", "POST", "PUT", "PUT", "PATCH", "PATCH", "PATCH", "DELETE"];
  const method = mostly(fc.constantFrom(...verbs), fc.constantFrom("HEAD", "OPTIONS")).map(String);
  const called = mostly(name, oddText).map(wellFormed);
  const below = mostly(
    fc.constantFrom("", ...resource.subresources.map((one) => `/${one}`)),
    oddText.map((text) => `/${encodeURIComponent(text.toWellFormed())}`),
  ).map(String);
  return fc
    .record({
      method,
      called,
      below,
      single: fc.boolean(),
      watch: fc.nat(9).map((n) => n === 0),
      query,
      headers,
      http2: fc.boolean(),
    })
    .chain(({ method: verb, called: one, below: sub, single, watch, query: values, headers: sent, http2 }) => {
      const collection = verb === "POST" ? sub !== "/token" : verb !== "PUT" && verb !== "PATCH" && !single;
      const more = {
        ...(verb === "GET" && watch ? { watch: "true", timeoutSeconds: "1" } : {}),
        // What is not ours stays: the kinds that the server itself needs, and the other namespaces.
        ...(verb === "DELETE" && collection && !resource.namespaced ? { labelSelector: "fuzz=true" } : {}),
        // A webhook that nobody answers fails every write with 500, upstream as well.
        ...(resource.group === "admissionregistration.k8s.io" && verb !== "GET" ? { dryRun: "All" } : {}),
      };
      const body = ["GET", "HEAD", "OPTIONS"].includes(verb) ? fc.constant(undefined) : bodyFor(verb, resource, one);
      return body.map((content): FuzzRequest => ({
        method: verb,
        path: withQuery(pathOf(resource, collection ? undefined : one, collection ? "" : sub), values, more),
        headers: { ...(content === undefined ? {} : { "content-type": content.type }), ...sent },
        body: content?.bytes,
        http2,
      }));
    });
}

/** Requests about anything, or nothing. */
const elsewhere: fc.Arbitrary<FuzzRequest> = fc
  .record({
    method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"),
    path: fc.oneof(
      fc.constantFrom(...systemPaths),
      fc
        .array(fc.oneof(fc.constantFrom("api", "apis", "v1", "namespaces", "openapi", "v3", "stowage.dev"), oddText), {
          maxLength: 6,
        })
        .map((parts) => `/${parts.map((part) => encodeURIComponent(part.toWellFormed())).join("/")}`),
    ),
    query,
    headers,
    body: anyBody,
    http2: fc.boolean(),
  })
  .map(({ method, path, query: values, headers: sent, body, http2 }) => {
    const bodiless = ["GET", "HEAD", "TRACE"].includes(method);
    return {
      method,
      path: withQuery(path, values, {}),
      headers: { ...(bodiless ? {} : { "content-type": body.type }), ...sent },
      body: bodiless ? undefined : body.bytes,
      http2,
    };
  });

export function requestsTo(resources: readonly Resource[]): fc.Arbitrary<FuzzRequest> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...resources).chain(about) },
    { weight: 1, arbitrary: elsewhere },
  );
}
