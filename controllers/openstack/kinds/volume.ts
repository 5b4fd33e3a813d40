import type { VolumeFilter, VolumeResource } from "../../../crds/openstack/volume.ts";
import { images, volumeBackups, volumes, volumeSnapshots, volumeTypes } from "../../../crds/openstack/types.ts";
import type { RemoteVolume } from "../../../openstack/cinder/volumes.ts";
import { extendVolume, volumesOf } from "../../../openstack/cinder/volumes.ts";
import type { Actuator, Change, Context, Reference } from "../actuator.ts";
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

export const volumeActuator: Actuator<VolumeResource, VolumeFilter, RemoteVolume> = {
  type: volumes,
  references: ({ resource }) => (resource === undefined ? [] : referencesOf(resource)),
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => volumesOf(cloud).get(id, signal),
  async find({ cloud, signal }, filter) {
    // Without an administrator's rights Cinder refuses to filter by what it is not configured to.
    const found = await volumesOf(cloud).find({ name: filter.name }, signal);
    return found.filter((volume) => Object.keys(differences(filter, volume)).length === 0);
  },
  async leftBehind({ cloud, signal, uid }) {
    return markedAsOurs(await volumesOf(cloud).find({ metadata: markFilter(uid) }, signal), uid);
  },
  // Cinder deletes none that is in use.
  isUnused: () => true,
  create(context, resource) {
    const { cloud, signal, name, uid } = context;
    const { volumeTypeRef, imageRef, snapshotRef, backupRef, metadata, ...fields } = resource;
    return volumesOf(cloud).create(
      {
        name,
        ...fields,
        metadata: withMarks(metadata, uid),
        ...(volumeTypeRef !== undefined && { volumeType: context.idOf(volumeTypes, volumeTypeRef) }),
        ...(imageRef !== undefined && { imageId: context.idOf(images, imageRef) }),
        ...(snapshotRef !== undefined && { snapshotId: context.idOf(volumeSnapshots, snapshotRef) }),
        ...(backupRef !== undefined && { backupId: context.idOf(volumeBackups, backupRef) }),
      },
      signal,
    );
  },
  changes(context, { name = context.name, description = "", metadata, size }, remote, moment) {
    const { id } = remote;
    const remake = remakeChange(moment, { kind: "volume", remote, remove: (late) => remove(late, remote) });
    if (remake.length > 0 || remote.status?.startsWith("error") === true) return remake;
    const change = differences({ name, description }, { ...remote, description: remote.description ?? "" });
    return [
      ...(Object.keys(change).length === 0
        ? []
        : [
            {
              what: described(change),
              perform: ({ cloud, signal }: Context) => volumesOf(cloud).update(id, change, signal),
            },
          ]),
      ...metadataChange({
        home: "volumes",
        noun: "metadata",
        id,
        asked: metadata,
        now: remote.metadata,
        uid: context.uid,
        again: ({ cloud, signal }) => stillThere(volumesOf(cloud).get(id, signal)),
      }),
      // Last: it refuses other changes while it is being extended.
      ...extension(remote, size),
    ];
  },
  delete: (context, remote) => remove(context, remote),
  stateOf(remote, now) {
    const { status = "creating" } = remote;
    const known = stateOf(remote, "volume", now);
    if (known !== undefined) return known;
    const failure = failures[status];
    // In use, or busy in a way that leaves it usable: attaching, backing-up, uploading, reserved.
    return failure === undefined ? ready : { kind: "failed", message: failure };
  },
  observe: ({
    id: _id,
    attachments,
    bootable,
    metadata,
    volumeImageMetadata,
    snapshotId: snapshotID,
    sourceVolId: sourceVolID,
    backupId: backupID,
    userId: userID,
    consistencygroupId: consistencyGroupID,
    tenantId: tenantID,
    imageId: _onlyAtFirst,
    ...rest
  }) => ({
    ...rest,
    attachments: attachments?.map(({ attachmentId: attachmentID, serverId: serverID, ...others }) => ({
      attachmentID,
      serverID,
      ...others,
    })),
    ...(bootable !== undefined && { bootable: bootable === "true" }),
    metadata: observedPairs(metadata),
    imageID: volumeImageMetadata?.["image_id"],
    snapshotID,
    sourceVolID,
    backupID,
    userID,
    consistencyGroupID,
    tenantID,
  }),
};

function referencesOf({ volumeTypeRef, imageRef, snapshotRef, backupRef }: VolumeResource): readonly Reference[] {
  const named = [
    { field: "volumeTypeRef", type: volumeTypes, name: volumeTypeRef },
    { field: "imageRef", type: images, name: imageRef },
    { field: "snapshotRef", type: volumeSnapshots, name: snapshotRef },
    { field: "backupRef", type: volumeBackups, name: backupRef },
  ];
  return named.flatMap(({ field, type, name }) =>
    name === undefined ? [] : [{ field: `resource.${field}`, type, name }],
  );
}

function extension(remote: RemoteVolume, size: number): readonly Change<RemoteVolume>[] {
  const { id, status = "creating", size: now = size } = remote;
  // One that is larger than asked for was extended by somebody else, and cannot shrink.
  if (now >= size) return [];
  return [
    {
      what: `extend it from ${now} to ${size} GiB`,
      async perform({ cloud, signal }) {
        if (status !== "available" && status !== "in-use")
          throw new WaitingError(
            `Waiting for the volume to be available or in use before it is extended: it is ${status}`,
            5000,
          );
        await extendVolume(cloud, id, size, signal);
        return stillThere(volumesOf(cloud).get(id, signal));
      },
    },
  ];
}

async function remove({ cloud, signal }: Context, { id, status }: RemoteVolume): Promise<"gone" | "going"> {
  if (status === "deleting") return "going";
  const isGoing = await volumesOf(cloud).delete(id, signal);
  if (status === "error_deleting")
    throw new WaitingError(
      "Cinder could not delete the volume (status error_deleting), and was asked again: whoever runs the cloud can see why",
      30_000,
    );
  return isGoing ? "going" : "gone";
}

const failures: Readonly<Record<string, string>> = {
  error: failedMessage("volume", "volume"),
  error_deleting: "Cinder could not delete the volume (status error_deleting): whoever runs the cloud can see why",
  error_extending:
    'Cinder could not extend the volume (status error_extending): "openstack volume set --state available" makes it usable at its old size, and it is tried again then',
  error_restoring:
    "Cinder could not restore the backup into the volume (status error_restoring): delete this object, and make it again",
  "error_backing-up":
    'Cinder could not back the volume up (status error_backing-up): "openstack volume set --state available" makes it usable',
  error_managing: "Cinder could not take the volume over (status error_managing): delete this object",
  error_managing_deleting: "Cinder could not give the volume up: whoever runs the cloud can see why",
};
