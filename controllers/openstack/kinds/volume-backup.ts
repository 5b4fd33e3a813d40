import type { VolumeBackupFilter, VolumeBackupResource } from "../../../crds/openstack/volume-backup.ts";
import { volumeBackups, volumes, volumeSnapshots } from "../../../crds/openstack/types.ts";
import type { RemoteVolumeBackup } from "../../../openstack/cinder/volume-backups.ts";
import { volumeBackupsOf } from "../../../openstack/cinder/volume-backups.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import {
  describedMetadata,
  failedMessage,
  markedAsOurs,
  metadataAfter,
  metadataDifference,
  observedPairs,
  remakeChange,
  stateOf,
  stillThere,
  withMarks,
} from "../cinder.ts";
import { described, differences } from "../differences.ts";

export const volumeBackupActuator: Actuator<VolumeBackupResource, VolumeBackupFilter, RemoteVolumeBackup> = {
  type: volumeBackups,
  references: ({ resource }) =>
    resource === undefined
      ? []
      : [
          { field: "resource.volumeRef", type: volumes, name: resource.volumeRef },
          ...(resource.snapshotRef === undefined
            ? []
            : [{ field: "resource.snapshotRef", type: volumeSnapshots, name: resource.snapshotRef }]),
        ],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => volumeBackupsOf(cloud).get(id, signal),
  async find({ cloud, signal }, { volumeID: volumeId, ...filter }) {
    const { name, status } = filter;
    const found = await volumeBackupsOf(cloud).find({ name, status, volume_id: volumeId }, signal);
    return found.filter((backup) => Object.keys(differences({ ...filter, volumeId }, backup)).length === 0);
  },
  async leftBehind({ cloud, signal, uid }) {
    // Cinder has no filter for the metadata of backups.
    return markedAsOurs(await volumeBackupsOf(cloud).find({}, signal), uid);
  },
  // Cinder deletes none that is in use.
  isUnused: () => true,
  create(context, { volumeRef, snapshotRef, metadata, ...fields }) {
    const { cloud, signal, name, uid } = context;
    return volumeBackupsOf(cloud).create(
      {
        name,
        ...fields,
        volumeId: context.idOf(volumes, volumeRef),
        ...(snapshotRef !== undefined && { snapshotId: context.idOf(volumeSnapshots, snapshotRef) }),
        metadata: withMarks(metadata, uid),
      },
      signal,
    );
  },
  changes(context, { name = context.name, description = "", metadata }, remote, moment) {
    const { id } = remote;
    const remake = remakeChange(moment, { kind: "backup", remote, remove: (late) => remove(late, remote) });
    if (remake.length > 0 || remote.status?.startsWith("error") === true) return remake;
    const fields = differences({ name, description }, { ...remote, description: remote.description ?? "" });
    const pairs = metadataDifference(metadata, remote.metadata, context.uid);
    if (Object.keys(fields).length === 0 && pairs === undefined) return [];
    // One request for all: what it says of metadata is the whole of it then.
    const change = { ...fields, ...(pairs !== undefined && { metadata: metadataAfter(remote.metadata, pairs) }) };
    return [
      {
        what: [
          ...(Object.keys(fields).length === 0 ? [] : [described(fields)]),
          ...(pairs === undefined ? [] : [describedMetadata("metadata", pairs)]),
        ].join(", "),
        async perform({ cloud, signal }) {
          await volumeBackupsOf(cloud).update(id, change, signal);
          return stillThere(volumeBackupsOf(cloud).get(id, signal));
        },
      },
    ];
  },
  delete: (context, remote) => remove(context, remote),
  stateOf(remote, now) {
    const known = stateOf(remote, "backup", now);
    if (known !== undefined) return known;
    const { status = "", failReason } = remote;
    if (!status.startsWith("error")) return ready;
    const why = failReason === undefined || failReason === "" ? "" : `${failReason}. `;
    return {
      kind: "failed",
      message: why + (status === "error" ? failedMessage("backup", "volume backup") : undeletable),
    };
  },
  observe: ({
    id: _id,
    metadata,
    volumeId: volumeID,
    snapshotId: snapshotID,
    projectId: projectID,
    incremental: _onlyAtFirst,
    force: _onlyAtFirstToo,
    ...rest
  }) => ({ ...rest, metadata: observedPairs(metadata), volumeID, snapshotID, projectID }),
};

const undeletable = "Cinder could not delete the backup (status error_deleting): whoever runs the cloud can see why";

async function remove({ cloud, signal }: Context, remote: RemoteVolumeBackup): Promise<"gone" | "going"> {
  const { id, status, hasDependentBackups } = remote;
  if (status === "deleting") return "going";
  // Cinder refuses that with a 400 that reads as if it could never be.
  if (hasDependentBackups === true)
    throw new WaitingError("Waiting to be deleted: incremental backups build on this one", 15_000);
  const isGoing = await volumeBackupsOf(cloud).delete(id, signal);
  if (status === "error_deleting") throw new WaitingError(`${undeletable}; it was asked again`, 30_000);
  return isGoing ? "going" : "gone";
}
