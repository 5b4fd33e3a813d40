/** What no webhook and no policy is asked about. */
import type { ResourceDefinition } from "../resources/definition.ts";

/**
 * The kinds that say who is asked: a bad one could otherwise not be taken back.
 * Source: IsExemptAdmissionConfigurationResource in k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules.
 */
export function isAdmissionConfiguration({ group }: ResourceDefinition): boolean {
  return group === "admissionregistration.k8s.io";
}
