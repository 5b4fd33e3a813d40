/** From a request for a resource to a verb, and from what it returns to an answer. */
import { groupResource } from "../../crds/meta.ts";
import type { Entry } from "../codec.ts";
import { decodeBody, requireObject } from "../decode.ts";
import { subresourceNamed } from "../discovery/versions.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import type { Registry } from "../resources/registry.ts";
import { scaleDefinition } from "../resources/scale.ts";
import { ApiError, badRequest, notFound } from "../status.ts";
import type { Answerer, Answerers } from "../verbs/answer.ts";
import { answer } from "../verbs/answer.ts";
import { applyType } from "../verbs/apply.ts";
import type { Body } from "../verbs/body.ts";
import type { Connectors } from "../verbs/connect.ts";
import { connect } from "../verbs/connect.ts";
import { create } from "../verbs/create.ts";
import { deleteCollection } from "../verbs/delete-collection.ts";
import { deleteObject } from "../verbs/delete.ts";
import type { Environment, ObjectName, WriteOptions } from "../verbs/environment.ts";
import { get } from "../verbs/get.ts";
import { getScale, patchScale, updateScale } from "../verbs/scale.ts";
import { list } from "../verbs/list.ts";
import type { Patch } from "../verbs/patch.ts";
import { patch } from "../verbs/patch.ts";
import { updateOrCreate } from "../verbs/update-or-create.ts";
import { watch } from "../verbs/watch.ts";
import { notAcceptable, objectForms } from "./accept.ts";
import type { Exchange } from "./exchange.ts";
import { methodNotAllowed, pathNotFound } from "./exchange.ts";
import {
  deleteOptionsOf,
  flagOf,
  integerOf,
  listOptionsOf,
  mediaTypeOf,
  watchOptionsOf,
  writeOptionsOf,
} from "./query.ts";
import type { Metrics, RequestLabels } from "./metrics.ts";
import type { View } from "./render.ts";
import { jsonType, replyEntry, replyJson, replyList, viewOf, WatchRenderer } from "./render.ts";
import type { ResourcePath } from "./route.ts";

export interface ResourceHandlerOptions {
  readonly environment: Environment;
  readonly registry: Registry;
  readonly connectors: Connectors;
  readonly answerers: Answerers;
  readonly metrics: Metrics;
  /** Aborts when the server stops: whatever would go on and on ends. */
  readonly stopping: AbortSignal;
}

/** How long a watch lasts where the client does not say: between one and two times this. Source: MinRequestTimeout. */
const minWatchMs = 30 * 60_000;

/** The verb that a request means, as RBAC and discovery name it. */
export function verbOf(method: string, path: Pick<ResourcePath, "name">, query: URLSearchParams): string {
  const collection = path.name === undefined;
  switch (method) {
    case "GET":
    case "HEAD":
      if (!collection) return "get";
      return flagOf(query, "watch") === true ? "watch" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return collection ? "deletecollection" : "delete";
    default:
      return "";
  }
}

/** A definition that is changed meanwhile does not take the cache away under `work`. */
async function using({ cacher }: Endpoint, work: () => Promise<void>): Promise<void> {
  using _used = cacher.use();
  await work();
}

/**
 * All namespaces at once can be read only: a delete that forgot its namespace takes nothing. Source: for built-in kinds
 * k8s.io/apiserver/pkg/endpoints/installer.go (405), for custom ones possiblyAcrossAllNamespacesVerbs in
 * customresource_handler.go (404).
 */
function checkNotEverywhere({ namespaced, versions }: ResourceDefinition, namespace: string | undefined): void {
  if (namespaced && namespace === undefined) throw versions === undefined ? methodNotAllowed() : pathNotFound();
}

/** What a kind does not take. Source: serveResource and the like in customresource_handler.go, and methodNotAllowed. */
function notSupported({ group, plural, versions }: ResourceDefinition, verb: string): ApiError {
  if (versions === undefined) return methodNotAllowed();
  const what = groupResource({ group, plural });
  return new ApiError("MethodNotAllowed", `${verb} is not supported on resources of kind "${what}"`, {
    group,
    kind: plural,
  });
}

/** Source: serveResource in customresource_handler.go. */
function createWhileTerminating({ group, plural }: ResourceDefinition): ApiError {
  const why = "create not allowed while custom resource definition is terminating";
  return new ApiError("MethodNotAllowed", why, { group, kind: plural });
}

