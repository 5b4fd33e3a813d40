import type { Client } from "../../api/client/client.ts";
import { hasReason, isAlreadyExists, isNotFound } from "../../api/status.ts";
import { serviceAccountType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { Cache, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { settled } from "../runtime/reconciler.ts";

/** The account that every namespace has. */
export const defaultAccount = "default";

export interface ServiceAccountReconcilerOptions {
  readonly client: Pick<Client, "create">;
  readonly namespaces: Pick<Cache<KubeObject>, "get">;
  readonly accounts: Pick<Cache<KubeObject>, "get">;
}

/** Keys are namespaces. Source: kubernetes/pkg/controller/serviceaccount/serviceaccounts_controller.go. */
export class ServiceAccountReconciler implements Reconciler {
  readonly #options: ServiceAccountReconcilerOptions;

  constructor(options: ServiceAccountReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(namespace: Key): Promise<Outcome> {
    const { client, namespaces, accounts } = this.#options;
    const found = namespaces.get(namespace);
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return settled();
    if (accounts.get(`${namespace}/${defaultAccount}`) !== undefined) return settled();
    try {
      await client.create(serviceAccountType, {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { namespace, name: defaultAccount },
      });
    } catch (error) {
      // Made by another, or the namespace is going away or gone: nobody misses it there.
      const going = hasReason(error, "Forbidden") && error.details?.causes?.[0]?.reason === "NamespaceTerminating";
      if (!isAlreadyExists(error) && !isNotFound(error) && !going) throw error;
    }
    return settled();
  }
}
