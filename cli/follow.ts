/** List and watch, for a command that waits for something. */
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../api/client/client.ts";
import { isExpired } from "../api/status.ts";
import type { KubeObject, ResourceType } from "../crds/meta.ts";

export interface Followed {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** How long after a watch ended the next one begins. */
const pauseMs = 250;

export const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;

/**
 * Yields all objects selected, by {@link keyOf}, at once and after every change: the same map, kept up to date. Ends when
 * `signal` aborts. Throws ApiError and UnreachableError as the client does.
 */
export async function* follow<R extends KubeObject>(
  client: Client,
  type: ResourceType,
  selection: Followed,
  signal: AbortSignal,
): AsyncGenerator<ReadonlyMap<string, R>, void, undefined> {
  while (!signal.aborted) {
    const list = await client.list<R>(type, selection);
    const objects = new Map(list.items.map((item) => [keyOf(item.metadata.namespace, item.metadata.name), item]));
    yield objects;
    try {
      yield* changes(client, type, selection, signal, objects, list.resourceVersion);
    } catch (error) {
      if (!isExpired(error)) throw error;
    }
  }
}

async function* changes<R extends KubeObject>(
  client: Client,
  type: ResourceType,
  selection: Followed,
  signal: AbortSignal,
  objects: Map<string, R>,
  since: string,
): AsyncGenerator<ReadonlyMap<string, R>, void, undefined> {
  let resourceVersion = since;
  while (!signal.aborted) {
    for await (const event of client.watch<R>(type, { ...selection, resourceVersion, signal })) {
      if (event.type === "BOOKMARK") {
        resourceVersion = event.resourceVersion;
        continue;
      }
      const { metadata } = event.object;
      resourceVersion = metadata.resourceVersion;
      const key = keyOf(metadata.namespace, metadata.name);
      if (event.type === "DELETED") objects.delete(key);
      else objects.set(key, event.object);
      yield objects;
    }
    await pause(signal);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(pauseMs, undefined, { signal });
  } catch {
    // Aborted: whoever loops looks at the signal.
  }
}
