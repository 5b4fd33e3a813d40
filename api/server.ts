/** The API server: a Store, the kinds that are served from it, the verbs, and HTTP in front of them. */
import { containers } from "../crds/container.ts";
import { customResourceDefinitionType, limitRangeType, priorityClassType, resourceQuotaType } from "../crds/core.ts";
import { randomInt, randomUUID } from "node:crypto";
import type { CustomResourceDefinition } from "../crds/custom-resource-definition.ts";
import { projectAnnotation } from "../crds/openstack/cloud.ts";
import type { KubeObject, ResourceType } from "../crds/meta.ts";
import type { AdmissionPlugin } from "./admission/admission.ts";
import { Admission } from "./admission/admission.ts";
import { AdoptionPlugin } from "./admission/adoption.ts";
import { DynamicAdmission } from "./admission/dynamic-admission.ts";
import { HostImagesPlugin } from "./admission/host-images.ts";
import { LimitRanger } from "./admission/limit-ranger.ts";
import { NamespaceLifecycle } from "./admission/namespace-lifecycle.ts";
import { PodSecurity } from "./admission/pod-security/pod-security.ts";
import { PriorityPlugin } from "./admission/priority.ts";
import { ProjectTenancy } from "./admission/project-tenancy.ts";
import { ResourceQuotaPlugin } from "./admission/resource-quota.ts";
import type { TokenAuthenticator } from "./auth/authentication.ts";
import type { Authorizer } from "./auth/authorization.ts";
import { defaultAuthorizer } from "./auth/authorization.ts";
import { ensureCertificates } from "./auth/certificates.ts";
import { writeKubeconfig } from "./auth/kubeconfig.ts";
import { projectAuthorizer } from "./auth/project-rights.ts";
import { reviewAnswerers } from "./auth/reviews.ts";
import { ServiceAccountTokens } from "./auth/service-account-tokens.ts";
import { createFirstObjects } from "./bootstrap.ts";
import type { Name } from "./client/client.ts";
import { DirectClient } from "./client/direct.ts";
import { FlowControl } from "./http/flow-control.ts";
import { Health } from "./http/health.ts";
import { HttpServer } from "./http/http-server.ts";
import type { MoreMetrics } from "./http/metrics.ts";
import { Metrics } from "./http/metrics.ts";
import { ResourceHandler } from "./http/resource-handler.ts";
import { SystemHandler } from "./http/system-handler.ts";
import type { Log } from "../process/log.ts";
import { evictionAnswerer, evictionResource } from "./eviction.ts";
import { tokenRequests } from "./resources/builtin/authentication-reviews.ts";
import { isAsWanted } from "./resources/builtin/custom-resource-definition.ts";
import { CrdLifecycle } from "./resources/crd-lifecycle.ts";
import type { CrdObject } from "./resources/crd-object.ts";
import { readOwnDefinitions } from "./resources/own-definitions.ts";
import { connectedSubresources, Registry } from "./resources/registry.ts";
import { isAlreadyExists, isConflict, isNotFound } from "./status.ts";
import type { Clock } from "../process/clock.ts";
import type { Store } from "./storage/store.ts";
import type { Answerers } from "./verbs/answer.ts";
import type { Connectors } from "./verbs/connect.ts";
import { WebhookClient } from "./webhooks/client.ts";
import type { Environment, Random } from "./verbs/environment.ts";

export interface ApiServerOptions {
  /** Stays open when the server stops. */
  readonly store: Store;
  /** Where certificates and admin.kubeconfig go. */
  readonly dataDir: string;
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Further names and addresses for the server's certificate; none when absent. */
  readonly names?: readonly string[];
  readonly connectors: Connectors;
  /** What answers creates of kinds that are kept nowhere, besides reviews; nothing when absent. */
  readonly answerers?: Answerers;
  /** What else may change or refuse, of those who look after a kind; nothing when absent. */
  readonly plugins?: readonly AdmissionPlugin[];
  /** Who else knows tokens, besides those of ServiceAccounts; nobody when absent. */
  readonly authenticators?: readonly TokenAuthenticator[];
  readonly clock: Clock;
  readonly random?: Random;
  readonly log: Log;
  /** What /metrics tells beside what the API server itself knows; nothing when absent. */
  readonly metrics?: MoreMetrics;
}

/** The machine's own. */
const systemRandom: Random = {
  uuid: randomUUID,
  fraction: () => randomInt(2 ** 32) / 2 ** 32,
};

export class ApiServer implements AsyncDisposable {
  /** Acts with all rights, from {@link open} on. */
  readonly client: DirectClient;
  /** What users may do. */
  readonly authorizer: Authorizer;
  readonly #options: ApiServerOptions;
  readonly #environment: Environment;
  readonly #registry: Registry;
  readonly #webhooks: WebhookClient;
  readonly #stopping: AbortController;
  readonly #lifecycle: Promise<void>;
  #http: HttpServer | undefined;
  #url: string | undefined;

  private constructor(
    options: ApiServerOptions,
    registry: Registry,
    environment: Environment,
    webhooks: WebhookClient,
    authorizer: Authorizer,
  ) {
    this.#options = options;
    this.authorizer = authorizer;
    this.#webhooks = webhooks;
    this.#registry = registry;
    this.#environment = environment;
    this.#stopping = new AbortController();
    this.client = new DirectClient(registry, environment);
    this.#lifecycle = new CrdLifecycle(environment, registry, options.log).run(this.#stopping.signal);
  }

