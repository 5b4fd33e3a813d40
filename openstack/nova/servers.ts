import { z } from "zod";
import { Collection } from "../collection.ts";
import { means } from "../errors.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { microversion } from "./microversion.ts";

const fixedIp = wire({ ipAddress: z.string().optional(), subnetId: z.string().optional() });

const networkInterface = wire({
  portId: z.string(),
  netId: z.string().optional(),
  macAddr: z.string().optional(),
  portState: z.string().optional(),
  fixedIps: z.array(fixedIp.schema).optional(),
});

export type Interface = Of<typeof networkInterface>;

const flavor = wire({ originalName: z.string().optional() });

const server = wire(
  {
    id: z.string(),
    name: z.string().optional(),
    status: z.string().optional(),
    taskState: z.string().optional(),
    fault: z.object({ message: z.string().optional() }).optional(),
    hostId: z.string().optional(),
    /** Empty where it started from a volume. */
    image: z.union([z.string(), z.object({ id: z.string() })]).optional(),
    flavor: flavor.schema.optional(),
    availabilityZone: z.string().optional(),
    serverGroups: z.array(z.string()).optional(),
    volumes: z.array(z.object({ id: z.string() })).optional(),
    tags: z.array(z.string()).optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    /** True, or nothing. */
    configDrive: z.string().optional(),
  },
  {
    hostId: "hostId",
    taskState: "OS-EXT-STS:task_state",
    availabilityZone: "OS-EXT-AZ:availability_zone",
    volumes: "os-extended-volumes:volumes_attached",
  },
);

/** Source: Compute API, "Servers". */
export type RemoteServer = Of<typeof server>;

export const serversOf = (service: Service) =>
  new Collection(service, {
    service: "compute",
    path: "/servers",
    listPath: "/servers/detail",
    singular: "server",
    plural: "servers",
    wire: server,
    microversion,
  });

/** Nova takes the filter by name for a regular expression, and finds it anywhere in a name. */
export const exactName = (name: string): string => `^${name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`;

export interface NewServer {
  readonly name: string;
  readonly flavorId: string;
  readonly imageId?: string | undefined;
  readonly bootVolume?: { readonly id: string; readonly tag?: string | undefined } | undefined;
  readonly portIds: readonly string[];
  /** In base64. */
  readonly userData?: string | undefined;
  readonly keyName?: string | undefined;
  readonly availabilityZone?: string | undefined;
  readonly configDrive?: boolean | undefined;
  readonly tags: readonly string[];
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly hints: SchedulerHints;
}

export interface SchedulerHints {
  readonly group?: string | undefined;
  readonly differentHost?: readonly string[] | undefined;
  readonly sameHost?: readonly string[] | undefined;
  readonly query?: string | undefined;
  readonly targetCell?: string | undefined;
  readonly differentCell?: readonly string[] | undefined;
  /** An address, and its prefix: 192.0.2.0/24. */
  readonly buildNearHostIp?: string | undefined;
  readonly others?: Readonly<Record<string, string>> | undefined;
}

/** Nova answers before it is built, with its id and little else. */
export function createServer(service: Service, wanted: NewServer, signal?: AbortSignal): Promise<RemoteServer> {
  const { name } = wanted;
  return service.request({
    service: "compute",
    microversion,
    method: "POST",
    path: "/servers",
    body: creationOf(wanted),
    action: `create server "${name}"`,
    schema: z
      .object({ server: z.object({ id: z.string() }) })
      .transform((answer) => ({ id: answer.server.id, name, status: "BUILD" })),
    ...(signal && { signal }),
  });
}

/** The body of a creation. Pure. */
export function creationOf(wanted: NewServer): object {
  const { portIds, bootVolume, tags } = wanted;
  const hints = hintsOf(wanted.hints);
  return {
    server: defined({
      name: wanted.name,
      flavorRef: wanted.flavorId,
      imageRef: wanted.imageId,
      networks: portIds.length === 0 ? "none" : portIds.map((port) => ({ port })),
      block_device_mapping_v2: bootVolume && [
        defined({
          uuid: bootVolume.id,
          source_type: "volume",
          destination_type: "volume",
          boot_index: 0,
          delete_on_termination: false,
          tag: bootVolume.tag,
        }),
      ],
      user_data: wanted.userData,
      key_name: wanted.keyName,
      availability_zone: wanted.availabilityZone,
      config_drive: wanted.configDrive,
      tags,
      metadata: wanted.metadata,
    }),
    ...(Object.keys(hints).length > 0 && { "os:scheduler_hints": hints }),
  };
}

