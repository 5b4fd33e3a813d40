/**
 * Whoever has an image of a Host sent to a cloud can then read it, whoever put it there: that takes a right on the Host, to
 * get hosts/images, which is not among those that who may write Images has by that.
 */
import { hosts } from "../../crds/host.ts";
import { groupResource } from "../../crds/meta.ts";
import { images } from "../../crds/openstack/types.ts";
import type { JsonObject } from "../../formats/json-object.ts";
import { asText, isJsonObject, sameJson } from "../../formats/json-object.ts";
import type { Authorizer } from "../auth/authorization.ts";
import { authorize } from "../auth/authorization.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

export class HostImagesPlugin implements AdmissionPlugin {
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /** Throws Forbidden. */
  validate({ definition, subresource, object, old, user }: AdmissionRequest): undefined {
    if (object === undefined || subresource !== undefined || groupResource(definition) !== groupResource(images))
      return;
    const asked = dockerImageOf(object);
    if (asked === undefined || sameJson(asked, dockerImageOf(old))) return;
    const { group, plural } = hosts;
    const resource = { group, plural, subresource: "images", namespace: undefined, name: asText(asked["hostName"]) };
    authorize(this.#authorizer, user, { verb: "get", path: "", resource });
  }
}

function dockerImageOf(object: unknown): JsonObject | undefined {
  const path = ["spec", "resource", "content", "dockerImage"];
  const found = path.reduce<unknown>((part, field) => (isJsonObject(part) ? part[field] : undefined), object);
  return isJsonObject(found) ? found : undefined;
}
