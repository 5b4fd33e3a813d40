/** The API server: a Store, the kinds that are served from it, the verbs, and HTTP in front of them. */
import { customResourceDefinitionType, namespaceType } from "../crds/core.ts";
import { randomInt, randomUUID } from "node:crypto";
import type { CustomResourceDefinition } from "../crds/custom-resource-definition.ts";
import { customResourceDefinition } from "../crds/custom-resource-definition.ts";
import { kinds } from "../crds/index.ts";
import type { KubeObject } from "../crds/meta.ts";
import { Admission } from "./admission/admission.ts";
import { NamespaceLifecycle, systemNamespaces } from "./admission/namespace-lifecycle.ts";
import { ensureCertificates } from "./auth/certificates.ts";
import { writeKubeconfig } from "./auth/kubeconfig.ts";
import { DirectClient } from "./client/direct.ts";
import { HttpServer } from "./http/http-server.ts";
import { ResourceHandler } from "./http/resource-handler.ts";
import { SystemHandler } from "./http/system-handler.ts";
import type { Log } from "../process/log.ts";
import { CrdLifecycle } from "./resources/crd-lifecycle.ts";
import { connectedSubresources, Registry } from "./resources/registry.ts";
import { isAlreadyExists, isConflict } from "./status.ts";
import type { Clock } from "../process/clock.ts";
import type { Store } from "./storage/store.ts";
import type { Connectors } from "./verbs/connect.ts";
import type { Environment, Random } from "./verbs/environment.ts";

export interface ApiServerOptions {
  /** Stays open when the server stops. */
  readonly store: Store;
  /** Where certificates and admin.kubeconfig go. */
  readonly dataDir: string;
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly connectors: Connectors;
  readonly clock: Clock;
  readonly random?: Random;
  readonly log: Log;
}

/** The machine's own. */
const systemRandom: Random = {
  uuid: randomUUID,
  fraction: () => randomInt(2 ** 32) / 2 ** 32,
};

export class ApiServer implements AsyncDisposable {
  /** Acts with all rights, from {@link open} on. */
  readonly client: DirectClient;
  readonly #options: ApiServerOptions;
  readonly #environment: Environment;
  readonly #registry: Registry;
  readonly #stopping: AbortController;
  readonly #lifecycle: Promise<void>;
  #http: HttpServer | undefined;
  #url: string | undefined;

  private constructor(options: ApiServerOptions, registry: Registry, environment: Environment) {
    this.#options = options;
    this.#registry = registry;
    this.#environment = environment;
    this.#stopping = new AbortController();
    this.client = new DirectClient(registry, environment);
    this.#lifecycle = new CrdLifecycle(environment, registry, options.log).run(this.#stopping.signal);
  }

  /** Resolves when everything in the store is served in process: the kinds of crds/ and the first namespaces are there. */
  static async open(options: ApiServerOptions): Promise<ApiServer> {
    const { store, clock, log, random = systemRandom } = options;
    const connected = connectedSubresources(Object.keys(options.connectors));
    const registry = new Registry({ store, clock, log, connected });
    try {
      await registry.start();
      const lifecycle = new NamespaceLifecycle(() => registry.namespaces);
      const server = new ApiServer(options, registry, { clock, random, lifecycle, admission: new Admission([]) });
      await Promise.all([
        ...systemNamespaces.map((name) => ensureNamespace(server.client, name)),
        ...kinds.map((kind) => ensureDefinition(server.client, customResourceDefinition(kind))),
      ]);
      return server;
    } catch (error) {
      await registry[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `https://HOST:PORT`. Throws before {@link listen}. */
  get url(): string {
    if (this.#url === undefined) throw new Error("Cannot tell the server's URL: it does not listen yet");
    return this.#url;
  }

  /** Makes what certificates are missing, serves, and then writes DIR/admin.kubeconfig. */
  async listen(): Promise<void> {
    const { dataDir, listen, clock, log, store, connectors } = this.#options;
    const certificates = await ensureCertificates(dataDir, listen.host, clock.now());
    const stopping = this.#stopping.signal;
    const registry = this.#registry;
    const resources = new ResourceHandler({ environment: this.#environment, registry, connectors, stopping });
    const system = new SystemHandler({ registry, store, stopping });
    this.#http = new HttpServer({ certificates, resources, system, clock, log });
    const port = await this.#http.listen(listen.host, listen.port);
    this.#url = `https://${urlHost(listen.host)}:${port}`;
    await writeKubeconfig(dataDir, this.#url, certificates);
  }

  /** Ends watches, finishes what is in flight, within 10 s. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#http?.[Symbol.asyncDispose]();
    await this.#lifecycle;
    await this.#registry[Symbol.asyncDispose]();
  }
}

/** Where a client on this machine finds a server that listens on all addresses. */
function urlHost(host: string): string {
  if (host === "" || host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

async function ensureNamespace(client: DirectClient, name: string): Promise<void> {
  try {
    await client.create(namespaceType, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Brings the definition in the store to what this server knows; other replicas may do the same at once. */
async function ensureDefinition(client: DirectClient, wanted: CustomResourceDefinition): Promise<void> {
  try {
    await client.create(customResourceDefinitionType, wanted);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    await replaceDefinition(client, wanted);
  }
}

async function replaceDefinition(client: DirectClient, wanted: CustomResourceDefinition): Promise<void> {
  for (;;) {
    const current = await client.get<KubeObject>(customResourceDefinitionType, wanted.metadata);
    try {
      await client.update(customResourceDefinitionType, { ...current, spec: wanted.spec } as KubeObject);
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}
