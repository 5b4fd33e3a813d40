/** Read, decide, write if nobody else did in between, or decide again. Source: GuaranteedUpdate in storage/etcd3/store.go. */
import type { Entry, WritableObject } from "../codec.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { refusalOf } from "../resources/endpoint.ts";
import { ConflictError, StorageError } from "../storage/errors.ts";
import type { ObjectName } from "./environment.ts";

/** What is to become of an object. */
export type Change =
  | { readonly do: "keep" }
  | { readonly do: "write"; readonly object: WritableObject }
  /** `object` is what the client is shown as the last state. */
  | { readonly do: "remove"; readonly object: WritableObject | undefined };

export interface Changed {
  readonly entry: Entry;
  readonly removed: boolean;
}

/** `decide` may be called several times, and first with a state that is not the newest. Throws NotFound, and what it throws. */
export async function change(
  endpoint: Endpoint,
  { namespace, name }: ObjectName,
  decide: (current: Entry) => Change | Promise<Change>,
  dryRun: boolean,
): Promise<Changed> {
  const cached = dryRun ? undefined : endpoint.cacher.get(endpoint.codec.key(namespace, name));
  let current = cached ?? (await endpoint.read(namespace, name));
  for (let newest = cached === undefined; ; newest = true) {
    const { decided, refusal } = await attempt(() => decide(current));
    // A refusal, or "nothing to do", counts only if it was decided on the newest state.
    if (!newest && (decided === undefined || decided.do === "keep")) {
      const { revision } = current;
      current = await endpoint.read(namespace, name);
      if (current.revision !== revision) continue;
    }
    if (decided === undefined) throw refusal;
    try {
      return await carryOut(endpoint, current, decided, dryRun);
    } catch (error) {
      if (error instanceof ConflictError)
        current = endpoint.codec.decode(error.current.key, error.current.value, error.current.revision);
      else throw error instanceof StorageError ? refusalOf(error, endpoint.definition, name) : error;
    }
  }
}

/** What was decided, or what refused it. Deciding may ask webhooks: what is decided for good is not decided twice. */
async function attempt(
  decide: () => Change | Promise<Change>,
): Promise<{ readonly decided?: Change; readonly refusal?: unknown }> {
  try {
    return { decided: await decide() };
  } catch (refusal) {
    return { refusal };
  }
}

async function carryOut(endpoint: Endpoint, current: Entry, decided: Change, dryRun: boolean): Promise<Changed> {
  const { codec, store, definition } = endpoint;
  const { key } = current;
  if (decided.do === "keep") return { entry: current, removed: false };
  const removed = decided.do === "remove";
  if (dryRun) return { entry: shown(endpoint, current, decided.object), removed };
  if (removed) {
    await endpoint.written(await store.delete(key, current.revision));
    return { entry: shown(endpoint, current, decided.object), removed };
  }
  const { ttlSeconds } = definition;
  const value = codec.encode(decided.object);
  const { revision } = await store.update(key, value, current.revision, ttlSeconds === undefined ? {} : { ttlSeconds });
  await endpoint.written(revision);
  return { entry: codec.decode(key, value, revision), removed };
}

/** What is not in the store carries the resourceVersion of what it was made from. */
function shown({ codec }: Endpoint, current: Entry, object: WritableObject | undefined): Entry {
  if (object === undefined) return current;
  const metadata = { ...object.metadata, resourceVersion: String(current.revision) };
  return codec.entryOf(current.key, { ...object, metadata }, current.revision);
}