export class ResourceHandler {
  readonly #options: ResourceHandlerOptions;

  constructor(options: ResourceHandlerOptions) {
    this.#options = options;
  }

  /** Throws ApiError. */
  async handle(exchange: Exchange, path: ResourcePath): Promise<void> {
    const { registry } = this.#options;
    const { group, version, plural } = path;
    const endpoint = registry.find(group, version, plural) ?? (await registry.findNewest(group, version, plural));
    if (endpoint === undefined) throw pathNotFound();
    const { definition } = endpoint;
    if (path.namespace !== undefined && !definition.namespaced) throw pathNotFound();
    if (path.subresource !== undefined && !definition.subresources.has(path.subresource))
      throw definition.versions === undefined ? pathNotFound() : notFound(definition, path.name ?? "");
    exchange.labels = labelsOf(exchange, path);
    if (definition.deprecationWarning !== undefined) exchange.warnings.add(definition.deprecationWarning);
    const verb = verbOf(exchange.method, path, exchange.query);
    if (path.subresource !== undefined && !subresourceNamed(path.subresource).verbs.includes(verb))
      throw notSupported(definition, verb);
    const answerer = this.#options.answerers[answererName(definition, path.subresource)];
    if (answerer !== undefined) return this.#answer(exchange, answerer, path);
    if (path.name === undefined) {
      const watched = exchange.method === "GET" && flagOf(exchange.query, "watch") === true;
      if (watched) return this.#watch(exchange, endpoint, path.namespace, this.#view(exchange));
      return using(endpoint, () => this.#collection(exchange, endpoint, path.namespace));
    }
    // One object of a namespaced kind has a place only below its namespace.
    if (definition.namespaced && path.namespace === undefined) throw pathNotFound();
    checkName(path.name);
    const name = { namespace: path.namespace, name: path.name };
    const connector = this.#options.connectors[`${groupResource(definition)}/${path.subresource ?? ""}`];
    if (connector !== undefined && path.subresource !== undefined) {
      if (exchange.method !== "GET") throw methodNotAllowed();
      const stream = (signal: AbortSignal) => connect(endpoint, name, connector, exchange.query, signal);
      return this.#stream(exchange, stream);
    }
    if (path.subresource === "scale") return using(endpoint, () => this.#scale(exchange, endpoint, name));
    return using(endpoint, () => this.#object(exchange, endpoint, name, path.subresource));
  }

  /** A kind that is answered has no objects; below an object of another kind, that object is what is asked about. */
  async #answer(exchange: Exchange, answerer: Answerer, { namespace, name, subresource }: ResourcePath): Promise<void> {
    if ((name === undefined) !== (subresource === undefined)) throw pathNotFound();
    if (exchange.method !== "POST") throw methodNotAllowed();
    if (answerer.definition.namespaced && namespace === undefined) throw methodNotAllowed();
    const options = writeOptionsOf(exchange, "CreateOptions");
    const body = await bodyOf(exchange, options);
    const about = { namespace, name: name ?? "" };
    const answered = await answer(this.#options.environment, answerer, about, body, options);
    return replyJson(exchange, 201, answered, this.#view(exchange));
  }

  async #collection(exchange: Exchange, endpoint: Endpoint, namespace: string | undefined): Promise<void> {
    const { definition } = endpoint;
    const { environment } = this.#options;
    const { query } = exchange;
    const view = this.#view(exchange);
    switch (exchange.method) {
      case "GET":
      case "HEAD":
        return replyList(exchange, await list(endpoint, listOptionsOf(query, namespace)), definition, view);
      case "POST": {
        checkNotEverywhere(definition, namespace);
        const options = writeOptionsOf(exchange, "CreateOptions");
        const body = await bodyOf(exchange, options);
        // While the body came the kind may have gone: an object that is created now would be deleted by nobody.
        const current = this.#options.registry.find(definition.group, definition.version, definition.plural);
        if (current === undefined) throw pathNotFound();
        if (!current.definition.verbs.includes("create"))
          throw definition.versions === undefined ? methodNotAllowed() : createWhileTerminating(definition);
        const entry = await create(environment, current, namespace, body, options);
        return replyEntry(exchange, 201, entry, definition, view);
      }
      case "DELETE": {
        checkNotEverywhere(definition, namespace);
        if (!definition.verbs.includes("deletecollection")) throw methodNotAllowed();
        const options = await this.#deleteOptions(exchange);
        const deleted = await deleteCollection(environment, endpoint, listOptionsOf(query, namespace), options);
        return replyList(exchange, deleted, definition, view);
      }
      case "PUT":
      case "PATCH":
        // A custom kind has one route for everything. Source: Name of ContextBasedNaming in handlers/namer.go.
        throw definition.versions === undefined ? methodNotAllowed() : badRequest("name must be provided");
      default:
        throw notSupported(definition, verbOf(exchange.method, { name: undefined }, query));
    }
  }

  async #object(
    exchange: Exchange,
    endpoint: Endpoint,
    name: ObjectName,
    subresource: string | undefined,
  ): Promise<void> {
    const { definition } = endpoint;
    const { environment } = this.#options;
    const view = this.#view(exchange);
    switch (exchange.method) {
      case "GET":
      case "HEAD": {
        const entry = await get(endpoint, name, exchange.query.get("resourceVersion") ?? "");
        return replyEntry(exchange, 200, entry, definition, view);
      }
      case "PUT": {
        const options = writeOptionsOf(exchange, "UpdateOptions");
        const body = await bodyOf(exchange, options);
        const { entry, created } = await updateOrCreate(environment, endpoint, name, subresource, body, options);
        return replyEntry(exchange, created ? 201 : 200, entry, definition, view);
      }
      case "PATCH": {
        const options = writeOptionsOf(exchange, "PatchOptions");
        const sent = await patchOf(exchange, options);
        const { entry, created } = await patch(environment, endpoint, name, subresource, sent, options);
        return replyEntry(exchange, created ? 201 : 200, entry, definition, view);
      }
      case "DELETE": {
        const options = await this.#deleteOptions(exchange);
        const { entry, removed } = await deleteObject(environment, endpoint, name, options);
        // Other deletions that finalizers hold up are answered so only by mistake, which clients know: delete.go, ibid.
        const code = !removed && options.orphanDependents === false ? 202 : 200;
        if (!removed || definition.answersDeleted === true) return replyEntry(exchange, code, entry, definition, view);
        return replyJson(exchange, 200, deletedStatus(endpoint, name.name, entry.object.metadata.uid), view);
      }
      case "POST":
        throw methodNotAllowed();
      default:
        throw notSupported(definition, verbOf(exchange.method, name, exchange.query));
    }
  }

  async #scale(exchange: Exchange, endpoint: Endpoint, name: ObjectName): Promise<void> {
    const { environment } = this.#options;
    const view = this.#view(exchange);
    const reply = (entry: Entry): Promise<void> => replyEntry(exchange, 200, entry, scaleDefinition, view);
    switch (exchange.method) {
      case "GET":
      case "HEAD":
        return reply(await getScale(endpoint, name, exchange.query.get("resourceVersion") ?? ""));
      case "PUT": {
        const options = writeOptionsOf(exchange, "UpdateOptions");
        return reply(await updateScale(environment, endpoint, name, await bodyOf(exchange, options), options));
      }
      case "PATCH": {
        const options = writeOptionsOf(exchange, "PatchOptions");
        return reply(await patchScale(environment, endpoint, name, await patchOf(exchange, options), options));
      }
      default:
        throw methodNotAllowed();
    }
  }

  async #watch(exchange: Exchange, endpoint: Endpoint, namespace: string | undefined, view: View): Promise<void> {
    const { environment } = this.#options;
    if (view.format !== "json") throw notAcceptable(["application/json;stream=watch"]);
    const asked = integerOf(exchange.query, "timeoutSeconds") ?? 0;
    const ms = asked > 0 ? asked * 1000 : minWatchMs * (1 + environment.random.fraction());
    const stop = this.#untilClosed(exchange);
    const batches = watch(endpoint, watchOptionsOf(exchange.query, namespace), stop.signal);
    const renderer = new WatchRenderer(endpoint.definition, view);
    using _counted = this.#options.metrics.began(exchange.labels);
    exchange.begin(jsonType);
    const timer = environment.clock.after(ms, () => {
      stop.abort();
    });
    try {
      for await (const batch of batches) for (const frames of renderer.frames(batch)) await exchange.write(frames);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      await exchange.write(Buffer.from(`${JSON.stringify({ type: "ERROR", object: error.toStatus() })}\n`));
    } finally {
      timer[Symbol.dispose]();
      stop.abort();
    }
    exchange.end();
  }

