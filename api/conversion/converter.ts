/** Conversion of custom resources between the versions of their kind. */
import type { JsonObject } from "../resources/definition.ts";

/**
 * The objects in another version, in the same order; those that are in it already are not touched. Throws ApiError
 * (500) with what the webhook said.
 */
export type Converter = (objects: readonly JsonObject[], apiVersion: string) => Promise<readonly JsonObject[]>;
