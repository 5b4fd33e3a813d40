/** Source: k8s.io/apiserver/pkg/endpoints/handlers/patch.go. */
import { apiVersionOf } from "../../crds/meta.ts";
import type { Entry, WritableObject } from "../codec.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge.ts";
import { copyJson } from "../../formats/json-object.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { invalidValue } from "../schema/field-errors.ts";
import { ApiError, hasReason, invalid } from "../status.ts";
import type { Written } from "./apply.ts";
import { apply, applyType } from "./apply.ts";
import { acceptBody, matchName } from "./body.ts";
import { change } from "./change.ts";
import type { Environment, ObjectName, WriteOptions } from "./environment.ts";
import { admitUpdate } from "./update.ts";

export interface Patch {
  /** A media type: `application/merge-patch+json`. */
  readonly type: string;
  readonly body: unknown;
  readonly duplicates: readonly string[];
}

type Applier = (object: JsonObject, patch: unknown) => JsonObject;

/** Throws what the patch, {@link apply} and {@link update} refuse. A patch without resourceVersion is applied to whatever is newest. */
export async function patch(
  environment: Environment,
  endpoint: Endpoint,
  name: ObjectName,
  subresource: string | undefined,
  sent: Patch,
  options: WriteOptions,
): Promise<Written> {
  if (sent.type === applyType) return apply(environment, endpoint, name, subresource, sent, options);
  const { definition } = endpoint;
  const { type, body, duplicates } = sent;
  const applier = applierOf(definition, type);
  const decide = (current: Entry) => {
    const submitted = acceptPatched(definition, applier(patchable(current), body), name, duplicates, options);
    return admitUpdate(environment, definition, name, current, submitted, subresource, options);
  };
  return { entry: (await change(endpoint, name, decide, options.dryRun)).entry, created: false };
}

/** A copy, for what a patch leaves as it is may end up in the result; only managedFields, which are never changed, are shared. */
function patchable(current: Entry): WritableObject {
  const { metadata, ...rest } = current.object as unknown as WritableObject;
  const { managedFields, ...others } = metadata;
  const copy = copyJson({ metadata: others, ...rest }) as WritableObject;
  if (managedFields !== undefined) copy.metadata["managedFields"] = managedFields;
  return copy;
}

function acceptPatched(
  definition: ResourceDefinition,
  object: JsonObject,
  name: ObjectName,
  duplicates: readonly string[],
  options: WriteOptions,
): WritableObject {
  checkApiVersion(definition, object, name);
  const accepted = decodePatched(object, () => {
    return acceptBody(definition, { object, duplicates }, options);
  });
  matchName(accepted, name);
  return accepted;
}

/** Source: ValidateTypeMeta in apiextensions-apiserver/pkg/registry/customresource/validator.go. */
function checkApiVersion(definition: ResourceDefinition, { apiVersion }: JsonObject, { name }: ObjectName): void {
  const own = apiVersionOf(definition);
  if (definition.versions === undefined || typeof apiVersion !== "string" || apiVersion === own) return;
  throw invalid(definition, name, [invalidValue("apiVersion", apiVersion, `must be ${own}`)]);
}

/**
 * What a patch makes of an object may be none of its kind: that is told as a fault of the patch.
 * Source: applyPatchToCurrentObject of jsonPatcher.
 */
export function decodePatched(object: JsonObject, decode: () => WritableObject): WritableObject {
  try {
    return decode();
  } catch (error) {
    if (!hasReason(error, "BadRequest")) throw error;
    throw invalid({ group: "", kind: "" }, "", [invalidValue("patch", JSON.stringify(object), error.message)]);
  }
}

/** Throws UnsupportedMediaType. Custom resources have no strategic merge: nothing says how their lists merge. */
function applierOf({ mergeKeys }: ResourceDefinition, type: string): Applier {
  if (type === "application/json-patch+json") return applyJsonPatch;
  if (type === "application/merge-patch+json") return applyMergePatch;
  if (type === "application/strategic-merge-patch+json" && mergeKeys !== undefined)
    return (object, body) => applyStrategicMergePatch(object, body, mergeKeys);
  const accepted = ["application/json-patch+json", "application/merge-patch+json"];
  if (mergeKeys !== undefined) accepted.push("application/strategic-merge-patch+json");
  accepted.push(applyType);
  throw new ApiError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
}
