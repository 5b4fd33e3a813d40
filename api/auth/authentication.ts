import type { PeerCertificate } from "node:tls";
import { ApiError } from "../status.ts";

/** Who asks. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Who acts when no request does: the controllers of this process. Source: user.APIServerUser. */
export const serverUser: User = { name: "system:apiserver", groups: ["system:masters"] };

/** Whoever did not say who. Source: user.Anonymous in k8s.io/apiserver/pkg/authentication/user/user.go. */
export const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };

/** May do everything. Source: rbac's cluster role binding cluster-admin. */
const masters = "system:masters";

/**
 * The user that a client certificate stands for: common name and organizations.
 * Source: k8s.io/apiserver/pkg/authentication/request/x509/x509.go.
 */
export function userOf({ subject }: Pick<PeerCertificate, "subject">): User | undefined {
  // Types say string; Node gives a list where a name has several values.
  const values = (value: unknown): readonly string[] =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).filter((one) => typeof one === "string");
  const [name] = values(subject.CN);
  return name === undefined || name === "" ? undefined : { name, groups: values(subject.O) };
}

export function unauthorized(): ApiError {
  return new ApiError("Unauthorized", "Unauthorized");
}

/** What a request would do, for the words of a refusal. */
export interface Attempt {
  readonly verb: string;
  /** Of a resource; absent for other paths. */
  readonly resource?: {
    readonly group: string;
    readonly plural: string;
    readonly namespace: string | undefined;
    readonly name: string;
  };
  readonly path: string;
}

/** Throws Forbidden. Source of the words: responsewriters/errors.go. */
export function authorize(user: User, { verb, resource, path }: Attempt): void {
  if (user.groups.includes(masters)) return;
  const who = `User ${JSON.stringify(user.name)}`;
  if (resource === undefined)
    throw new ApiError("Forbidden", `forbidden: ${who} cannot ${verb} path ${JSON.stringify(path)}`, {});
  const { group, plural, namespace, name } = resource;
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  const what = `${plural}${group === "" ? "" : `.${group}`}${name === "" ? "" : ` ${JSON.stringify(name)}`}`;
  throw new ApiError(
    "Forbidden",
    `${what} is forbidden: ${who} cannot ${verb} resource ${JSON.stringify(plural)} in API group ${JSON.stringify(group)} ${where}`,
    { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: plural },
  );
}
