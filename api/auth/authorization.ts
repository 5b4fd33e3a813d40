/** What whoever asks may do. */
import { ApiError } from "../status.ts";
import type { User } from "./authentication.ts";
import { isPrivileged } from "./authentication.ts";
import type { DefaultBinding, PolicyRule } from "./default-roles.ts";
import { defaultBindings, defaultRoles } from "./default-roles.ts";

/** What a request would do. Source: authorizer.Attributes in k8s.io/apiserver/pkg/authorization/authorizer. */
export interface Attempt {
  readonly verb: string;
  /** Of a resource; absent for other paths. */
  readonly resource?: {
    readonly group: string;
    readonly plural: string;
    readonly subresource?: string | undefined;
    readonly namespace: string | undefined;
    readonly name: string;
  };
  readonly path: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** Why, for people; may be empty. */
  readonly reason: string;
}

export interface Authorizer {
  decide(user: User, attempt: Attempt): Decision;
  /** What the user may do in a namespace, in an order that does not matter. */
  rulesFor(user: User, namespace: string): readonly PolicyRule[];
}

/**
 * Goes by the bindings that every cluster begins with, and by no others: the RBAC objects in the store decide nothing
 * yet. So system:masters may do anything, everybody else who is known may look at what is served and ask what they may do.
 */
export const defaultAuthorizer: Authorizer = {
  decide(user, attempt) {
    // Source: PrivilegedGroups, which stands before RBAC and gives no reason.
    if (isPrivileged(user)) return { allowed: true, reason: "" };
    const binding = bindingsOf(user).find(({ role }) => rulesOf(role).some((rule) => allows(rule, attempt)));
    return binding === undefined ? { allowed: false, reason: "" } : { allowed: true, reason: reasonOf(binding, user) };
  },
  rulesFor: (user) => bindingsOf(user).flatMap(({ role }) => rulesOf(role)),
};

const bindingsOf = ({ groups }: User): readonly DefaultBinding[] =>
  defaultBindings.filter((binding) => binding.groups.some((group) => groups.includes(group)));

/** Of a cluster role that every cluster begins with. */
export const rulesOf = (role: string): readonly PolicyRule[] =>
  defaultRoles.find(({ name }) => name === role)?.rules ?? [];

/** Source: clusterRoleBindingDescriber in kubernetes/pkg/registry/rbac/validation/rule.go. */
function reasonOf({ name, role, groups }: DefaultBinding, user: User): string {
  const group = groups.find((one) => user.groups.includes(one)) ?? "";
  return `RBAC: allowed by ClusterRoleBinding ${JSON.stringify(name)} of ClusterRole ${JSON.stringify(role)} to Group ${JSON.stringify(group)}`;
}

/** Source: RuleAllows in kubernetes/plugin/pkg/auth/authorizer/rbac/rbac.go and rbac/v1/evaluation_helpers.go. */
export function allows(rule: PolicyRule, { verb, resource, path }: Attempt): boolean {
  const has = (values: readonly string[] | undefined, wanted: string): boolean =>
    values?.some((value) => value === "*" || value === wanted) === true;
  if (!has(rule.verbs, verb)) return false;
  if (resource === undefined) return rule.nonResourceURLs?.some((url) => matchesPath(url, path)) === true;
  const { group, plural, subresource, name } = resource;
  const below = subresource === undefined || subresource === "" ? "" : `/${subresource}`;
  return (
    has(rule.apiGroups, group) &&
    (has(rule.resources, plural + below) || (below !== "" && rule.resources?.includes(`*${below}`) === true)) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

const matchesPath = (url: string, path: string): boolean =>
  url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1)));

/** Throws Forbidden. Source of the words: responsewriters/errors.go. */
export function authorize(authorizer: Authorizer, user: User, attempt: Attempt): void {
  if (authorizer.decide(user, attempt).allowed) return;
  const { verb, resource, path } = attempt;
  const who = `User ${JSON.stringify(user.name)}`;
  if (resource === undefined)
    throw new ApiError("Forbidden", `forbidden: ${who} cannot ${verb} path ${JSON.stringify(path)}`, {});
  const { group, plural, subresource, namespace, name } = resource;
  const whole = subresource === undefined || subresource === "" ? plural : `${plural}/${subresource}`;
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  const what = `${plural}${group === "" ? "" : `.${group}`}${name === "" ? "" : ` ${JSON.stringify(name)}`}`;
  throw new ApiError(
    "Forbidden",
    `${what} is forbidden: ${who} cannot ${verb} resource ${JSON.stringify(whole)} in API group ${JSON.stringify(group)} ${where}`,
    { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: plural },
  );
}
