import { secretType } from "../../../crds/core.ts";
import type { UserFilter, UserResource } from "../../../crds/openstack/user.ts";
import { domains, projects, users } from "../../../crds/openstack/types.ts";
import type { RemoteUser } from "../../../openstack/keystone/users.ts";
import { usersOf } from "../../../openstack/keystone/users.ts";
import type { Actuator, Change, Context } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { changeOf, createOnce, domainReferences, given, idOfAny } from "../keystone.ts";

/** As ORC has it. */
const passwordKey = "password";

const fieldsOf = (
  context: Context,
  { name = context.name, description = "", enabled = true, defaultProjectRef }: UserResource,
) => ({
  name,
  description,
  enabled,
  defaultProjectId: idOfAny(context, projects, defaultProjectRef),
  stowageUid: context.uid,
});

/**
 * What is kept beside a password, with the same request, so that a later value of the Secret is told from it: setting
 * the same one again would end the user's sessions, and a cloud that forbids to repeat passwords refuses it. The Secret's
 * name, and a mark that tells nothing of the value.
 */
const passwordMark = (context: Context, passwordRef: string): string =>
  `${passwordRef} ${context.secretMark(passwordRef, passwordKey)}`;

async function passwordOf(context: Context, passwordRef: string) {
  // The mark first: a value that comes in between is set once more, not missed.
  const stowagePassword = passwordMark(context, passwordRef);
  return { stowagePassword, password: await context.secret(passwordRef, passwordKey) };
}

function passwordChange(
  context: Context,
  passwordRef: string | undefined,
  { id, stowagePassword }: RemoteUser,
): readonly Change<RemoteUser>[] {
  if (passwordRef === undefined || passwordMark(context, passwordRef) === stowagePassword) return [];
  return [
    {
      what: `set the password from Secret "${passwordRef}"`,
      perform: async (later) => usersOf(later.cloud).update(id, await passwordOf(later, passwordRef), later.signal),
    },
  ];
}

async function leftBehind(context: Context, { name = context.name, domainRef }: UserResource) {
  const domain_id = idOfAny(context, domains, domainRef);
  const alike = await usersOf(context.cloud).find({ name, domain_id }, context.signal);
  return alike.filter(({ stowageUid }) => stowageUid === context.uid);
}

export const userActuator: Actuator<UserResource, UserFilter, RemoteUser> = {
  type: users,
  references: (spec) => [
    ...domainReferences(spec),
    ...given(
      ["resource.defaultProjectRef", projects, spec.resource?.defaultProjectRef],
      ["resource.passwordRef", secretType, spec.resource?.passwordRef],
    ),
  ],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => usersOf(cloud).get(id, signal),
  find: (context, { name, domainRef }) =>
    usersOf(context.cloud).find({ name, domain_id: idOfAny(context, domains, domainRef) }, context.signal),
  leftBehind,
  async create(context, resource) {
    const { domainRef, passwordRef } = resource;
    const fields = { ...fieldsOf(context, resource), domainId: idOfAny(context, domains, domainRef) };
    const password = passwordRef === undefined ? {} : await passwordOf(context, passwordRef);
    return createOnce(
      () => usersOf(context.cloud).create({ ...fields, ...password }, context.signal),
      () => leftBehind(context, resource),
    );
  },
  changes: (context, resource, remote) => [
    ...changeOf(fieldsOf(context, resource), remote, ({ cloud, signal }, change) =>
      usersOf(cloud).update(remote.id, change, signal),
    ),
    ...passwordChange(context, resource.passwordRef, remote),
  ],
  async delete({ cloud, signal }, { id }) {
    await usersOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ name, description, domainId, defaultProjectId, enabled, passwordExpiresAt, stowagePassword }) => ({
    name,
    description,
    domainID: domainId,
    defaultProjectID: defaultProjectId,
    enabled,
    passwordExpiresAt,
    appliedPasswordRef: stowagePassword?.split(" ", 1)[0],
  }),
};
