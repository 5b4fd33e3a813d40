import { secretType } from "../../../crds/core.ts";
import type {
  ApplicationCredentialFilter,
  ApplicationCredentialResource,
} from "../../../crds/openstack/application-credential.ts";
import { applicationCredentials, roles, users } from "../../../crds/openstack/types.ts";
import { means } from "../../../openstack/errors.ts";
import type { AccessRule, RemoteApplicationCredential } from "../../../openstack/keystone/application-credentials.ts";
import { accessRulesOf, applicationCredentialsOf } from "../../../openstack/keystone/application-credentials.ts";
import type { Actuator, Context } from "../actuator.ts";
import { InvalidError, ready } from "../actuator.ts";
import { createOnce, given } from "../keystone.ts";

/** As ORC has it. */
const secretKey = "value";

/**
 * Keystone keeps no attributes that it does not know of an application credential, and no tags; its name is unique, and
 * it does not tell when it was made. So our mark ends its description: all else could be somebody else's as well. Before
 * it stand the ids of its access rules that were there already.
 */
const markPattern = /(?: ?stowage\.dev\/found-rules=(\S+))? ?stowage\.dev\/uid=\S+$/;

export const markedDescription = (
  { tag }: Pick<Context, "tag">,
  description: string | undefined,
  foundRules: readonly string[] = [],
): string =>
  [
    ...(description === undefined ? [] : [description]),
    ...(foundRules.length === 0 ? [] : [`stowage.dev/found-rules=${foundRules.join(",")}`]),
    tag,
  ].join(" ");

/** Ids of the access rules that were made with it; none of what is not ours. */
function rulesMadeWith({ description = "", accessRules = [] }: RemoteApplicationCredential): readonly string[] {
  const mark = markPattern.exec(description);
  const found = mark?.[1]?.split(",") ?? [];
  return mark === null ? [] : accessRules.flatMap(({ id = "" }) => (id === "" || found.includes(id) ? [] : [id]));
}

/** Ids of those rules that are there already, and were not made with another of ours. */
async function foundRules({ cloud, signal }: Context, wanted: readonly AccessRule[] = []): Promise<readonly string[]> {
  if (wanted.length === 0) return [];
  const [rules, own] = await Promise.all([accessRulesOf(cloud, signal), applicationCredentialsOf(cloud, signal)]);
  const [all, known] = await Promise.all([rules.find({}, signal), own.find({}, signal)]);
  const ours = known.flatMap(rulesMadeWith);
  return all
    .filter((rule) =>
      wanted.some((one) => one.service === rule.service && one.path === rule.path && one.method === rule.method),
    )
    .flatMap(({ id = "" }) => (id === "" || ours.includes(id) ? [] : [id]));
}

const unmarked = (description: string | undefined): string | undefined => {
  const rest = description?.replace(markPattern, "");
  return rest === "" ? undefined : rest;
};

/** Throws InvalidError where `userRef` is somebody else than the session is for. */
async function checkUser(context: Context, userRef: string | undefined): Promise<void> {
  if (userRef === undefined) return;
  const wanted = context.idOf(users, userRef);
  const own = await context.cloud.userId(context.signal);
  if (wanted === own) return;
  throw new InvalidError(
    `User "${userRef}" is ${wanted}, and the credentials are of ${own}: Keystone has users make their own application credentials only, so use credentials of that user`,
  );
}

async function leftBehind(context: Context, { name = context.name }: ApplicationCredentialResource) {
  const own = await applicationCredentialsOf(context.cloud, context.signal);
  const alike = await own.find({ name }, context.signal);
  return alike.filter(({ description }) => description?.endsWith(context.tag) === true);
}

/** Keystone leaves out the zone, which is UTC. */
const inUtc = (time: string): string => (/[Zz]|[+-]\d\d:\d\d$/.test(time) ? time : `${time}Z`);

export const applicationCredentialActuator: Actuator<
  ApplicationCredentialResource,
  ApplicationCredentialFilter,
  RemoteApplicationCredential
> = {
  type: applicationCredentials,
  references: ({ resource, import: imported }) => [
    ...given(
      ["resource.userRef", users, resource?.userRef],
      ["resource.secretRef", secretType, resource?.secretRef],
      ["import.filter.userRef", users, imported?.filter?.userRef],
    ),
    ...(resource?.roleRefs ?? []).map((name, at) => ({ field: `resource.roleRefs[${at}]`, type: roles, name })),
  ],
  idOf: ({ id }) => id,
  async get({ cloud, signal }, id) {
    return (await applicationCredentialsOf(cloud, signal)).get(id, signal);
  },
  async find(context, { userRef, name, description }) {
    await checkUser(context, userRef);
    const found = await (await applicationCredentialsOf(context.cloud, context.signal)).find({ name }, context.signal);
    return found.filter((one) => description === undefined || (unmarked(one.description) ?? "") === description);
  },
  leftBehind,
  async create(context, resource) {
    const { name = context.name, description, unrestricted = false, roleRefs, accessRules, expiresAt } = resource;
    await checkUser(context, resource.userRef);
    const secret = await context.secret(resource.secretRef, secretKey);
    const own = await applicationCredentialsOf(context.cloud, context.signal);
    const fields = {
      name,
      description: markedDescription(context, description, await foundRules(context, accessRules)),
      unrestricted,
      secret,
      roles: roleRefs?.map((role) => ({ id: context.idOf(roles, role) })),
      accessRules,
      expiresAt,
    };
    return createOnce(
      () => own.create(fields, context.signal),
      () => leftBehind(context, resource),
    );
  },
  // Keystone has no request to change one, and admission lets nobody ask for it.
  changes: () => [],
  async delete({ cloud, signal }, remote) {
    await (await applicationCredentialsOf(cloud, signal)).delete(remote.id, signal);
    const rules = await accessRulesOf(cloud, signal);
    for (const id of rulesMadeWith(remote)) {
      try {
        await rules.delete(id, signal);
      } catch (error) {
        // Another credential has it by now.
        if (!means(error, "Forbidden")) throw error;
      }
    }
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ name, description, unrestricted, projectId, roles: held, expiresAt, accessRules }) => ({
    name,
    description: unmarked(description),
    unrestricted,
    projectID: projectId,
    roles: held?.map(({ id, name: role, domainId }) => ({ id, name: role, domainID: domainId })),
    expiresAt: expiresAt === undefined ? undefined : inUtc(expiresAt),
    accessRules,
  }),
};
