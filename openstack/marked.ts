/** What in a cloud carries the mark of an object, for who looks for what nobody looks after any more. */
import { z } from "zod";
import type { Query } from "./collection.ts";
import { means, OpenStackError } from "./errors.ts";
import type { Service, ServiceType } from "./service.ts";

export interface Marked {
  readonly service: ServiceType;
  /** For people: port. */
  readonly noun: string;
  readonly id: string;
  readonly name: string;
  /** Of the object that it was made for. */
  readonly uid: string;
}

interface Place {
  readonly service: ServiceType;
  readonly noun: string;
  /** Below the service's endpoint, where one stands by its id. */
  readonly path: string;
  /** Where lists come from, if not `path`. */
  readonly listPath?: string;
  /** Key that a list is wrapped in. */
  readonly plural: string;
  /** What narrows a list to a project, of a service that tells administrators of all. */
  readonly ofProject?: string;
  readonly query?: Query;
  readonly microversion?: string;
}

const neutron = (noun: string, path: string, plural: string): Place => ({
  service: "network",
  noun,
  path,
  plural,
  ofProject: "project_id",
});

/** Nova's, since which servers tell of their tags, and flavors of their extra specs. */
const tellsAll = "2.79";

/** In the order in which they let go of each other. What is left out has no place for a mark, or is Keystone's. */
const places: readonly Place[] = [
  {
    service: "compute",
    noun: "server",
    path: "/servers",
    listPath: "/servers/detail",
    plural: "servers",
    microversion: tellsAll,
  },
  neutron("floating IP", "/floatingips", "floatingips"),
  neutron("trunk", "/trunks", "trunks"),
  neutron("router", "/routers", "routers"),
  neutron("port", "/ports", "ports"),
  neutron("subnet", "/subnets", "subnets"),
  neutron("network", "/networks", "networks"),
  neutron("security group", "/security-groups", "security_groups"),
  neutron("subnet pool", "/subnetpools", "subnetpools"),
  { service: "block-storage", noun: "volume backup", path: "/backups", listPath: "/backups/detail", plural: "backups" },
  {
    service: "block-storage",
    noun: "volume snapshot",
    path: "/snapshots",
    listPath: "/snapshots/detail",
    plural: "snapshots",
  },
  { service: "block-storage", noun: "volume", path: "/volumes", listPath: "/volumes/detail", plural: "volumes" },
  {
    service: "block-storage",
    noun: "volume type",
    path: "/types",
    plural: "volume_types",
    query: { is_public: "None" },
  },
  { service: "image", noun: "image", path: "/images", plural: "images", ofProject: "owner" },
  {
    service: "compute",
    noun: "flavor",
    path: "/flavors",
    listPath: "/flavors/detail",
    plural: "flavors",
    query: { is_public: "None" },
    microversion: tellsAll,
  },
];

const tagged = /^stowage\.dev[/:]uid=(.+)$/;
const key = /^stowage\.dev[/:]uid$/;

/** The uid in a mark: a tag, a pair of metadata or extra specs, or what a flavor has before it can have those. Pure. */
export function uidOf(resource: Readonly<Record<string, unknown>>): string | undefined {
  const { tags, description, metadata, extra_specs: extraSpecs } = resource;
  const words = [...(Array.isArray(tags) ? (tags as readonly unknown[]) : []), description];
  for (const word of words) {
    const uid = typeof word === "string" ? tagged.exec(word)?.[1] : undefined;
    if (uid !== undefined) return uid;
  }
  for (const pairs of [metadata, extraSpecs]) {
    if (typeof pairs !== "object" || pairs === null) continue;
    const [, uid] = Object.entries(pairs).find(([name]) => key.test(name)) ?? [];
    if (typeof uid === "string") return uid;
  }
  return undefined;
}

const anyResource = z.looseObject({ id: z.string(), name: z.string().nullish() });

export interface MarkedList {
  /** Those before others that could hold them. */
  readonly marked: readonly Marked[];
  /** Why some were not looked at. */
  readonly failures: readonly Error[];
}

/**
 * All that carries a mark in the project that `service` is for, and of what belongs to none. Throws OpenStackError where it
 * is for no project: an administrator would be told of all.
 */
export async function listMarked(service: Service, signal?: AbortSignal): Promise<MarkedList> {
  const project = await service.projectId(signal);
  if (project === undefined)
    throw new OpenStackError({
      action: "list what carries a mark",
      meaning: "BadRequest",
      message: "the credentials are for no project: name one",
    });
  const looks = await Promise.allSettled(places.map((place) => listAt(service, place, project, signal)));
  signal?.throwIfAborted();
  return {
    marked: looks.flatMap((look) => (look.status === "fulfilled" ? look.value : [])),
    failures: looks.flatMap((look) =>
      // A service without an extension does not know its lists.
      look.status === "rejected" && !means(look.reason, "NotFound") ? [look.reason as Error] : [],
    ),
  };
}

async function listAt(
  service: Service,
  place: Place,
  project: string,
  signal: AbortSignal | undefined,
): Promise<readonly Marked[]> {
  const { noun, path, listPath = path, plural, ofProject, microversion } = place;
  const all = await service.list({
    service: place.service,
    path: listPath,
    query: { ...place.query, ...(ofProject !== undefined && { [ofProject]: project }) },
    ...(microversion !== undefined && { microversion }),
    action: `list ${noun}s`,
    schema: z
      .looseObject({ [plural]: z.array(anyResource) })
      .transform((page) => page[plural] as readonly z.infer<typeof anyResource>[]),
    ...(signal && { signal }),
  });
  return all.flatMap((one) => {
    const uid = uidOf(one);
    return uid === undefined ? [] : [{ service: place.service, noun, id: one.id, name: one.name ?? "", uid }];
  });
}

/** Asks for its deletion; what is gone is deleted. Throws OpenStackError, Conflict where something else has to go first. */
export async function deleteMarked(service: Service, marked: Marked, signal?: AbortSignal): Promise<void> {
  const place = places.find(({ noun }) => noun === marked.noun);
  if (place === undefined) throw new TypeError(`no ${marked.noun} is known`);
  if (marked.noun === "router") await removeInterfaces(service, marked.id, signal);
  await unlessGone(
    service.request({
      service: place.service,
      method: "DELETE",
      path: `${place.path}/${encodeURIComponent(marked.id)}`,
      action: `delete ${marked.noun} ${marked.id}`,
      schema: z.unknown(),
      ...(signal && { signal }),
    }),
  );
}

/** They have no mark of their own, and keep a router. */
async function removeInterfaces(service: Service, id: string, signal: AbortSignal | undefined): Promise<void> {
  const ports = await service.list({
    service: "network",
    path: "/ports",
    query: { device_id: id },
    action: `list interfaces of router ${id}`,
    schema: z
      .object({ ports: z.array(z.object({ id: z.string(), device_owner: z.string() })) })
      .transform((page) => page.ports),
    ...(signal && { signal }),
  });
  for (const port of ports.filter(({ device_owner: owner }) => /^network:.*router_interface/.test(owner)))
    await unlessGone(
      service.request({
        service: "network",
        method: "PUT",
        path: `/routers/${encodeURIComponent(id)}/remove_router_interface`,
        body: { port_id: port.id },
        action: `remove interface ${port.id} of router ${id}`,
        schema: z.unknown(),
        ...(signal && { signal }),
      }),
    );
}

async function unlessGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!means(error, "NotFound")) throw error;
  }
}
