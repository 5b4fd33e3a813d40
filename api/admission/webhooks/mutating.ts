/** Source: k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/{dispatcher,reinvocationcontext}.go. */
import { isDeepStrictEqual } from "node:util";
import { apiVersionOf } from "../../../crds/meta.ts";
import { asText, isJsonObject } from "../../../formats/json-object.ts";
import { describeError } from "../../../process/log.ts";
import type { Log } from "../../../process/log.ts";
import type { WritableObject } from "../../codec.ts";
import { decodeBody } from "../../decode.ts";
import { applyJsonPatch } from "../../patch/json-patch.ts";
import type { JsonObject } from "../../resources/definition.ts";
import { ApiError, badRequest } from "../../status.ts";
import type { AdmissionPlugin, AdmissionRequest, MutableRequest } from "../admission.ts";
import type { Reinvocation } from "../reinvocation.ts";
import type { CompiledObjects } from "../compiled-objects.ts";
import { isAdmissionConfiguration } from "../exemptions.ts";
import type { Call, WebhookCaller } from "./caller.ts";
import { internalError, WebhookCallError } from "./refusals.ts";
import type { Verdict } from "./review.ts";
import type { Webhook } from "./webhook.ts";

/** Asks webhooks one after the other; each sees what those before it made of the object. */
export class MutatingWebhooks implements AdmissionPlugin {
  readonly #configurations: CompiledObjects<readonly Webhook[]>;
  readonly #caller: WebhookCaller;
  readonly #log: Log;

  constructor(configurations: CompiledObjects<readonly Webhook[]>, caller: WebhookCaller, log: Log) {
    this.#configurations = configurations;
    this.#caller = caller;
    this.#log = log;
  }

  mutate(request: MutableRequest, reinvocation: Reinvocation): Promise<WritableObject> | undefined {
    const webhooks = this.#webhooksFor(request);
    return webhooks && this.#change(webhooks, request, reinvocation);
  }

  /** A deletion has no object to change, but may be denied. */
  validate(request: AdmissionRequest): Promise<void> | undefined {
    const webhooks = request.object === undefined ? this.#webhooksFor(request) : undefined;
    return webhooks && this.#review(webhooks, request);
  }

  #webhooksFor({ definition }: AdmissionRequest): readonly Webhook[] | undefined {
    const configurations = this.#configurations.current;
    return configurations.length === 0 || isAdmissionConfiguration(definition) ? undefined : configurations.flat();
  }

  async #change(
    webhooks: readonly Webhook[],
    request: MutableRequest,
    reinvocation: Reinvocation,
  ): Promise<WritableObject> {
    let { object } = request;
    reinvocation.begin(object);
    for (const webhook of webhooks) {
      const call = await this.#caller.callFor(webhook, { ...request, object });
      if (call === undefined || !reinvocation.wants(webhook)) continue;
      const verdict = await this.#ask(call);
      const changed = verdict?.patch && (await this.#patched(call, verdict, verdict.patch));
      if (changed !== undefined && !isDeepStrictEqual(changed, object)) {
        object = changed;
        reinvocation.changed();
      }
      if (webhook.reinvoked) reinvocation.invoked(webhook);
    }
    reinvocation.end(object);
    return object;
  }

  async #review(webhooks: readonly Webhook[], request: AdmissionRequest): Promise<void> {
    for (const webhook of webhooks) {
      const call = await this.#caller.callFor(webhook, request);
      const verdict = call && (await this.#ask(call));
      if (verdict?.patch !== undefined && operationsOf(call?.webhook.name ?? "", verdict.patch).length > 0)
        throw internalError(
          `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
        );
    }
  }

  /** Undefined when the request goes on although the webhook could not be asked. */
  async #ask(call: Call): Promise<Verdict | undefined> {
    try {
      return await this.#caller.ask(call, true);
    } catch (error) {
      this.#failOpen(call.webhook, error);
      return undefined;
    }
  }

  /** Throws the refusal, unless the webhook's failurePolicy forgives it. */
  #failOpen(webhook: Webhook, error: unknown): void {
    if (!(error instanceof WebhookCallError)) throw error;
    if (!webhook.ignoresFailure) throw internalError(error.message, { cause: error });
    this.#log.warn("A webhook could not be asked: its failurePolicy lets the request pass", {
      error: describeError(error),
    });
  }

  /** The object as the version of the request has it. Undefined where nothing is changed. */
  async #patched(call: Call, { patchType }: Verdict, patch: Buffer): Promise<WritableObject | undefined> {
    const { webhook, request, definition } = call;
    try {
      const operations = operationsOf(webhook.name, patch);
      if (operations.length === 0) return undefined;
      if (patchType !== "JSONPatch")
        throw new WebhookCallError(webhook.name, `unsupported patch type ${JSON.stringify(patchType)}`);
      const changed = apply(call.object ?? {}, operations);
      const object =
        definition === request.definition
          ? changed
          : await this.#caller.surroundings.convert(changed, request.definition);
      return accept(object, request);
    } catch (error) {
      this.#failOpen(webhook, error);
      return undefined;
    }
  }
}

/** Throws {@link WebhookCallError}. */
function operationsOf(webhook: string, patch: Buffer): readonly unknown[] {
  const undecodable = (why: string): WebhookCallError =>
    new WebhookCallError(webhook, `received undecodable patch in webhook response: ${why}`);
  try {
    const { object: operations } = decodeBody(patch, "application/json");
    if (Array.isArray(operations)) return operations;
  } catch (error) {
    throw undecodable((error as Error).message);
  }
  throw undecodable("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
}

function apply(object: JsonObject, operations: readonly unknown[]): JsonObject {
  try {
    return applyJsonPatch(object, operations);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw internalError(error.details?.causes?.[0]?.message ?? error.message, { cause: error });
  }
}

/** What a decoder would make of what the webhook returned. Throws ApiError. */
function accept(object: JsonObject, { definition, name }: AdmissionRequest): WritableObject {
  const { apiVersion, kind } = object;
  if (apiVersion !== apiVersionOf(definition) || kind !== definition.kind)
    throw internalError(
      `converting (${asText(apiVersion)}.${asText(kind)}) to (${apiVersionOf(definition)}.${definition.kind}): unknown conversion`,
    );
  const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
  const accepted = { ...object, metadata };
  definition.schema.prune(accepted);
  definition.schema.applyDefaults(accepted);
  if (name.namespace !== undefined) metadata["namespace"] ??= name.namespace;
  if (metadata["namespace"] !== name.namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  return accepted;
}
