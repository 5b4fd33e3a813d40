/** Deletes objects one after the other, and waits for those that controllers clean up after. */
import type { Client, DeleteOptions } from "../api/client/client.ts";
import { ApiError, isNotFound } from "../api/status.ts";
import { timeoutSignal } from "./duration.ts";
import { CommandError } from "./errors.ts";
import type { Following } from "./follow.ts";
import { kindName } from "./resources.ts";
import type { NamedObject } from "./targets.ts";
import { untilAll } from "./until.ts";

export interface Deleted extends NamedObject {
  /** Undefined when the server does not say what it deleted: then it is gone. */
  readonly uid: string | undefined;
}

/** Goes on after one that is refused; `errors` says which. */
export async function deleteAll(
  client: Client,
  targets: readonly NamedObject[],
  options: DeleteOptions,
  ignoreNotFound: boolean,
  print: (line: string) => void,
): Promise<{ readonly deleted: readonly Deleted[]; readonly errors: readonly string[] }> {
  const deleted: Deleted[] = [];
  const errors: string[] = [];
  for (const { type, name } of targets) {
    try {
      const object = await client.delete(type, name, options);
      print(`${kindName(type)} "${name.name}" deleted`);
      deleted.push({ type, name, uid: object?.metadata.uid });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!ignoreNotFound || !isNotFound(error)) errors.push(error.message);
    }
  }
  return { deleted, errors };
}

/** `timeoutMs` 0 is for ever. Throws CommandError when some are still there then. */
export async function waitUntilGone(
  client: Client,
  deleted: readonly Deleted[],
  timeoutMs: number,
  lost: Following["lost"],
): Promise<void> {
  const signal = timeoutMs === 0 ? new AbortController().signal : timeoutSignal(timeoutMs);
  const waiting = deleted.filter(({ uid }) => uid !== undefined);
  // One of that name with another uid is somebody's new one.
  const left = await untilAll(client, waiting, { signal, lost }, ({ uid }, object) => object?.metadata.uid !== uid);
  if (left.length > 0)
    throw new CommandError(
      ...left.map(({ type, name }) => `timed out waiting for the condition on ${type.plural}/${name.name}: it is still there after ${timeoutMs / 1000}s`), // prettier-ignore
    );
}
