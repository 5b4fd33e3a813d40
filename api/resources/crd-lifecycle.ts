/**
 * What happens to CustomResourceDefinitions after they were written: one that is marked for deletion loses its objects
 * first, and one whose names were taken gets them when they are free.
 * Source: apiextensions-apiserver/pkg/controller/{finalizer,status}.
 */
import { serverUser } from "../auth/authentication.ts";
import type { Entry } from "../codec.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import { isNotFound } from "../status.ts";
import { sleep } from "../../process/clock.ts";
import type { Change } from "../verbs/change.ts";
import { change } from "../verbs/change.ts";
import { deleteEach } from "../verbs/delete-collection.ts";
import { list } from "../verbs/list.ts";
import type { Environment } from "../verbs/environment.ts";
import { decideUpdate, isFinished } from "../verbs/update.ts";
import type { CrdObject } from "./crd-object.ts";
import { cleanupFinalizer, hasCondition } from "./crd-object.ts";
import type { Registry } from "./registry.ts";

const retryMs = 1000;

export class CrdLifecycle {
  readonly #environment: Environment;
  readonly #registry: Registry;
  readonly #log: Log;
  /** By uid of the definition. */
  readonly #cleaning = new Map<string, Promise<void>>();

  constructor(environment: Environment, registry: Registry, log: Log) {
    this.#environment = environment;
    this.#registry = registry;
    this.#log = log;
  }

  /** Runs until `signal` aborts. The registry must have started. */
  async run(signal: AbortSignal): Promise<void> {
    const { cacher } = this.#registry.crds;
    while (!signal.aborted) {
      try {
        const from = cacher.revision;
        await this.#look(signal);
        for await (const items of cacher.watch(from, (event) => event, signal))
          if (items.some(({ type }) => type !== "BOOKMARK")) await this.#look(signal);
      } catch (error) {
        this.#log.warn("Following the CustomResourceDefinitions failed", { error: describeError(error) });
      }
      await sleep(this.#environment.clock, retryMs, signal);
    }
    await Promise.all(this.#cleaning.values());
  }

  /** Level-triggered: what is to be done by what there is now. */
  async #look(signal: AbortSignal): Promise<void> {
    for (const crd of this.#registry.customResourceDefinitions()) {
      const { uid, name, deletionTimestamp, finalizers } = crd.metadata;
      if (deletionTimestamp === undefined) {
        if (!hasCondition(crd, "NamesAccepted")) await this.#reconsider(name);
      } else if (finalizers?.includes(cleanupFinalizer) === true && !this.#cleaning.has(uid)) {
        const done = cleanUpUntilDone(this.#environment, this.#registry, crd, this.#log, signal);
        this.#cleaning.set(
          uid,
          done.finally(() => this.#cleaning.delete(uid)),
        );
      }
    }
  }

  /** An update that asks for nothing new: accepting the names is part of every update. */
  async #reconsider(name: string): Promise<void> {
    const { crds } = this.#registry;
    const decide = (current: Entry): Change =>
      decideUpdate(this.#environment, crds.definition, current, current.copy(), undefined);
    await change(crds, { namespace: undefined, name }, decide, false);
  }
}

async function cleanUpUntilDone(
  environment: Environment,
  registry: Registry,
  crd: CrdObject,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { name } = crd.metadata;
  while (!signal.aborted) {
    try {
      if (await cleanUp(environment, registry, crd, signal)) return;
    } catch (error) {
      if (isNotFound(error)) return;
      log.warn("Deleting the objects of a CustomResourceDefinition failed", { name, error: describeError(error) });
    }
    await sleep(environment.clock, retryMs, signal);
  }
}

/**
 * Every replica does so, and one may be late: another one may have finished long ago, and the user may have made the
 * definition and its objects anew. Those have other uids. Resolves to whether nothing is left to do. Throws NotFound
 * once the definition is gone, and Conflict when an object was made anew.
 */
async function cleanUp(
  environment: Environment,
  registry: Registry,
  { metadata: { name, uid } }: CrdObject,
  signal: AbortSignal,
): Promise<boolean> {
  const { crds } = registry;
  const [endpoint] = registry.endpointsOf(name);
  if (endpoint !== undefined) {
    const { cacher, codec } = endpoint;
    const { entries } = await list(endpoint, {});
    // Where the definition still is there after its objects were listed, it is theirs.
    if ((await crds.read(undefined, name)).object.metadata.uid !== uid) return true;
    await deleteEach(environment, endpoint, entries, ({ object: { metadata } }) => ({
      ...{ user: serverUser, warn: () => undefined, dryRun: false },
      preconditions: { uid: metadata.uid },
    }));
    await cacher.fresh();
    // What finalizers keep goes when whoever set them is done; nothing new can be created meanwhile.
    if (cacher.list(codec.root).length > 0)
      for await (const items of cacher.watch(cacher.revision, (event) => event, signal))
        if (items.some(({ type }) => type === "DELETED") && cacher.list(codec.root).length === 0) break;
    if (cacher.list(codec.root).length > 0) return false;
  }
  const release = (current: Entry): Change => {
    if (current.object.metadata.uid !== uid) return { do: "keep" };
    const next = current.copy();
    const finalizers = (next.metadata["finalizers"] ?? []) as readonly string[];
    next.metadata["finalizers"] = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
    return isFinished(crds.definition, next) ? { do: "remove", object: next } : { do: "write", object: next };
  };
  await change(crds, { namespace: undefined, name }, release, false);
  return true;
}
