/** From query parameters, and the body of a deletion, to options. Source: metav1/types.go and metav1/validation. */
import { asList, isJsonObject } from "../../formats/json-object.ts";
import { goTypeOf } from "../decode.ts";
import type { JsonObject } from "../resources/definition.ts";
import { forbiddenField, invalidValue, notSupported, required, tooLong } from "../schema/field-errors.ts";
import type { StatusCause } from "../status.ts";
import { badRequest, invalid } from "../status.ts";
import { applyType } from "../verbs/apply.ts";
import type { DeleteOptions } from "../verbs/delete.ts";
import type { WriteOptions } from "../verbs/environment.ts";
import type { ListOptions } from "../verbs/list.ts";
import type { WatchOptions } from "../verbs/watch.ts";
import type { Exchange } from "./exchange.ts";

const maxFieldManagerBytes = 128;

/** Source: Convert_Slice_string_To_bool in apimachinery/pkg/runtime/conversion.go. */
export function flagOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  return text === null ? undefined : text !== "false" && text !== "0";
}

/** Throws BadRequest. */
export function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (/^-?[0-9]+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text.slice(0, 100))}: invalid syntax`);
}

/** How long a request may take where it does not say. Source: RequestTimeout in k8s.io/apiserver/pkg/server/config.go. */
const longestMs = 60_000;
const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds that `timeout` leaves, which is a duration of Go: 1m30s, 1.5h. At most a minute, as upstream.
 * Throws BadRequest. Source: parseTimeout in k8s.io/apiserver/pkg/endpoints/filters/request_deadline.go.
 */
export function timeoutOf(query: URLSearchParams): number {
  const text = query.get("timeout") ?? "";
  if (text === "") return longestMs;
  const ms = goDuration(text);
  return ms > 0 && ms < longestMs ? ms : longestMs;
}

/** In the words of Go's time.ParseDuration. */
function goDuration(text: string): number {
  const refuse = (why: string): never => {
    throw badRequest(
      `invalid timeout specified in the request URL - time: ${why} ${JSON.stringify(text.slice(0, 100))}`,
    );
  };
  const [, sign, parts = ""] = /^([-+]?)(.*)$/su.exec(text) ?? [];
  if (parts === "0") return 0;
  let sum = 0;
  for (let rest = parts; rest !== "" || parts === "";) {
    const [whole, number = "", unit = ""] = /^([0-9]+\.?[0-9]*|\.[0-9]+)([^0-9.]*)/u.exec(rest) ?? [];
    if (whole === undefined) return refuse("invalid duration");
    if (unit === "") return refuse("missing unit in duration");
    if (!Object.hasOwn(unitMs, unit)) return refuse(`unknown unit ${JSON.stringify(unit.slice(0, 100))} in duration`);
    sum += Number(number) * (unitMs[unit] ?? 0);
    rest = rest.slice(whole.length);
  }
  return sign === "-" ? -sum : sum;
}

const textOf = (query: URLSearchParams, name: string): string | undefined => query.get(name) ?? undefined;

export function listOptionsOf(query: URLSearchParams, namespace: string | undefined): ListOptions {
  // Of watches only, and read all the same.
  integerOf(query, "timeoutSeconds");
  return {
    namespace,
    labelSelector: textOf(query, "labelSelector"),
    fieldSelector: textOf(query, "fieldSelector"),
    limit: Math.max(0, integerOf(query, "limit") ?? 0),
    continue: textOf(query, "continue"),
    resourceVersion: textOf(query, "resourceVersion"),
    resourceVersionMatch: textOf(query, "resourceVersionMatch"),
    sendInitialEvents: flagOf(query, "sendInitialEvents"),
  };
}

export function watchOptionsOf(query: URLSearchParams, namespace: string | undefined): WatchOptions {
  return {
    namespace,
    labelSelector: textOf(query, "labelSelector"),
    fieldSelector: textOf(query, "fieldSelector"),
    resourceVersion: textOf(query, "resourceVersion"),
    resourceVersionMatch: textOf(query, "resourceVersionMatch"),
    continue: textOf(query, "continue"),
    allowWatchBookmarks: flagOf(query, "allowWatchBookmarks"),
    sendInitialEvents: flagOf(query, "sendInitialEvents"),
  };
}

/** `kind` is that of the options, for messages: CreateOptions. Throws Invalid. */
export function writeOptionsOf(exchange: Exchange, kind: string): WriteOptions {
  const { query } = exchange;
  const fieldValidation = query.get("fieldValidation") ?? "";
  const fieldManager = query.get("fieldManager") ?? "";
  const causes = kind === "PatchOptions" ? patchCauses(exchange, fieldManager) : [];
  causes.push(...fieldManagerCauses(fieldManager), ...dryRunCauses(query.getAll("dryRun")));
  const known =
    fieldValidation === "" ? "Warn" : (["Ignore", "Warn", "Strict"] as const).find((one) => one === fieldValidation);
  if (known === undefined)
    causes.push(notSupported("fieldValidation", fieldValidation, ["", "Ignore", "Strict", "Warn"]));
  refuse(kind, causes);
  return {
    ...callerOf(exchange),
    dryRun: query.has("dryRun"),
    fieldValidation: known ?? "Warn",
    fieldManager: fieldManager === "" ? managerFromUserAgent(exchange.header("user-agent") ?? "") : fieldManager,
    force: flagOf(query, "force") ?? false,
    given: () => givenOptions({ dryRun: query.getAll("dryRun"), fieldManager, fieldValidation }),
  };
}

/** Source: ValidatePatchOptions in apimachinery/pkg/apis/meta/v1/validation/validation.go. */
function patchCauses(exchange: Exchange, fieldManager: string): StatusCause[] {
  const isApply = mediaTypeOf(exchange) === applyType;
  if (isApply && fieldManager === "") return [required("fieldManager", "is required for apply patch")];
  if (!isApply && exchange.query.has("force"))
    return [forbiddenField("force", "may not be specified for non-apply patch")];
  return [];
}

/** Without its parameters, in lower case. */
export function mediaTypeOf(exchange: Exchange): string {
  return (exchange.header("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** Source: ValidateFieldManager, ibid. */
function fieldManagerCauses(fieldManager: string): StatusCause[] {
  if (fieldManager === "") return [];
  const causes = [...fieldManager.matchAll(unprintable)].map(({ 0: character, index }) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const position = Buffer.byteLength(fieldManager.slice(0, index));
    return invalidValue("fieldManager", fieldManager, `invalid character U+${code} (at position ${position})`);
  });
  if (Buffer.byteLength(fieldManager) > maxFieldManagerBytes)
    causes.unshift(tooLong("fieldManager", maxFieldManagerBytes));
  return causes;
}

const callerOf = ({ user, warnings }: Exchange): Pick<WriteOptions, "user" | "warn"> => ({
  user,
  warn: (text) => warnings.add(text),
});

/** Source: managerOrUserAgent and prefixFromUserAgent in k8s.io/apiserver/pkg/endpoints/handlers/create.go. */
function managerFromUserAgent(userAgent: string): string {
  const [product = ""] = userAgent.split("/", 1);
  const printable = product.replace(unprintable, "");
  const short = Buffer.from(printable)
    .subarray(0, maxFieldManagerBytes)
    .toString()
    .replace(/\uFFFD+$/, "");
  return short === "" ? "unknown" : short;
}

const policies = ["Foreground", "Background", "Orphan"] as const;

/**
 * From the body where there is one (DeleteOptions), from the query otherwise. Throws Invalid, and BadRequest for what
 * is no DeleteOptions: a deletion that says something else must not happen.
 */
export function deleteOptionsOf(exchange: Exchange, body: JsonObject | undefined): DeleteOptions {
  if (body !== undefined) checkDeleteOptions(body);
  const source = body ?? fromQuery(exchange.query);
  const { propagationPolicy, dryRun } = source;
  const orphanDependents = (source["orphanDependents"] ?? undefined) as boolean | undefined;
  refuse("DeleteOptions", deleteCauses(propagationPolicy, orphanDependents, asList(dryRun)));
  const { uid, resourceVersion } = (source["preconditions"] ?? {}) as JsonObject;
  return {
    propagationPolicy: policies.find((one) => one === propagationPolicy),
    orphanDependents,
    preconditions: { uid: optionalText(uid), resourceVersion: optionalText(resourceVersion) },
    ...callerOf(exchange),
    dryRun: asList(dryRun).length > 0,
    given: () => givenOptions(source),
  };
}

/** Source: ValidateDeleteOptions in apimachinery/pkg/apis/meta/v1/validation/validation.go. */
function deleteCauses(policy: unknown, orphanDependents: unknown, dryRun: readonly unknown[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const given = policy !== undefined && policy !== null;
  if (given && orphanDependents !== undefined)
    causes.push(
      invalidValue("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"),
    );
  if (given && !policies.some((one) => one === policy))
    causes.push(notSupported("propagationPolicy", policy, [...policies, "nil"]));
  return [...causes, ...dryRunCauses(dryRun)];
}

const isText = (value: unknown): boolean => typeof value === "string";
const isFlag = (value: unknown): boolean => typeof value === "boolean";

/** Field -> what it has to be. Source: DeleteOptions in apimachinery/pkg/apis/meta/v1/types.go. */
const deleteOptionTypes: Readonly<Record<string, readonly [type: string, holds: (value: unknown) => boolean]>> = {
  gracePeriodSeconds: ["int64", Number.isSafeInteger],
  preconditions: ["v1.Preconditions", isJsonObject],
  orphanDependents: ["bool", isFlag],
  propagationPolicy: ["v1.DeletionPropagation", isText],
  dryRun: ["[]string", (value) => Array.isArray(value) && value.every(isText)],
};

/** Upstream refuses these as well, though with 500: Decode in DeleteResource of apiserver/pkg/endpoints/handlers/delete.go. */
function checkDeleteOptions(body: JsonObject): void {
  const { kind = "DeleteOptions", apiVersion = "v1" } = body;
  if (kind !== "DeleteOptions" || typeof apiVersion !== "string")
    throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  checkFields(body, deleteOptionTypes, "DeleteOptions");
  if (isJsonObject(body["preconditions"]))
    checkFields(body["preconditions"], preconditionTypes, "Preconditions.preconditions");
}

const preconditionTypes: typeof deleteOptionTypes = {
  uid: ["types.UID", isText],
  resourceVersion: ["string", isText],
};

function checkFields(object: JsonObject, types: typeof deleteOptionTypes, path: string): void {
  for (const [field, [type, holds]] of Object.entries(types)) {
    const value = object[field] ?? undefined;
    if (value !== undefined && !holds(value))
      throw badRequest(
        `DeleteOptions in version "v1" cannot be handled as a DeleteOptions: json: cannot unmarshal ${goTypeOf(value)} into Go struct field ${path}.${field} of type ${type}`,
      );
  }
}

/** Without what says nothing, as Go leaves it out. */
function givenOptions(options: JsonObject): JsonObject {
  const says = (value: unknown): boolean => {
    if (isJsonObject(value)) return Object.values(value).some(says);
    return value !== "" && (Array.isArray(value) ? value.length > 0 : value != null);
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => says(value)));
}

/** Source: Convert_url_Values_To_v1_DeleteOptions in apimachinery/pkg/apis/meta/v1/conversion.go. */
function fromQuery(query: URLSearchParams): JsonObject {
  return {
    gracePeriodSeconds: integerOf(query, "gracePeriodSeconds"),
    preconditions: { uid: textOf(query, "uid"), resourceVersion: textOf(query, "resourceVersion") },
    propagationPolicy: textOf(query, "propagationPolicy"),
    orphanDependents: flagOf(query, "orphanDependents"),
    dryRun: query.getAll("dryRun"),
  };
}

const optionalText = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

function dryRunCauses(values: readonly unknown[]): StatusCause[] {
  const wrong = values.find((value) => value !== "All");
  return wrong === undefined ? [] : [notSupported("dryRun", wrong, ["All"])];
}

function refuse(kind: string, causes: readonly StatusCause[]): void {
  if (causes.length > 0) throw invalid({ group: "meta.k8s.io", kind }, "", causes);
}
