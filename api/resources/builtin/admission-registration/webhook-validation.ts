/**
 * Validates webhook configurations. Source of the rules and the wording: kubernetes/pkg/apis/admissionregistration/
 * validation/validation.go and k8s.io/apiserver/pkg/util/webhook/validation.go.
 */
import { asList, asText, childPath, isJsonObject } from "../../../../formats/json-object.ts";
import { duplicate, invalidValue, required } from "../../../schema/field-errors.ts";
import { dns1035Label, dns1123Subdomain } from "../../../schema/names.ts";
import type { StatusCause } from "../../../status.ts";
import type { JsonObject } from "../../definition.ts";
import { matchConditionCauses } from "./expression-validation.ts";
import type { Causes } from "./rule-validation.ts";
import { failurePolicies, invalidTexts, matchPolicies, oneOf, ruleCauses, selectorCauses } from "./rule-validation.ts";

/** What is wrong with the webhooks of either kind of configuration. */
export function webhooksCauses({ webhooks }: JsonObject): Causes {
  const names = new Set<unknown>();
  return asList(webhooks)
    .filter(isJsonObject)
    .flatMap((webhook, index) => {
      const path = `webhooks[${index}]`;
      const { name } = webhook;
      const again = names.has(name) && name !== "";
      names.add(name);
      return [
        ...webhookCauses(webhook, path),
        ...reviewVersionCauses(asList(webhook["admissionReviewVersions"]), childPath(path, "admissionReviewVersions")),
        ...(again ? [duplicate(childPath(path, "name"), name)] : []),
      ];
    });
}

function webhookCauses(webhook: JsonObject, path: string): Causes {
  const at = (key: string): string => childPath(path, key);
  const { timeoutSeconds } = webhook;
  return [
    ...fullyQualifiedNameCauses(asText(webhook["name"]), at("name")),
    ...asList(webhook["rules"])
      .filter(isJsonObject)
      .flatMap((rule, index) => ruleCauses(rule, `${at("rules")}[${index}]`)),
    ...oneOf(webhook["failurePolicy"], failurePolicies, at("failurePolicy")),
    ...oneOf(webhook["matchPolicy"], matchPolicies, at("matchPolicy")),
    ...sideEffectsCauses(webhook["sideEffects"], at("sideEffects")),
    ...(typeof timeoutSeconds === "number" && (timeoutSeconds > 30 || timeoutSeconds < 1)
      ? [invalidValue(at("timeoutSeconds"), timeoutSeconds, "the timeout value must be between 1 and 30 seconds")]
      : []),
    ...selectorCauses(webhook, path),
    ...oneOf(webhook["reinvocationPolicy"], ["IfNeeded", "Never"], at("reinvocationPolicy")),
    ...clientConfigCauses(webhook["clientConfig"], at("clientConfig")),
    ...matchConditionCauses(asList(webhook["matchConditions"]), { params: false }, at("matchConditions")),
  ];
}

/** Source: IsFullyQualifiedName in apimachinery/pkg/util/validation/validation.go. */
function fullyQualifiedNameCauses(name: string, path: string): Causes {
  if (name === "") return [required(path)];
  const wrong = dns1123Subdomain(name);
  if (wrong.length > 0) return [invalidValue(path, name, wrong.join(","))];
  if (name.split(".").length >= 3) return [];
  return [invalidValue(path, name, "should be a domain with at least three segments separated by dots")];
}

function sideEffectsCauses(sideEffects: unknown, path: string): Causes {
  const allowed = ["None", "NoneOnDryRun"];
  return sideEffects === undefined || sideEffects === null
    ? [required(path, `must specify one of ${allowed.join(", ")}`)]
    : oneOf(sideEffects, allowed, path);
}

const reviewVersions: readonly string[] = ["v1", "v1beta1"];

