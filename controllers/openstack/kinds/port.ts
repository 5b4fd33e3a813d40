import type { PortFilter, PortResource } from "../../../crds/openstack/port.ts";
import { networks, ports, projects, securityGroups, servers, subnets } from "../../../crds/openstack/types.ts";
import type { RemoteFixedIp, RemotePort } from "../../../openstack/neutron/ports.ts";
import { portsOf } from "../../../openstack/neutron/ports.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Draft } from "../../../openstack/wire.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import { addressKey, isMadeOfMac, isSameAddress } from "../addresses.ts";
import { differences, fieldsChange, isSameSet } from "../differences.ts";
import { namedProject } from "../home-project.ts";
import { leftBehindIn, tagChange } from "../neutron.ts";
import { referencesIn } from "../references.ts";

export const portActuator: Actuator<PortResource, PortFilter, RemotePort> = {
  type: ports,
  references(spec) {
    const { addresses = [], securityGroupRefs = [], hostID: { serverRef } = {} } = spec.resource ?? {};
    return [
      ...referencesIn(spec, { networkRef: networks, projectRef: projects }),
      ...addresses.map(({ subnetRef }, at) => ({
        field: `resource.addresses[${at}].subnetRef`,
        type: subnets,
        name: subnetRef,
      })),
      ...securityGroupRefs.map((name) => ({ field: "resource.securityGroupRefs", type: securityGroups, name })),
      ...(serverRef === undefined || serverRef === ""
        ? []
        : [{ field: "resource.hostID.serverRef", type: servers, name: serverRef }]),
    ];
  },
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => portsOf(cloud).get(id, signal),
  find(context, { name, description, networkRef, projectRef, adminStateUp, macAddress, ...tags }) {
    const { cloud, signal, idOf } = context;
    const query = {
      ...{ name, description, admin_state_up: adminStateUp, mac_address: macAddress },
      network_id: networkRef && idOf(networks, networkRef),
      project_id: namedProject(context, { projectRef }),
    };
    return portsOf(cloud).find({ ...query, ...tagQuery(tags) }, signal);
  },
  leftBehind: (context) => leftBehindIn(portsOf(context.cloud), context),
  // Neutron deletes one from under a server.
  isUnused: ({ deviceID = "" }) => deviceID === "",
  create(context, resource) {
    const { cloud, signal, idOf, name, tag } = context;
    const { adminStateUp, macAddress, vnicType, trustedVIF, propagateUplinkStatus } = resource;
    const { networkRef, valueSpecs = [] } = resource;
    return portsOf(cloud).create(
      {
        ...{ name: resource.name ?? name, description: tag, adminStateUp, macAddress },
        ...{ vnicType, trustedVIF, propagateUplinkStatus },
        ...(resource.portSecurity !== "Inherit" && { portSecurityEnabled: resource.portSecurity === "Enabled" }),
        networkID: idOf(networks, networkRef),
        projectID: namedProject(context, resource),
        hostID: hostOf(context, resource),
        // Neutron would choose for itself where these are not said.
        fixedIPs: wantedIps(context, resource),
        securityGroups: wantedGroups(context, resource),
        allowedAddressPairs: resource.allowedAddressPairs,
      },
      signal,
      Object.fromEntries(valueSpecs.map(({ key, value }) => [key, value])),
    );
  },
  changes: (context, resource, remote) => [
    ...fieldsChange(changedFields(context, resource, remote), ({ cloud, signal }, change) =>
      portsOf(cloud).update(remote.id, change, signal),
    ),
    ...tagChange("ports", resource.tags, remote, context),
  ],
  async delete({ cloud, signal }, { id }) {
    await portsOf(cloud).delete(id, signal);
    return "gone";
  },
  // It can be used as soon as it is there: it is DOWN until something is plugged in.
  stateOf: ({ status }) => (status === "ERROR" ? { kind: "failed", message: "Neutron reports status ERROR" } : ready),
  observe: ({ id: _id, ...rest }) => rest,
};

const wantedIps = ({ idOf }: Context, { addresses = [] }: PortResource): RemoteFixedIp[] =>
  addresses.map(({ ip, subnetRef }) => ({ ip, subnetID: idOf(subnets, subnetRef) }));

