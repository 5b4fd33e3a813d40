import type { VolumeSnapshotFilter, VolumeSnapshotResource } from "../../../crds/openstack/volume-snapshot.ts";
import { volumes, volumeSnapshots } from "../../../crds/openstack/types.ts";
import type { RemoteVolumeSnapshot } from "../../../openstack/cinder/volume-snapshots.ts";
import { volumeSnapshotsOf } from "../../../openstack/cinder/volume-snapshots.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import {
  failedMessage,
  markedAsOurs,
  markFilter,
  metadataChange,
  observedPairs,
  remakeChange,
  stateOf,
  stillThere,
  withMarks,
} from "../cinder.ts";
import { described, differences } from "../differences.ts";

export const volumeSnapshotActuator: Actuator<VolumeSnapshotResource, VolumeSnapshotFilter, RemoteVolumeSnapshot> = {
  type: volumeSnapshots,
  references: ({ resource }) =>
    resource === undefined ? [] : [{ field: "resource.volumeRef", type: volumes, name: resource.volumeRef }],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => volumeSnapshotsOf(cloud).get(id, signal),
  async find({ cloud, signal }, { volumeID: volumeId, ...filter }) {
    const { name, status } = filter;
    const found = await volumeSnapshotsOf(cloud).find({ name, status, volume_id: volumeId }, signal);
    return found.filter((snapshot) => Object.keys(differences({ ...filter, volumeId }, snapshot)).length === 0);
  },
  async leftBehind({ cloud, signal, uid }) {
    return markedAsOurs(await volumeSnapshotsOf(cloud).find({ metadata: markFilter(uid) }, signal), uid);
  },
  // Cinder deletes none that is in use.
  isUnused: () => true,
  create(context, { volumeRef, metadata, ...fields }) {
    const { cloud, signal, name, uid } = context;
    const volumeId = context.idOf(volumes, volumeRef);
    return volumeSnapshotsOf(cloud).create({ name, ...fields, volumeId, metadata: withMarks(metadata, uid) }, signal);
  },
  changes(context, { name = context.name, description = "", metadata }, remote, moment) {
    const { id } = remote;
    const remake = remakeChange(moment, { kind: "snapshot", remote, remove: (late) => remove(late, remote) });
    if (remake.length > 0 || remote.status?.startsWith("error") === true) return remake;
    const change = differences({ name, description }, { ...remote, description: remote.description ?? "" });
    const again = ({ cloud, signal }: Context): Promise<RemoteVolumeSnapshot> =>
      stillThere(volumeSnapshotsOf(cloud).get(id, signal));
    return [
      ...(Object.keys(change).length === 0
        ? []
        : [
            {
              what: described(change),
              async perform(late: Context) {
                await volumeSnapshotsOf(late.cloud).update(id, change, late.signal);
                return again(late);
              },
            },
          ]),
      ...metadataChange({
        home: "snapshots",
        noun: "metadata",
        id,
        asked: metadata,
        now: remote.metadata,
        uid: context.uid,
        again,
      }),
    ];
  },
  delete: (context, remote) => remove(context, remote),
  stateOf(remote, now) {
    const known = stateOf(remote, "snapshot", now);
    if (known !== undefined) return known;
    const { status = "" } = remote;
    if (status === "error") return { kind: "failed", message: failedMessage("snapshot", "volume snapshot") };
    return status.startsWith("error") ? { kind: "failed", message: undeletable } : ready;
  },
  observe: ({
    id: _id,
    metadata,
    volumeId: volumeID,
    projectId: projectID,
    userId: userID,
    groupSnapshotId: groupSnapshotID,
    force: _onlyAtFirst,
    ...rest
  }) => ({ ...rest, metadata: observedPairs(metadata), volumeID, projectID, userID, groupSnapshotID }),
};

const undeletable = "Cinder could not delete the snapshot (status error_deleting): whoever runs the cloud can see why";

async function remove({ cloud, signal }: Context, { id, status }: RemoteVolumeSnapshot): Promise<"gone" | "going"> {
  if (status === "deleting") return "going";
  const isGoing = await volumeSnapshotsOf(cloud).delete(id, signal);
  if (status === "error_deleting") throw new WaitingError(`${undeletable}; it was asked again`, 30_000);
  return isGoing ? "going" : "gone";
}
