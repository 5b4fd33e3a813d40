/** Source: k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go. */
import type { KubeObject } from "../../../crds/meta.ts";
import { asText, isJsonObject } from "../../../formats/json-object.ts";
import type { Endpoint } from "../../resources/endpoint.ts";
import { ApiError, forbidden } from "../../status.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { CompiledObjects } from "../compiled-objects.ts";
import { isAdmissionConfiguration } from "../exemptions.ts";
import type { Scope } from "../expressions/scope.ts";
import { scopeOf } from "../expressions/scope.ts";
import { isNamespace, namespaceOf } from "../request-description.ts";
import type { AdmissionSurroundings } from "../surroundings.ts";
import { asVersion } from "../surroundings.ts";
import type { Binding } from "./binding.ts";
import { collectParams, ConfigurationError } from "./params.ts";
import type { Denial, Policy } from "./policy.ts";

/** A denial, and by what. */
interface Denied extends Denial {
  readonly policy: Policy;
  /** Absent where the policy itself cannot be used. */
  readonly binding: Binding | undefined;
}

export interface ValidatingPoliciesOptions {
  readonly policies: CompiledObjects<Policy>;
  readonly bindings: CompiledObjects<Binding>;
  readonly surroundings: AdmissionSurroundings;
  /** Where the objects of a kind are; undefined when it is not served. */
  readonly endpointOfKind: (kind: { readonly apiVersion: string; readonly kind: string }) => Endpoint | undefined;
}

export class ValidatingPolicies implements AdmissionPlugin {
  readonly #options: ValidatingPoliciesOptions;

  constructor(options: ValidatingPoliciesOptions) {
    this.#options = options;
  }

  validate(request: AdmissionRequest): Promise<void> | undefined {
    const bindings = this.#options.bindings.current;
    if (bindings.length === 0 || isAdmissionConfiguration(request.definition)) return undefined;
    return this.#validate(request, bindings);
  }

  /** Throws for the first denial; all are evaluated, for some may warn. */
  async #validate(request: AdmissionRequest, bindings: readonly Binding[]): Promise<void> {
    const denied: Denied[] = [];
    for (const policy of this.#options.policies.current) {
      const bound = bindings.filter(({ policyName }) => policyName === policy.name);
      if (bound.length > 0) denied.push(...(await this.#ask(policy, bound, request)));
    }
    const [first] = denied;
    if (first !== undefined) throw refusal(request, first);
  }

  async #ask(policy: Policy, bindings: readonly Binding[], request: AdmissionRequest): Promise<readonly Denied[]> {
    const { surroundings } = this.#options;
    const definition = await policy.matcher.match(request, surroundings);
    if (definition === undefined) return [];
    try {
      const params = this.#paramEndpoint(policy);
      const [object, old] = await Promise.all([
        asVersion(surroundings, request.object, request, definition),
        asVersion(surroundings, request.old, request, definition),
      ]);
      const namespace = await this.#namespaceObject(request);
      const scope = scopeOf({ request, definition, object, old, namespace, authorizer: surroundings.authorizer });
      const denied: Denied[] = [];
      for (const binding of bindings) denied.push(...(await this.#askBinding(policy, binding, request, scope, params)));
      return denied;
    } catch (error) {
      return unusable(policy, undefined, error);
    }
  }

  async #askBinding(
    policy: Policy,
    binding: Binding,
    request: AdmissionRequest,
    scope: Scope,
    endpoint: Endpoint | undefined,
  ): Promise<readonly Denied[]> {
    try {
      if (binding.matcher && !(await binding.matcher.match(request, this.#options.surroundings))) return [];
      const { paramRef } = binding;
      const params =
        endpoint === undefined || paramRef === undefined
          ? [undefined]
          : await collectParams(endpoint, paramRef, namespaceOf(request));
      return params.flatMap((param) => evaluate(policy, binding, request, scope.withParams(param)));
    } catch (error) {
      return unusable(policy, binding, error);
    }
  }

  #paramEndpoint({ paramKind }: Policy): Endpoint | undefined {
    if (paramKind === undefined) return undefined;
    const endpoint = this.#options.endpointOfKind(paramKind);
    if (endpoint !== undefined) return endpoint;
    const { apiVersion, kind } = paramKind;
    const groupVersion = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
    throw new ConfigurationError(`failed to find resource referenced by paramKind: '${groupVersion}, Kind=${kind}'`);
  }

  /** Null for what is in no namespace, and for a namespace itself. */
  async #namespaceObject(request: AdmissionRequest): Promise<KubeObject | undefined> {
    const { namespace } = request.name;
    if (isNamespace(request.definition) || namespace === undefined) return undefined;
    return this.#options.surroundings.namespace(namespace);
  }
}

/** What denies, after the client was warned where the binding says so. */
function evaluate(policy: Policy, binding: Binding, request: AdmissionRequest, scope: Scope): readonly Denied[] {
  const denials = policy.denials(scope);
  if (binding.warns)
    for (const { message } of denials)
      request.warn(
        `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${message}`,
      );
  return [...(binding.denies ? denials : []), ...policy.annotationFaults(scope)].map((denial) => ({
    ...denial,
    policy,
    binding,
  }));
}

/** Throws what is not about the configuration. */
function unusable(policy: Policy, binding: Binding | undefined, error: unknown): readonly Denied[] {
  if (!(error instanceof ConfigurationError)) throw error;
  if (policy.ignoresFailure) return [];
  const what = binding === undefined ? "policy" : "binding";
  return [{ message: `failed to configure ${what}: ${error.message}`, reason: "Invalid", policy, binding }];
}

function refusal(request: AdmissionRequest, { policy, binding, message, reason }: Denied): ApiError {
  const by = binding === undefined ? "" : ` with binding '${binding.name}'`;
  const why = `ValidatingAdmissionPolicy '${policy.name}'${by} denied request: ${message}`;
  const { message: whole, details } = forbidden(request.definition, nameOf(request), why);
  return new ApiError(reason, whole, { ...details, causes: [{ message: why }] });
}

/** Source: extractResourceName in k8s.io/apiserver/pkg/admission/errors.go. */
function nameOf({ object, name }: AdmissionRequest): string {
  const metadata = object?.["metadata"];
  const own = isJsonObject(metadata) ? asText(metadata["name"] ?? "") || asText(metadata["generateName"]) : "";
  return own || name.name || "Unknown";
}
