import type { Endpoint } from "../resources/endpoint.ts";
import type { Entry } from "../codec.ts";
import { isNotFound } from "../status.ts";
import type { DeleteOptions } from "./delete.ts";
import { deleteObject } from "./delete.ts";
import type { Environment } from "./environment.ts";
import type { ListOptions, ListResult } from "./list.ts";
import { list } from "./list.ts";

/** Source: deleteCollectionWorkers is 1 by default upstream; deletions of one turn share a transaction here. */
const concurrency = 16;

/** Deletes what the selection lists; what is gone meanwhile counts as deleted. Returns what was listed. */
export async function deleteCollection(
  environment: Environment,
  endpoint: Endpoint,
  selection: ListOptions,
  options: DeleteOptions,
): Promise<ListResult> {
  const listed = await list(endpoint, selection);
  await deleteEach(environment, endpoint, listed.entries, () => options);
  return listed;
}

/** What is gone meanwhile counts as deleted. Throws what {@link deleteObject} throws. */
export async function deleteEach(
  environment: Environment,
  endpoint: Endpoint,
  entries: readonly Entry[],
  optionsFor: (entry: Entry) => DeleteOptions,
): Promise<void> {
  const left = entries.values();
  const work = async (): Promise<void> => {
    for (const entry of left) {
      const { namespace, name } = entry.object.metadata;
      try {
        await deleteObject(environment, endpoint, { namespace, name }, optionsFor(entry));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}
