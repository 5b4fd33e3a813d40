/**
 * Containers keep to the Pod Security Standards that the labels of their namespace ask for: baseline where they say
 * nothing. Nobody is exempt. Source: k8s.io/pod-security-admission/admission/admission.go, where Pods have containers.
 */
import { isDeepStrictEqual } from "node:util";
import type { ContainerSpec } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { namespaceType } from "../../../crds/core.ts";
import type { KubeObject } from "../../../crds/meta.ts";
import { groupResource } from "../../../crds/meta.ts";
import { isJsonObject } from "../../../formats/json-object.ts";
import type { JsonObject } from "../../resources/definition.ts";
import { forbidden, invalid } from "../../status.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { subjectOf } from "./check.ts";
import { details, evaluate, reasons } from "./evaluate.ts";
import type { Labels, LevelVersion } from "./policy.ts";
import { isStricter, labelCauses, nameOf, policyOf } from "./policy.ts";

export interface PodSecurityOptions {
  /** Throws NotFound. */
  namespace(name: string): Promise<KubeObject>;
  containersIn(namespace: string): Promise<readonly KubeObject[]>;
}

/** What says nothing of what a container may do: who changes only these keeps a Container that others' labels forbid. */
const harmless: ReadonlySet<string> = new Set<keyof ContainerSpec>([
  "cpuPolicy",
  "cpuset",
  "imagePullPolicy",
  "imagePullSecrets",
  "imageUpdatePolicy",
  "pidsLimit",
  "placement",
  "priorityClassName",
  "resources",
  "restartPolicy",
  "runState",
  "terminationGracePeriodSeconds",
]);

export class PodSecurity implements AdmissionPlugin {
  readonly #options: PodSecurityOptions;

  constructor(options: PodSecurityOptions) {
    this.#options = options;
  }

  /** Throws Forbidden for a Container, Invalid for a Namespace. */
  validate(request: AdmissionRequest): Promise<void> | undefined {
    const { operation, subresource, definition, object } = request;
    if ((operation !== "CREATE" && operation !== "UPDATE") || subresource !== undefined || object === undefined)
      return undefined;
    const kind = groupResource(definition);
    if (kind === groupResource(containers)) return this.#validateContainer(request, object);
    return kind === groupResource(namespaceType) ? this.#validateNamespace(request, object) : undefined;
  }

  #validateContainer({ definition, name, old, warn }: AdmissionRequest, object: JsonObject): Promise<void> | undefined {
    const { namespace } = name;
    if (namespace === undefined) return undefined;
    if (old !== undefined && isDeepStrictEqual(significant(old), significant(object))) return undefined;
    const subject = subjectOf(nameIn(object), specOf(object));
    return this.#options.namespace(namespace).then((found) => {
      const policy = policyOf(labelsOf(found));
      const refused = evaluate(policy.enforce.level, subject);
      if (refused.length > 0)
        throw forbidden(
          definition,
          nameIn(object),
          `violates PodSecurity ${JSON.stringify(nameOf(policy.enforce))}: ${details(refused)}`,
        );
      const warned = evaluate(policy.warn.level, subject);
      if (warned.length > 0)
        warn(`would violate PodSecurity ${JSON.stringify(nameOf(policy.warn))}: ${details(warned)}`);
    });
  }

  async #validateNamespace({ definition, name, old, warn }: AdmissionRequest, object: JsonObject): Promise<void> {
    const labels = labelsOf(object);
    const before = old === undefined ? undefined : labelsOf(old);
    const causes = labelCauses(labels);
    // What was wrong before is no reason to refuse a change of something else.
    if (causes.length > 0 && !(before !== undefined && isDeepStrictEqual(labelCauses(before), causes)))
      throw invalid(definition, name.name, causes);
    if (before === undefined) return;
    const { enforce } = policyOf(labels);
    if (isStricter(enforce, policyOf(before).enforce))
      for (const warning of await this.#violationsIn(name.name, enforce)) warn(warning);
  }

  /** One line for all Containers that violate the same, as upstream has them. */
  async #violationsIn(namespace: string, enforce: LevelVersion): Promise<readonly string[]> {
    const byReasons = new Map<string, string[]>();
    for (const container of await this.#options.containersIn(namespace)) {
      const { name } = container.metadata;
      const said = reasons(evaluate(enforce.level, subjectOf(name, specOf(container))));
      if (said !== "") byReasons.set(said, [...(byReasons.get(said) ?? []), name]);
    }
    if (byReasons.size === 0) return [];
    const lines = [...byReasons].map(([said, names]) => `${firstOf(names.toSorted())}: ${said}`);
    const what = `existing Containers in namespace ${JSON.stringify(namespace)}`;
    return [`${what} violate the new PodSecurity enforce level ${JSON.stringify(nameOf(enforce))}`, ...lines.sort()];
  }
}

function firstOf([first = "", ...others]: readonly string[]): string {
  if (others.length === 0) return first;
  return `${first} (and ${others.length} other ${others.length === 1 ? "Container" : "Containers"})`;
}

const specOf = (object: object): Partial<ContainerSpec> => {
  const spec = (object as JsonObject)["spec"];
  return isJsonObject(spec) ? spec : {};
};

const significant = (object: JsonObject): object =>
  Object.fromEntries(Object.entries(specOf(object)).filter(([field]) => !harmless.has(field)));

function nameIn({ metadata }: JsonObject): string {
  return isJsonObject(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "";
}

function labelsOf({ metadata }: { readonly metadata?: unknown }): Labels {
  const labels = isJsonObject(metadata) ? metadata["labels"] : undefined;
  return isJsonObject(labels) ? (labels as Labels) : {};
}
