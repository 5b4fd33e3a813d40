/** Asks one webhook about one request. Source: k8s.io/apiserver/pkg/admission/plugin/webhook/generic/webhook.go. */
import type { Authorizer } from "../../auth/authorization.ts";
import type { JsonObject, ResourceDefinition } from "../../resources/definition.ts";
import { forbidden } from "../../status.ts";
import type { Random } from "../../verbs/environment.ts";
import type { AdmissionRequest } from "../admission.ts";
import { scopeOf } from "../expressions/scope.ts";
import type { AdmissionSurroundings } from "../surroundings.ts";
import { asVersion } from "../surroundings.ts";
import type { WebhookClient } from "../../webhooks/client.ts";
import { UnreachableError, UnusableTargetError } from "../../webhooks/client.ts";
import { deniedBy, dryRunUnsupported, WebhookCallError } from "./refusals.ts";
import type { Verdict } from "./review.ts";
import { decodeAnswer, encodeQuestion, InvalidAnswerError, verifyAnswer } from "./review.ts";
import type { Webhook } from "./webhook.ts";

/** As of any request to this server. */
const maxAnswerBytes = 3 * 1024 * 1024;

/** A request as one webhook sees it. */
export interface Call {
  readonly webhook: Webhook;
  readonly request: AdmissionRequest;
  readonly definition: ResourceDefinition;
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
}

export class WebhookCaller {
  readonly surroundings: AdmissionSurroundings;
  readonly #client: WebhookClient;
  readonly #random: Random;

  constructor(surroundings: AdmissionSurroundings, client: WebhookClient, random: Random) {
    this.surroundings = surroundings;
    this.#client = client;
    this.#random = random;
  }

  /** Undefined when the webhook is not to be asked. Throws Forbidden where its conditions cannot be evaluated. */
  async callFor(webhook: Webhook, request: AdmissionRequest): Promise<Call | undefined> {
    const definition = await webhook.matcher.match(request, this.surroundings);
    if (definition === undefined) return undefined;
    const [object, old] = await Promise.all([
      asVersion(this.surroundings, request.object, request, definition),
      asVersion(this.surroundings, request.old, request, definition),
    ]);
    const call = { webhook, request, definition, object, old };
    return webhook.conditions.none || meetsConditions(call, this.surroundings.authorizer) ? call : undefined;
  }

  /** Throws {@link WebhookCallError} when there is no answer of use, and the refusal when the webhook denies. */
  async ask({ webhook, request, ...seen }: Call, mutating: boolean): Promise<Verdict> {
    const { name, target, timeoutMs, reviewVersion: version } = webhook;
    if (request.dryRun && !webhook.takesDryRun) throw dryRunUnsupported(name);
    const uid = this.#random.uuid();
    const body = encodeQuestion({ uid, version, request, ...seen });
    try {
      const answer = decodeOf(await this.#client.post(target, body, { timeoutMs, maxAnswerBytes }));
      const verdict = verifyAnswer(answer, { uid, version }, mutating);
      for (const warning of verdict.warnings) request.warn(warning);
      if (verdict.allowed) return verdict;
      throw deniedBy(name, verdict.status);
    } catch (error) {
      throw callError(name, error);
    }
  }
}

function decodeOf(body: string): ReturnType<typeof decodeAnswer> {
  try {
    return decodeAnswer(body);
  } catch (error) {
    // Upstream's client decodes: to it, this is a call that failed.
    throw error instanceof InvalidAnswerError ? new UnreachableError(error.message) : error;
  }
}

function callError(webhook: string, error: unknown): unknown {
  if (error instanceof UnreachableError)
    return new WebhookCallError(webhook, `failed to call webhook: ${error.message}`, { cause: error });
  if (error instanceof UnusableTargetError)
    return new WebhookCallError(webhook, `could not get REST client: ${error.message}`, { cause: error });
  if (error instanceof InvalidAnswerError)
    return new WebhookCallError(webhook, `received invalid webhook response: ${error.message}`, { cause: error });
  return error;
}

function meetsConditions({ webhook, request, ...seen }: Call, authorizer: Authorizer): boolean {
  const { matches, fault } = webhook.conditions.evaluate(scopeOf({ request, ...seen, authorizer }));
  if (fault === undefined || webhook.ignoresFailure) return matches;
  throw forbidden(request.definition, request.name.name, fault);
}
