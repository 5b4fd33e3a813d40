/** What a service means by an answer that is no success. Pure. */
import type { Meaning } from "./errors.ts";
import { OpenStackError } from "./errors.ts";
import { parseRetryAfter } from "./retries.ts";
import { redact } from "./secrets.ts";
import type { ServiceType } from "./service.ts";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

export interface RefusalOptions {
  readonly service: ServiceType;
  readonly action: string;
  readonly answer: Answer;
  /** Values that the message must not have. */
  readonly secrets: readonly (string | undefined)[];
  readonly now: Date;
}

/** The id under which the service logged the request. */
export const requestIdOf = ({ headers }: Answer): string | undefined =>
  headers["x-openstack-request-id"] ?? headers["x-compute-request-id"];

export function refusalOf({ service, action, answer, secrets, now }: RefusalOptions): OpenStackError {
  const { status, headers } = answer;
  const fault = faultOf(answer);
  const requestId = requestIdOf(answer);
  const retryAfterMs = parseRetryAfter(headers["retry-after"], now);
  const said = redact(fault.message, secrets);
  // Proxies answer 404, too, for services that they do not know. What was asked for is not gone then.
  const isProxys = status === 404 && requestId === undefined && !fault.isService;
  return new OpenStackError({
    action,
    meaning: isProxys ? "Unavailable" : meaningOf(service, status, fault),
    status,
    message: isProxys ? `no answer of the ${service} service: ${said}` : said,
    ...(requestId !== undefined && { requestId }),
    // Cinder says 0 with a quota that is used up, which is no promise.
    ...(retryAfterMs !== undefined && retryAfterMs > 0 && { retryAfterMs }),
  });
}

export interface Fault {
  readonly message: string;
  /** What Neutron calls it: OverQuota, NetworkInUse. */
  readonly type: string;
  /** Whether it is told in a way that only OpenStack's services have. */
  readonly isService: boolean;
}

const longestMessage = 1000;

/** What the body says, on one line. */
export function faultOf({ status, text, headers }: Answer): Fault {
  const fault = jsonFault(text);
  const message = oneLine(fault?.message ?? plainText(text, headers["content-type"]));
  return {
    type: fault?.type ?? "",
    isService: fault?.isService === true,
    message: message === "" ? `answered ${status} without a word` : message,
  };
}

/**
 * Neutron: {"NeutronError": {type, message, detail}}, or a string there. Nova and Cinder: {"itemNotFound": {code,
 * message}}. Keystone and keystonemiddleware: {"error": {code, title, message}}. Glance and others through WebOb:
 * {code, title, message}. Placement: {"errors": [{status, title, detail}]}.
 */
function jsonFault(text: string): Fault | undefined {
  const body = asRecord(parsed(text));
  if (body === undefined) return undefined;
  const [first] = Array.isArray(body["errors"]) ? (body["errors"] as readonly unknown[]) : [];
  const values = [first, ...Object.values(body), body];
  for (const value of values) {
    const fault = asRecord(value);
    const message = fault?.["message"] ?? fault?.["detail"];
    if (typeof message !== "string") continue;
    const type = fault?.["type"];
    // Gateways say {"message": "..."}, too, of what they do not know.
    const isService = value !== body || "code" in body || "title" in body;
    return { message: withoutTags(message), type: typeof type === "string" ? type : "", isService };
  }
  const word = body["NeutronError"] ?? body["error"];
  return typeof word === "string" ? { message: word, type: "", isService: true } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const asRecord = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

/** WebOb's pages, in HTML or as text, begin with the status, which is told apart. */
function plainText(text: string, contentType = ""): string {
  const isHtml = contentType.includes("html") || /^\s*<(!doctype|html)/i.test(text);
  const body = isHtml ? withoutTags(text.replace(/<(head|script|style)\b[\s\S]*?<\/\1>/gi, "")) : text;
  return unescaped(body).replace(/^\s*\d{3} [A-Za-z' -]+(?=\n|$)/, "");
}

const withoutTags = (text: string): string => text.replace(/<\/?[a-z][^>]*>/gi, "\n");

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#x27": "'" };
const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_all, name: string) => entities[name] ?? "");

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > longestMessage ? `${line.slice(0, longestMessage)}...` : line;
}

/** "Quota exceeded for cores", "Maximum number of volumes allowed (10) exceeded", "over a limit for". */
const quotaWords =
  /\bquota\b.*\bexceed|\bexceed\w*\b.*\bquota\b|\bmaximum\b.*\bexceeded\b|\bover a limit\b|\blimit exceeded\b/i;

const sameWords = /\balready exists?\b|\bduplicate\b|\bwith the same name\b|\battempting to store\b/i;

/** Cinder says 400 where something is in a state that passes: "Volume status must be available or error". */
const stateWords = /\bstatus must be\b|\bmust not be migrating\b|\bcurrent(ly)? status\b|\bin use\b|\bis busy\b/i;

export function meaningOf(
  service: ServiceType,
  status: number,
  { type, message }: Pick<Fault, "type" | "message">,
): Meaning {
  switch (status) {
    case 400:
      return (service === "block-storage" || service === "compute") && stateWords.test(message)
        ? "Conflict"
        : "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      // Nova and Keystone say so for what is used up.
      return quotaWords.test(message) ? "QuotaExceeded" : "Forbidden";
    case 404:
      return "NotFound";
    case 409:
      if (type === "OverQuota" || quotaWords.test(message)) return "QuotaExceeded";
      return isDuplicate(type, message) ? "AlreadyExists" : "Conflict";
    case 413:
      // Cinder and Glance: a quota. A body that is too long is told by proxies, without such words.
      return quotaWords.test(message) || /\bexceeds?\b.*\blimit\b/i.test(message) ? "QuotaExceeded" : "BadRequest";
    case 408:
    case 429:
      return "Unavailable";
    case 423:
      return "Conflict";
    case 501:
      return "BadRequest";
    default:
      // A redirection is to somewhere that clouds.yaml or the catalog should name.
      return status >= 500 || status < 400 ? "Unavailable" : "BadRequest";
  }
}

/** Neutron's types say it: SecurityGroupRuleExists, NeutronDbObjectDuplicateEntry. An address in use is none. */
const isDuplicate = (type: string, message: string): boolean =>
  /Exists$|Duplicate/.test(type) || (!/InUse$/.test(type) && sameWords.test(message));
