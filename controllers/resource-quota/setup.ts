import { customResourceDefinitionType, resourceQuotaType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { Clock } from "../../process/clock.ts";
import type { RunnableInformers } from "../runtime/informer.ts";
import type { ControllerDefinition, Wake } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import type { ResourceQuotaReconcilerOptions } from "./reconciler.ts";
import { ResourceQuotaReconciler } from "./reconciler.ts";
import type { ResourceQuota } from "./status.ts";

export interface ResourceQuotaControllerOptions {
  readonly client: ResourceQuotaReconcilerOptions["client"];
  readonly informers: RunnableInformers;
  readonly clock: Clock;
}

/** Keeps status.hard and status.used of ResourceQuotas; admission (api/admission/resource-quota.ts) enforces them. */
export function resourceQuotaController({
  client,
  informers,
  clock,
}: ResourceQuotaControllerOptions): ControllerDefinition {
  const quotas = informers.for<ResourceQuota>(resourceQuotaType, {
    namespace: ({ metadata }) => [metadata.namespace ?? ""],
  });
  const definitions = informers.for<KubeObject>(customResourceDefinitionType);
  let wakeUp: Wake = () => undefined;
  const reconciler = new ResourceQuotaReconciler({
    client,
    informers,
    clock,
    onUsage: ({ metadata }) => {
      for (const quota of quotas.byIndex("namespace", metadata.namespace ?? "")) wakeUp(keyOf(quota));
    },
  });
  return {
    name: "resource-quota",
    workers: 5,
    reconciler,
    start: (wake) => {
      wakeUp = wake;
      quotas.onChange((old, next) => {
        reconciler.noteChange(old, next);
        if (next !== undefined) wake(keyOf(next));
      });
      definitions.onChange((old, next) => {
        if (old !== undefined && old.metadata.generation === next?.metadata.generation) return;
        if (old !== undefined) reconciler.forget(old.metadata.name);
        for (const quota of quotas.list()) wake(keyOf(quota));
      });
    },
  };
}
