/**
 * Clients that go on while replicas and etcd members are killed, and know what must be there at the end: what was
 * acknowledged, and nothing twice.
 */
import { setTimeout as pause } from "node:timers/promises";
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  PatchStrategy,
  setHeaderOptions,
  V1ConfigMap,
  V1ObjectMeta,
  Watch,
} from "@kubernetes/client-node";
import type { KubeConfig } from "@kubernetes/client-node";
import { expect } from "vitest";
import { capture, eventually } from "../../lab/stowage.ts";

const namespace = "default";
const containers = { group: "stowage.dev", version: "v1alpha1", namespace, plural: "containers" };
/** Between two requests of one client, so that all of it fits on a small machine. */
const paceMs = 15;

type Content = Pick<V1ConfigMap, "data"> & Pick<V1ObjectMeta, "labels">;

export function configMap(name: string, { data, labels }: Content): V1ConfigMap {
  const metadata = Object.assign(new V1ObjectMeta(), { name, labels });
  return Object.assign(new V1ConfigMap(), { metadata, data });
}

/**
 * What a failed request says about its outcome. `refused`: nothing was done, as 503 and 429 say, which client-go repeats
 * by itself where they carry Retry-After (rest/with_retry.go). `unknown`: the connection broke, or 504.
 */
type Failure = "conflict" | "refused" | "unknown";

/** Throws what no client retries. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof ApiException)) {
    const { message, cause } = error as Error & { cause?: { code?: string } };
    const code = cause?.code ?? "";
    if (code === "ECONNREFUSED") return "refused";
    if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code) || message === "terminated") return "unknown";
    throw error;
  }
  if (error.code === 409) return "conflict";
  if (error.code === 503 || error.code === 429) return "refused";
  if (error.code !== 504) throw error;
  expect(error.headers, "an unknown outcome must not be repeated by clients").not.toHaveProperty("retry-after");
  return "unknown";
}

/** One client's doings. `verify` says what must be so once all is quiet. */
export interface Worker {
  /** Once; returns how it went. */
  step(): Promise<void>;
  verify(): Promise<void>;
}

/** Counts up by compare and swap: every acknowledged count counts, and none counts twice. */
export class Counter implements Worker {
  readonly #api: CoreV1Api;
  readonly #name: string;
  acknowledged = 0;
  #unknown = 0;

  constructor(config: KubeConfig, name: string) {
    this.#api = config.makeApiClient(CoreV1Api);
    this.#name = name;
  }

  async start(): Promise<void> {
    await this.#api.createNamespacedConfigMap({ namespace, body: configMap(this.#name, { data: { n: "0" } }) });
  }

  async read(): Promise<V1ConfigMap> {
    return this.#api.readNamespacedConfigMap({ namespace, name: this.#name });
  }

