import { customResourceDefinitionType } from "../../crds/core.ts";
import type { RunnableInformers } from "../runtime/informer.ts";
import type { ControllerDefinition, EventRecorder } from "../runtime/reconciler.ts";
import type { CustomResourceDefinition, GarbageCollectorOptions } from "./reconciler.ts";
import { GarbageCollector, typesKey } from "./reconciler.ts";

export interface GarbageCollectorControllerOptions {
  readonly client: GarbageCollectorOptions["client"];
  readonly informers: Pick<RunnableInformers, "for" | "release">;
  readonly events: EventRecorder;
}

/** Deletes what belongs to owners that are gone, of whatever kind. */
export function garbageCollector({
  client,
  informers,
  events,
}: GarbageCollectorControllerOptions): ControllerDefinition {
  const definitions = informers.for<CustomResourceDefinition>(customResourceDefinitionType);
  const reconciler = new GarbageCollector({ client, informers, definitions, events });
  return {
    name: "garbage-collector",
    workers: 8,
    reconciler,
    start: (wake) => {
      reconciler.connect(wake);
      definitions.onChange(() => {
        wake(typesKey);
      });
      wake(typesKey);
    },
  };
}
