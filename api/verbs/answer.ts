/** A create that is answered, and stores nothing of its own kind: reviews of access, requests for tokens, evictions. */
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { invalid } from "../status.ts";
import type { User } from "../auth/authentication.ts";
import type { Body } from "./body.ts";
import { acceptBody, matchNamespace } from "./body.ts";
import type { Environment, ObjectName, WriteOptions } from "./environment.ts";

export interface Question {
  /** Valid, and with its defaults; the answerer's own. */
  readonly object: JsonObject;
  /** The object below which it was asked; the name is empty for a kind of its own. */
  readonly about: ObjectName;
  readonly user: User;
  /** Answer as if it were done, and do nothing. */
  readonly dryRun: boolean;
}

export interface Answerer {
  /** The kind of the body and of the answer. */
  readonly definition: ResourceDefinition;
  /**
   * Returns the fields that the answer has besides, or instead of, those of the body; undefined where there is nothing to
   * say but that it is done. Throws ApiError.
   */
  readonly answer: (question: Question) => JsonObject | undefined | Promise<JsonObject | undefined>;
}

/** By `plural.group` of a kind, or `plural/subresource`: "tokenreviews.authentication.k8s.io", "serviceaccounts/token". */
export type Answerers = Readonly<Record<string, Answerer>>;

/** Source: createHandler in k8s.io/apiserver/pkg/endpoints/handlers/create.go. */
const done: JsonObject = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };

/** The body with what was answered. Throws BadRequest, Invalid, and what the answerer throws. */
export async function answer(
  { clock }: Environment,
  { definition, answer: ask }: Answerer,
  about: ObjectName,
  body: Body,
  options: WriteOptions,
): Promise<JsonObject> {
  const object = acceptBody(definition, body, options);
  matchNamespace(object, definition.namespaced ? about.namespace : undefined);
  const causes = definition.prepareForCreate?.(object, clock.now()) ?? [];
  if (causes.length > 0) throw invalid(definition.invalidAs ?? definition, "", causes);
  const found = await ask({ object, about, user: options.user, dryRun: options.dryRun });
  if (found === undefined) return done;
  const { metadata: added, ...answered } = found;
  const { apiVersion, kind, metadata, ...given } = object;
  // metav1.ObjectMeta's creationTimestamp is null where there is none.
  return {
    apiVersion,
    kind,
    metadata: { creationTimestamp: null, ...metadata, ...(added as JsonObject | undefined) },
    ...given,
    ...answered,
  };
}
