/** What is not about objects: version, health, discovery, OpenAPI. */
import { createHash } from "node:crypto";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from "../discovery/discovery.ts";
import { describeError } from "../../process/log.ts";
import type { ResourceDefinition } from "../resources/definition.ts";
import type { Registry } from "../resources/registry.ts";
import { ApiError } from "../status.ts";
import type { Store } from "../storage/store.ts";
import { discoveryForms } from "./accept.ts";
import type { Exchange } from "./exchange.ts";
import { methodNotAllowed, pathNotFound } from "./exchange.ts";
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

const healthPaths: readonly string[] = ["healthz", "livez", "readyz"];

/** Whether anyone may ask, known or not. */
export function isPublic(segments: readonly string[]): boolean {
  const [first = ""] = segments;
  return (segments.length === 1 && first === "version") || healthPaths.includes(first);
}

export interface SystemHandlerOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly stopping: AbortSignal;
}

type Check = readonly [name: string, check: () => Promise<void>];

export class SystemHandler {
  readonly #options: SystemHandlerOptions;
  /** Documents, by path and form, of the definitions that they were made from. */
  #documents = new Map<string, Document>();
  #documented: readonly ResourceDefinition[] = [];

  constructor(options: SystemHandlerOptions) {
    this.#options = options;
  }

  /** Throws ApiError. */
  async handle(exchange: Exchange, segments: readonly string[]): Promise<void> {
    if (exchange.method !== "GET" && exchange.method !== "HEAD") throw methodNotAllowed();
    const [first = "", ...rest] = segments;
    if (healthPaths.includes(first)) return this.#health(exchange, first, rest);
    if (first === "version" && rest.length === 0) return replyJson(exchange, 200, version, plain);
    if (first === "openapi") return this.#openApi(exchange, rest);
    if (first === "" || first === "api" || first === "apis") return this.#discovery(exchange, segments);
    throw pathNotFound();
  }

  async #health(exchange: Exchange, which: string, [only, ...more]: readonly string[]): Promise<void> {
    const checks = this.#checks(which).filter(([name]) => only === undefined || name === only);
    if (checks.length === 0 || more.length > 0) throw pathNotFound();
    const results = await Promise.all(
      checks.map(async ([name, check]) => {
        try {
          await check();
          return { ok: true, line: `[+]${name} ok` };
        } catch (error) {
          return { ok: false, line: `[-]${name} failed: ${describeError(error)}` };
        }
      }),
    );
    const ok = results.every((result) => result.ok);
    const lines = [...results.map(({ line }) => line), `${which} check ${ok ? "passed" : "failed"}`];
    const text = ok && !exchange.query.has("verbose") ? "ok" : `${lines.join("\n")}\n`;
    exchange.reply(ok ? 200 : 500, "text/plain; charset=utf-8", Buffer.from(text));
  }

  #checks(which: string): readonly Check[] {
    const { store, stopping } = this.#options;
    const ping: Check = ["ping", async () => undefined];
    const answers: Check = [
      "store",
      async () => {
        await store.revision();
      },
    ];
    const open: Check = [
      "shutdown",
      async () => {
        if (stopping.aborted) throw new Error("the server is stopping");
      },
    ];
    // A process that cannot reach its store is not helped by a restart.
    if (which === "livez") return [ping];
    return which === "readyz" ? [ping, answers, open] : [ping, answers];
  }

  async #discovery(exchange: Exchange, segments: readonly string[]): Promise<void> {
    const { definitions } = this.#options.registry;
    const [root = "", group, groupVersion, ...rest] = segments;
    if (rest.length > 0) throw pathNotFound();
    const isRoot = segments.length === 1;
    const { as, format } = exchange.accepted(isRoot ? discoveryForms : {});
    const make = (): unknown => {
      if (root === "")
        return { paths: ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"] };
      if (isRoot && as !== "") return aggregatedDiscovery(definitions, root === "api" ? "core" : "groups");
      if (isRoot) return root === "api" ? apiVersions() : apiGroupList(definitions);
      if (root === "api") return groupVersion === undefined ? apiResourceList(definitions, "", group ?? "") : undefined;
      return groupVersion === undefined
        ? apiGroup(definitions, group ?? "")
        : apiResourceList(definitions, group ?? "", groupVersion);
    };
    if (format === "yaml") return replyJson(exchange, 200, required(make()), { format, pretty: false });
    const document = this.#document(`${segments.join("/")} ${as}`, definitions, make);
    const type = as === "" ? jsonType : `${jsonType};g=apidiscovery.k8s.io;v=v2;as=${as}`;
    replyDocument(exchange, document, type);
  }

  async #openApi(exchange: Exchange, [which, ...path]: readonly string[]): Promise<void> {
    const { definitions } = this.#options.registry;
    if (which === "v2" && path.length === 0) {
      exchange.accepted({});
      // OpenAPI documents are asked for rarely, and once: what makes them is loaded then.
      const { openApiV2 } = await import("../openapi/v2.ts");
      replyDocument(
        exchange,
        this.#document("openapi/v2", definitions, () => openApiV2(definitions)),
        jsonType,
      );
      return;
    }
    if (which !== "v3") throw pathNotFound();
    exchange.accepted({});
    const { openApiV3Document, openApiV3Index } = await import("../openapi/v3.ts");
    const name = path.join("/");
    const make = () => (name === "" ? openApiV3Index(definitions) : openApiV3Document(definitions, name));
    const document = this.#document(`openapi/v3/${name}`, definitions, make);
    // The index names documents by their hash: such a one never changes.
    const forever: Record<string, string> = exchange.query.has("hash")
      ? { "cache-control": "public, immutable, max-age=31536000" }
      : {};
    replyDocument(exchange, document, jsonType, forever);
  }

  /** Made once for as long as the same kinds are served. Throws NotFound when `make` makes nothing. */
  #document(name: string, definitions: readonly ResourceDefinition[], make: () => unknown): Document {
    if (this.#documented !== definitions) {
      this.#documents = new Map();
      this.#documented = definitions;
    }
    const known = this.#documents.get(name);
    if (known !== undefined) return known;
    const bytes = Buffer.from(JSON.stringify(required(make())));
    const etag = `"${createHash("sha256").update(bytes).digest("hex").toUpperCase()}"`;
    const document = { bytes, etag };
    this.#documents.set(name, document);
    return document;
  }
}

interface Document {
  readonly bytes: Buffer;
  readonly etag: string;
}

const plain = { format: "json", pretty: false } as const;

function required(value: unknown): unknown {
  if (value === undefined) throw pathNotFound();
  return value;
}

function replyDocument(
  exchange: Exchange,
  { bytes, etag }: Document,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (exchange.header("if-none-match") === etag) exchange.reply(304, type, Buffer.alloc(0), { etag, ...headers });
  else exchange.reply(200, type, bytes, { etag, ...headers });
}

/** What an error that nobody foresaw looks like to a client. */
export function internalError(): ApiError {
  return new ApiError("InternalError", "Internal error occurred: see the server's log");
}
