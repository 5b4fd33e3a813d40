import type { JsonObject } from "../definition.ts";
import { structPointer, struct, text } from "./builtin.ts";

const fields: JsonObject = {
  kind: text("Kind of the referent."),
  namespace: text("Namespace of the referent."),
  name: text("Name of the referent."),
  uid: text("UID of the referent."),
  apiVersion: text("API version of the referent."),
  resourceVersion: text("Specific resourceVersion to which this reference is made, if any."),
  fieldPath: text("If referring to a piece of an object, a valid JSON or Go field access statement."),
};

/** core/v1 ObjectReference, as lists and pointers have it. */
export const objectReference: JsonObject = structPointer("ObjectReference", fields);

/** The same where it is always there. */
export const requiredReference = (description: string): JsonObject => struct("ObjectReference", fields, description);
export const optionalReference = (description: string): JsonObject =>
  structPointer("ObjectReference", fields, description);
