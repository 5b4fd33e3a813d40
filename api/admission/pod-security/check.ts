/** What a check of the Pod Security Standards looks at, and what it says. */
import type { ContainerSpec } from "../../../crds/container.ts";
import type { SecurityContext } from "../../../crds/security-context.ts";

/** One container of a Container: its own, or one of its initContainers. */
export interface Checked {
  readonly name: string;
  readonly securityContext: Partial<SecurityContext>;
  /** spec.user: only the Container's own has one. */
  readonly user: string | undefined;
}

/** A Container, as far as security is concerned. Stored by an older server, it may lack fields that have defaults now. */
export interface Subject {
  readonly spec: Readonly<Partial<ContainerSpec>>;
  readonly containers: readonly Checked[];
}

export interface Violation {
  /** A few words, the same for everyone: `host namespaces`. */
  readonly reason: string;
  /** What exactly: `hostNetwork=true`. */
  readonly detail: string;
}

/** Undefined where it finds nothing wrong. */
export type Check = (subject: Subject) => Violation | undefined;

export function subjectOf(name: string, spec: Readonly<Partial<ContainerSpec>>): Subject {
  const own = { name, securityContext: spec.securityContext ?? {}, user: spec.user };
  const inits = (spec.initContainers ?? []).map((init) => ({
    name: init.name,
    securityContext: init.securityContext ?? {},
    user: undefined,
  }));
  return { spec, containers: [own, ...inits] };
}

/** `container "a" must not x`, `containers "a", "b" must not x`; undefined for none. */
export function about(what: string, names: readonly string[], says: string): string | undefined {
  if (names.length === 0) return undefined;
  return `${what}${names.length === 1 ? "" : "s"} ${quoted(names)}${says === "" ? "" : ` ${says}`}`;
}

/** What is said of the containers that are as they must not be. */
export function aboutContainers(
  { containers }: Subject,
  isWrong: (container: Checked) => boolean,
  says: string,
): string | undefined {
  const names = containers.filter(isWrong).map(({ name }) => name);
  return about("container", names, says);
}

export const quoted = (texts: readonly string[]): string => texts.map((text) => JSON.stringify(text)).join(", ");

export function violation(reason: string, ...details: readonly (string | undefined)[]): Violation | undefined {
  const said = details.filter((detail) => detail !== undefined);
  return said.length === 0 ? undefined : { reason, detail: said.join("; ") };
}
