/**
 * Answers who somebody is and what they may do.
 * Source: kubernetes/pkg/registry/{authentication,authorization}, and authorization/util/helpers.go.
 */
import { formatTime, groupResource } from "../../crds/meta.ts";
import type { Clock } from "../../process/clock.ts";
import { accessReviews } from "../resources/builtin/access-reviews.ts";
import { authenticationReviews } from "../resources/builtin/authentication-reviews.ts";
import type { JsonObject } from "../resources/definition.ts";
import { badRequest } from "../status.ts";
import type { Answerer, Answerers, Question } from "../verbs/answer.ts";
import type { TokenAuthenticator, User } from "./authentication.ts";
import { userOfToken } from "./authentication.ts";
import type { Attempt, Authorizer } from "./authorization.ts";

/** authorization/v1 ResourceAttributes and NonResourceAttributes. */
interface ReviewSpec {
  readonly resourceAttributes?: {
    readonly namespace?: string;
    readonly verb?: string;
    readonly group?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

interface RulesReviewSpec {
  readonly namespace?: string;
}

interface TokenReviewSpec {
  readonly token?: string;
  readonly audiences?: readonly string[];
}

export interface ReviewsOptions {
  readonly authenticators: readonly TokenAuthenticator[];
  readonly authorizer: Authorizer;
  readonly clock: Clock;
}

const specOf = ({ object }: Question): JsonObject => (object["spec"] ?? {}) as JsonObject;

export function reviewAnswerers({ authenticators, authorizer, clock }: ReviewsOptions): Answerers {
  const answers: Readonly<Record<string, Answerer["answer"]>> = {
    "selfsubjectaccessreviews.authorization.k8s.io": (question) => ({
      status: decide(authorizer, question.user, specOf(question)),
    }),
    "subjectaccessreviews.authorization.k8s.io": (question) => ({
      status: decide(authorizer, subjectOf(specOf(question)), specOf(question)),
    }),
    "localsubjectaccessreviews.authorization.k8s.io": (question) => ({
      status: decide(authorizer, subjectOf(specOf(question)), specOf(question)),
    }),
    "selfsubjectrulesreviews.authorization.k8s.io": (question) => ({
      status: rulesOf(authorizer, question.user, specOf(question)),
    }),
    "selfsubjectreviews.authentication.k8s.io": ({ user }) => ({
      metadata: { creationTimestamp: formatTime(clock.now()) },
      status: { userInfo: userInfo(user) },
    }),
    "tokenreviews.authentication.k8s.io": async (question) => ({
      status: await reviewToken(authenticators, specOf(question)),
    }),
  };
  return Object.fromEntries(
    [...accessReviews, ...authenticationReviews].flatMap((definition) => {
      const answer = answers[groupResource(definition)];
      return answer === undefined ? [] : [[groupResource(definition), { definition, answer }]];
    }),
  );
}

function decide(authorizer: Authorizer, user: User, spec: ReviewSpec): JsonObject {
  const { allowed, reason } = authorizer.decide(user, attemptOf(spec));
  return { allowed, ...(reason === "" ? {} : { reason }) };
}

function attemptOf({ resourceAttributes, nonResourceAttributes = {} }: ReviewSpec): Attempt {
  if (resourceAttributes === undefined) {
    const { path = "", verb = "" } = nonResourceAttributes;
    return { verb, path };
  }
  const { verb = "", group = "", resource = "", subresource, namespace = "", name = "" } = resourceAttributes;
  const where = namespace === "" ? undefined : namespace;
  return { verb, path: "", resource: { group, plural: resource, subresource, namespace: where, name } };
}

const subjectOf = ({ user = "", groups = [], uid, extra }: ReviewSpec): User => ({
  name: user,
  groups,
  ...(uid === undefined ? {} : { uid }),
  ...(extra === undefined ? {} : { extra }),
});

/** Throws BadRequest. */
function rulesOf(authorizer: Authorizer, user: User, { namespace = "" }: RulesReviewSpec): JsonObject {
  if (namespace === "") throw badRequest("no namespace on request");
  const rules = authorizer.rulesFor(user, namespace);
  return {
    resourceRules: rules
      .filter(({ resources }) => resources !== undefined)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames === undefined ? {} : { resourceNames }),
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs }) => nonResourceURLs !== undefined)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
}

const userInfo = ({ name, groups, uid, extra }: User): JsonObject => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  ...(groups.length === 0 ? {} : { groups }),
  ...(extra === undefined ? {} : { extra }),
});

async function reviewToken(
  authenticators: readonly TokenAuthenticator[],
  { token, audiences = [] }: TokenReviewSpec,
): Promise<JsonObject> {
  if (token === undefined) throw badRequest("token is required for TokenReview in authentication");
  try {
    const found = await userOfToken(authenticators, token, audiences);
    if (found === undefined) return { user: {}, error: "invalid bearer token" };
    const { user, audiences: fitting } = found;
    return { authenticated: true, user: userInfo(user), ...(fitting.length === 0 ? {} : { audiences: fitting }) };
  } catch (error) {
    return { user: {}, error: (error as Error).message };
  }
}
