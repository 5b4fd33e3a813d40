/**
 * What the kinds of Keystone have in common. It does not tell when something was made, and names are unique there, so
 * that what is ours is told by our mark alone, and the mark is set with the creation.
 */
import type { ResourceType } from "../../crds/meta.ts";
import type { ExternalSpec } from "../../crds/openstack/external.ts";
import type { InDomainFilter, InDomainResource } from "../../crds/openstack/keystone.ts";
import { domains } from "../../crds/openstack/types.ts";
import { means } from "../../openstack/errors.ts";
import type { groupsOf, RemoteNamed } from "../../openstack/keystone/named.ts";
import type { Service } from "../../openstack/service.ts";
import type { Actuator, Change, Context, Reference } from "./actuator.ts";
import { ready } from "./actuator.ts";
import { described, differences } from "./differences.ts";

/** Our mark as a tag. Those of Keystone take no slash: `stowage.dev:uid=<uid>`. */
export const keystoneTag = ({ tag }: Pick<Context, "tag">): string => tag.replace("/", ":");

/** The references that are given, by where they stand. */
export const given = (
  ...all: readonly (readonly [field: string, type: ResourceType, name: string | undefined])[]
): readonly Reference[] => all.flatMap(([field, type, name]) => (name === undefined ? [] : [{ field, type, name }]));

/**
 * Names are unique, so that what a create of ours made whose answer was lost stands in the way of the next one: it is
 * told by our mark, and anybody else's is none of ours.
 */
export async function createOnce<T>(create: () => Promise<T>, leftBehind: () => Promise<readonly T[]>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    if (!means(error, "AlreadyExists", "Conflict")) throw error;
    const [ours] = await leftBehind();
    if (ours === undefined) throw error;
    return ours;
  }
}

interface InDomain {
  readonly domainRef?: string | undefined;
}

/** What a kind in a domain names. */
export const domainReferences = ({
  resource,
  import: imported,
}: ExternalSpec<InDomain, InDomain>): readonly Reference[] =>
  given(
    ["resource.domainRef", domains, resource?.domainRef],
    ["import.filter.domainRef", domains, imported?.filter?.domainRef],
  );

/** The id of what `name` names, where it names anything. */
export const idOfAny = (
  context: Pick<Context, "idOf">,
  type: ResourceType,
  name: string | undefined,
): string | undefined => (name === undefined ? undefined : context.idOf(type, name));

/** One request for all that is not as asked. Keystone leaves out a description that was never given. */
export function changeOf<T extends object, W extends object>(
  wanted: W,
  remote: T,
  update: (context: Context, change: Partial<W>) => Promise<T>,
): readonly Change<T>[] {
  const change = differences(wanted, { description: "", ...remote });
  if (Object.keys(change).length === 0) return [];
  return [{ what: described(change), perform: (context) => update(context, change) }];
}

/** For groups and roles: a name, maybe in a domain. */
export function namedActuator(
  type: ResourceType,
  collectionOf: (service: Service) => ReturnType<typeof groupsOf>,
): Actuator<InDomainResource, InDomainFilter, RemoteNamed> {
  const fieldsOf = (context: Context, { name = context.name, description = "" }: InDomainResource) => ({
    name,
    description,
    stowageUid: context.uid,
  });
  const find = (context: Context, name: string | undefined, domainRef: string | undefined) =>
    collectionOf(context.cloud).find({ name, domain_id: idOfAny(context, domains, domainRef) }, context.signal);
  const leftBehind = async (context: Context, { name = context.name, domainRef }: InDomainResource) => {
    const alike = await find(context, name, domainRef);
    return alike.filter(({ stowageUid }) => stowageUid === context.uid);
  };
  return {
    type,
    references: domainReferences,
    idOf: ({ id }) => id,
    get: ({ cloud, signal }, id) => collectionOf(cloud).get(id, signal),
    find: (context, { name, domainRef }) => find(context, name, domainRef),
    leftBehind,
    create(context, resource) {
      const fields = { ...fieldsOf(context, resource), domainId: idOfAny(context, domains, resource.domainRef) };
      return createOnce(
        () => collectionOf(context.cloud).create(fields, context.signal),
        () => leftBehind(context, resource),
      );
    },
    changes: (context, resource, remote) =>
      changeOf(fieldsOf(context, resource), remote, ({ cloud, signal }, change) =>
        collectionOf(cloud).update(remote.id, change, signal),
      ),
    async delete({ cloud, signal }, { id }) {
      await collectionOf(cloud).delete(id, signal);
      return "gone";
    },
    stateOf: () => ready,
    observe: ({ name, description, domainId: domainID }) => ({ name, description, domainID }),
  };
}
