import { isDeepStrictEqual } from "node:util";
import type { ExternalSpec } from "../../../crds/openstack/external.ts";
import { secretType } from "../../../crds/core.ts";
import type { FlavorObserved } from "../../../crds/openstack/flavor.ts";
import type { ServerFilter, ServerResource } from "../../../crds/openstack/server.ts";
import type { ResourceType } from "../../../crds/meta.ts";
import { flavors, images, keyPairs, ports, serverGroups, servers, volumes } from "../../../crds/openstack/types.ts";
import { means } from "../../../openstack/errors.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Interface, RemoteServer, Resize, SchedulerHints } from "../../../openstack/nova/servers.ts";
import {
  attachPort,
  attachVolume,
  createServer,
  detachPort,
  detachVolume,
  exactName,
  interfacesOf,
  resizeServer,
  serversOf,
  setServerMetadata,
  setServerTags,
} from "../../../openstack/nova/servers.ts";
import type { Actuator, Change, Context, Reference, State } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import { described } from "../differences.ts";
import { tagsToSet } from "../marks.ts";

/** One with its ports, which Nova tells of apart; undefined where they were not asked for. */
export interface Attached extends RemoteServer {
  readonly interfaces?: readonly Interface[] | undefined;
}

/** Key of the Secret that user data is in, as ORC has it. */
const userDataKey = "value";

/** Nova takes no slash in tags. Source: nova/api/validation/parameter_types.py, tag. */
const novaMark = (tag: string): string => tag.replace("/", ":");

/** Something that Nova does in its own time is looked at again after this. */
const soonMs = 1000;

/** The same for what somebody else has to do. */
const laterMs = 15_000;

export const serverActuator: Actuator<ServerResource, ServerFilter, Attached> = {
  type: servers,
  references,
  idOf: ({ id }) => id,
  async get(context, id) {
    const server = await serversOf(context.cloud).get(id, context.signal);
    return server === undefined || isGone(server) ? undefined : withInterfaces(context, server);
  },
  async find(context, { name, availabilityZone, ...tags }) {
    const query = { ...(name !== undefined && { name: exactName(name) }), ...tagQuery(tags) };
    const found = await serversOf(context.cloud).find(query, context.signal);
    const matching = found.filter(
      (one) =>
        !isGone(one) &&
        (name === undefined || one.name === name) &&
        (availabilityZone === undefined || one.availabilityZone === availabilityZone),
    );
    return matching.length === 1 ? allWithInterfaces(context, matching) : matching;
  },
  async leftBehind(context) {
    const found = await serversOf(context.cloud).find({ tags: novaMark(context.tag) }, context.signal);
    return allWithInterfaces(
      context,
      found.filter((one) => !isGone(one)),
    );
  },
  isUnused: ({ interfaces = [], volumes: attached = [] }) => interfaces.length === 0 && attached.length === 0,
  create,
  changes,
  async delete({ cloud, signal }, { id, taskState }) {
    if (taskState === "deleting") return "going";
    return (await serversOf(cloud).delete(id, signal)) ? "going" : "gone";
  },
  stateOf,
  observe,
};

/** A soft delete takes it from us as any other. */
const isGone = ({ status }: RemoteServer): boolean => status === "DELETED" || status === "SOFT_DELETED";

/** While it is built its ports are on their way. */
const withInterfaces = async ({ cloud, signal }: Context, server: RemoteServer): Promise<Attached> =>
  server.status === "BUILD" ? server : { ...server, interfaces: await interfacesOf(cloud, server.id, signal) };

const allWithInterfaces = (context: Context, found: readonly RemoteServer[]): Promise<readonly Attached[]> =>
  Promise.all(found.map((one) => withInterfaces(context, one)));

