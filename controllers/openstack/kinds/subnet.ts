import type { SubnetFilter, SubnetResource } from "../../../crds/openstack/subnet.ts";
import { networks, projects, routers, subnets } from "../../../crds/openstack/types.ts";
import { means } from "../../../openstack/errors.ts";
import { interfacesOn, removeInterface } from "../../../openstack/neutron/router-interfaces.ts";
import type { RemoteSubnet } from "../../../openstack/neutron/subnets.ts";
import { subnetsOf } from "../../../openstack/neutron/subnets.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Draft } from "../../../openstack/wire.ts";
import type { Actuator, Change, Context } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import { addressKey, firstAddress, isSameAddress } from "../addresses.ts";
import { attach } from "../attach.ts";
import { differences, fieldsChange, isSameSet } from "../differences.ts";
import { namedProject } from "../home-project.ts";
import { leftBehindIn, tagChange } from "../neutron.ts";
import { referencesIn } from "../references.ts";

/** A subnet, and the routers that have an interface on it where it asks for one. */
export type SeenSubnet = RemoteSubnet & { readonly routerIDs?: readonly string[] | undefined };

/** How soon a range is asked for again that another subnet has, which may be about to go. */
const overlapPollMs = 5000;

export const subnetActuator: Actuator<SubnetResource, SubnetFilter, SeenSubnet> = {
  type: subnets,
  references: (spec) => referencesIn(spec, { networkRef: networks, routerRef: routers, projectRef: projects }),
  idOf: ({ id }) => id,
  async get({ cloud, signal }, id, resource) {
    const [subnet, interfaces] = await Promise.all([
      subnetsOf(cloud).get(id, signal),
      resource?.routerRef === undefined ? undefined : interfacesOn(cloud, id, undefined, signal),
    ]);
    if (subnet === undefined || interfaces === undefined) return subnet;
    return { ...subnet, routerIDs: interfaces.map(({ deviceID = "" }) => deviceID) };
  },
  find(context, { name, description, ipVersion, gatewayIP, cidr, ipv6, networkRef, projectRef, ...tags }) {
    const { cloud, signal, idOf } = context;
    const query = {
      ...{ name, description, cidr, ip_version: ipVersion, gateway_ip: gatewayIP },
      ...{ ipv6_address_mode: ipv6?.addressMode, ipv6_ra_mode: ipv6?.raMode },
      network_id: networkRef && idOf(networks, networkRef),
      project_id: namedProject(context, { projectRef }),
    };
    return subnetsOf(cloud).find({ ...query, ...tagQuery(tags) }, signal);
  },
  leftBehind: (context) => leftBehindIn(subnetsOf(context.cloud), context),
  // Neutron deletes none that is in use.
  isUnused: () => true,
  async create(context, resource) {
    const { cloud, signal, idOf, name, tag } = context;
    const { tags: _later, routerRef: _then, networkRef, projectRef, gateway, ipv6, ...fields } = resource;
    try {
      return await subnetsOf(cloud).create(
        {
          name,
          ...fields,
          description: tag,
          ...(gateway?.type === "IP" && { gatewayIP: gateway.ip }),
          ...(gateway?.type === "None" && { gatewayIP: null }),
          networkID: idOf(networks, networkRef),
          projectID: namedProject(context, { projectRef }),
          ipv6AddressMode: ipv6?.addressMode,
          ipv6RAMode: ipv6?.raMode,
        },
        signal,
      );
    } catch (error) {
      // Source: neutron/db/ipam_backend_mixin.py, _validate_subnet_cidr: 400, though it passes when the other one goes.
      if (means(error, "BadRequest") && error.message.includes("overlaps with another subnet"))
        throw new WaitingError(error.message, overlapPollMs);
      throw error;
    }
  },
  changes: (context, resource, remote) => [
    ...fieldsChange(changedFields(context, resource, remote), ({ cloud, signal }, change) =>
      subnetsOf(cloud).update(remote.id, change, signal),
    ),
    ...tagChange("subnets", resource.tags, remote, context),
    ...attachment(context, resource, remote),
  ],
  async delete({ cloud, signal, idOf }, { id, routerIDs = [] }, { routerRef }) {
    if (routerRef !== undefined && routerIDs.length > 0)
      await removeInterface(cloud, idOf(routers, routerRef), id, signal);
    await subnetsOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ id: _id, routerIDs: _routers, ...rest }) => rest,
};

type Pools = NonNullable<RemoteSubnet["allocationPools"]>;
type Routes = NonNullable<RemoteSubnet["hostRoutes"]>;

const poolTexts = (pools: Pools): readonly string[] =>
  pools.map(({ start, end }) => `${addressKey(start)} ${addressKey(end)}`);

const routeTexts = (routes: Routes): readonly string[] =>
  routes.map(({ destination, nextHop }) => `${addressKey(destination)} ${addressKey(nextHop)}`);

function changedFields(context: Context, resource: SubnetResource, remote: RemoteSubnet): Draft<RemoteSubnet> {
  const { name = context.name, description = "", enableDHCP, dnsPublishFixedIP } = resource;
  const { allocationPools, dnsNameservers = [], hostRoutes = [], gateway } = resource;
  const nameservers = remote.dnsNameservers ?? [];
  return {
    ...differences({ name, description, enableDHCP, dnsPublishFixedIP }, remote),
    ...(allocationPools !== undefined &&
      !isSameSet(poolTexts(allocationPools), poolTexts(remote.allocationPools ?? [])) && { allocationPools }),
    // Whoever gets them asks the first one first.
    ...(dnsNameservers.map(addressKey).join() !== nameservers.map(addressKey).join() && { dnsNameservers }),
    ...(!isSameSet(routeTexts(hostRoutes), routeTexts(remote.hostRoutes ?? [])) && { hostRoutes }),
    ...changedGateway(gateway, remote),
  };
}

function changedGateway(
  gateway: SubnetResource["gateway"],
  { gatewayIP, cidr = "" }: RemoteSubnet,
): Draft<Pick<RemoteSubnet, "gatewayIP">> {
  switch (gateway?.type) {
    case "None":
      return gatewayIP === undefined ? {} : { gatewayIP: null };
    case "IP":
      return gateway.ip === undefined || (gatewayIP !== undefined && isSameAddress(gatewayIP, gateway.ip))
        ? {}
        : { gatewayIP: gateway.ip };
    case "Automatic":
      return gatewayIP === undefined ? { gatewayIP: firstAddress(cidr) } : {};
    case undefined:
      return {};
  }
}

function attachment(
  { idOf }: Context,
  { routerRef }: SubnetResource,
  remote: SeenSubnet,
): readonly Change<SeenSubnet>[] {
  if (routerRef === undefined) return [];
  const routerID = idOf(routers, routerRef);
  if (remote.routerIDs?.includes(routerID) === true) return [];
  return [
    {
      what: `attach to Router "${routerRef}"`,
      async perform(context, latest = remote) {
        await attach(context, routerID, remote.id);
        return { ...latest, routerIDs: [routerID] };
      },
    },
  ];
}
