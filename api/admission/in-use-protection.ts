/**
 * Every Container holds on to its name until nothing of it is on a host, and what stands for something in OpenStack until
 * that is gone. Written with the creation, which spares each a write of its own before anything may be made for it. After
 * kubernetes/plugin/pkg/admission/storage/storageobjectinuseprotection/admission.go, which does so for volumes and claims.
 */
import { containerFinalizer, containers } from "../../crds/container.ts";
import type { ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import { externalFinalizer, openstackGroup } from "../../crds/openstack/external.ts";
import type { WritableObject } from "../codec.ts";
import type { AdmissionPlugin, MutableRequest } from "./admission.ts";

export class InUseProtection implements AdmissionPlugin {
  mutate({ operation, definition, subresource, object }: MutableRequest): Promise<WritableObject> | undefined {
    if (operation !== "CREATE" || subresource !== undefined) return undefined;
    const finalizer = finalizerOf(definition);
    if (finalizer === undefined) return undefined;
    const finalizers: unknown = object.metadata["finalizers"] ?? [];
    // What is no list is for validation to refuse.
    if (!isList(finalizers) || finalizers.includes(finalizer)) return undefined;
    return Promise.resolve({
      ...object,
      metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] },
    });
  }
}

function finalizerOf(type: Pick<ResourceType, "group" | "plural" | "namespaced">): string | undefined {
  if (groupResource(type) === groupResource(containers)) return containerFinalizer;
  // A Cloud stands for nothing that we made.
  return type.group === openstackGroup && type.namespaced ? externalFinalizer : undefined;
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
