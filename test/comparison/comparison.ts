/** A real kube-apiserver and our server side by side, neither with controllers. */
import { setTimeout as delay } from "node:timers/promises";
import { KubeApiServer } from "../lab/kubernetes/kube-apiserver.ts";
import { StowageServer } from "../lab/stowage.ts";
import { differences } from "./difference.ts";
import type { Answer, Difference } from "./difference.ts";
import { fixtures } from "./fixtures.ts";
import { normalize } from "./normalize.ts";
import { runSequence } from "./run.ts";
import type { Sequence } from "./sequence.ts";
import { Target } from "./target.ts";

export class Comparison implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #targets: readonly [theirs: Target, ours: Target];

  private constructor(stack: AsyncDisposableStack, targets: readonly [theirs: Target, ours: Target]) {
    this.#stack = stack;
    this.#targets = targets;
  }

  /** Returns when both serve the kinds of fixtures.ts. */
  static async start(): Promise<Comparison> {
    await using stack = new AsyncDisposableStack();
    // Pods' business, and ServiceAccount makes every namespace wait for a controller that is not there; ResourceQuota has
    // nothing to count without controllers, and answers 500 where a busy machine keeps it from that for 10 s.
    const args = ["--disable-admission-plugins", "ServiceAccount,ResourceQuota"];
    const kubernetes = stack.use(await KubeApiServer.start({ args }));
    const stowage = stack.use(await StowageServer.start({ args: ["--controllers", "none"] }));
    const theirs = stack.use(await Target.open(kubernetes.kubeconfig));
    const ours = stack.use(await Target.open(stowage.kubeconfig));
    await Promise.all([install(theirs), install(ours)]);
    return new Comparison(stack.move(), [theirs, ours]);
  }

  /** What differs in the answers to a sequence. `id` is the sequence's own, for its namespace and its group. */
  async compare(sequence: Sequence, id: number): Promise<readonly Difference[]> {
    const place = { ns: `comparison-${id}x`, group: `comparison-${id}x.example.com` };
    const answers = async (target: Target): Promise<readonly Answer[]> => {
      await create(target, "/api/v1/namespaces", { metadata: { name: place.ns } });
      return normalize(await runSequence(target, sequence, place), place);
    };
    const [theirs, ours] = await Promise.all([answers(this.#targets[0]), answers(this.#targets[1])]);
    return differences(sequence.name, theirs, ours);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Makes the kinds that sequences share, and waits until they are served and discovery tells of them. */
async function install(target: Target): Promise<void> {
  const says = async (path: string, what: string): Promise<void> => {
    while (!(await target.send("GET", path, {})).text.includes(what)) await delay(50);
  };
  for (const fixture of fixtures) {
    await create(target, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", fixture);
    const { group, names, versions } = fixture.spec;
    for (const { name, served } of versions) {
      if (!served) continue;
      await says(`/apis/${group}/${name}/${names.plural}`, `"kind":"${names.kind}List"`);
      await says(`/apis/${group}/${name}`, `"name":"${names.plural}"`);
      await says(`/apis/${group}`, `"version":"${name}"`);
      await says("/apis", `"groupVersion":"${group}/${name}"`);
    }
  }
}

async function create(target: Target, path: string, object: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const { status, text } = await target.send("POST", path, headers, JSON.stringify(object));
  if (status !== 201) throw new Error(`Cannot prepare ${path}: ${text}`);
}
