/**
 * What marks a container as ours (ARCHITECTURE.md, promise 4). We touch only what carries our instance's label.
 */
export const labels = {
  /** Which control plane owns it. */
  instance: "stowage.dev/instance",
  namespace: "stowage.dev/namespace",
  name: "stowage.dev/name",
  /** metadata.uid of the Container that it was created for. */
  uid: "stowage.dev/uid",
  /** Name of the Host that it was created on. */
  host: "stowage.dev/host",
  /** Digest per field of the spec that it was created from; see spec-hash.ts. */
  specHash: "stowage.dev/spec-hash",
  /** Name of the init container that it is; empty or absent on the container itself. */
  initContainer: "stowage.dev/init-container",
  /** Digest per ConfigMap and Secret that it was created from. */
  config: "stowage.dev/config",
  /** The volumes that were made for it, by their names in the spec. */
  volumes: "stowage.dev/volumes",
} as const;