  async #stream(exchange: Exchange, open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>): Promise<void> {
    const stop = this.#untilClosed(exchange);
    try {
      const chunks = (await open(stop.signal))[Symbol.asyncIterator]();
      // The first chunk decides whether this is an answer or a refusal.
      let next = await chunks.next();
      exchange.begin("text/plain; charset=utf-8");
      for (; next.done !== true; next = await chunks.next()) await exchange.write(next.value);
      exchange.end();
    } finally {
      stop.abort();
    }
  }

  /** Aborts when the client goes away or may not go on, or the server stops. */
  #untilClosed(exchange: Exchange): AbortController {
    const controller = new AbortController();
    const { stopping } = this.#options;
    const abort = (): void => {
      stopping.removeEventListener("abort", abort);
      controller.abort();
    };
    const { lapsed } = exchange;
    if (stopping.aborted || lapsed?.aborted === true) abort();
    else stopping.addEventListener("abort", abort);
    lapsed?.addEventListener("abort", abort);
    exchange.onClose(abort);
    return controller;
  }

  #view(exchange: Exchange): View {
    return viewOf(exchange, exchange.accepted(objectForms), this.#options.environment.clock.now());
  }

  async #deleteOptions(exchange: Exchange) {
    const bytes = await exchange.body();
    const { object } = bytes.length === 0 ? { object: undefined } : decodeBody(bytes, exchange.header("content-type"));
    return deleteOptionsOf(exchange, object === undefined ? undefined : requireObject(object ?? {}));
  }
}

