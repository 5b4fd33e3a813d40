import type { FloatingIPFilter, FloatingIPResource } from "../../../crds/openstack/floating-ip.ts";
import type { SubnetObserved } from "../../../crds/openstack/subnet.ts";
import { floatingIPs, networks, ports, projects, subnets } from "../../../crds/openstack/types.ts";
import type { RemoteFloatingIp } from "../../../openstack/neutron/floating-ips.ts";
import { floatingIpsOf } from "../../../openstack/neutron/floating-ips.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import { isSameAddress } from "../addresses.ts";
import { differences, fieldsChange } from "../differences.ts";
import { namedProject } from "../home-project.ts";
import { leftBehindIn, tagChange } from "../neutron.ts";
import { referencesIn } from "../references.ts";

export const floatingIPActuator: Actuator<FloatingIPResource, FloatingIPFilter, RemoteFloatingIp> = {
  type: floatingIPs,
  references: (spec) =>
    referencesIn(spec, {
      floatingNetworkRef: networks,
      floatingSubnetRef: subnets,
      portRef: ports,
      projectRef: projects,
    }),
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => floatingIpsOf(cloud).get(id, signal),
  find(context, { floatingIP, description, floatingNetworkRef, portRef, projectRef, status, ...tags }) {
    const { cloud, signal } = context;
    const query = {
      floating_ip_address: floatingIP,
      description,
      floating_network_id: floatingNetworkRef && context.idOf(networks, floatingNetworkRef),
      port_id: portRef && context.idOf(ports, portRef),
      project_id: namedProject(context, { projectRef }),
      status,
    };
    return floatingIpsOf(cloud).find({ ...query, ...tagQuery(tags) }, signal);
  },
  leftBehind: (context) => leftBehindIn(floatingIpsOf(context.cloud), context),
  isUnused: ({ portId }) => portId === undefined,
  create(context, resource) {
    const { cloud, signal, tag } = context;
    return floatingIpsOf(cloud).create(
      {
        description: tag,
        ...poolOf(context, resource),
        floatingIpAddress: resource.floatingIP,
        portId: resource.portRef && context.idOf(ports, resource.portRef),
        fixedIpAddress: resource.fixedIP,
        projectId: namedProject(context, resource),
      },
      signal,
    );
  },
  changes(context, { tags, description = "", portRef, fixedIP }, remote) {
    const portId = portRef === undefined ? null : context.idOf(ports, portRef);
    const isMoved = portId !== (remote.portId ?? null);
    const isElsewhere = fixedIP !== undefined && !isSameAddress(fixedIP, remote.fixedIpAddress ?? "");
    const differs = {
      ...differences({ description }, remote),
      ...(isMoved && { portId }),
      ...(isElsewhere && { fixedIpAddress: fixedIP }),
    };
    // Neutron takes the port's first address again with every request that names none.
    const fixedIpAddress = fixedIP ?? (isMoved ? undefined : remote.fixedIpAddress);
    const whole = portId === null ? { portId } : { portId, fixedIpAddress };
    return [
      ...tagChange("floatingips", tags, remote, context),
      ...fieldsChange(differs, ({ cloud, signal }) =>
        floatingIpsOf(cloud).update(remote.id, { description, ...whole }, signal),
      ),
    ];
  },
  async delete({ cloud, signal }, { id }) {
    await floatingIpsOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: ({ status }) => (status === "ERROR" ? { kind: "failed", message: "Neutron reports status ERROR" } : ready),
  observe: ({
    id: _id,
    subnetId: _unknown,
    projectId: projectID,
    floatingNetworkId: floatingNetworkID,
    floatingIpAddress: floatingIP,
    portId: portID,
    fixedIpAddress: fixedIP,
    routerId: routerID,
    ...rest
  }) => ({ ...rest, floatingNetworkID, floatingIP, portID, fixedIP, routerID, projectID, tenantID: projectID }),
};

/** Where the address comes from. Neutron wants the network even where the subnet is chosen. */
function poolOf(
  context: Pick<Context, "idOf" | "observedOf">,
  { floatingNetworkRef, floatingSubnetRef }: FloatingIPResource,
): { readonly floatingNetworkId?: string; readonly subnetId?: string } {
  if (floatingSubnetRef === undefined)
    return floatingNetworkRef === undefined ? {} : { floatingNetworkId: context.idOf(networks, floatingNetworkRef) };
  const { networkID } = (context.observedOf(subnets, floatingSubnetRef) ?? {}) as SubnetObserved;
  if (networkID === undefined) throw new WaitingError(`Waiting for Subnet "${floatingSubnetRef}" to tell its network`);
  return { floatingNetworkId: networkID, subnetId: context.idOf(subnets, floatingSubnetRef) };
}
