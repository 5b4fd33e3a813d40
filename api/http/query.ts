/** From query parameters, and the body of a deletion, to options. Source: metav1/types.go and metav1/validation. */
import { asList, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import { notSupported, tooLong } from "../schema/field-errors.ts";
import type { StatusCause } from "../status.ts";
import { badRequest, invalid } from "../status.ts";
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
  throw badRequest(
    `strconv.ParseInt: parsing ${JSON.stringify(text.slice(0, 100))}: invalid syntax (${name} in the query)`,
  );
}

const textOf = (query: URLSearchParams, name: string): string | undefined => query.get(name) ?? undefined;

export function listOptionsOf(query: URLSearchParams, namespace: string | undefined): ListOptions {
  return {
    namespace,
    labelSelector: textOf(query, "labelSelector"),
    fieldSelector: textOf(query, "fieldSelector"),
    limit: Math.max(0, integerOf(query, "limit") ?? 0),
    continue: textOf(query, "continue"),
    resourceVersion: textOf(query, "resourceVersion"),
    resourceVersionMatch: textOf(query, "resourceVersionMatch"),
  };
}

export function watchOptionsOf(query: URLSearchParams, namespace: string | undefined): WatchOptions {
  return {
    namespace,
    labelSelector: textOf(query, "labelSelector"),
    fieldSelector: textOf(query, "fieldSelector"),
    resourceVersion: textOf(query, "resourceVersion"),
    resourceVersionMatch: textOf(query, "resourceVersionMatch"),
    allowWatchBookmarks: flagOf(query, "allowWatchBookmarks"),
    sendInitialEvents: flagOf(query, "sendInitialEvents"),
  };
}

/** `kind` is that of the options, for messages: CreateOptions. Throws Invalid. */
export function writeOptionsOf(exchange: Exchange, kind: string): WriteOptions {
  const { query } = exchange;
  const fieldValidation = query.get("fieldValidation") ?? "";
  const fieldManager = query.get("fieldManager") ?? "";
  const causes = dryRunCauses(query.getAll("dryRun"));
  const known =
    fieldValidation === "" ? "Warn" : (["Ignore", "Warn", "Strict"] as const).find((one) => one === fieldValidation);
  if (known === undefined)
    causes.push(notSupported("fieldValidation", fieldValidation, ["", "Ignore", "Strict", "Warn"]));
  if (Buffer.byteLength(fieldManager) > maxFieldManagerBytes)
    causes.push(tooLong("fieldManager", maxFieldManagerBytes));
  refuse(kind, causes);
  return {
    ...callerOf(exchange),
    dryRun: query.has("dryRun"),
    fieldValidation: known ?? "Warn",
    fieldManager: fieldManager === "" ? managerFromUserAgent(exchange.header("user-agent") ?? "") : fieldManager,
    force: flagOf(query, "force") ?? false,
  };
}

const callerOf = ({ user, warnings }: Exchange): Pick<WriteOptions, "user" | "warn"> => ({
  user,
  warn: (text) => warnings.add(text),
});

/** Source: managerOrUserAgent and prefixFromUserAgent in k8s.io/apiserver/pkg/endpoints/handlers/create.go. */
function managerFromUserAgent(userAgent: string): string {
  const [product = ""] = userAgent.split("/", 1);
  const printable = product.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, "");
  const short = Buffer.from(printable)
    .subarray(0, maxFieldManagerBytes)
    .toString()
    .replace(/\uFFFD+$/, "");
  return short === "" ? "unknown" : short;
}

const policies = ["Foreground", "Background", "Orphan"] as const;

/** From the body where there is one (DeleteOptions), from the query otherwise. Throws Invalid, BadRequest. */
export function deleteOptionsOf(exchange: Exchange, body: JsonObject | undefined): DeleteOptions {
  const source = body ?? fromQuery(exchange.query);
  const { propagationPolicy, orphanDependents, dryRun, preconditions } = source;
  const causes = dryRunCauses(asList(dryRun));
  const policy = policies.find((one) => one === propagationPolicy);
  if (propagationPolicy !== undefined && propagationPolicy !== null && policy === undefined)
    causes.push(notSupported("propagationPolicy", propagationPolicy, policies));
  refuse("DeleteOptions", causes);
  const { uid, resourceVersion } = preconditionsOf(preconditions);
  return {
    // Deprecated upstream, and still sent by old clients.
    propagationPolicy:
      policy ?? (orphanDependents === true ? "Orphan" : orphanDependents === false ? "Background" : undefined),
    preconditions: { uid: optionalText(uid), resourceVersion: optionalText(resourceVersion) },
    ...callerOf(exchange),
    dryRun: asList(dryRun).length > 0,
  };
}

function fromQuery(query: URLSearchParams): JsonObject {
  return {
    propagationPolicy: textOf(query, "propagationPolicy"),
    orphanDependents: flagOf(query, "orphanDependents"),
    dryRun: query.getAll("dryRun"),
  };
}

/** Throws BadRequest: what cannot be read must not count as "no condition". */
function preconditionsOf(value: unknown): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw badRequest("the preconditions of DeleteOptions must be an object");
  return value;
}

function optionalText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw badRequest("the preconditions of DeleteOptions must be strings");
  return value;
}

function dryRunCauses(values: readonly unknown[]): StatusCause[] {
  const wrong = values.find((value) => value !== "All");
  return wrong === undefined ? [] : [notSupported("dryRun", wrong, ["All"])];
}

function refuse(kind: string, causes: readonly StatusCause[]): void {
  if (causes.length > 0) throw invalid({ group: "meta.k8s.io", kind }, "", causes);
}
