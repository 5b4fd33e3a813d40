/**
 * Every Container holds on to its name until nothing of it is on a host. Written with its creation, which spares each a
 * write of its own before anything may be made for it. After kubernetes/plugin/pkg/admission/storage/
 * storageobjectinuseprotection/admission.go, which does so for volumes and claims.
 */
import { containerFinalizer, containers } from "../../crds/container.ts";
import { groupResource } from "../../crds/meta.ts";
import type { WritableObject } from "../codec.ts";
import type { AdmissionPlugin, MutableRequest } from "./admission.ts";

export class InUseProtection implements AdmissionPlugin {
  mutate({ operation, definition, subresource, object }: MutableRequest): Promise<WritableObject> | undefined {
    if (operation !== "CREATE" || subresource !== undefined) return undefined;
    if (groupResource(definition) !== groupResource(containers)) return undefined;
    const finalizers: unknown = object.metadata["finalizers"] ?? [];
    // What is no list is for validation to refuse.
    if (!isList(finalizers) || finalizers.includes(containerFinalizer)) return undefined;
    return Promise.resolve({
      ...object,
      metadata: { ...object.metadata, finalizers: [...finalizers, containerFinalizer] },
    });
  }
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
