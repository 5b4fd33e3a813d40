/** One webhook of a configuration, ready to be asked. Source of the fields: k8s.io/api/admissionregistration/v1. */
import { asList, asText, isJsonObject } from "../../../formats/json-object.ts";
import type { JsonObject } from "../../resources/definition.ts";
import { MatchConditions } from "../match-conditions.ts";
import { RequestMatcher } from "../request-matcher.ts";
import type { Target } from "../../webhooks/client.ts";
import { targetOf } from "../../webhooks/client.ts";
import type { ReviewVersion } from "./review.ts";

export interface Webhook {
  readonly name: string;
  readonly matcher: RequestMatcher;
  readonly conditions: MatchConditions;
  readonly target: Target;
  /** A request goes on when the webhook cannot be asked. */
  readonly ignoresFailure: boolean;
  readonly timeoutMs: number;
  /** The first that this server knows. */
  readonly reviewVersion: ReviewVersion;
  readonly takesDryRun: boolean;
  /** Asked again when webhooks after it change the object. */
  readonly reinvoked: boolean;
}

export function webhooksOf(configuration: JsonObject): readonly Webhook[] {
  return asList(configuration["webhooks"]).filter(isJsonObject).map(compile);
}

function compile(webhook: JsonObject): Webhook {
  const { timeoutSeconds, sideEffects, matchPolicy, namespaceSelector, objectSelector } = webhook;
  const rules = asList(webhook["rules"]).filter(isJsonObject);
  const versions = asList(webhook["admissionReviewVersions"]);
  return {
    name: asText(webhook["name"]),
    matcher: new RequestMatcher({ rules, matchPolicy, namespaceSelector, objectSelector }),
    conditions: new MatchConditions(asList(webhook["matchConditions"]).filter(isJsonObject), { params: false }),
    target: targetOf(webhook["clientConfig"]),
    ignoresFailure: webhook["failurePolicy"] === "Ignore",
    timeoutMs: (typeof timeoutSeconds === "number" ? timeoutSeconds : 10) * 1000,
    reviewVersion: versions.find((version) => version === "v1" || version === "v1beta1") ?? "v1",
    takesDryRun: sideEffects === "None" || sideEffects === "NoneOnDryRun",
    reinvoked: webhook["reinvocationPolicy"] === "IfNeeded",
  };
}