function references({ resource }: ExternalSpec<ServerResource, ServerFilter>): readonly Reference[] {
  if (resource === undefined) return [];
  const { schedulerHints: hints } = resource;
  const all: readonly (readonly [string, ResourceType, string | undefined])[] = [
    ["imageRef", images, resource.imageRef],
    ["flavorRef", flavors, resource.flavorRef],
    ["bootVolume.volumeRef", volumes, resource.bootVolume?.volumeRef],
    ["userData.secretRef", secretType, resource.userData?.secretRef],
    ["keypairRef", keyPairs, resource.keypairRef],
    ["serverGroupRef", serverGroups, resource.serverGroupRef],
    ["schedulerHints.serverGroupRef", serverGroups, hints?.serverGroupRef],
    ...listed("schedulerHints.differentHostServerRefs", servers, hints?.differentHostServerRefs),
    ...listed("schedulerHints.sameHostServerRefs", servers, hints?.sameHostServerRefs),
    ...listed(
      "ports.portRef",
      ports,
      resource.ports.map(({ portRef }) => portRef),
    ),
    ...listed(
      "volumes.volumeRef",
      volumes,
      resource.volumes?.map(({ volumeRef }) => volumeRef),
    ),
  ];
  return all.flatMap(([field, type, name]) => (name === undefined ? [] : [{ field: `resource.${field}`, type, name }]));
}

const listed = (field: string, type: ResourceType, names: readonly string[] = []) =>
  names.map((name) => [field, type, name] as const);

async function create(context: Context, resource: ServerResource): Promise<Attached> {
  const { cloud, signal, tag } = context;
  const idOf = (type: ResourceType, name: string | undefined): string | undefined =>
    name === undefined ? undefined : context.idOf(type, name);
  const { bootVolume, userData } = resource;
  return createServer(
    cloud,
    {
      name: resource.name ?? context.name,
      flavorId: context.idOf(flavors, resource.flavorRef),
      imageId: idOf(images, resource.imageRef),
      bootVolume: bootVolume && { id: context.idOf(volumes, bootVolume.volumeRef), tag: bootVolume.tag },
      portIds: resource.ports.map(({ portRef }) => context.idOf(ports, portRef)),
      userData: userData && (await context.secret(userData.secretRef, userDataKey, "base64")),
      keyName: idOf(keyPairs, resource.keypairRef),
      availabilityZone: resource.availabilityZone,
      configDrive: resource.configDrive,
      tags: [...(resource.tags ?? []), novaMark(tag)],
      metadata: resource.metadata && metadataOf(resource.metadata),
      hints: hintsOf(context, resource),
    },
    signal,
  );
}

function hintsOf(context: Context, { serverGroupRef, schedulerHints: hints = {} }: ServerResource): SchedulerHints {
  const group = serverGroupRef ?? hints.serverGroupRef;
  const idsOf = (names: readonly string[] | undefined) => names?.map((name) => context.idOf(servers, name));
  return {
    group: group === undefined ? undefined : context.idOf(serverGroups, group),
    differentHost: idsOf(hints.differentHostServerRefs),
    sameHost: idsOf(hints.sameHostServerRefs),
    query: hints.query,
    targetCell: hints.targetCell,
    differentCell: hints.differentCell,
    buildNearHostIp: hints.buildNearHostIP,
    others: hints.additionalProperties,
  };
}

const metadataOf = (metadata: NonNullable<ServerResource["metadata"]>): Record<string, string> =>
  Object.fromEntries(metadata.map(({ key, value }) => [key, value]));

/** Nova does nothing to a server in ERROR but what its administrator asks for. */
function changes(context: Context, resource: ServerResource, remote: Attached): readonly Change<Attached>[] {
  if (remote.status === "ERROR") return [];
  return [
    ...nameChange(resource.name ?? context.name, remote),
    ...tagChange(context, resource.tags, remote),
    ...metadataChange(resource.metadata, remote),
    ...portChanges(
      resource.ports.map(({ portRef }) => context.idOf(ports, portRef)),
      remote,
    ),
    ...volumeChanges(context, resource, remote),
    ...resizeChange(
      {
        id: context.idOf(flavors, resource.flavorRef),
        name: (context.observedOf(flavors, resource.flavorRef) as FlavorObserved | undefined)?.name,
      },
      remote,
    ),
  ];
}

