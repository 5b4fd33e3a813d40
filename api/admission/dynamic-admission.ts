/** Admission by what clients configure: webhooks and policies. */
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import {
  mutatingWebhookConfigurationType,
  validatingAdmissionPolicyBindingType,
  validatingAdmissionPolicyType,
  validatingWebhookConfigurationType,
} from "../../crds/core.ts";
import type { Log } from "../../process/log.ts";
import type { Authorizer } from "../auth/authorization.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { Registry } from "../resources/registry.ts";
import type { Random } from "../verbs/environment.ts";
import type { WebhookClient } from "../webhooks/client.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { CompiledObjects } from "./compiled-objects.ts";
import { bindingOf } from "./policies/binding.ts";
import { Policy } from "./policies/policy.ts";
import { ValidatingPolicies } from "./policies/validating-policies.ts";
import type { AdmissionSurroundings } from "./surroundings.ts";
import { WebhookCaller } from "./webhooks/caller.ts";
import { MutatingWebhooks } from "./webhooks/mutating.ts";
import { ValidatingWebhooks } from "./webhooks/validating.ts";
import { webhooksOf } from "./webhooks/webhook.ts";

export interface DynamicAdmissionOptions {
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  readonly webhooks: WebhookClient;
  readonly random: Random;
  readonly log: Log;
}

/** Its plugins, each for its place among the others. */
export class DynamicAdmission {
  readonly mutatingWebhooks: AdmissionPlugin;
  readonly validatingPolicies: AdmissionPlugin;
  readonly validatingWebhooks: AdmissionPlugin;

  private constructor(options: DynamicAdmissionOptions) {
    const { registry, webhooks, random, log } = options;
    const surroundings = surroundingsOf(options);
    const caller = new WebhookCaller(surroundings, webhooks, random);
    const compiled = <T>(type: ResourceType, compile: (object: JsonObject) => T): CompiledObjects<T> =>
      new CompiledObjects(registry.builtin(type), compile);
    this.mutatingWebhooks = new MutatingWebhooks(compiled(mutatingWebhookConfigurationType, webhooksOf), caller, log);
    this.validatingWebhooks = new ValidatingWebhooks(
      compiled(validatingWebhookConfigurationType, webhooksOf),
      caller,
      log,
    );
    this.validatingPolicies = new ValidatingPolicies({
      policies: compiled(validatingAdmissionPolicyType, (policy) => new Policy(policy)),
      bindings: compiled(validatingAdmissionPolicyBindingType, bindingOf),
      surroundings,
      endpointOfKind: ({ apiVersion, kind }) => {
        const found = registry.definitions.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
        return found && registry.find(found.group, found.version, found.plural);
      },
    });
  }

  /** Resolves when what is configured is known: nothing is admitted without it. The registry must have started. */
  static async open(options: DynamicAdmissionOptions): Promise<DynamicAdmission> {
    const types = [
      mutatingWebhookConfigurationType,
      validatingWebhookConfigurationType,
      validatingAdmissionPolicyType,
      validatingAdmissionPolicyBindingType,
    ];
    await Promise.all(types.map((type) => options.registry.builtin(type).cacher.fresh()));
    return new DynamicAdmission(options);
  }
}

function surroundingsOf({ registry, authorizer }: DynamicAdmissionOptions): AdmissionSurroundings {
  return {
    authorizer,
    async namespace(name): Promise<KubeObject> {
      const { cacher, codec } = registry.namespaces;
      const cached = cacher.get(codec.key(undefined, name));
      return (cached ?? (await registry.namespaces.read(undefined, name))).object;
    },
    otherVersions: otherVersionsIn(registry),
    async convert(object, to): Promise<JsonObject> {
      const apiVersion = apiVersionOf(to);
      const [converted] = (await to.versions?.convert([object], apiVersion)) ?? [];
      const result = { ...structuredClone(converted ?? object), apiVersion };
      to.schema.prune(result);
      return result;
    },
  };
}

/** Asked with every request that rules do not mean as it is: looked up once for each list of definitions. */
function otherVersionsIn(registry: Registry): AdmissionSurroundings["otherVersions"] {
  let definitions: readonly ResourceDefinition[] = [];
  const known = new Map<ResourceDefinition, readonly ResourceDefinition[]>();
  return (definition) => {
    if (registry.definitions !== definitions) known.clear();
    ({ definitions } = registry);
    const others = known.get(definition) ?? definitions.filter((other) => isOtherVersion(other, definition));
    known.set(definition, others);
    return others;
  };
}

function isOtherVersion(other: ResourceDefinition, { group, plural, version }: ResourceDefinition): boolean {
  return other.plural === plural && other.group === group && other.version !== version;
}
