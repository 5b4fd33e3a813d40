import { namespaceType, serviceAccountType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { ControllerDefinition, Informers } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import type { ServiceAccountReconcilerOptions } from "./reconciler.ts";
import { defaultAccount, ServiceAccountReconciler } from "./reconciler.ts";

export interface ServiceAccountControllerOptions {
  readonly client: ServiceAccountReconcilerOptions["client"];
  readonly informers: Informers;
}

/** Every namespace has a ServiceAccount "default"; one that is deleted is made anew. */
export function serviceAccountController({ client, informers }: ServiceAccountControllerOptions): ControllerDefinition {
  const namespaces = informers.for<KubeObject>(namespaceType);
  const accounts = informers.for<KubeObject>(serviceAccountType);
  return {
    name: "service-account",
    workers: 2,
    reconciler: new ServiceAccountReconciler({ client, namespaces, accounts }),
    start: (wake) => {
      namespaces.onChange((_, next) => {
        if (next !== undefined) wake(keyOf(next));
      });
      accounts.onChange((old, next) => {
        if (next === undefined && old?.metadata.name === defaultAccount) wake(old.metadata.namespace ?? "");
      });
    },
  };
}
