/** Source: kubernetes/pkg/apis/admissionregistration/v1/defaults.go. */
import { asList, isJsonObject } from "../../../../formats/json-object.ts";
import type { JsonObject } from "../../definition.ts";

export function defaultWebhooks(configuration: JsonObject, mutating: boolean): void {
  for (const webhook of asList(configuration["webhooks"]).filter(isJsonObject)) {
    webhook["failurePolicy"] ??= "Fail";
    webhook["timeoutSeconds"] ??= 10;
    if (mutating) webhook["reinvocationPolicy"] ??= "Never";
    defaultMatching(webhook, ["rules"]);
    const { clientConfig } = webhook;
    const service = isJsonObject(clientConfig) ? clientConfig["service"] : undefined;
    if (isJsonObject(service)) service["port"] ??= 443;
  }
}

export function defaultPolicy({ spec }: JsonObject): void {
  if (!isJsonObject(spec)) return;
  spec["failurePolicy"] ??= "Fail";
  if (isJsonObject(spec["matchConstraints"])) defaultMatching(spec["matchConstraints"], ruleLists);
}

export function defaultBinding({ spec }: JsonObject): void {
  if (isJsonObject(spec) && isJsonObject(spec["matchResources"])) defaultMatching(spec["matchResources"], ruleLists);
}

const ruleLists = ["resourceRules", "excludeResourceRules"] as const;

function defaultMatching(matching: JsonObject, lists: readonly string[]): void {
  matching["matchPolicy"] ??= "Equivalent";
  matching["namespaceSelector"] ??= {};
  matching["objectSelector"] ??= {};
  for (const rule of lists.flatMap((key) => asList(matching[key])).filter(isJsonObject)) rule["scope"] ??= "*";
}