  /** Resolves when everything in the store is served in process: the kinds of crds/ and the first namespaces are there. */
  static async open(options: ApiServerOptions): Promise<ApiServer> {
    const { store, clock, log, random = systemRandom } = options;
    const connected = connectedSubresources([...Object.keys(options.connectors), evictionResource]);
    const webhooks = new WebhookClient(clock);
    const own = await readOwnDefinitions();
    const registry = new Registry({ store, clock, log, connected, webhooks, own });
    try {
      await registry.start();
      const lifecycle = new NamespaceLifecycle(() => registry.namespaces);
      const authorizer = projectAuthorizer(defaultAuthorizer, (namespace) => {
        const { cacher, codec } = registry.namespaces;
        return cacher.get(codec.key(undefined, namespace))?.object.metadata.annotations?.[projectAnnotation];
      });
      const dynamic = await DynamicAdmission.open({ registry, webhooks, authorizer, random, log });
      // Source of the order: AllOrderedPlugins in kubernetes/pkg/kubeapiserver/options/plugins.go.
      const admission = new Admission([
        new LimitRanger(() => registry.builtin(limitRangeType)),
        new PodSecurity({
          namespace: (name) => lifecycle.find(name),
          containersIn: async (namespace) => {
            const endpoint = registry.find(containers.group, containers.version, containers.plural);
            await endpoint?.cacher.ready();
            return endpoint?.cacher.list(endpoint.codec.prefix(namespace)).map(({ object }) => object) ?? [];
          },
        }),
        new ProjectTenancy((name) => lifecycle.find(name)),
        new PriorityPlugin(() => registry.builtin(priorityClassType)),
        ...(options.plugins ?? []),
        new AdoptionPlugin(authorizer),
        new HostImagesPlugin(authorizer),
        dynamic.mutatingWebhooks,
        dynamic.validatingPolicies,
        dynamic.validatingWebhooks,
        new ResourceQuotaPlugin(() => registry.builtin(resourceQuotaType)),
      ]);
      const server = new ApiServer(options, registry, { clock, random, lifecycle, admission }, webhooks, authorizer);
      await Promise.all([
        createFirstObjects(server.client),
        ...[...own.values()].map((definition) => ensureDefinition(server.client, definition())),
      ]);
      return server;
    } catch (error) {
      await registry[Symbol.asyncDispose]();
      webhooks[Symbol.dispose]();
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
    const { dataDir, listen, names, clock, log, store, connectors } = this.#options;
    const certificates = await ensureCertificates(dataDir, listen.host, clock.now(), names);
    const stopping = this.#stopping.signal;
    const registry = this.#registry;
    const [flow, metrics] = [new FlowControl(clock), new Metrics(this.#options.metrics)];
    const { authorizer } = this;
    const tokens = this.#serviceAccountTokens();
    const authenticators = [tokens, ...(this.#options.authenticators ?? [])];
    const answerers = {
      ...reviewAnswerers({ authenticators, authorizer, clock }),
      "serviceaccounts/token": { definition: tokenRequests, answer: tokens.answer },
      ...this.#options.answerers,
      [evictionResource]: evictionAnswerer(this.client, clock),
    };
    const environment = this.#environment;
    const resources = new ResourceHandler({ environment, registry, connectors, answerers, metrics, stopping });
    const system = new SystemHandler({
      registry,
      health: new Health({ store, stopping, log }),
      metrics,
      flow,
      issuer: tokens,
    });
    this.#http = new HttpServer({
      certificates,
      authenticators,
      authorizer,
      resources,
      system,
      flow,
      metrics,
      clock,
      log,
    });
    const port = await this.#http.listen(listen.host, listen.port);
    this.#url = `https://${urlHost(listen.host)}:${port}`;
    await writeKubeconfig(dataDir, this.#url, certificates);
  }

  #serviceAccountTokens(): ServiceAccountTokens {
    const { clock, random } = this.#environment;
    const cached = async (type: ResourceType, { namespace, name }: Name): Promise<KubeObject | undefined> => {
      const endpoint = this.#registry.find(type.group, type.version, type.plural);
      await endpoint?.cacher.ready();
      return endpoint?.cacher.get(endpoint.codec.key(namespace, name))?.object;
    };
    return new ServiceAccountTokens({
      client: this.client,
      cached,
      clock,
      url: () => this.url,
      uuid: () => random.uuid(),
    });
  }

  /** Ends watches, finishes what is in flight, within 10 s. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#http?.[Symbol.asyncDispose]();
    await this.#lifecycle;
    await this.#registry[Symbol.asyncDispose]();
    this.#webhooks[Symbol.dispose]();
  }
}

/** Where a client on this machine finds a server that listens on all addresses. */
function urlHost(host: string): string {
  if (host === "" || host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

/** Brings the definition in the store to what this server knows; other replicas may do the same at once. */
async function ensureDefinition(client: DirectClient, wanted: CustomResourceDefinition): Promise<void> {
  for (;;) {
    const current = await findDefinition(client, wanted.metadata);
    if (current !== undefined && isAsWanted(current, wanted)) return;
    try {
      if (current === undefined) await client.create(customResourceDefinitionType, wanted);
      else await client.update(customResourceDefinitionType, { ...current, spec: wanted.spec } as KubeObject);
      return;
    } catch (error) {
      if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
    }
  }
}

async function findDefinition(client: DirectClient, name: Name): Promise<CrdObject | undefined> {
  try {
    return await client.get<CrdObject>(customResourceDefinitionType, name);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