function reviewVersionCauses(versions: readonly unknown[], path: string): Causes {
  if (versions.length === 0) return [required(path, `must specify one of ${reviewVersions.join(", ")}`)];
  const given = versions.map(asText);
  return [
    ...given.flatMap((version, index) =>
      given.indexOf(version) < index
        ? [invalidValue(`${path}[${index}]`, version, "duplicate version")]
        : dns1035Label(version).map((why) => invalidValue(`${path}[${index}]`, version, why)),
    ),
    ...(given.some((version) => reviewVersions.includes(version))
      ? []
      : [invalidTexts(path, versions, "string", `must include at least one of ${reviewVersions.join(", ")}`)]),
  ];
}

function clientConfigCauses(clientConfig: unknown, path: string): Causes {
  const { url, service } = isJsonObject(clientConfig) ? clientConfig : {};
  if ((url === undefined) === (service === undefined))
    return [required(path, "exactly one of url or service is required")];
  return isJsonObject(service)
    ? serviceCauses(service, childPath(path, "service"))
    : urlCauses(asText(url), childPath(path, "url"));
}

const urlForm = "; desired format: https://host[/path]";

export function urlCauses(text: string, path: string): Causes {
  // Parts are taken from the text itself: WHATWG's parser accepts, and repairs, what Go's does not.
  const [, scheme = "", authority = "", , query = "", , fragment = ""] =
    /^(?:([^:/?#]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(#(.*))?$/.exec(text) ?? [];
  const problem = parseProblem(text, authority);
  if (problem !== undefined)
    return [required(path, `url must be a valid URL: parse ${JSON.stringify(text)}: ${problem}${urlForm}`)];
  const [host = "", user] = authority.split("@").toReversed();
  const causes: StatusCause[] = [];
  if (scheme.toLowerCase() !== "https")
    causes.push(invalidValue(path, scheme, `'https' is the only allowed URL scheme${urlForm}`));
  if (host === "") causes.push(invalidValue(path, host, `host must be provided${urlForm}`));
  if (user !== undefined) causes.push(invalidValue(path, user, "user information is not permitted in the URL"));
  if (fragment !== "") causes.push(invalidValue(path, fragment, "fragments are not permitted in the URL"));
  if (query !== "") causes.push(invalidValue(path, query, "query parameters are not permitted in the URL"));
  return causes;
}

/** Source of the words: Go's net/url. */
function parseProblem(text: string, authority: string): string | undefined {
  const [character] = /[\s"<>^`{|}\\]/.exec(authority) ?? [];
  if (character !== undefined) return `invalid character ${JSON.stringify(character)} in host name`;
  const [escape] = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text) ?? [];
  if (escape !== undefined) return `invalid URL escape ${JSON.stringify(escape)}`;
  return authority === "" || URL.canParse(text) ? undefined : "invalid URL";
}

export function serviceCauses(service: JsonObject, path: string): Causes {
  const { port } = service;
  return [
    ...["name", "namespace"]
      .filter((key) => asText(service[key]) === "")
      .map((key) => required(childPath(path, key), `service ${key} is required`)),
    ...(typeof port === "number" && (port < 1 || port > 65535)
      ? [invalidValue(childPath(path, "port"), port, "port is not valid: must be between 1 and 65535, inclusive")]
      : []),
    ...servicePathCauses(asText(service["path"]), childPath(path, "path")),
  ];
}

function servicePathCauses(text: string, path: string): Causes {
  if (text === "" || text === "/") return [];
  if (text === "//") return [invalidValue(path, text, "segment[0] may not be empty")];
  const segments = text.slice(1).replace(/\/$/, "").split("/");
  return [
    ...(text.startsWith("/") ? [] : [invalidValue(path, text, "must start with a '/'")]),
    ...segments.flatMap((segment, index) =>
      segment === ""
        ? [invalidValue(path, text, `segment[${index}] may not be empty`)]
        : dns1123Subdomain(segment).map((why) => invalidValue(path, text, `segment[${index}]: ${why}`)),
    ),
  ];
}
