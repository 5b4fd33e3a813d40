/**
 * Credentials that are lent: what is done with them is done in one project, whatever else they are good for. Pure.
 *
 * OpenStack's services take some roles for the whole cloud in whichever project they were given (Keystone, bug 968696),
 * and Keystone lets a user make credentials and trusts for any project of the user's: neither is lent.
 */
import { OpenStackError } from "./errors.ts";
import type { Token } from "./keystone/tokens.ts";

/** Roles that services take for the whole cloud. Source: oslo.policy's defaults of Nova, Neutron, Cinder, Glance. */
const rolesBeyond: readonly string[] = ["admin", "service"];

/** Throws OpenStackError where a token is good for anything but the project. */
export function checkConfined({ project, roles = [] }: Token, onlyProject: string, action: string): void {
  if (project?.id !== onlyProject)
    throw new OpenStackError({
      action,
      meaning: "BadRequest",
      message: `the credentials are for ${project === undefined ? "no project" : `project ${project.id}`} alone, as an application credential is: lend a user's password, or use the project's own credentials`,
    });
  const beyond = roles.flatMap(({ name = "" }) => (rolesBeyond.includes(name.toLowerCase()) ? [name] : []));
  if (beyond.length > 0)
    throw new OpenStackError({
      action,
      meaning: "Forbidden",
      message: `the user has the role "${beyond.join('", "')}" there, which reaches beyond the project: take it away, and give it member`,
    });
}

/** Throws OpenStackError: Keystone is not spoken to with what is lent. */
export function refuseKeystone(action: string): never {
  throw new OpenStackError({
    action,
    meaning: "BadRequest",
    message: "nothing is asked of Keystone with credentials that are lent to a project: use credentials of your own",
  });
}
