/** Who is asking, and whose a token is. Source: k8s.io/api/authentication/v1/types.go. */
import type { ResourceType } from "../../../crds/meta.ts";
import { invalidValue } from "../../schema/field-errors.ts";
import type { StatusCause } from "../../status.ts";
import type { JsonObject, ResourceDefinition } from "../definition.ts";
import {
  always,
  atomic,
  flag,
  int64,
  list,
  mapOf,
  pointer,
  struct,
  structPointer,
  text,
  time,
  typed,
} from "./builtin.ts";

const type = (plural: string, kind: string, namespaced = false): ResourceType => ({
  group: "authentication.k8s.io",
  version: "v1",
  plural,
  kind,
  namespaced,
});

const userInfo = struct("UserInfo", {
  username: text("The name that uniquely identifies this user."),
  uid: text("Another identity of the user, which is not given to anybody else later."),
  groups: atomic(list(text(), "The groups that the user is in.")),
  extra: mapOf(list(text()), "What the authenticator adds."),
});
const audiences = (description: string): JsonObject => atomic(list(text(), description));

const tokenReviews = typed({
  ...type("tokenreviews", "TokenReview"),
  singular: "tokenreview",
  verbs: ["create"],
  isAnswered: true,
  description: "TokenReview attempts to authenticate a token to a known user.",
  required: ["spec"],
  properties: {
    spec: struct("TokenReviewSpec", {
      token: text("The bearer token."),
      audiences: audiences("Whom the token must be for; the API server when absent."),
    }),
    status: struct("TokenReviewStatus", {
      authenticated: flag("Whether the token is that of a known user."),
      user: userInfo,
      audiences: audiences("Those of the audiences asked for that the token is for."),
      error: text("Why the token cannot be taken."),
    }),
  },
});

const selfSubjectReviews = typed({
  ...type("selfsubjectreviews", "SelfSubjectReview"),
  singular: "selfsubjectreview",
  verbs: ["create"],
  isAnswered: true,
  description: "SelfSubjectReview contains what the API server knows about the user who makes this request.",
  properties: { status: struct("SelfSubjectReviewStatus", { userInfo }) },
});

export const authenticationReviews: readonly ResourceDefinition[] = [tokenReviews, selfSubjectReviews];

const minSeconds = 10 * 60;
const maxSeconds = 2 ** 32;

/** What a token of a ServiceAccount is asked for with. Not a kind of its own: serviceaccounts/NAME/token takes it. */
export const tokenRequests = typed({
  ...type("tokenrequests", "TokenRequest", true),
  singular: "tokenrequest",
  verbs: ["create"],
  isAnswered: true,
  description: "TokenRequest requests a token for a given service account.",
  required: ["spec"],
  properties: {
    spec: struct("TokenRequestSpec", {
      audiences: always(audiences("Whom the token is for; the API server when empty.")),
      expirationSeconds: pointer(int64("How long it is good for. At least 600; 3600 when absent.")),
      boundObjectRef: always(
        structPointer(
          "BoundObjectReference",
          {
            kind: text("Secret."),
            apiVersion: text("v1."),
            name: text("Name of the referent."),
            uid: text("UID of the referent."),
          },
          "An object that the token is good as long as.",
        ),
      ),
    }),
    status: struct("TokenRequestStatus", {
      token: always(text("The bearer token.")),
      expirationTimestamp: always(time("Until when it is good.")),
    }),
  },
  setDefaults: (request) => {
    const spec = (request["spec"] ??= {}) as JsonObject;
    spec["expirationSeconds"] ??= 3600;
  },
  prepareForCreate: tokenRequestCauses,
});

/** Source: kubernetes/pkg/apis/authentication/validation/validation.go. */
function tokenRequestCauses({ spec }: JsonObject): readonly StatusCause[] {
  const field = "spec.expirationSeconds";
  const { expirationSeconds: seconds } = spec as { readonly expirationSeconds: number };
  if (seconds < minSeconds) return [invalidValue(field, seconds, "may not specify a duration less than 10 minutes")];
  if (seconds > maxSeconds)
    return [invalidValue(field, seconds, "may not specify a duration larger than 2^32 seconds")];
  return [];
}