function nameChange(name: string, remote: Attached): readonly Change<Attached>[] {
  if (remote.name === name) return [];
  return [
    {
      what: described({ name }),
      perform: async ({ cloud, signal }, now = remote) => {
        await serversOf(cloud).update(now.id, { name }, signal);
        return { ...now, name };
      },
    },
  ];
}

function tagChange(
  { tag }: Context,
  wanted: readonly string[] | undefined,
  remote: Attached,
): readonly Change<Attached>[] {
  const next = tagsToSet(wanted, remote.tags, novaMark(tag));
  if (next === undefined) return [];
  return [
    {
      what: `set tags to ${next.join(", ")}`,
      perform: async ({ cloud, signal }, now = remote) => ({
        ...now,
        tags: await setServerTags(cloud, now.id, next, signal),
      }),
    },
  ];
}

function metadataChange(wanted: ServerResource["metadata"], remote: Attached): readonly Change<Attached>[] {
  if (wanted === undefined) return [];
  const next = metadataOf(wanted);
  if (isDeepStrictEqual(next, remote.metadata ?? {})) return [];
  return [
    {
      what: described({ metadata: next }),
      perform: async ({ cloud, signal }, now = remote) => ({
        ...now,
        metadata: await setServerMetadata(cloud, now.id, next, signal),
      }),
    },
  ];
}

function portChanges(wanted: readonly string[], remote: Attached): readonly Change<Attached>[] {
  if (remote.interfaces === undefined) return [];
  const attached = remote.interfaces.map(({ portId }) => portId);
  return [
    ...detachment(
      remote,
      "port",
      attached.filter((id) => !wanted.includes(id)),
      detachPort,
      (now, ids) => ({ ...now, interfaces: now.interfaces?.filter(({ portId }) => !ids.includes(portId)) }),
    ),
    ...wanted
      .filter((id) => !attached.includes(id))
      .map((id): Change<Attached> => ({
        what: `attach port ${id}`,
        perform: async ({ cloud, signal }, now = remote) => {
          const added = await attachPort(cloud, now.id, id, signal);
          return { ...now, interfaces: [...(now.interfaces ?? []), added] };
        },
      })),
  ];
}

function volumeChanges(
  context: Context,
  { volumes: wanted, bootVolume }: ServerResource,
  remote: Attached,
): readonly Change<Attached>[] {
  if (wanted === undefined) return [];
  const attached = (remote.volumes ?? []).map(({ id }) => id);
  const asked = wanted.map(({ volumeRef, device }) => ({ volumeId: context.idOf(volumes, volumeRef), device }));
  const kept = [
    ...asked.map(({ volumeId }) => volumeId),
    ...(bootVolume === undefined ? [] : [context.idOf(volumes, bootVolume.volumeRef)]),
  ];
  return [
    ...detachment(
      remote,
      "volume",
      attached.filter((id) => !kept.includes(id)),
      detachVolume,
      (now, ids) => ({ ...now, volumes: now.volumes?.filter(({ id }) => !ids.includes(id)) }),
    ),
    ...asked
      .filter(({ volumeId }) => !attached.includes(volumeId))
      .map((volume): Change<Attached> => ({
        what: `attach volume ${volume.volumeId}`,
        perform: async ({ cloud, signal }, now = remote) => {
          await attachVolume(cloud, now.id, volume, signal);
          return { ...now, volumes: [...(now.volumes ?? []), { id: volume.volumeId }] };
        },
      })),
  ];
}

