/** What the kinds of admissionregistration.k8s.io have in common. Source of the fields: k8s.io/api/admissionregistration/v1. */
import type { JsonObject } from "../../definition.ts";
import { always, atomic, atomicMap, list, listMap, mapOf, pointer, struct, structPointer, text } from "../builtin.ts";

export const selector = (description: string): JsonObject =>
  atomicMap(
    structPointer(
      "LabelSelector",
      {
        matchLabels: mapOf(text(), "Labels and the values that they must have."),
        matchExpressions: atomic(
          list(
            struct("LabelSelectorRequirement", {
              key: always(text("The label that the requirement is about.")),
              operator: always(text("In, NotIn, Exists or DoesNotExist.")),
              values: atomic(list(text(), "For In and NotIn: the values that are meant.")),
            }),
            "Requirements that must all hold.",
          ),
        ),
      },
      description,
    ),
  );

const ruleFields = {
  operations: atomic(list(text(), "The operations that are meant: CREATE, UPDATE, DELETE, CONNECT or *.")),
  apiGroups: atomic(list(text(), "The API groups that the resources belong to; * is all groups.")),
  apiVersions: atomic(list(text(), "The API versions that the resources belong to; * is all versions.")),
  resources: atomic(
    list(text(), "The resources: pods, pods/status, pods/* (all its subresources), */status, * or */*."),
  ),
  scope: pointer(text("Cluster, Namespaced or * (the default).")),
};

export const rules = (): JsonObject =>
  atomic(list(struct("RuleWithOperations", ruleFields), "What operations on what resources this is about."));

const namedRules = (description: string): JsonObject =>
  atomic(
    list(
      struct("NamedRuleWithOperations", {
        resourceNames: atomic(list(text(), "Names of the objects that are meant; all when empty.")),
        ...ruleFields,
      }),
      description,
    ),
  );

export const matchPolicy = (): JsonObject =>
  pointer(
    text("Exact: requests for exactly these resources; Equivalent (the default): also through other API versions."),
  );

export const namespaceSelector = (): JsonObject =>
  selector("Labels of the namespaces whose objects are meant. Cluster-scoped objects are not asked for it.");

export const objectSelector = (): JsonObject =>
  selector("Labels of the objects that are meant; the new or the old object must have them.");

export const matchResources = (description: string): JsonObject =>
  structPointer(
    "MatchResources",
    {
      namespaceSelector: namespaceSelector(),
      objectSelector: objectSelector(),
      resourceRules: namedRules("What operations on what resources this is about."),
      excludeResourceRules: namedRules("What of it is not meant after all."),
      matchPolicy: matchPolicy(),
    },
    description,
  );

export const matchConditions = (): JsonObject =>
  listMap(
    list(
      struct("MatchCondition", {
        name: always(text("Tells the conditions apart.")),
        expression: always(text("A CEL expression of type bool over object, oldObject, request and authorizer.")),
      }),
      "All must be true for a request to be looked at.",
    ),
    "name",
  );
