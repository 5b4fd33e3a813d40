/** One PriorityClass at most is everybody's default. Source: kubernetes/plugin/pkg/admission/priority/admission.go. */
import { priorityClassType } from "../../crds/core.ts";
import { groupResource } from "../../crds/meta.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { forbidden } from "../status.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

export class PriorityPlugin implements AdmissionPlugin {
  readonly #classes: () => Endpoint;

  constructor(classes: () => Endpoint) {
    this.#classes = classes;
  }

  /** Throws Forbidden. */
  validate({ operation, definition, name, object }: AdmissionRequest): Promise<void> | undefined {
    if (groupResource(definition) !== groupResource(priorityClassType) || object?.["globalDefault"] !== true)
      return undefined;
    const { cacher, codec } = this.#classes();
    const present = cacher
      .list(codec.root)
      .map((entry) => entry.object)
      .find((one) => (one as unknown as JsonObject)["globalDefault"] === true);
    if (present === undefined || (operation === "UPDATE" && present.metadata.name === name.name)) return undefined;
    const why = `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`;
    return Promise.reject(forbidden(definition, name.name, why));
  }
}
