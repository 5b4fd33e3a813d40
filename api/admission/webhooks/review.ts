/**
 * AdmissionReview: the question that a webhook is sent, and its answer.
 * Source: k8s.io/apiserver/pkg/admission/plugin/webhook/request/admissionreview.go and k8s.io/api/admission/v1.
 */
import { z } from "zod";
import { asText, isJsonObject } from "../../../formats/json-object.ts";
import { goTypeOf } from "../../decode.ts";
import type { JsonObject, ResourceDefinition } from "../../resources/definition.ts";
import type { AdmissionRequest } from "../admission.ts";
import { describeRequest } from "../request-description.ts";

export type ReviewVersion = "v1" | "v1beta1";

export interface Question {
  readonly uid: string;
  readonly version: ReviewVersion;
  readonly request: AdmissionRequest;
  /** The version that the webhook takes. */
  readonly definition: ResourceDefinition;
  /** As of that version. */
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
}

export function encodeQuestion({ uid, version, request, definition, object, old }: Question): string {
  const { operation, userInfo, dryRun, options, ...about } = describeRequest(request, definition);
  return JSON.stringify({
    kind: "AdmissionReview",
    apiVersion: `admission.k8s.io/${version}`,
    request: { uid, ...about, operation, userInfo, object: object ?? null, oldObject: old ?? null, dryRun, options },
  });
}

const text = z.string().nullish();

const statusShape = z.object({
  status: text,
  message: text,
  reason: text,
  code: z.int32().nullish(),
  details: z
    .object({
      name: text,
      group: text,
      kind: text,
      uid: text,
      causes: z.array(z.object({ reason: text, message: text, field: text })).nullish(),
      retryAfterSeconds: z.int32().nullish(),
    })
    .nullish(),
});

const reviewShape = z.object({
  apiVersion: text,
  kind: text,
  response: z
    .object({
      uid: text,
      allowed: z.boolean().nullish(),
      status: statusShape.nullish(),
      patch: z.base64().nullish(),
      patchType: text,
      warnings: z.array(z.string()).nullish(),
    })
    .nullish(),
});

/** metav1.Status as a webhook gives it: anything may be missing. */
export type GivenStatus = z.infer<typeof statusShape>;

export interface Verdict {
  readonly allowed: boolean;
  readonly status: GivenStatus | undefined;
  /** JSON, not yet decoded; undefined when nothing is to be changed. */
  readonly patch: Buffer | undefined;
  readonly patchType: string;
  readonly warnings: readonly string[];
}

/** What a webhook answered is of no use: the message says why. */
export class InvalidAnswerError extends Error {
  override readonly name = "InvalidAnswerError";
}

/** Reads the body of an answer. Throws {@link InvalidAnswerError}. */
export function decodeAnswer(body: string): z.infer<typeof reviewShape> {
  const value = parsed(body);
  if (!isJsonObject(value)) throw new InvalidAnswerError(notAnObject(value));
  const { apiVersion, kind } = value;
  const known = kind === "AdmissionReview" && /^admission\.k8s\.io\/v1(?:beta1)?$/.test(asText(apiVersion));
  if (!known && asText(kind) !== "" && asText(apiVersion) !== "")
    throw new InvalidAnswerError(
      `no kind "${asText(kind)}" is registered for version "${asText(apiVersion)}" in scheme`,
    );
  const { success, data, error } = reviewShape.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  throw new InvalidAnswerError(`v1.AdmissionReview.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}

/** What is no JSON is a YAML string to upstream's decoder. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

const notAnObject = (value: unknown): string =>
  `couldn't get version/kind; json parse error: json: cannot unmarshal ${goTypeOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;

/** Checks an answer against its question. Throws {@link InvalidAnswerError}. */
export function verifyAnswer(
  answer: z.infer<typeof reviewShape>,
  { uid, version }: Pick<Question, "uid" | "version">,
  mutating: boolean,
): Verdict {
  const { response } = answer;
  if (response === undefined || response === null) throw new InvalidAnswerError("webhook response was absent");
  if (version === "v1" && response.uid !== uid)
    throw new InvalidAnswerError(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? "")}`,
    );
  const [given = "", group = ""] = (answer.apiVersion ?? "").split("/").toReversed();
  if (group !== "admission.k8s.io" || given !== version || answer.kind !== "AdmissionReview")
    throw new InvalidAnswerError(
      `expected webhook response of admission.k8s.io/${version}, Kind=AdmissionReview, got ${group}/${given}, Kind=${answer.kind ?? ""}`,
    );
  const patch = Buffer.from(response.patch ?? "", "base64");
  if (version === "v1") checkPatch(patch.length > 0, response.patchType ?? undefined, mutating);
  return {
    allowed: response.allowed === true,
    status: response.status ?? undefined,
    patch: mutating && patch.length > 0 ? patch : undefined,
    patchType: version === "v1" ? (response.patchType ?? "") : "JSONPatch",
    warnings: response.warnings ?? [],
  };
}

function checkPatch(given: boolean, type: string | undefined, mutating: boolean): void {
  const problem = mutating ? mutationProblem(given, type) : validationProblem(given, type);
  if (problem !== undefined) throw new InvalidAnswerError(problem);
}

function mutationProblem(given: boolean, type: string | undefined): string | undefined {
  if (given && type === undefined) return "webhook returned response.patch but not response.patchType";
  if (!given && type !== undefined) return "webhook returned response.patchType but not response.patch";
  return type === "" ? 'webhook returned invalid response.patchType of ""' : undefined;
}

function validationProblem(given: boolean, type: string | undefined): string | undefined {
  if (given) return "validating webhook may not return response.patch";
  return type === undefined ? undefined : "validating webhook may not return response.patchType";
}
