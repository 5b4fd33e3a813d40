/**
 * What may still change or refuse a request that is otherwise in order. Source of the order: k8s.io/apiserver/pkg/
 * endpoints/handlers: mutation comes before defaulting and validation, validation by plugins after them, and both again
 * whenever a write has to be decided anew.
 */
import type { User } from "../auth/authentication.ts";
import type { WritableObject } from "../codec.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { Caller, ObjectName } from "../verbs/environment.ts";
import { Reinvocation } from "./reinvocation.ts";

export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly definition: ResourceDefinition;
  readonly subresource: string | undefined;
  /** The name is empty while it is still to be generated. */
  readonly name: ObjectName;
  /** The server made the name up. Webhooks and policies are told the name that was asked for: none. */
  readonly nameIsGenerated?: boolean;
  /** As it would be stored; absent for DELETE and CONNECT. */
  readonly object: Readonly<WritableObject> | undefined;
  /** Shared by everyone: never change it. Absent for CREATE and CONNECT. */
  readonly old: JsonObject | undefined;
  readonly user: User;
  readonly dryRun: boolean;
  /** The CreateOptions, UpdateOptions or DeleteOptions that the request amounts to. */
  readonly options: () => JsonObject;
  readonly warn: (text: string) => void;
}

export type MutableRequest = AdmissionRequest & { readonly object: WritableObject };

/** Both throw ApiError to refuse, and return undefined at once where they have nothing to say. */
export interface AdmissionPlugin {
  /** Returns what to go on with: a new object, for `request.object` may be used again. Not called without an object. */
  mutate?(request: MutableRequest, reinvocation: Reinvocation): Promise<WritableObject> | undefined;
  validate?(request: AdmissionRequest): Promise<void> | undefined;
}

/** A request without objects: what every verb begins with. */
export function admissionRequest(
  operation: AdmissionRequest["operation"],
  definition: ResourceDefinition,
  name: ObjectName,
  { user, dryRun, warn, given = noOptions }: Caller,
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
    options: given,
    warn,
  };
}

const noOptions = (): JsonObject => ({});

export class Admission {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** `object`, or what the plugins made of it, in their order. */
  async mutate(request: MutableRequest): Promise<WritableObject> {
    const reinvocation = new Reinvocation();
    const object = await this.#mutateOnce(request, reinvocation);
    if (!reinvocation.required) return object;
    reinvocation.startAgain();
    return this.#mutateOnce({ ...request, object }, reinvocation);
  }

  async validate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) {
      const validated = plugin.validate?.(request);
      if (validated !== undefined) await validated;
    }
  }

  async #mutateOnce(request: MutableRequest, reinvocation: Reinvocation): Promise<WritableObject> {
    let current = request;
    for (const plugin of this.#plugins) {
      const mutated = plugin.mutate?.(current, reinvocation);
      if (mutated !== undefined) current = { ...request, object: await mutated };
    }
    return current.object;
  }
}
