/** What dynamic admission needs of the rest of the server. */
import type { KubeObject } from "../../crds/meta.ts";
import type { Authorizer } from "../auth/authorization.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { AdmissionRequest } from "./admission.ts";

export interface AdmissionSurroundings {
  readonly authorizer: Authorizer;
  /** Throws NotFound. */
  namespace(name: string): Promise<KubeObject>;
  /** The same resource in the other versions that are served. */
  otherVersions(definition: ResourceDefinition): readonly ResourceDefinition[];
  /** The object in another version of its kind; `object` stays as it is. Throws ApiError. */
  convert(object: JsonObject, to: ResourceDefinition): Promise<JsonObject>;
}

/** An object of a request as `definition` has it. */
export async function asVersion(
  surroundings: AdmissionSurroundings,
  object: JsonObject | undefined,
  request: AdmissionRequest,
  definition: ResourceDefinition,
): Promise<JsonObject | undefined> {
  return object === undefined || definition === request.definition ? object : surroundings.convert(object, definition);
}