  async step(): Promise<void> {
    const current = await attempt(() => this.read());
    if (typeof current === "string") return;
    const data = { n: String(Number(current.data?.["n"]) + 1) };
    const body = Object.assign(new V1ConfigMap(), current, { data });
    const answer = await attempt(() => this.#api.replaceNamespacedConfigMap({ namespace, name: this.#name, body }));
    if (typeof answer !== "string") this.acknowledged++;
    else if (answer === "unknown") this.#unknown++;
  }

  async verify(): Promise<void> {
    const n = Number((await this.read()).data?.["n"]);
    expect(n).toBeGreaterThanOrEqual(this.acknowledged);
    expect(n).toBeLessThanOrEqual(this.acknowledged + this.#unknown);
  }
}

/** Appends to a list by JSON patches that name no resourceVersion: done twice, it would be seen twice. */
export class Appender implements Worker {
  readonly #api: CustomObjectsApi;
  readonly #name: string;
  readonly #outcomes = new Map<string, "acknowledged" | Failure>();

  constructor(config: KubeConfig, name: string) {
    this.#api = config.makeApiClient(CustomObjectsApi);
    this.#name = name;
  }

  async start(): Promise<void> {
    const spec = { image: "replicas:1", runState: "Stopped", args: ["first"] };
    const body = { apiVersion: "stowage.dev/v1alpha1", kind: "Container", metadata: { name: this.#name }, spec };
    await this.#api.createNamespacedCustomObject({ ...containers, body });
  }

  async step(): Promise<void> {
    const word = `w${this.#outcomes.size}`;
    const body = [{ op: "add", path: "/spec/args/-", value: word }];
    const header = setHeaderOptions("Content-Type", PatchStrategy.JsonPatch);
    const answer = await attempt(async () => ({
      patched: (await this.#api.patchNamespacedCustomObject(
        { ...containers, name: this.#name, body },
        header,
      )) as object,
    }));
    this.#outcomes.set(word, typeof answer === "string" ? answer : "acknowledged");
  }

  async verify(): Promise<void> {
    const object = (await this.#api.getNamespacedCustomObject({ ...containers, name: this.#name })) as Container;
    const [, ...words] = object.spec.args;
    expect(
      words.filter((word, index) => words.indexOf(word) !== index),
      "appended twice",
    ).toEqual([]);
    const those = (outcome: string): readonly string[] =>
      [...this.#outcomes].filter(([, each]) => each === outcome).map(([word]) => word);
    expect(
      those("acknowledged").filter((word) => !words.includes(word)),
      "lost",
    ).toEqual([]);
    expect(
      those("refused").filter((word) => words.includes(word)),
      "done though refused",
    ).toEqual([]);
  }
}

interface Container {
  readonly spec: { readonly args: readonly string[] };
}

/** Creates and deletes; whatever replica answers, a list shows at once what was acknowledged before it. */
export class Maker implements Worker {
  readonly #api: CoreV1Api;
  readonly #there = new Set<string>();
  readonly #gone = new Set<string>();
  #made = 0;

  constructor(config: KubeConfig) {
    this.#api = config.makeApiClient(CoreV1Api);
  }

  async step(): Promise<void> {
    const name = `made-${this.#made++}`;
    const body = configMap(name, { labels: { made: "true" } });
    if (typeof (await attempt(() => this.#api.createNamespacedConfigMap({ namespace, body }))) === "string") return;
    this.#there.add(name);
    const names = await attempt(() => this.#names());
    if (typeof names !== "string") this.#expectIn(names);
    if (this.#made % 2 === 0) return;
    // From here on it may be gone.
    this.#there.delete(name);
    const deleted = await attempt(() => this.#api.deleteNamespacedConfigMap({ namespace, name }));
    if (typeof deleted !== "string") this.#gone.add(name);
  }

  async #names(): Promise<ReadonlySet<string>> {
    const { items } = await this.#api.listNamespacedConfigMap({ namespace, labelSelector: "made=true" });
    return new Set(items.map(({ metadata }) => metadata?.name ?? ""));
  }

  #expectIn(names: ReadonlySet<string>): void {
    expect(
      [...this.#there].filter((name) => !names.has(name)),
      "lost",
    ).toEqual([]);
    expect(
      [...this.#gone].filter((name) => names.has(name)),
      "deleted, and there again",
    ).toEqual([]);
  }

  async verify(): Promise<void> {
    this.#expectIn(await this.#names());
  }
}

/** kubectl, over and over. What it could not do it says in words that tell its user to try again. */
export class Kubectl implements Worker {
  readonly #kubeconfig: string;
  readonly #cache: string;
  #applied = 0;
  #tried = 0;

  constructor(kubeconfig: string, cache: string) {
    this.#kubeconfig = kubeconfig;
    this.#cache = cache;
  }

  async step(): Promise<void> {
    const n = ++this.#tried;
    const metadata = { name: "applied", namespace };
    const manifest = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { n: String(n) } });
    const env = {
      PATH: process.env["PATH"],
      KUBECONFIG: this.#kubeconfig,
      KUBECACHEDIR: this.#cache,
      HOME: this.#cache,
    };
    const { code, stderr } = await capture("kubectl", ["apply", "-f", "-"], { env, input: manifest });
    if (code === 0) {
      expect(stderr).toBe("");
      this.#applied = n;
      return;
    }
    expect(stderr).toMatch(
      /refused|reset by peer|EOF|ServiceUnavailable|Timeout|connection lost|the object has been modified/,
    );
  }

  async verify(): Promise<void> {
    await eventually("kubectl applies again", async () => {
      await this.step();
      return this.#applied === this.#tried;
    });
  }
}

/**
 * One watch that goes on from the last resourceVersion seen whenever it breaks off, at whichever replica, and never lists
 * again: of a count made by compare and swap it is told every value, once and in order.
 */
export class Follower {
  readonly #watch: Watch;
  readonly #name: string;
  readonly seen: number[] = [];
  #version: string;
  #stopped = false;
  #request: AbortController | undefined;

  constructor(config: KubeConfig, start: V1ConfigMap) {
    this.#watch = new Watch(config);
    this.#name = start.metadata?.name ?? "";
    this.#version = start.metadata?.resourceVersion ?? "";
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const why = await this.#once();
      // 410 would mean that history was lost; what is left are broken connections, and replicas on their way out.
      expect((why as { readonly statusCode?: number } | null)?.statusCode ?? 503).toBe(503);
      await pause(paceMs);
    }
  }

  #once(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const query = {
        fieldSelector: `metadata.name=${this.#name}`,
        resourceVersion: this.#version,
        allowWatchBookmarks: true,
      };
      this.#watch
        .watch(
          `/api/v1/namespaces/${namespace}/configmaps`,
          query,
          (type: string, object: V1ConfigMap) => {
            if (type === "ERROR") reject(new Error(`The watch told of an error: ${JSON.stringify(object)}`));
            if (type === "MODIFIED") this.seen.push(Number(object.data?.["n"]));
            this.#version = object.metadata?.resourceVersion ?? this.#version;
          },
          resolve,
        )
        .then((request) => {
          this.#request = request;
        }, resolve);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#request?.abort();
  }
}

/** All of them, again and again until `signal` aborts. */
export async function work(workers: readonly Worker[], signal: AbortSignal): Promise<void> {
  await Promise.all(
    workers.map(async (worker) => {
      while (!signal.aborted) {
        await worker.step();
        await pause(paceMs);
      }
    }),
  );
}

async function attempt<T extends object>(request: () => Promise<T>): Promise<T | Failure> {
  try {
    return await request();
  } catch (error) {
    return failureOf(error);
  }
}
