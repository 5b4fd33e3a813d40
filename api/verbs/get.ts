import type { Entry } from "../codec.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { notFound } from "../status.ts";
import type { ObjectName } from "./environment.ts";
import { parseResourceVersion } from "./resource-version.ts";

/**
 * One object. Without resourceVersion the newest; with "0" whatever the cache has, with another one a state that is no
 * older. Throws NotFound, and Timeout when that state does not come.
 */
export async function get(endpoint: Endpoint, { namespace, name }: ObjectName, resourceVersion = ""): Promise<Entry> {
  if (resourceVersion === "") return endpoint.read(namespace, name);
  await endpoint.attempt(name, endpoint.cacher.reached(parseResourceVersion(resourceVersion)));
  const entry = endpoint.cacher.get(endpoint.codec.key(namespace, name));
  if (entry === undefined) throw notFound(endpoint.definition, name);
  return entry;
}
