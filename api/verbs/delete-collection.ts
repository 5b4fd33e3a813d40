import type { Endpoint } from "../resources/endpoint.ts";
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
  const left = listed.entries.values();
  const work = async (): Promise<void> => {
    for (const { object } of left) {
      const { namespace, name } = object.metadata;
      try {
        await deleteObject(environment, endpoint, { namespace, name }, options);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return listed;
}
