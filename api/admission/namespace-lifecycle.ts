/**
 * Nothing is created in a namespace that is not there or is going away, and some namespaces stay.
 * Source: k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go.
 */
import type { KubeObject } from "../../crds/meta.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import type { ResourceDefinition } from "../resources/definition.ts";
import { ApiError, forbidden } from "../status.ts";

/** Made when the server starts, and never deleted. */
export const systemNamespaces: readonly string[] = ["default", "kube-system"];

export class NamespaceLifecycle {
  readonly #namespaces: () => Endpoint;

  constructor(namespaces: () => Endpoint) {
    this.#namespaces = namespaces;
  }

  /** Throws NotFound (of the namespace) or Forbidden with the cause NamespaceTerminating. */
  async admitCreate(definition: ResourceDefinition, namespace: string, name: string): Promise<void> {
    const found = await this.find(namespace);
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const { message, details } = forbidden(definition, name, why);
    const cause = `namespace ${namespace} is being terminated`;
    throw new ApiError("Forbidden", message, {
      ...details,
      causes: [{ reason: "NamespaceTerminating", message: cause, field: "metadata.namespace" }],
    });
  }

  /** Throws Forbidden for the namespaces that everything relies on. */
  admitDelete(definition: ResourceDefinition, name: string): void {
    if (definition.group === "" && definition.plural === "namespaces" && systemNamespaces.includes(name))
      throw forbidden(definition, name, "this namespace may not be deleted");
  }

  /**
   * From the cache, which has what was written through this server; another replica's newest namespace is read. Throws
   * NotFound.
   */
  async find(namespace: string): Promise<KubeObject> {
    const endpoint = this.#namespaces();
    await endpoint.cacher.ready();
    const cached = endpoint.cacher.get(endpoint.codec.key(undefined, namespace));
    return (cached ?? (await endpoint.read(undefined, namespace))).object;
  }
}