/** Nova answers before something is detached, and then it is asked again until it is. */
function detachment(
  remote: Attached,
  noun: string,
  ids: readonly string[],
  detach: typeof detachPort,
  without: (now: Attached, ids: readonly string[]) => Attached,
): readonly Change<Attached>[] {
  if (ids.length === 0) return [];
  const what = `${noun}${ids.length === 1 ? "" : "s"} ${ids.join(", ")}`;
  return [
    {
      what: `detach ${what}`,
      perform: async ({ cloud, signal }, now = remote) => {
        const going = await Promise.all(ids.map((id) => underWay(detach(cloud, now.id, id, signal))));
        if (going.includes(true)) throw new WaitingError(`Waiting for ${what} to be detached`, soonMs);
        return without(now, ids);
      },
    },
  ];
}

/** Whether Nova is at it: it refuses who asks for it again. */
async function underWay(asked: Promise<boolean>): Promise<boolean> {
  try {
    return await asked;
  } catch (error) {
    if (means(error, "Conflict")) return true;
    throw error;
  }
}

/**
 * Flavors are compared by name: a server has its own copy of the rest. A resize goes on where it is as asked by now, and
 * back where it is not, whoever began it.
 */
function resizeChange(
  flavor: { readonly id: string; readonly name: string | undefined },
  remote: Attached,
): readonly Change<Attached>[] {
  const now = remote.flavor?.originalName;
  const isAsAsked = now === undefined || flavor.name === undefined || now === flavor.name;
  const isResized = remote.status === "VERIFY_RESIZE";
  if (!isResized && isAsAsked) return [];
  const step: Resize = isResized ? { do: isAsAsked ? "confirm" : "revert" } : { do: "resize", flavorId: flavor.id };
  return [
    {
      what: isResized ? `${step.do} resize` : `resize from ${now ?? ""} to ${flavor.name ?? flavor.id}`,
      perform: async ({ cloud, signal }) => {
        const asked = resizeServer(cloud, remote.id, step, signal).then(() => true);
        await (isResized ? underWay(asked) : asked);
        throw new WaitingError(`Waiting for server ${remote.id} to be resized`, soonMs);
      },
    },
  ];
}

/** Those that Nova leaves by itself. */
const passing: readonly string[] = [
  "BUILD",
  "HARD_REBOOT",
  "MIGRATING",
  "PASSWORD",
  "REBOOT",
  "REBUILD",
  "RESIZE",
  "REVERT_RESIZE",
];

function stateOf({ status = "UNKNOWN", taskState, fault }: Attached): State {
  if (taskState === "deleting") return { kind: "waiting", message: "Nova is deleting it", pollMs: soonMs };
  if (status === "ACTIVE" || status === "VERIFY_RESIZE") return ready;
  if (status === "ERROR") {
    const why = fault?.message === undefined ? "" : `: ${fault.message.replace(/\.$/, "")}`;
    return {
      kind: "failed",
      message: `Nova reports status ERROR${why}. Delete it in the cloud, and it is made again`,
    };
  }
  if (passing.includes(status)) return { kind: "waiting", message: `Nova reports status ${status}`, pollMs: soonMs };
  return { kind: "waiting", message: `Nova reports status ${status}, not ACTIVE`, pollMs: laterMs };
}

function observe({
  name,
  status,
  hostId: hostID,
  image,
  availabilityZone,
  serverGroups: groups,
  volumes: attached,
  interfaces,
  tags,
  metadata,
  configDrive,
}: Attached): object {
  return {
    name,
    status,
    hostID,
    imageID: typeof image === "object" ? image.id : undefined,
    availabilityZone,
    serverGroups: groups,
    volumes: attached,
    interfaces: interfaces?.map(({ portId: portID, netId: netID, macAddr, portState, fixedIps }) => ({
      portID,
      netID,
      macAddr,
      portState,
      fixedIPs: fixedIps?.map(({ ipAddress, subnetId: subnetID }) => ({ ipAddress, subnetID })),
    })),
    tags,
    metadata:
      metadata &&
      Object.entries(metadata)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, value]) => ({ key, value })),
    configDrive: configDrive === undefined ? undefined : configDrive !== "",
  };
}
