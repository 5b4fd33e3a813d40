/** List and watch, for a command that waits for something. */
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../api/client/client.ts";
import { UnreachableError } from "../api/client/unreachable.ts";
import { isExpired } from "../api/status.ts";
import type { KubeObject, ResourceType } from "../crds/meta.ts";
import type { Terminal } from "./terminal.ts";

export interface Followed {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface Following {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told whenever a server that had answered cannot be reached; it is asked again until it answers. */
  readonly lost: (error: UnreachableError) => void;
}

/** Whether it is what a server that is being started anew looks like from outside. */
export function isRestarting(error: unknown): error is UnreachableError {
  return error instanceof UnreachableError && (error.code === "ECONNREFUSED" || error.code === "ECONNRESET");
}

/** For {@link Following.lost}: tells people the first time. */
export function warnOnce({ stderr }: Pick<Terminal, "stderr">): Following["lost"] {
  let warned = false;
  return ({ message }) => {
    if (!warned) stderr.write(`Warning: ${message}; waiting for it to come back\n`);
    warned = true;
  };
}

/** How long after a watch ended the next one begins. */
const pauseMs = 250;

export const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;

/**
 * Yields all objects selected, by {@link keyOf}, at once and after every change: the same map, kept up to date. Ends when
 * `signal` aborts. Throws ApiError and UnreachableError as the client does, but outlives a restart of the server.
 */
export async function* follow<R extends KubeObject>(
  client: Client,
  type: ResourceType,
  selection: Followed,
  { signal, lost }: Following,
): AsyncGenerator<ReadonlyMap<string, R>, void, undefined> {
  let answered = false;
  while (!signal.aborted) {
    try {
      const list = await client.list<R>(type, selection);
      answered = true;
      const objects = new Map(list.items.map((item) => [keyOf(item.metadata.namespace, item.metadata.name), item]));
      yield objects;
      yield* changes(client, type, selection, signal, objects, list.resourceVersion);
    } catch (error) {
      if (answered && isRestarting(error)) {
        lost(error);
        await pause(signal);
      } else if (!isExpired(error)) throw error;
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
