import type { Client } from "../../api/client/client.ts";
import { createInformers } from "../../controllers/runtime/informer.ts";
import type { RunnableInformers } from "../../controllers/runtime/informer.ts";
import { Manager } from "../../controllers/runtime/manager.ts";
import type { ControllerDefinition } from "../../controllers/runtime/reconciler.ts";
import type { Clock } from "../../process/clock.ts";
import { systemClock } from "../../process/clock.ts";
import { RecordingLog } from "../fakes/log.ts";

/** Runs controllers against an API as the server does, until disposed of. */
export function runControllers(
  client: Pick<Client, "list" | "watch">,
  make: (informers: RunnableInformers) => readonly ControllerDefinition[],
  log = new RecordingLog(),
  clock: Clock = systemClock,
): AsyncDisposable {
  const informers = createInformers(client, clock, log);
  const controllers = make(informers);
  const manager = new Manager({ informers, clock, log, controllers, select: "*" });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
