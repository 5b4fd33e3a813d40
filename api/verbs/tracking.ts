/** managedFields on their way through a write. */
import type { WritableObject } from "../codec.ts";
import { managedFieldsProblem } from "../managed-fields/field-manager.ts";
import type { WriteOptions } from "./environment.ts";

export function withManagedFields(object: WritableObject, managedFields: unknown): WritableObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: managedFields === undefined ? metadata : { ...metadata, managedFields } };
}

/**
 * What admission made of an object, with the managedFields from before where those are not to be understood any more.
 * Source: NewManagedFieldsValidatingAdmissionController in apiserver/pkg/endpoints/handlers/fieldmanager/admission.go.
 */
export function keepManagedFields(
  before: WritableObject,
  admitted: WritableObject,
  { warn }: Pick<WriteOptions, "warn">,
): WritableObject {
  const [kept, given] = [before.metadata["managedFields"], admitted.metadata["managedFields"]];
  const problem = given === kept ? undefined : managedFieldsProblem(given);
  if (problem === undefined) return admitted;
  warn(
    `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${problem}`,
  );
  return withManagedFields(admitted, kept);
}
