import { namespaceType } from "../../crds/core.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerDefinition, Informers } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import type { Namespace, NamespaceReconcilerOptions } from "./reconciler.ts";
import { NamespaceReconciler } from "./reconciler.ts";

export interface NamespaceControllerOptions {
  readonly client: NamespaceReconcilerOptions["client"];
  readonly informers: Informers;
  readonly clock: Clock;
}

/** Removes the content of namespaces that are being deleted, then the namespaces. */
export function namespaceController({ client, informers, clock }: NamespaceControllerOptions): ControllerDefinition {
  const namespaces = informers.for<Namespace>(namespaceType);
  return {
    name: "namespace",
    workers: 2,
    reconciler: new NamespaceReconciler({ client, clock }),
    start: (wake) => {
      namespaces.onChange((old, next) => {
        // Once only: what follows is written by us.
        if (next?.metadata.deletionTimestamp === undefined || old?.metadata.deletionTimestamp !== undefined) return;
        wake(keyOf(next));
      });
    },
  };
}
