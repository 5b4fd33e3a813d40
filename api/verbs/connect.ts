import type { KubeObject } from "../../crds/meta.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import type { ObjectName } from "./environment.ts";

/**
 * Serves what lies behind an object, such as a container's output. Throws ApiError before the first chunk when it
 * cannot; ends when `signal` aborts.
 */
export type Connector = (
  object: KubeObject,
  query: URLSearchParams,
  signal: AbortSignal,
) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

/** By `<plural>.<group>/<subresource>`: "containers.stowage.dev/log". */
export type Connectors = Readonly<Record<string, Connector>>;

/** Throws NotFound when the object is not there. */
export async function connect(
  endpoint: Endpoint,
  name: ObjectName,
  connector: Connector,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  using _used = endpoint.cacher.use();
  const { object } = await endpoint.read(name.namespace, name.name);
  return await connector(object, query, signal);
}
