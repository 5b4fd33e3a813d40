import { namespaceType } from "../../crds/core.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "../../api/client/client.ts";
import { ApiServer } from "../../api/server.ts";
import { isNotFound } from "../../api/status.ts";
import { SqliteStore } from "../../api/storage/sqlite.ts";
import type { Store } from "../../api/storage/store.ts";
import { systemClock } from "../../process/clock.ts";
import type { Clock } from "../../process/clock.ts";
import { ApiEventRecorder } from "../../controllers/runtime/events.ts";
import { createInformers } from "../../controllers/runtime/informer.ts";
import type { RunnableInformers } from "../../controllers/runtime/informer.ts";
import { Manager } from "../../controllers/runtime/manager.ts";
import type { ControllerDefinition, EventRecorder } from "../../controllers/runtime/reconciler.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { RecordingLog } from "../fakes/log.ts";

/** The API, over a store in memory where none is given, spoken to as the server's own controllers do. */
export class ApiInProcess implements AsyncDisposable {
  readonly log = new RecordingLog();
  readonly #stack: AsyncDisposableStack;
  readonly #api: ApiServer;

  private constructor(stack: AsyncDisposableStack, api: ApiServer) {
    this.#stack = stack;
    this.#api = api;
  }

  /** Ends the store that `openStore` opens as well. */
  static async open(
    openStore: () => Promise<Store> = () => SqliteStore.open({ path: ":memory:" }),
    clock: Clock = systemClock,
  ): Promise<ApiInProcess> {
    await using stack = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), "stowage-api-"));
    stack.defer(() => rm(dataDir, { recursive: true, force: true }));
    const store = stack.use(await openStore());
    const log = new RecordingLog();
    const api = await ApiServer.open({
      store,
      dataDir,
      listen: { host: "127.0.0.1", port: 0 },
      connectors: {},
      clock,
      log,
    });
    stack.use(api);
    return new ApiInProcess(stack.move(), api);
  }

  get client(): Client {
    return this.#api.client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async createNamespace(name: string): Promise<KubeObject> {
    return this.client.create(namespaceType, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }

  /** The object, or undefined when it is not there. */
  async find<R extends KubeObject>(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
  ): Promise<R | undefined> {
    try {
      return await this.client.get<R>(type, { namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Ends with the API, before it. */
  use<T extends AsyncDisposable>(resource: T): T {
    return this.#stack.use(resource);
  }

  /** Runs controllers as the server does, until disposed of. */
  run(
    controllers: (parts: { informers: RunnableInformers; events: EventRecorder }) => readonly ControllerDefinition[],
  ): void {
    const parts = { client: this.client, clock: systemClock, log: this.log };
    const informers = createInformers(this.client, systemClock, this.log);
    const events = this.use(new ApiEventRecorder({ ...parts, component: "stowage-test" }));
    const definitions = controllers({ informers, events });
    const manager = new Manager({ ...parts, informers, controllers: definitions, select: "*" });
    const stop = new AbortController();
    const running = manager.run(stop.signal);
    this.#stack.defer(async () => {
      stop.abort();
      await running;
    });
  }
}
