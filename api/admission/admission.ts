/**
 * What may still change or refuse a request that is otherwise in order. Source of the order: k8s.io/apiserver/pkg/
 * endpoints/handlers: mutation comes before defaulting and validation, validation by plugins after them, and both again
 * whenever a write has to be decided anew.
 */
import type { User } from "../auth/authentication.ts";
import type { WritableObject } from "../codec.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { Caller, ObjectName } from "../verbs/environment.ts";

export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly definition: ResourceDefinition;
  readonly subresource: string | undefined;
  /** The name is empty while it is still to be generated. */
  readonly name: ObjectName;
  /** As it would be stored; absent for DELETE and CONNECT. */
  readonly object: Readonly<WritableObject> | undefined;
  /** Shared by everyone: never change it. Absent for CREATE and CONNECT. */
  readonly old: JsonObject | undefined;
  readonly user: User;
  readonly dryRun: boolean;
  /** The CreateOptions, UpdateOptions, PatchOptions or DeleteOptions of the request, as far as they were given. */
  readonly options: JsonObject;
  readonly warn: (text: string) => void;
}

/** Both throw ApiError to refuse, and return undefined at once where they have nothing to say. */
export interface AdmissionPlugin {
  /** Returns what to go on with: a new object, for `request.object` may be used again. Not called without an object. */
  mutate?(request: AdmissionRequest): Promise<WritableObject> | undefined;
  validate?(request: AdmissionRequest): Promise<void> | undefined;
}

/** A request without objects: what every verb begins with. */
export function admissionRequest(
  operation: AdmissionRequest["operation"],
  definition: ResourceDefinition,
  name: ObjectName,
  { user, dryRun, warn }: Caller,
  subresource?: string,
): AdmissionRequest {
  return {
    operation,
    definition,
    subresource,
    name,
    object: undefined,
    old: undefined,
    user,
    dryRun,
    options: {},
    warn,
  };
}

export class Admission {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** `object`, or what the plugins made of it, in their order. */
  async mutate(request: AdmissionRequest & { readonly object: WritableObject }): Promise<WritableObject> {
    let { object } = request;
    for (const plugin of this.#plugins) object = (await plugin.mutate?.({ ...request, object })) ?? object;
    return object;
  }

  async validate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) await plugin.validate?.(request);
  }
}
