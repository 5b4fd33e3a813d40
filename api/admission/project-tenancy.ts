/**
 * Namespaces that are bound to an OpenStack project do not trust each other: what a Container of one asks for stays in it,
 * also where Hosts and PriorityClasses are everybody's. Whoever is trusted with the Hosts themselves (Pod Security level
 * privileged) is trusted with that, too.
 */
import type { ContainerSpec } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import { isJsonObject } from "../../formats/json-object.ts";
import { projectAnnotation } from "../../crds/openstack/cloud.ts";
import type { JsonObject } from "../resources/definition.ts";
import { forbidden } from "../status.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { policyOf } from "./pod-security/policy.ts";

export class ProjectTenancy implements AdmissionPlugin {
  readonly #namespace: (name: string) => Promise<KubeObject>;

  /** `namespace` throws NotFound. */
  constructor(namespace: (name: string) => Promise<KubeObject>) {
    this.#namespace = namespace;
  }

  /** Throws Forbidden. */
  validate({ definition, subresource, name, object, old }: AdmissionRequest): Promise<void> | undefined {
    const { namespace } = name;
    if (object === undefined || namespace === undefined || subresource !== undefined) return undefined;
    if (groupResource(definition) !== groupResource(containers)) return undefined;
    // What was there before the namespace was bound is no reason to refuse a change of something else.
    const before = old === undefined ? [] : reaching(namespace, specOf(old));
    const refused = reaching(namespace, specOf(object)).filter((what) => !before.includes(what));
    if (refused.length === 0) return undefined;
    return this.#namespace(namespace).then(({ metadata: { annotations = {}, labels = {} } }) => {
      const isBound = (annotations[projectAnnotation] ?? "") !== "";
      if (!isBound || policyOf(labels).enforce.level === "privileged") return;
      const why = `namespace ${JSON.stringify(namespace)} is bound to an OpenStack project and not labelled privileged`;
      throw forbidden(definition, name.name, `${why}: ${refused.join("; ")}`);
    });
  }
}

/** What in a spec reaches beyond its namespace, each with what may be done instead. Pure. */
export function reaching(namespace: string, spec: Partial<ContainerSpec>): readonly string[] {
  const { volumes = [], priorityClassName, placement } = spec;
  const own = `${namespace}.`;
  const foreign = volumes.flatMap(({ dockerVolume }) =>
    dockerVolume === undefined || dockerVolume.name.startsWith(own)
      ? []
      : [`dockerVolume ${JSON.stringify(dockerVolume.name)} must have a name that begins with ${JSON.stringify(own)}`],
  );
  const priority =
    priorityClassName === undefined || priorityClassName === ""
      ? []
      : [`priorityClassName ${JSON.stringify(priorityClassName)} must not be set`];
  const { containerAffinity = {}, containerAntiAffinity = {} } = placement?.affinity ?? {};
  const terms = [containerAffinity, containerAntiAffinity].flatMap((affinity) => [
    ...(affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => one.containerAffinityTerm),
  ]);
  const others = new Set(terms.flatMap((term) => term.namespaces ?? []).filter((one) => one !== namespace));
  const affinity = [...others].map((one) => `placement.affinity must not name namespace ${JSON.stringify(one)}`);
  return [...foreign, ...priority, ...affinity];
}

function specOf({ spec }: Readonly<JsonObject>): Partial<ContainerSpec> {
  return isJsonObject(spec) ? spec : {};
}
