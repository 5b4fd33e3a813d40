import type { Entry } from "../codec.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { isNotFound } from "../status.ts";
import type { Body } from "./body.ts";
import { create } from "./create.ts";
import type { Environment, ObjectName, WriteOptions } from "./environment.ts";
import { update } from "./update.ts";

/**
 * Replaces an object; where its kind allows it, makes one that is not there, whatever resourceVersion was given.
 * Source: AllowCreateOnUpdate in k8s.io/apiserver/pkg/registry/generic/registry/store.go. Throws what {@link update} and
 * {@link create} throw.
 */
export async function updateOrCreate(
  environment: Environment,
  endpoint: Endpoint,
  name: ObjectName,
  subresource: string | undefined,
  body: Body,
  options: WriteOptions,
): Promise<{ readonly entry: Entry; readonly created: boolean }> {
  try {
    return { entry: await update(environment, endpoint, name, subresource, body, options), created: false };
  } catch (error) {
    if (subresource !== undefined || endpoint.definition.createOnUpdate !== true || !isNotFound(error)) throw error;
  }
  const { metadata, ...rest } = body.object;
  const object = { ...rest, metadata: { ...(metadata as JsonObject), resourceVersion: "" } };
  const entry = await create(environment, endpoint, name.namespace, { ...body, object }, options);
  return { entry, created: true };
}
