/** What is not about objects: version, health, metrics, discovery, OpenAPI. */
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from "../discovery/discovery.ts";
import type { ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import { answeredType, openApiTypes } from "../openapi/media-types.ts";
import type { Registry } from "../resources/registry.ts";
import { ApiError } from "../status.ts";
import { discoveryForms, negotiateType } from "./accept.ts";
import { Documents, jsonDraft, replyDocument } from "./document.ts";
import type { Exchange } from "./exchange.ts";
import { methodNotAllowed, pathNotFound } from "./exchange.ts";
import type { FlowControl } from "./flow-control.ts";
import type { Health } from "./health.ts";
import { healthPaths } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import { noLabels } from "./metrics.ts";
import { jsonType, replyJson } from "./render.ts";

/** kubectl compares this with its own version: the Kubernetes release whose API this server follows. */
const version = {
  major: "1",
  minor: "32",
  gitVersion: "v1.32.0-stowage",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
};

const paths = [
  ...["/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3"],
  ...["/readyz", "/version"],
];

/** Whether anyone may ask, known or not. Source: rbac's cluster role system:public-info-viewer. */
export function isPublic(segments: readonly string[]): boolean {
  const [first = ""] = segments;
  return segments.length === 1 && (first === "version" || healthPaths.includes(first));
}

export interface SystemHandlerOptions {
  readonly registry: Registry;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly flow: FlowControl;
  /** Of tokens, and how others check them. */
  readonly issuer: Pick<ServiceAccountTokens, "document">;
}

export class SystemHandler {
  readonly #options: SystemHandlerOptions;
  readonly #documents = new Documents();

  constructor(options: SystemHandlerOptions) {
    this.#options = options;
  }

  /** Throws ApiError. */
  async handle(exchange: Exchange, segments: readonly string[]): Promise<void> {
    const { health, metrics, flow } = this.#options;
    const [first = "", ...rest] = segments;
    if (exchange.method !== "GET" && exchange.method !== "HEAD") throw methodNotAllowed();
    exchange.labels = { ...noLabels, verb: "GET" };
    if (healthPaths.includes(first)) return health.reply(exchange, segments);
    if (first === "version" && rest.length === 0) return replyJson(exchange, 200, version, plain);
    if (first === "metrics" && rest.length === 0) {
      const { type, text } = await metrics.text(flow.inflight);
      return exchange.reply(200, type, Buffer.from(text));
    }
    const issued = await this.#options.issuer.document(`/${segments.join("/")}`);
    if (issued !== undefined) return exchange.reply(200, issued.type, Buffer.from(JSON.stringify(issued.content)));
    if (first === "openapi") return this.#openApi(exchange, rest);
    if (first === "" || first === "api" || first === "apis") return this.#discovery(exchange, segments);
    throw pathNotFound();
  }

  async #discovery(exchange: Exchange, segments: readonly string[]): Promise<void> {
    const { definitions } = this.#options.registry;
    const [root = "", group, groupVersion, ...rest] = segments;
    if (rest.length > 0) throw pathNotFound();
    const isRoot = segments.length === 1;
    const accepted = exchange.accepted(isRoot ? discoveryForms : {});
    const { as, format } = accepted;
    const make = (): unknown => {
      if (root === "") return { paths };
      if (isRoot && as !== "")
        return aggregatedDiscovery(definitions, root === "api" ? "core" : "groups", accepted.version);
      if (isRoot) return root === "api" ? apiVersions() : apiGroupList(definitions);
      if (root === "api") return groupVersion === undefined ? apiResourceList(definitions, "", group ?? "") : undefined;
      return groupVersion === undefined
        ? apiGroup(definitions, group ?? "")
        : apiResourceList(definitions, group ?? "", groupVersion);
    };
    if (format === "yaml") {
      const value = make();
      if (value === undefined) throw pathNotFound();
      return replyJson(exchange, 200, value, { format, pretty: false });
    }
    const name = `${segments.join("/")} ${as} ${accepted.version}`;
    const document = this.#documents.get(name, definitions, () => jsonDraft(make()));
    const type = as === "" ? jsonType : `${jsonType};g=apidiscovery.k8s.io;v=${accepted.version};as=${as}`;
    return replyDocument(exchange, document, type);
  }

  /** Source: kube-openapi/pkg/handler/handler.go and handler3/handler.go. */
  async #openApi(exchange: Exchange, [which = "", ...path]: readonly string[]): Promise<void> {
    const { definitions } = this.#options.registry;
    const isIndex = which === "v3" && path.length === 0;
    const types = which === "v3" ? openApiTypes.v3 : openApiTypes.v2;
    if (which !== "v3" && (which !== "v2" || path.length > 0)) throw pathNotFound();
    const type = isIndex ? jsonType : answeredType(negotiateType(exchange.header("accept"), types));
    const name = path.join("/");
    // OpenAPI documents are asked for rarely: what makes them is loaded then.
    const openApi = await import("../openapi/openapi.ts");
    const document = this.#documents.get(`openapi/${which}/${name} ${type}`, definitions, () => {
      if (which === "v2") return { bytes: openApi.version2(definitions, type) };
      return isIndex ? jsonDraft(openApi.index(definitions)) : openApi.version3(definitions, name, type);
    });
    const hash = isIndex || which === "v2" ? null : exchange.query.get("hash");
    if (hash === null || hash === "") return replyDocument(exchange, document, type);
    // The index names documents by their hash: such a one never changes.
    if (document.etag === `"${hash}"`)
      return replyDocument(exchange, document, type, { "cache-control": "public, immutable", expires: inAYear() });
    const location = `/openapi/v3/${name}?hash=${document.etag.replaceAll('"', "")}`;
    return exchange.reply(301, "text/html; charset=utf-8", Buffer.alloc(0), { location });
  }
}

const plain = { format: "json", pretty: false } as const;

const inAYear = (): string => {
  const date = new Date();
  date.setUTCFullYear(date.getUTCFullYear() + 1);
  return date.toUTCString();
};

/** What an error that nobody foresaw looks like to a client. */
export function internalError(): ApiError {
  return new ApiError("InternalError", "Internal error occurred: see the server's log");
}
