/** Source: CollectParams in k8s.io/apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go. */
import type { KubeObject } from "../../../crds/meta.ts";
import type { Endpoint } from "../../resources/endpoint.ts";
import { isNotFound } from "../../status.ts";
import type { ParamRef } from "./binding.ts";

/** A policy or a binding that cannot be used as it is: the message says why. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/**
 * The objects that a binding's paramRef means, for a request in `namespace` (empty where there is none). Throws
 * {@link ConfigurationError}.
 */
export async function collectParams(
  endpoint: Endpoint,
  paramRef: ParamRef,
  namespace: string,
): Promise<readonly KubeObject[]> {
  const where = namespaceFor(endpoint, paramRef, namespace);
  await endpoint.cacher.ready();
  const found =
    paramRef.name === "" ? selected(endpoint, paramRef, where) : await named(endpoint, paramRef.name, where);
  if (found.length === 0 && paramRef.deniesMissing)
    throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction");
  return found;
}

function namespaceFor(endpoint: Endpoint, paramRef: ParamRef, namespace: string): string | undefined {
  if (!endpoint.definition.namespaced) {
    if (paramRef.namespace === "") return undefined;
    throw new ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  if (paramRef.namespace !== "") return paramRef.namespace;
  if (namespace !== "") return namespace;
  throw new ConfigurationError(
    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
  );
}

function selected(
  { cacher, codec }: Endpoint,
  { selects }: ParamRef,
  namespace: string | undefined,
): readonly KubeObject[] {
  const all = cacher.list(codec.prefix(namespace)).map(({ object }) => object);
  return selects === undefined ? all : all.filter(({ metadata }) => selects(metadata.labels));
}

/** From the cache, or as another server has just made it. */
async function named(endpoint: Endpoint, name: string, namespace: string | undefined): Promise<readonly KubeObject[]> {
  const cached = endpoint.cacher.get(endpoint.codec.key(namespace, name));
  try {
    return [(cached ?? (await endpoint.read(namespace, name))).object];
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
