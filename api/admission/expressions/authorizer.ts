/**
 * `authorizer` in expressions: what the user of the request, or a service account, may do.
 * Source: k8s.io/apiserver/pkg/cel/library/authz.go. Not there: fieldSelector() and labelSelector().
 */
import type { Environment } from "@marcbachmann/cel-js";
import type { User } from "../../auth/authentication.ts";
import type { Attempt, Authorizer, Decision } from "../../auth/authorization.ts";
import { pure } from "../../cel/registering.ts";

type Resource = NonNullable<Attempt["resource"]>;

/** Who is asked about whom. */
interface Subject {
  readonly authorizer: Authorizer;
  readonly user: User;
}

export class AuthorizerValue {
  readonly subject: Subject;
  /** What the request itself is about. */
  readonly requestResource: ResourceCheck;

  constructor(subject: Subject, resource: Resource) {
    this.subject = subject;
    this.requestResource = new ResourceCheck(subject, resource);
  }
}

class PathCheck {
  readonly subject: Subject;
  readonly path: string;

  constructor(subject: Subject, path: string) {
    this.subject = subject;
    this.path = path;
  }
}

class GroupCheck {
  readonly subject: Subject;
  readonly group: string;

  constructor(subject: Subject, group: string) {
    this.subject = subject;
    this.group = group;
  }
}

class ResourceCheck {
  readonly subject: Subject;
  readonly resource: Resource;

  constructor(subject: Subject, resource: Resource) {
    this.subject = subject;
    this.resource = resource;
  }

  with(change: Partial<Resource>): ResourceCheck {
    return new ResourceCheck(this.subject, { ...this.resource, ...change });
  }
}

class DecisionValue {
  readonly decision: Decision;

  constructor({ authorizer, user }: Subject, attempt: Attempt) {
    this.decision = authorizer.decide(user, attempt);
  }
}

const names = {
  authorizer: "kubernetes.authorization.Authorizer",
  path: "kubernetes.authorization.PathCheck",
  group: "kubernetes.authorization.GroupCheck",
  resource: "kubernetes.authorization.ResourceCheck",
  decision: "kubernetes.authorization.Decision",
};

export function registerAuthorizer(environment: Environment): void {
  const { authorizer, path, group, resource, decision } = names;
  environment
    .registerType(path, PathCheck)
    .registerType(group, GroupCheck)
    .registerType(resource, ResourceCheck)
    .registerType(decision, DecisionValue)
    .registerType(authorizer, { ctor: AuthorizerValue, fields: { requestResource: resource } })
    .registerVariable("authorizer", authorizer);
  pure(environment, {
    [`${authorizer}.path(string): ${path}`]: ({ subject }: AuthorizerValue, text: string) =>
      new PathCheck(subject, text),
    [`${authorizer}.group(string): ${group}`]: ({ subject }: AuthorizerValue, text: string) =>
      new GroupCheck(subject, text),
    [`${authorizer}.serviceAccount(string, string): ${authorizer}`]: (
      { subject, requestResource }: AuthorizerValue,
      namespace: string,
      name: string,
    ) => new AuthorizerValue({ ...subject, user: serviceAccount(namespace, name) }, requestResource.resource),
    [`${path}.check(string): ${decision}`]: ({ subject, path: text }: PathCheck, verb: string) =>
      new DecisionValue(subject, { verb, path: text }),
    [`${group}.resource(string): ${resource}`]: ({ subject, group: name }: GroupCheck, plural: string) =>
      new ResourceCheck(subject, { group: name, plural, namespace: undefined, name: "" }),
    [`${resource}.subresource(string): ${resource}`]: (check: ResourceCheck, text: string) =>
      check.with({ subresource: text }),
    [`${resource}.namespace(string): ${resource}`]: (check: ResourceCheck, namespace: string) =>
      check.with({ namespace: namespace === "" ? undefined : namespace }),
    [`${resource}.name(string): ${resource}`]: (check: ResourceCheck, name: string) => check.with({ name }),
    [`${resource}.check(string): ${decision}`]: ({ subject, resource: about }: ResourceCheck, verb: string) =>
      new DecisionValue(subject, { verb, path: "", resource: about }),
    [`${decision}.allowed(): bool`]: ({ decision: { allowed } }: DecisionValue) => allowed,
    [`${decision}.reason(): string`]: ({ decision: { reason } }: DecisionValue) => reason,
    [`${decision}.errored(): bool`]: () => false,
    [`${decision}.error(): string`]: () => "",
  });
}

/** Source: serviceaccount.UserInfo in k8s.io/apiserver/pkg/authentication/serviceaccount/util.go. */
function serviceAccount(namespace: string, name: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}
