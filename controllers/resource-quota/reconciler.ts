import { isDeepStrictEqual } from "node:util";
import type { Client, Draft } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import { resourceQuotaType } from "../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import type { Clock } from "../../process/clock.ts";
import type { RunnableInformers } from "../runtime/informer.ts";
import type { Informer, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { keyOf, settled, waiting } from "../runtime/reconciler.ts";
import type { ResourceQuota } from "./status.ts";
import { isInForce, namesByKind, statusOf } from "./status.ts";

/**
 * A charge comes before what it is for (api/admission/resource-quota.ts): what was not counted this long after a charge
 * was not written. Until then, counting could give back what is about to be used.
 */
const settleMs = 1000;
/** Source: --resource-quota-sync-period of kube-controller-manager. */
const resyncMs = 5 * 60_000;

export interface ResourceQuotaReconcilerOptions {
  readonly client: Pick<Client, "get" | "updateStatus" | "discover">;
  readonly informers: Pick<RunnableInformers, "for" | "release">;
  readonly clock: Clock;
  /** Told of an object, of a kind that some quota counts, that is gone or uses something else than before. */
  readonly onUsage: (object: KubeObject) => void;
}

/** Brings status.used of quotas to what is there. Source: kubernetes/pkg/controller/resourcequota. */
export class ResourceQuotaReconciler implements Reconciler {
  readonly #options: ResourceQuotaReconcilerOptions;
  readonly #changedAt = new Map<Key, number>();
  /** By `plural.group`, of the kinds that some quota counted. */
  readonly #counted = new Map<string, Informer<KubeObject>>();

  constructor(options: ResourceQuotaReconcilerOptions) {
    this.#options = options;
  }

  /** To be told of every change of a quota: what is used may have been charged. */
  noteChange(old: ResourceQuota | undefined, next: ResourceQuota | undefined): void {
    if (next === undefined) {
      if (old !== undefined) this.#changedAt.delete(keyOf(old));
    } else if (!isDeepStrictEqual(old?.status?.used, next.status?.used))
      this.#changedAt.set(keyOf(next), this.#options.clock.now().getTime());
  }

  /** To be told of a kind that is served otherwise than before, or no longer. */
  forget(resource: string): void {
    const informer = this.#counted.get(resource);
    if (informer === undefined) return;
    this.#counted.delete(resource);
    this.#options.informers.release(informer.type);
  }

  async reconcile(key: Key): Promise<Outcome> {
    const quota = await this.#read(key);
    if (quota === undefined) return settled();
    const leftMs = this.#unsettledMs(key);
    if (leftMs > 0 && isInForce(quota))
      return waiting("Charged", `What ResourceQuota "${key}" was charged for may not be there yet`, leftMs);
    const kinds = await this.#countedKinds(quota);
    const { namespace } = quota.metadata;
    const status = statusOf(quota, kinds, (type) => this.#informer(type).byIndex(index, namespace ?? ""));
    if (!isDeepStrictEqual(status, quota.status)) {
      const draft: Draft & { readonly status: object } = { ...quota, status };
      await this.#options.client.updateStatus(resourceQuotaType, draft);
    }
    return settled(resyncMs);
  }

  async #read(key: Key): Promise<ResourceQuota | undefined> {
    const [namespace = "", name = ""] = key.split("/");
    try {
      return await this.#options.client.get<ResourceQuota>(resourceQuotaType, { namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #unsettledMs(key: Key): number {
    const changed = this.#changedAt.get(key);
    return changed === undefined ? 0 : changed + settleMs - this.#options.clock.now().getTime();
  }

  /** Those of the kinds that the quota counts which are served, all of whose objects are known. */
  async #countedKinds(quota: ResourceQuota): Promise<ReadonlyMap<string, ResourceType>> {
    const wanted = namesByKind(quota);
    const served = await this.#options.client.discover();
    const types = served.filter((type) => type.verbs.includes("watch") && wanted.has(groupResource(type)));
    await Promise.all(types.map((type) => this.#informer(type).synced));
    return new Map(types.map((type) => [groupResource(type), type]));
  }

  #informer(type: ResourceType): Informer<KubeObject> {
    const known = this.#counted.get(groupResource(type));
    if (known !== undefined) return known;
    const informer = this.#options.informers.for<KubeObject>(type, { [index]: namespaceOf });
    this.#counted.set(groupResource(type), informer);
    informer.onChange((old, next) => {
      if (old !== undefined && (next === undefined || next.metadata.generation !== old.metadata.generation))
        this.#options.onUsage(old);
    });
    return informer;
  }
}

const index = "resource-quota/namespace";
const namespaceOf = ({ metadata }: KubeObject): readonly string[] => [metadata.namespace ?? ""];
