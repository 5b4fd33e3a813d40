import type { KubeObject, OwnerReference } from "../../crds/meta.ts";

/**
 * The reference by which `owner` controls another object: deleted with it, and in the way of its foreground deletion.
 * Source: k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go, NewControllerRef.
 */
export function controllerRef(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The reference to the one object that controls `object`, if any. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** Whether `object` names `owner`, by uid, as one of its owners. */
export function ownedBy(object: KubeObject, owner: KubeObject): boolean {
  return object.metadata.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid) ?? false;
}
