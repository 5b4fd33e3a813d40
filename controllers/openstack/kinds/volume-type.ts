import type { VolumeTypeFilter, VolumeTypeResource } from "../../../crds/openstack/volume-type.ts";
import { volumeTypes } from "../../../crds/openstack/types.ts";
import type { Service } from "../../../openstack/service.ts";
import type { RemoteVolumeType } from "../../../openstack/cinder/volume-types.ts";
import { volumeTypesOf } from "../../../openstack/cinder/volume-types.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { metadataChange, observedPairs, stillThere, uidKey, withMarks } from "../cinder.ts";
import { described, differences } from "../differences.ts";

/** Public and private ones. Cinder reads the word as Python; without an administrator's rights it tells of public ones. */
const all = (cloud: Service, signal: AbortSignal): Promise<readonly RemoteVolumeType[]> =>
  volumeTypesOf(cloud).find({ is_public: "None" }, signal);

export const volumeTypeActuator: Actuator<VolumeTypeResource, VolumeTypeFilter, RemoteVolumeType> = {
  type: volumeTypes,
  references: () => [],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => volumeTypesOf(cloud).get(id, signal),
  async find({ cloud, signal }, filter) {
    const found = await all(cloud, signal);
    return found.filter((type) => Object.keys(differences(filter, type)).length === 0);
  },
  async leftBehind({ cloud, signal, uid }) {
    const found = await all(cloud, signal);
    return found.filter(({ extraSpecs }) => extraSpecs?.[uidKey] === uid);
  },
  create({ cloud, signal, name, uid }, { extraSpecs, isPublic, ...fields }) {
    return volumeTypesOf(cloud).create(
      {
        name,
        ...fields,
        ...(isPublic !== undefined && { isPublicAtFirst: isPublic }),
        extraSpecs: withMarks(extraSpecs, uid),
      },
      signal,
    );
  },
  changes(context, { name = context.name, description = "", isPublic = true, extraSpecs }, remote) {
    const { id } = remote;
    const change = differences({ name, description, isPublic }, { ...remote, description: remote.description ?? "" });
    const again = ({ cloud, signal }: Context): Promise<RemoteVolumeType> =>
      stillThere(volumeTypesOf(cloud).get(id, signal));
    return [
      ...(Object.keys(change).length === 0
        ? []
        : [
            {
              what: described(change),
              async perform(late: Context) {
                await volumeTypesOf(late.cloud).update(id, change, late.signal);
                return again(late);
              },
            },
          ]),
      ...metadataChange({
        home: "types",
        noun: "extra spec",
        id,
        asked: extraSpecs,
        now: remote.extraSpecs,
        uid: context.uid,
        again,
      }),
    ];
  },
  async delete({ cloud, signal }, { id }) {
    await volumeTypesOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ id: _id, isPublicAtFirst: _onlyAtFirst, extraSpecs, ...rest }) => ({
    ...rest,
    extraSpecs: observedPairs(extraSpecs),
  }),
};