const answererName = (definition: ResourceDefinition, subresource: string | undefined): string =>
  `${groupResource(definition)}${subresource === undefined ? "" : `/${subresource}`}`;

async function bodyOf(exchange: Exchange, options: WriteOptions): Promise<Body> {
  const bytes = await exchange.body();
  const findDuplicates = options.fieldValidation !== "Ignore";
  const { object, duplicates } = decodeBody(bytes, exchange.header("content-type"), { findDuplicates });
  return { object: requireObject(object), duplicates };
}

async function patchOf(exchange: Exchange, { fieldValidation }: WriteOptions): Promise<Patch> {
  const bytes = await exchange.body();
  const type = mediaTypeOf(exchange);
  if (!type.endsWith("+json") && type !== applyType) return { type, body: undefined, duplicates: [] };
  const format = type === applyType ? "application/yaml" : "application/json";
  const { object, duplicates } = decodeBody(bytes, format, { findDuplicates: fieldValidation !== "Ignore" });
  return { type, body: object, duplicates };
}

/**
 * Throws BadRequest for what no object can be called, and NotFound where the name would be two segments.
 * Source: IsValidPathSegmentName in k8s.io/apimachinery/pkg/api/validation/path/name.go.
 */
function checkName(name: string): void {
  if (name.includes("/")) throw pathNotFound();
  const why = name === "." || name === ".." ? `may not be '${name}'` : name.includes("%") ? "may not contain '%'" : "";
  if (why !== "") throw badRequest(`Name parameter invalid: ${JSON.stringify(name.slice(0, 300))}: ${why}`);
}

/** The verbs of apiserver_request_total. Source: cleanVerb in k8s.io/apiserver/pkg/endpoints/metrics/metrics.go. */
const metricVerbs: Readonly<Record<string, string>> = { create: "POST", update: "PUT" };

function labelsOf({ method, query }: Exchange, path: ResourcePath): RequestLabels {
  const { group, version, plural: resource, namespace, name, subresource = "" } = path;
  const verb = verbOf(method, path, query);
  return {
    verb: metricVerbs[verb] ?? verb.toUpperCase(),
    dry_run: query.get("dryRun") === "All" ? "All" : "",
    group,
    version,
    resource,
    subresource,
    scope: name !== undefined ? "resource" : namespace !== undefined ? "namespace" : "cluster",
  };
}

/** Source: Delete in k8s.io/apiserver/pkg/registry/generic/registry/store.go (finalizeDelete). */
function deletedStatus({ definition: { group, plural } }: Endpoint, name: string, uid: string): JsonObject {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, ...(group === "" ? {} : { group }), kind: plural, uid },
  };
}
