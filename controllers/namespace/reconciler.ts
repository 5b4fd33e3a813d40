import { namespaceType } from "../../crds/core.ts";
import type { Client, DiscoveredType, Draft } from "../../api/client/client.ts";
import { ApiError, hasReason, isNotFound } from "../../api/status.ts";
import type { Condition, KubeObject, ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import { describeError } from "../../process/log.ts";
import { forEachParallel } from "../runtime/parallel.ts";
import type { Clock } from "../../process/clock.ts";
import type { Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { settled, waiting } from "../runtime/reconciler.ts";
import { deletionOrder, pollAfter } from "./plan.ts";
import type { Findings, Remaining } from "./status.ts";
import { conditionsOf } from "./status.ts";

export interface Namespace extends KubeObject {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: "Active" | "Terminating"; readonly conditions?: readonly Condition[] };
}

interface NamespaceDraft extends Draft {
  readonly spec?: Namespace["spec"];
  readonly status?: Namespace["status"];
}

/** Ours in spec.finalizers: the namespace may have content. */
const finalizer = "kubernetes";
const pageSize = 500;
/** How many objects are deleted at once. */
const parallel = 16;

export interface NamespaceReconcilerOptions {
  readonly client: Pick<Client, "get" | "list" | "delete" | "updateStatus" | "finalizeNamespace" | "discover">;
  readonly clock: Clock;
}

/**
 * Empties namespaces that are being deleted, says in their conditions what is in the way, and lets them go when they
 * are empty. Source: k8s.io/kubernetes/pkg/controller/namespace/deletion/namespaced_resources_deleter.go.
 */
export class NamespaceReconciler implements Reconciler {
  readonly #client: NamespaceReconcilerOptions["client"];
  readonly #clock: Clock;

  constructor({ client, clock }: NamespaceReconcilerOptions) {
    this.#client = client;
    this.#clock = clock;
  }

  async reconcile(key: Key, signal: AbortSignal): Promise<Outcome> {
    const namespace = await this.#read(key);
    const deletedAt = namespace?.metadata.deletionTimestamp;
    if (namespace === undefined || deletedAt === undefined || !holds(namespace)) return settled();

    const found = await this.#empty(key, signal);
    const latest = await this.#report(namespace, found);
    const failures = found.discoveryFailure === undefined ? found.contentFailures : [found.discoveryFailure];
    if (failures.length > 0) throw new Error(`Cannot empty namespace "${key}": ${failures.join(", ")}`);
    if (found.remaining.length > 0) {
      const names = found.remaining.map(({ type }) => groupResource(type)).join(", ");
      const pollMs = pollAfter(new Date(deletedAt), this.#clock.now());
      return waiting("ContentRemaining", `Namespace "${key}" still holds ${names}`, pollMs);
    }
    await this.#finalize(latest);
    return settled();
  }

  /** Live, and not from the cache: what is in a namespace made anew under the same name is not ours to delete. */
  async #read(name: string): Promise<Namespace | undefined> {
    try {
      return await this.#client.get<Namespace>(namespaceType, { name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #empty(namespace: string, signal: AbortSignal): Promise<Findings> {
    let types: readonly DiscoveredType[];
    try {
      types = await this.#client.discover();
    } catch (error) {
      return { discoveryFailure: messageOf(error), contentFailures: [], remaining: [] };
    }
    const { content, events } = deletionOrder(types);
    const found = await this.#emptyKinds(namespace, content, signal);
    if (found.contentFailures.length > 0 || found.remaining.length > 0) return found;
    return this.#emptyKinds(namespace, events, signal);
  }

  async #emptyKinds(namespace: string, types: readonly DiscoveredType[], signal: AbortSignal): Promise<Findings> {
    const remaining: Remaining[] = [];
    const contentFailures: string[] = [];
    for (const type of types) {
      signal.throwIfAborted();
      try {
        const left = await this.#emptyKind(namespace, type);
        if (left.objects > 0) remaining.push(left);
      } catch (error) {
        // Served for reading only, or no longer: then there is nothing to delete.
        if (!hasReason(error, "MethodNotAllowed", "NotFound")) contentFailures.push(messageOf(error));
      }
    }
    return { contentFailures, remaining };
  }

  async #emptyKind(namespace: string, type: ResourceType): Promise<Remaining> {
    const objects = await this.#list(namespace, type);
    if (objects.length === 0) return remainingOf(type, []);
    const going = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    await forEachParallel(going, parallel, (object) => this.#delete(type, object));
    return remainingOf(type, await this.#list(namespace, type));
  }

  async #delete(type: ResourceType, { metadata }: KubeObject): Promise<void> {
    const { namespace, name, uid } = metadata;
    const options = { preconditions: { uid }, propagationPolicy: "Background" } as const;
    try {
      await this.#client.delete(type, { namespace, name }, options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #list(namespace: string, type: ResourceType): Promise<readonly KubeObject[]> {
    const all: KubeObject[] = [];
    let page = await this.#client.list(type, { namespace, limit: pageSize });
    for (;;) {
      all.push(...page.items);
      if (page.continue === undefined || page.continue === "") return all;
      page = await this.#client.list(type, { namespace, limit: pageSize, continue: page.continue });
    }
  }

  /** Writes phase and conditions where they differ. Returns the newest that is known of the namespace. */
  async #report(namespace: Namespace, found: Findings): Promise<Namespace> {
    const conditions = conditionsOf(namespace.status?.conditions, found, this.#clock.now());
    if (conditions === namespace.status?.conditions && namespace.status?.phase === "Terminating") return namespace;
    const draft: NamespaceDraft = {
      ...namespace,
      status: { ...namespace.status, phase: "Terminating", ...(conditions === undefined ? {} : { conditions }) },
    };
    return this.#client.updateStatus<Namespace>(namespaceType, draft);
  }

  async #finalize(namespace: Namespace): Promise<void> {
    const finalizers = namespace.spec?.finalizers?.filter((each) => each !== finalizer) ?? [];
    const draft: NamespaceDraft = { ...namespace, spec: { ...namespace.spec, finalizers } };
    try {
      await this.#client.finalizeNamespace(draft);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** What the API refuses with says it all: what caused that is for its own log. */
const messageOf = (error: unknown): string => (error instanceof ApiError ? error.message : describeError(error));

const holds = (namespace: Namespace): boolean => namespace.spec?.finalizers?.includes(finalizer) ?? false;

function remainingOf(type: ResourceType, objects: readonly KubeObject[]): Remaining {
  const finalizers = new Map<string, number>();
  for (const each of objects.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
    finalizers.set(each, (finalizers.get(each) ?? 0) + 1);
  }
  return { type, objects: objects.length, finalizers };
}
