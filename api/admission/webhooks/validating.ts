/** Source: k8s.io/apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go. */
import { describeError } from "../../../process/log.ts";
import type { Log } from "../../../process/log.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { CompiledObjects } from "../compiled-objects.ts";
import { isAdmissionConfiguration } from "../exemptions.ts";
import type { Call, WebhookCaller } from "./caller.ts";
import { internalError, WebhookCallError } from "./refusals.ts";
import type { Webhook } from "./webhook.ts";

/** Asks all webhooks at once; one that denies is enough. */
export class ValidatingWebhooks implements AdmissionPlugin {
  readonly #configurations: CompiledObjects<readonly Webhook[]>;
  readonly #caller: WebhookCaller;
  readonly #log: Log;

  constructor(configurations: CompiledObjects<readonly Webhook[]>, caller: WebhookCaller, log: Log) {
    this.#configurations = configurations;
    this.#caller = caller;
    this.#log = log;
  }

  validate(request: AdmissionRequest): Promise<void> | undefined {
    const configurations = this.#configurations.current;
    if (configurations.length === 0 || isAdmissionConfiguration(request.definition)) return undefined;
    return this.#ask(configurations.flat(), request);
  }

  async #ask(webhooks: readonly Webhook[], request: AdmissionRequest): Promise<void> {
    const calls: Call[] = [];
    for (const webhook of webhooks) {
      const call = await this.#caller.callFor(webhook, request);
      if (call !== undefined) calls.push(call);
    }
    const problems = await Promise.all(calls.map((call) => this.#problemWith(call)));
    const [first] = problems.filter((problem) => problem !== undefined);
    if (first !== undefined) throw first;
  }

  async #problemWith(call: Call): Promise<Error | undefined> {
    try {
      await this.#caller.ask(call, false);
      return undefined;
    } catch (error) {
      if (!(error instanceof WebhookCallError)) return error as Error;
      if (!call.webhook.ignoresFailure) return internalError(error.message, { cause: error });
      this.#log.warn("A webhook could not be asked: its failurePolicy lets the request pass", {
        error: describeError(error),
      });
      return undefined;
    }
  }
}
