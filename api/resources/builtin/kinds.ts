/** The kinds that are served from the start, but Namespaces and CustomResourceDefinitions, which the registry works with. */
import type { ResourceDefinition } from "../definition.ts";
import { accessReviews } from "./access-reviews.ts";
import {
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from "./admission-registration/validating-admission-policy.ts";
import {
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from "./admission-registration/webhook-configuration.ts";
import { authenticationReviews } from "./authentication-reviews.ts";
import { configMaps } from "./config-map.ts";
import { events, newEvents } from "./event.ts";
import { leases } from "./lease.ts";
import { limitRanges } from "./limit-range.ts";
import { planKind } from "./plan.ts";
import { priorityClasses } from "./priority-class.ts";
import { rbacKinds } from "./rbac.ts";
import { resourceQuotas } from "./resource-quota.ts";
import { secrets } from "./secret.ts";
import { serviceAccounts } from "./service-account.ts";

const admissionKinds: readonly ResourceDefinition[] = [
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
];

export const builtinKinds: readonly ResourceDefinition[] = [
  configMaps,
  secrets,
  events,
  newEvents,
  leases,
  serviceAccounts,
  resourceQuotas,
  limitRanges,
  priorityClasses,
  ...rbacKinds,
  ...accessReviews,
  ...authenticationReviews,
  ...admissionKinds,
  planKind,
];

/** Admission goes by these: who made one is answered when this server knows of it. */
export const consulted: ReadonlySet<ResourceDefinition> = new Set([
  serviceAccounts,
  resourceQuotas,
  limitRanges,
  priorityClasses,
  ...admissionKinds,
]);
