/**
 * Conversion by a webhook. Source of the checks and the words:
 * apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go.
 */
import { isDeepStrictEqual } from "node:util";
import { asText, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { CrdObject, WebhookConversion } from "../resources/crd-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import { commonMetadataCauses } from "../schema/metadata.ts";
import { ApiError } from "../status.ts";
import type { WebhookClient } from "../webhooks/client.ts";
import { targetOf } from "../webhooks/client.ts";
import type { Converter } from "./converter.ts";

/** Objects in one request; a list of any length goes in several. */
const batchSize = 500;
/** Source: defaultRequestTimeout in k8s.io/apiserver/pkg/util/webhook/webhook.go. */
const timeoutMs = 30_000;
/** More than any store of Kubernetes takes in objects. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** `uuid` makes the ids of requests. */
export function webhookConverter(
  crd: CrdObject,
  webhook: WebhookConversion,
  client: WebhookClient,
  uuid: () => string,
): Converter {
  return async (objects, apiVersion) => {
    const converted: JsonObject[] = [];
    const pending = objects.filter((object) => object["apiVersion"] !== apiVersion);
    for (let start = 0; start < pending.length; start += batchSize)
      converted.push(
        ...(await convert(crd, webhook, client, pending.slice(start, start + batchSize), apiVersion, uuid())),
      );
    const answers = converted.values();
    return objects.map((object) => (object["apiVersion"] === apiVersion ? object : (answers.next().value ?? object)));
  };
}

async function convert(
  crd: CrdObject,
  webhook: WebhookConversion,
  client: WebhookClient,
  objects: readonly JsonObject[],
  apiVersion: string,
  uid: string,
): Promise<readonly JsonObject[]> {
  const { kind, listKind } = crd.spec.names;
  const [first] = objects;
  const failed = (why: string): ApiError =>
    new ApiError(
      "InternalError",
      `conversion webhook for ${asText(first?.["apiVersion"])}, Kind=${objects.length > 1 ? listKind : kind} ${why}`,
    );
  const reviewVersion = webhook.conversionReviewVersions.find((version) => version === "v1");
  if (reviewVersion === undefined) throw new ApiError("InternalError", "no supported conversion review versions");
  const review = {
    kind: "ConversionReview",
    apiVersion: "apiextensions.k8s.io/v1",
    request: { uid, desiredAPIVersion: apiVersion, objects },
  };
  const answer = await ask(client, webhook, review).catch((error: unknown) => {
    throw failed(`failed: ${error instanceof Error ? error.message : String(error)}`);
  });
  const converted = convertedObjects(answer, uid);
  if (typeof converted === "string") throw failed(`failed: ${converted}`);
  if (converted.length !== objects.length)
    throw failed(`returned ${converted.length} objects, expected ${objects.length}`);
  return objects.map((object, index) => {
    const result = checked(object, converted[index], apiVersion);
    if (typeof result === "string") throw failed(`returned ${result.replace("%INDEX%", `at index ${index}`)}`);
    return result;
  });
}

async function ask(client: WebhookClient, { clientConfig }: WebhookConversion, review: JsonObject): Promise<unknown> {
  const body = await client.post(targetOf(clientConfig), JSON.stringify(review), { timeoutMs, maxAnswerBytes });
  return JSON.parse(body) as unknown;
}

/** The objects that the webhook gave, or why they are none. */
function convertedObjects(answer: unknown, uid: string): readonly unknown[] | string {
  const review = isJsonObject(answer) ? answer : {};
  const [group, version] = asText(review["apiVersion"]).split("/");
  if (review["kind"] !== "ConversionReview" || review["apiVersion"] !== "apiextensions.k8s.io/v1")
    return `expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${version === undefined ? `/${group ?? ""}` : asText(review["apiVersion"])}, Kind=${asText(review["kind"])}`;
  const { response } = review;
  if (!isJsonObject(response)) return "no response provided";
  if (response["uid"] !== uid)
    return `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(asText(response["uid"]))}`;
  const result = isJsonObject(response["result"]) ? response["result"] : {};
  if (result["status"] !== "Success") {
    const message = asText(result["message"]);
    return message === "" ? `response.result.status was '${asText(result["status"])}', not 'Success'` : message;
  }
  const objects = getOwn(response, "convertedObjects");
  return Array.isArray(objects) ? (objects as readonly unknown[]) : [];
}

/** `converted` with the metadata of `original` but for labels and annotations; or what is wrong with it. */
function checked(original: JsonObject, converted: unknown, apiVersion: string): JsonObject | string {
  if (!isJsonObject(converted)) return "invalid converted object %INDEX%: it is no object";
  const [expected, kind] = [apiVersion, asText(original["kind"])];
  if (converted["apiVersion"] !== expected)
    return `invalid converted object %INDEX%: invalid groupVersion (expected ${expected}, received ${asText(converted["apiVersion"])})`;
  if (converted["kind"] !== kind)
    return `invalid converted object %INDEX%: invalid kind (expected ${kind}, received ${asText(converted["kind"])})`;
  const before = metadataOf(original) ?? {};
  const after = metadataOf(converted);
  for (const [field, name] of [["name"], ["namespace"], ["uid", "UID"]] as const) {
    const [was, is] = [asText(before[field]), asText(after?.[field])];
    if (was !== is) return `invalid converted object %INDEX%: must have the same ${name ?? field}: ${was} != ${is}`;
  }
  if (after === undefined) return "invalid metadata in object %INDEX%: missing metadata in converted object";
  const problem = metadataProblem(before, after);
  if (problem !== undefined) return `invalid metadata in object %INDEX%: ${problem}`;
  return { ...converted, metadata: restored(before, after) };
}

function metadataOf(object: JsonObject): JsonObject | undefined {
  const metadata = getOwn(object, "metadata");
  return isJsonObject(metadata) ? metadata : undefined;
}

/** What a webhook may change of metadata. */
const changeable = ["labels", "annotations"] as const;

function metadataProblem(before: JsonObject, after: JsonObject): string | undefined {
  for (const field of changeable) {
    const value = after[field] ?? {};
    if (!isJsonObject(value)) return `invalid metadata.${field} in converted object: it is no map`;
    const stray = Object.entries(value).find(([, item]) => typeof item !== "string");
    if (stray !== undefined) return `metadata.${field}[${stray[0]}] must be a string in converted object`;
    if (isDeepStrictEqual(value, before[field] ?? {})) continue;
    const [cause] = commonMetadataCauses({ [field]: value }, "metadata");
    if (cause !== undefined) return `${cause.field ?? ""}: ${cause.message ?? ""}`;
  }
  return undefined;
}

function restored(before: JsonObject, after: JsonObject): JsonObject {
  const metadata = { ...before };
  for (const field of changeable)
    if (after[field] === undefined || after[field] === null) Reflect.deleteProperty(metadata, field);
    else metadata[field] = after[field];
  return metadata;
}