function hintsOf(hints: SchedulerHints): object {
  const [address, prefix] = hints.buildNearHostIp?.split("/") ?? [];
  return defined({
    ...hints.others,
    group: hints.group,
    different_host: hints.differentHost,
    same_host: hints.sameHost,
    query: hints.query,
    target_cell: hints.targetCell,
    different_cell: hints.differentCell,
    build_near_host_ip: address,
    cidr: prefix && `/${prefix}`,
  });
}

const defined = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Its ports, as Nova knows them. */
export function interfacesOf(service: Service, id: string, signal?: AbortSignal): Promise<readonly Interface[]> {
  return serversOf(service).act(id, {
    below: "/os-interface",
    action: `list interfaces of server ${id}`,
    schema: z
      .object({ interfaceAttachments: z.array(networkInterface.schema) })
      .transform((answer) => answer.interfaceAttachments),
    ...(signal && { signal }),
  });
}

/** Returns when it is attached. */
export function attachPort(service: Service, id: string, portId: string, signal?: AbortSignal): Promise<Interface> {
  return serversOf(service).act(id, {
    below: "/os-interface",
    method: "POST",
    body: { interfaceAttachment: { port_id: portId } },
    action: `attach port ${portId} to server ${id}`,
    schema: z
      .object({ interfaceAttachment: networkInterface.schema })
      .transform((answer) => answer.interfaceAttachment),
    ...(signal && { signal }),
  });
}

/** Nova answers before it is attached; it tells of it from then on. */
export async function attachVolume(
  service: Service,
  id: string,
  { volumeId, device }: { readonly volumeId: string; readonly device?: string | undefined },
  signal?: AbortSignal,
): Promise<void> {
  await serversOf(service).act(id, {
    below: "/os-volume_attachments",
    method: "POST",
    body: { volumeAttachment: { volumeId, ...(device !== undefined && { device }) } },
    action: `attach volume ${volumeId} to server ${id}`,
    schema: z.unknown(),
    ...(signal && { signal }),
  });
}

/** Nova answers before it is detached. False when it was so already. */
export const detachPort = (service: Service, id: string, portId: string, signal?: AbortSignal): Promise<boolean> =>
  detach(service, id, { below: `/os-interface/${encodeURIComponent(portId)}`, what: `port ${portId}` }, signal);

/** Nova answers before it is detached. False when it was so already. */
export const detachVolume = (service: Service, id: string, volumeId: string, signal?: AbortSignal): Promise<boolean> =>
  detach(
    service,
    id,
    { below: `/os-volume_attachments/${encodeURIComponent(volumeId)}`, what: `volume ${volumeId}` },
    signal,
  );

async function detach(
  service: Service,
  id: string,
  { below, what }: { readonly below: string; readonly what: string },
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    await serversOf(service).act(id, {
      below,
      method: "DELETE",
      action: `detach ${what} from server ${id}`,
      schema: z.unknown(),
      ...(signal && { signal }),
    });
    return true;
  } catch (error) {
    if (means(error, "NotFound")) return false;
    throw error;
  }
}

/** Makes these all of its tags. Returns them as Nova has them. */
export function setServerTags(
  service: Service,
  id: string,
  tags: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  return serversOf(service).act(id, {
    below: "/tags",
    method: "PUT",
    body: { tags },
    action: `set tags of server ${id}`,
    schema: z.object({ tags: z.array(z.string()) }).transform((answer) => answer.tags),
    ...(signal && { signal }),
  });
}

/** Makes this all of its metadata. Returns it as Nova has it. */
export function setServerMetadata(
  service: Service,
  id: string,
  metadata: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Record<string, string>> {
  return serversOf(service).act(id, {
    below: "/metadata",
    method: "PUT",
    body: { metadata },
    action: `set metadata of server ${id}`,
    schema: z.object({ metadata: z.record(z.string(), z.string()) }).transform((answer) => answer.metadata),
    ...(signal && { signal }),
  });
}

/** A resize is two requests: with the first it goes on with the other flavor, with the second it stays with it. */
export type Resize =
  | { readonly do: "resize"; readonly flavorId: string }
  /** Ends what VERIFY_RESIZE says: stay with the new one, or go back. */
  | { readonly do: "confirm" | "revert" };

export async function resizeServer(service: Service, id: string, step: Resize, signal?: AbortSignal): Promise<void> {
  const bodies = {
    resize: { resize: { flavorRef: step.do === "resize" ? step.flavorId : "" } },
    confirm: { confirmResize: null },
    revert: { revertResize: null },
  };
  await serversOf(service).act(id, {
    below: "/action",
    method: "POST",
    body: bodies[step.do],
    action: `${step.do === "resize" ? "resize" : `${step.do} resize of`} server ${id}`,
    schema: z.unknown(),
    ...(signal && { signal }),
  });
}