const wantedGroups = ({ idOf }: Context, { securityGroupRefs = [] }: PortResource): string[] =>
  securityGroupRefs.map((name) => idOf(securityGroups, name));

function hostOf({ observedOf }: Context, { hostID }: PortResource): string | undefined {
  const { id, serverRef } = hostID ?? {};
  if (serverRef === undefined || serverRef === "") return id;
  const { hostID: host } = (observedOf(servers, serverRef) ?? {}) as { readonly hostID?: string | undefined };
  if (host !== undefined && host !== "") return host;
  throw new WaitingError(`Waiting for Server "${serverRef}" (resource.hostID.serverRef) to have a host in its status`);
}

function changedFields(context: Context, resource: PortResource, remote: RemotePort): Draft<RemotePort> {
  const {
    name = context.name,
    description = "",
    adminStateUp,
    portSecurity,
    vnicType,
    trustedVIF,
    macAddress,
  } = resource;
  const portSecurityEnabled = portSecurity === "Inherit" ? undefined : portSecurity === "Enabled";
  const {
    macAddress: mac = "",
    fixedIPs: ips = [],
    allowedAddressPairs: pairs = [],
    securityGroups: groups = [],
  } = remote;
  const { allowedAddressPairs = [] } = resource;
  const fixedIPs = changedIps(wantedIps(context, resource), ips, mac);
  const wanted = wantedGroups(context, resource);
  return {
    ...differences({ name, description, adminStateUp, portSecurityEnabled, vnicType, trustedVIF }, remote),
    ...(macAddress !== undefined && macText(macAddress) !== macText(mac) && { macAddress }),
    ...(fixedIPs !== undefined && { fixedIPs }),
    ...(!isSameSet(wanted, groups) && { securityGroups: wanted }),
    ...(!isSameSet(pairTexts(allowedAddressPairs, macAddress ?? mac), pairTexts(pairs, mac)) && {
      allowedAddressPairs,
    }),
    ...changedHost(context, resource, remote),
  };
}

/** As Neutron writes them. */
const macText = (mac: string): string =>
  (
    mac
      .toLowerCase()
      .replace(/[^0-9a-f]/g, "")
      .match(/../g) ?? []
  ).join(":");

type Pairs = NonNullable<RemotePort["allowedAddressPairs"]>;

/** One without a MAC address is for the port's own. */
const pairTexts = (pairs: Pairs, ownMac: string): readonly string[] =>
  pairs.map(({ ip, mac = ownMac }) => `${addressKey(ip)} ${macText(mac)}`);

/** Whoever may not see the host cannot change it; what a server uses is bound by Nova. */
function changedHost(context: Context, resource: PortResource, remote: RemotePort): Draft<Pick<RemotePort, "hostID">> {
  if (resource.hostID === undefined || remote.hostID === undefined) return {};
  if (remote.deviceOwner?.startsWith("compute:") === true) return {};
  const hostID = hostOf(context, resource);
  return hostID === undefined || hostID === remote.hostID ? {} : { hostID };
}

/**
 * All addresses that the port is to have, where it does not have just those; one that it has stays where any of the
 * subnet will do. What IPv6 made of its MAC address it has by being on the network.
 */
export function changedIps(
  wanted: readonly RemoteFixedIp[],
  now: readonly RemoteFixedIp[],
  mac: string,
): RemoteFixedIp[] | undefined {
  const rest = [...now];
  const take = (fits: (one: RemoteFixedIp) => boolean): RemoteFixedIp | undefined => {
    const at = rest.findIndex(fits);
    return at < 0 ? undefined : rest.splice(at, 1)[0];
  };
  const isOf = (subnetID: string | undefined) => (one: RemoteFixedIp) => one.subnetID === subnetID;
  // Those that have to be a certain one come first, so that none of them is taken by one that can be any.
  const certain = wanted.map(({ ip, subnetID }) =>
    ip === undefined ? undefined : take((one) => isOf(subnetID)(one) && isSameAddress(one.ip ?? "", ip)),
  );
  const found = wanted.map(({ ip, subnetID }, at) => (ip === undefined ? take(isOf(subnetID)) : certain[at]));
  const isTooMuch = rest.some(({ ip = "" }) => !isMadeOfMac(ip, mac));
  if (!isTooMuch && found.every((one) => one !== undefined)) return undefined;
  return wanted.map((one, at) => found[at] ?? one);
}
