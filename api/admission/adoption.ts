/**
 * Whoever adopts a container of a host can then stop and remove it: that takes a right on the Host, the verb adopt, which
 * is not among those that who may write Containers has by that.
 */
import { adoptAnnotation, containers } from "../../crds/container.ts";
import { hosts } from "../../crds/host.ts";
import { groupResource } from "../../crds/meta.ts";
import { isJsonObject } from "../../formats/json-object.ts";
import type { Authorizer } from "../auth/authorization.ts";
import { authorize } from "../auth/authorization.ts";
import type { JsonObject } from "../resources/definition.ts";
import { invalidValue, required } from "../schema/field-errors.ts";
import { invalid } from "../status.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

const field = `metadata.annotations[${adoptAnnotation}]`;

export class AdoptionPlugin implements AdmissionPlugin {
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /** Throws Invalid, Forbidden. */
  validate({ definition, subresource, name, object, old, user }: AdmissionRequest): Promise<void> | undefined {
    if (object === undefined || subresource !== undefined || groupResource(definition) !== groupResource(containers))
      return undefined;
    const [id, hostName] = [adoptedBy(object), hostNameOf(object)];
    // Another Host is asked for anew: a right on one is none on what another has.
    if (id === undefined || (old !== undefined && adoptedBy(old) === id && hostNameOf(old) === hostName))
      return undefined;
    return this.#check(id, hostName, (...causes) => invalid(definition, name.name, causes), user);
  }

  async #check(
    id: unknown,
    hostName: string | undefined,
    refuse: (...causes: Parameters<typeof invalid>[2][number][]) => Error,
    user: AdmissionRequest["user"],
  ): Promise<void> {
    if (typeof id !== "string" || !/^[0-9a-f]{64}$/.test(id))
      throw refuse(invalidValue(field, id, "must be the full id of a container, 64 hexadecimal digits"));
    if (hostName === undefined)
      throw refuse(required("spec.placement.hostName", "the Host that has the container which is to be adopted"));
    const { group, plural } = hosts;
    const resource = { group, plural, namespace: undefined, name: hostName };
    authorize(this.#authorizer, user, { verb: "adopt", path: "", resource });
  }
}

function adoptedBy(object: Readonly<JsonObject>): unknown {
  const { metadata } = object;
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  return isJsonObject(annotations) ? annotations[adoptAnnotation] : undefined;
}

function hostNameOf({ spec }: Readonly<JsonObject>): string | undefined {
  const placement = isJsonObject(spec) ? spec["placement"] : undefined;
  const hostName = isJsonObject(placement) ? placement["hostName"] : undefined;
  return typeof hostName === "string" ? hostName : undefined;
}
