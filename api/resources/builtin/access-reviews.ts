/**
 * What somebody may do. Source: k8s.io/api/authorization/v1/types.go and
 * kubernetes/pkg/apis/authorization/validation/validation.go.
 */
import type { ResourceType } from "../../../crds/meta.ts";
import { asList, isJsonObject } from "../../../formats/json-object.ts";
import { invalidValue } from "../../schema/field-errors.ts";
import type { StatusCause } from "../../status.ts";
import type { JsonObject, ResourceDefinition } from "../definition.ts";
import { always, atomic, flag, list, mapOf, struct, structPointer, text, typed } from "./builtin.ts";

const requirements = (name: string): JsonObject =>
  structPointer(`${name}Attributes`, {
    rawSelector: text("As it stands in a query."),
    requirements: atomic(
      list(
        structPointer(`${name}Requirement`, {
          key: always(text()),
          operator: always(text()),
          values: atomic(list(text())),
        }),
      ),
    ),
  });

const resourceAttributes = structPointer(
  "ResourceAttributes",
  {
    namespace: text("Namespace of the action; none, or all of them, when empty."),
    verb: text("get, list, watch, create, update, patch, delete, deletecollection; '*' is all of them."),
    group: text("API group of the resource; '*' is all of them."),
    version: text("API version of the resource; '*' is all of them."),
    resource: text("A resource type; '*' is all of them."),
    subresource: text("A subresource; none when empty."),
    name: text("Name of the object; any when empty."),
    fieldSelector: requirements("FieldSelector"),
    labelSelector: requirements("LabelSelector"),
  },
  "The action on a resource.",
);
const nonResourceAttributes = structPointer(
  "NonResourceAttributes",
  { path: text("The URL path of the request."), verb: text("The HTTP verb, in lower case.") },
  "The action on another path.",
);
const subject: JsonObject = {
  user: text("Whom it is about."),
  groups: atomic(list(text(), "The groups that the user is in.")),
  extra: mapOf(list(text()), "What authenticators add to the user."),
  uid: text("Another identity of the user."),
};
const status = struct("SubjectAccessReviewStatus", {
  allowed: always(flag("Whether the action would be allowed.")),
  denied: flag("Whether the action would be denied for sure."),
  reason: text("Why it is allowed or denied."),
  evaluationError: text("What went wrong while it was looked at."),
});

const type = (plural: string, kind: string, namespaced = false): ResourceType & Answered => ({
  group: "authorization.k8s.io",
  version: "v1",
  plural,
  kind,
  namespaced,
  singular: kind.toLowerCase(),
  verbs: ["create"],
  isAnswered: true,
  // Decoded objects know no kind (Create in pkg/registry/authorization/*/rest.go).
  invalidAs: { group: "authorization.k8s.io", kind: "" },
});
type Answered = Pick<ResourceDefinition, "singular" | "verbs" | "invalidAs"> & { readonly isAnswered: true };

const spec = (kind: string, properties: JsonObject): JsonObject => struct(`${kind}Spec`, properties);

export const accessReviews: readonly ResourceDefinition[] = [
  typed({
    ...type("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    description: "SelfSubjectAccessReview checks whether or not the current user can perform an action.",
    required: ["spec"],
    properties: { spec: spec("SelfSubjectAccessReview", { resourceAttributes, nonResourceAttributes }), status },
    prepareForCreate: (review) => [...attributesCauses(review), ...metadataCauses(review, "must be empty")],
  }),
  typed({
    ...type("subjectaccessreviews", "SubjectAccessReview"),
    description: "SubjectAccessReview checks whether or not a user or group can perform an action.",
    required: ["spec"],
    properties: {
      spec: spec("SubjectAccessReview", { resourceAttributes, nonResourceAttributes, ...subject }),
      status,
    },
    prepareForCreate: (review) => [
      ...attributesCauses(review),
      ...subjectCauses(review),
      ...metadataCauses(review, "must be empty"),
    ],
  }),
  typed({
    ...type("localsubjectaccessreviews", "LocalSubjectAccessReview", true),
    description: "LocalSubjectAccessReview checks whether or not a user or group can perform an action in a namespace.",
    required: ["spec"],
    properties: {
      spec: spec("SubjectAccessReview", { resourceAttributes, nonResourceAttributes, ...subject }),
      status,
    },
    prepareForCreate: (review) => [
      ...attributesCauses(review),
      ...subjectCauses(review),
      ...metadataCauses(review, "must be empty except for namespace"),
      ...localCauses(review),
    ],
  }),
  typed({
    ...type("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    description:
      "SelfSubjectRulesReview enumerates the set of actions the current user can perform within a namespace.",
    required: ["spec"],
    properties: {
      spec: spec("SelfSubjectRulesReview", { namespace: text("The namespace to look at.") }),
      status: struct("SubjectRulesReviewStatus", {
        resourceRules: always(
          atomic(
            list(
              structPointer("ResourceRule", {
                verbs: always(atomic(list(text()))),
                apiGroups: atomic(list(text())),
                resources: atomic(list(text())),
                resourceNames: atomic(list(text())),
              }),
              "What can be done to resources.",
            ),
          ),
        ),
        nonResourceRules: always(
          atomic(
            list(
              structPointer("NonResourceRule", {
                verbs: always(atomic(list(text()))),
                nonResourceURLs: atomic(list(text())),
              }),
              "What can be done to other paths.",
            ),
          ),
        ),
        incomplete: always(flag("Whether there may be more rules.")),
        evaluationError: text("What went wrong while it was looked at."),
      }),
    },
  }),
];

const specOf = ({ spec: given }: JsonObject): JsonObject => (isJsonObject(given) ? given : {});

function attributesCauses(review: JsonObject): readonly StatusCause[] {
  const { resourceAttributes: resource, nonResourceAttributes: other } = specOf(review);
  if (resource !== undefined && other !== undefined)
    return [
      invalidValue("spec.nonResourceAttributes", other, "cannot be specified in combination with resourceAttributes"),
    ];
  if (resource !== undefined || other !== undefined) return [];
  const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return [invalidValue("spec.resourceAttributes", null, why)];
}

function subjectCauses(review: JsonObject): readonly StatusCause[] {
  const { user = "", groups } = specOf(review);
  if (user !== "" || asList(groups).length > 0) return [];
  return [invalidValue("spec.user", "", "at least one of user or group must be specified")];
}

function metadataCauses({ metadata }: JsonObject, why: string): readonly StatusCause[] {
  const given = Object.keys(metadata as JsonObject).filter(
    (field) => field !== "managedFields" && field !== "namespace",
  );
  return given.length === 0 ? [] : [invalidValue("metadata", metadata, why)];
}

function localCauses({ metadata, ...review }: JsonObject): readonly StatusCause[] {
  const { resourceAttributes: resource, nonResourceAttributes: other } = specOf(review);
  const { namespace } = metadata as JsonObject;
  const about = isJsonObject(resource) ? (resource["namespace"] ?? "") : namespace;
  return [
    ...(about === namespace
      ? []
      : [invalidValue("spec.resourceAttributes.namespace", about, "must match metadata.namespace")]),
    ...(other === undefined
      ? []
      : [invalidValue("spec.nonResourceAttributes", other, "disallowed on this kind of request")]),
  ];
}
