/** Acting as somebody else: `kubectl --as`. Source: k8s.io/apiserver/pkg/endpoints/filters/impersonation.go. */
import type { User } from "../auth/authentication.ts";
import { anonymous, authenticatedGroup, unauthenticatedGroup } from "../auth/authentication.ts";
import type { Authorizer } from "../auth/authorization.ts";
import { authorize } from "../auth/authorization.ts";
import { badRequest } from "../status.ts";

const extraPrefix = "impersonate-extra-";
const serviceAccountPrefix = "system:serviceaccount:";

/**
 * Whom the request is made for: `requestor`, where its headers name nobody else. Throws Forbidden, and BadRequest for
 * groups, uid or extras without a user (upstream answers 500).
 */
export function impersonated(requestor: User, rawHeaders: readonly string[], authorizer: Authorizer): User {
  const headers = impersonationHeaders(rawHeaders);
  if (headers.length === 0) return requestor;
  const valuesOf = (wanted: string): readonly string[] =>
    headers.flatMap(({ header, value }) => (header === wanted && value !== "" ? [value] : []));
  const [name] = valuesOf("impersonate-user");
  const groups = valuesOf("impersonate-group");
  if (name === undefined) throw badRequest("requested groups, uid or extra attributes without impersonating a user");
  const serviceAccount = serviceAccountOf(name);
  const may = (group: string, plural: string, wanted: string, namespace?: string): void => {
    authorize(authorizer, requestor, {
      verb: "impersonate",
      path: "",
      resource: { group, plural, namespace, name: wanted },
    });
  };
  if (serviceAccount === undefined) may("", "users", name);
  else may("", "serviceaccounts", serviceAccount.name, serviceAccount.namespace);
  for (const group of groups) may("", "groups", group);
  const [uid] = valuesOf("impersonate-uid");
  if (uid !== undefined) may("authentication.k8s.io", "uids", uid);
  const extras = headers
    .filter(({ header }) => header.startsWith(extraPrefix))
    .map(({ header, value }) => ({ key: unescaped(header.slice(extraPrefix.length)), value }));
  for (const { key, value } of extras) may("authentication.k8s.io", `userextras/${key}`, value);
  return {
    name,
    groups: groupsOf(name, serviceAccount?.namespace, groups),
    ...(uid === undefined ? {} : { uid }),
    ...(extras.length === 0 ? {} : { extra: valuesByKey(extras) }),
  };
}

function valuesByKey(
  extras: readonly { readonly key: string; readonly value: string }[],
): Readonly<Record<string, readonly string[]>> {
  const groups = Map.groupBy(extras, ({ key }) => key);
  return Object.fromEntries([...groups].map(([key, all]) => [key, all.map(({ value }) => value)]));
}

/** Keys may have characters that names of headers cannot. Source: unescapeExtraKey. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** As they were sent: names and values by turns. Node joins equal ones with commas, which names may have. */
function impersonationHeaders(raw: readonly string[]): { readonly header: string; readonly value: string }[] {
  const found: { header: string; value: string }[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const header = raw[i] ?? "";
    // Nearly no request has one: looked at without making strings.
    if ((header[0] !== "i" && header[0] !== "I") || !header.toLowerCase().startsWith("impersonate-")) continue;
    found.push({ header: header.toLowerCase(), value: raw[i + 1] ?? "" });
  }
  return found;
}

function groupsOf(name: string, namespace: string | undefined, asked: readonly string[]): readonly string[] {
  if (name === anonymous.name) return withEither(asked, unauthenticatedGroup, [unauthenticatedGroup]);
  const implied = ["system:serviceaccounts", `system:serviceaccounts:${namespace ?? ""}`];
  const groups = asked.length > 0 || namespace === undefined ? asked : implied;
  return withEither(groups, authenticatedGroup, [authenticatedGroup, unauthenticatedGroup]);
}

/** With `group`, unless one of `instead` is there. */
function withEither(groups: readonly string[], group: string, instead: readonly string[]): readonly string[] {
  return groups.some((one) => instead.includes(one)) ? groups : [...groups, group];
}

function serviceAccountOf(user: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!user.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace = "", name = "", ...more] = user.slice(serviceAccountPrefix.length).split(":");
  return namespace === "" || name === "" || more.length > 0 ? undefined : { namespace, name };
}
