import type { ServerGroupFilter, ServerGroupResource } from "../../../crds/openstack/server-group.ts";
import { serverGroups } from "../../../crds/openstack/types.ts";
import type { RemoteServerGroup } from "../../../openstack/nova/server-groups.ts";
import { serverGroupsOf } from "../../../openstack/nova/server-groups.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { differences } from "../differences.ts";

/**
 * Nova has no place for a mark on them, does not tell since when they are, and takes one name many times. So which ones
 * look alike is written down before one is created: of those that do afterwards, another one is ours.
 */
export const serverGroupActuator: Actuator<ServerGroupResource, ServerGroupFilter, RemoteServerGroup> = {
  type: serverGroups,
  references: () => [],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => serverGroupsOf(cloud).get(id, signal),
  async find({ cloud, signal }, filter) {
    const all = await serverGroupsOf(cloud).find({}, signal);
    return all.filter((one) => Object.keys(differences(filter, one)).length === 0);
  },
  async alike(context, resource) {
    return (await lookalikes(context, resource)).map(({ id }) => id);
  },
  async leftBehind(context, resource) {
    return (await lookalikes(context, resource)).filter(({ id }) => !context.beside.includes(id));
  },
  create: ({ cloud, signal, name }, fields) => serverGroupsOf(cloud).create({ name, ...fields }, signal),
  changes: () => [],
  async delete({ cloud, signal }, { id }) {
    await serverGroupsOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ id: _id, projectId: projectID, userId: userID, ...rest }) => ({ ...rest, projectID, userID }),
};

async function lookalikes(
  context: Context,
  { name = context.name, policy, rules }: ServerGroupResource,
): Promise<readonly RemoteServerGroup[]> {
  const { cloud, signal } = context;
  const project = await cloud.projectId(signal);
  const all = await serverGroupsOf(cloud).find({}, signal);
  return all.filter(
    (one) =>
      one.name === name &&
      one.policy === policy &&
      one.rules?.maxServerPerHost === rules?.maxServerPerHost &&
      (one.projectId ?? project) === project,
  );
}
