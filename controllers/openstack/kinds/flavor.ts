import type { FlavorFilter, FlavorResource } from "../../../crds/openstack/flavor.ts";
import { flavors } from "../../../crds/openstack/types.ts";
import { means } from "../../../openstack/errors.ts";
import type { RemoteFlavor } from "../../../openstack/nova/flavors.ts";
import { flavorsOf, publicOrNot, removeExtraSpec, setExtraSpecs } from "../../../openstack/nova/flavors.ts";
import type { Actuator, Change, Context } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { described, differences } from "../differences.ts";
import { isMark } from "../marks.ts";
import { replacedOutside } from "../replaced.ts";

/** Extra spec that is our mark. With a scope that no filter of Nova's scheduler goes by. */
const markName = "stowage.dev:uid";

/**
 * Nova takes extra specs for a flavor that is there only. Until then the description is the mark, which is taken with
 * the creation; the first changes put both right.
 */
export const flavorActuator: Actuator<FlavorResource, FlavorFilter, RemoteFlavor> = {
  type: flavors,
  references: () => [],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => flavorsOf(cloud).get(id, signal),
  async find({ cloud, signal }, filter) {
    const all = await flavorsOf(cloud).find(publicOrNot, signal);
    return all.filter((one) => Object.keys(differences(filter, one)).length === 0);
  },
  async leftBehind({ cloud, signal, tag, uid }) {
    const all = await flavorsOf(cloud).find(publicOrNot, signal);
    return all.filter(({ description, extraSpecs }) => description === tag || extraSpecs?.[markName] === uid);
  },
  create({ cloud, signal, name, tag }, { extraSpecs: _later, ...fields }) {
    return flavorsOf(cloud).create({ name, ...fields, description: tag }, signal);
  },
  changes(context, { description, extraSpecs, ...fixed }, remote) {
    const replaced = differences(fixed, remote);
    if (Object.keys(replaced).length > 0) return [replacedOutside(`Flavor ${remote.id}`, replaced)];
    return [...extraSpecChanges(context, extraSpecs, remote), ...descriptionChange(description, remote)];
  },
  async delete({ cloud, signal }, { id }) {
    await flavorsOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ id: _id, description, extraSpecs = {}, ...rest }) => ({
    ...rest,
    ...(description !== undefined && !isMark(description) && { description }),
    extraSpecs: Object.entries(extraSpecs)
      .filter(([name]) => name !== markName)
      .map(([name, value]) => ({ name, value })),
  }),
};

function extraSpecChanges(
  { uid }: Context,
  wanted: FlavorResource["extraSpecs"],
  remote: RemoteFlavor,
): readonly Change<RemoteFlavor>[] {
  const now = remote.extraSpecs ?? {};
  const pairs = (wanted ?? []).map(({ name, value }): [string, string] => [name, value]);
  const asked = Object.fromEntries<string>([...pairs, [markName, uid]]);
  const toSet = differences(asked, now) as Record<string, string>;
  const toRemove = wanted === undefined ? [] : Object.keys(now).filter((name) => !Object.hasOwn(asked, name));
  return [
    ...(Object.keys(toSet).length === 0
      ? []
      : [
          {
            what: described({ "extra specs": toSet }),
            perform: async ({ cloud, signal }: Context, latest = remote) => {
              await setExtraSpecs(cloud, remote.id, toSet, signal);
              return { ...latest, extraSpecs: { ...latest.extraSpecs, ...toSet } };
            },
          },
        ]),
    ...toRemove.map((name) => ({
      what: `remove extra spec ${name}`,
      perform: async ({ cloud, signal }: Context, latest = remote) => {
        await removeExtraSpec(cloud, remote.id, name, signal).catch((error: unknown) => {
          if (!means(error, "NotFound")) throw error;
        });
        const { [name]: _gone, ...extraSpecs } = latest.extraSpecs ?? {};
        return { ...latest, extraSpecs };
      },
    })),
  ];
}

function descriptionChange(wanted: string | undefined, remote: RemoteFlavor): readonly Change<RemoteFlavor>[] {
  if (remote.description === wanted) return [];
  return [
    {
      what: wanted === undefined ? "remove description" : described({ description: wanted }),
      perform: async ({ cloud, signal }, { extraSpecs } = remote) => ({
        // In the answer they are missing for who may not see them.
        ...(extraSpecs && { extraSpecs }),
        ...(await flavorsOf(cloud).update(remote.id, { description: wanted ?? null }, signal)),
      }),
    },
  ];
}
