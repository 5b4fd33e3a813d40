import { configMapType, leaseType } from "../../crds/core.ts";
import { expect, test } from "vitest";
import type { Client } from "../../api/client/client.ts";
import { systemClock } from "../../process/clock.ts";
import { createInformers } from "../../controllers/runtime/informer.ts";
import { leadWhileElected } from "../../controllers/runtime/leader-election.ts";
import type { Lease } from "../../controllers/runtime/leader-election.ts";
import { Manager } from "../../controllers/runtime/manager.ts";
import { keyOf, settled } from "../../controllers/runtime/reconciler.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { RecordingLog } from "../fakes/log.ts";
import { eventually } from "../lab/stowage.ts";
import { ApiInProcess } from "./api-in-process.ts";

const name = "stowage-controllers";

/**
 * A process that competes: when it leads, its manager labels every ConfigMap of namespace default with its identity.
 * Its way to the API can be cut: then nothing comes back from it.
 */
class Replica implements AsyncDisposable {
  readonly identity: string;
  readonly story: string[];
  cut = false;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(api: ApiInProcess, identity: string, story: string[]) {
    this.identity = identity;
    this.story = story;
    const { client } = api;
    const through = <T>(request: () => Promise<T>): Promise<T> =>
      this.cut ? new Promise<T>(() => undefined) : request();
    const lease: Pick<Client, "get" | "create" | "update"> = {
      get: (...args) => through(() => client.get(...args)),
      create: (...args) => through(() => client.create(...args)),
      update: (...args) => through(() => client.update(...args)),
    };
    const log = new RecordingLog();
    const options = { client: lease, clock: systemClock, log, name, identity };
    this.#ended = leadWhileElected(options, (signal) => this.#lead(api.client, signal), this.#stop.signal);
  }

  async #lead(client: Client, signal: AbortSignal): Promise<void> {
    this.story.push(`${this.identity} leads`);
    const log = new RecordingLog();
    const informers = createInformers(client, systemClock, log);
    const objects = informers.for<KubeObject>(configMapType);
    const controller = {
      name: "label",
      workers: 1,
      start: (wake: (key: string) => void) => {
        objects.onChange((_, next) => {
          if (next !== undefined) wake(keyOf(next));
        });
      },
      reconciler: { reconcile: async (key: string) => this.#label(client, objects.get(key)) },
    };
    await new Manager({ informers, clock: systemClock, log, controllers: [controller], select: "*" }).run(signal);
    this.story.push(`${this.identity} stops`);
  }

  async #label(client: Client, object: KubeObject | undefined) {
    if (object?.metadata.namespace === "default" && object.metadata.labels?.["leader"] !== this.identity) {
      const body = { metadata: { labels: { leader: this.identity } } };
      await client.patch(configMapType, object.metadata, { type: "merge", body });
    }
    return settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

async function labelOf(api: ApiInProcess): Promise<string | undefined> {
  return (await api.find(configMapType, "default", "work"))?.metadata.labels?.["leader"];
}

async function open(): Promise<ApiInProcess> {
  const api = await ApiInProcess.open();
  await api.client.create(configMapType, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "default", name: "work" },
  });
  return api;
}

test("of two replicas one works; when it stops, the other goes on", async () => {
  await using api = await open();
  const story: string[] = [];
  const a = new Replica(api, "a", story);
  await eventually("a works", async () => (await labelOf(api)) === "a");
  api.use(new Replica(api, "b", story));
  await a[Symbol.asyncDispose]();
  await eventually("b works", async () => (await labelOf(api)) === "b");
  expect(story).toEqual(["a leads", "a stops", "b leads"]);
  const lease = await api.client.get<Lease>(leaseType, { namespace: "kube-system", name });
  expect(lease.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 1, leaseDurationSeconds: 15 });
  expect(lease.spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test("a replica that loses the API stops before the other begins", async () => {
  await using api = await open();
  const story: string[] = [];
  const a = api.use(new Replica(api, "a", story));
  await eventually("a works", async () => (await labelOf(api)) === "a");
  api.use(new Replica(api, "b", story));
  a.cut = true;
  await eventually("a stopped", async () => story.includes("a stops"));
  await eventually("b works", async () => (await labelOf(api)) === "b");
  expect(story).toEqual(["a leads", "a stops", "b leads"]);
});
