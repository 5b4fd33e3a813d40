import type { RouterInterfaceSpec } from "../../../crds/openstack/router-interface.ts";
import { routerInterfaces, routers, subnets } from "../../../crds/openstack/types.ts";
import { OpenStackError } from "../../../openstack/errors.ts";
import type { RemotePort } from "../../../openstack/neutron/ports.ts";
import { portsOf } from "../../../openstack/neutron/ports.ts";
import { interfacesOn, isInterface, removeInterface } from "../../../openstack/neutron/router-interfaces.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { attach } from "../attach.ts";

/** What it is is a port; several of IPv6 share one. Its spec is what is asked for. */
export const routerInterfaceActuator: Actuator<RouterInterfaceSpec, never, RemotePort, RouterInterfaceSpec> = {
  type: routerInterfaces,
  references: ({ routerRef, subnetRef }) => [
    { field: "routerRef", type: routers, name: routerRef },
    ...(subnetRef === undefined ? [] : [{ field: "subnetRef", type: subnets, name: subnetRef }]),
  ],
  resourceOf: (spec) => spec,
  lenderOf: ({ routerRef }) => ({ field: "routerRef", type: routers, name: routerRef }),
  idOf: ({ id }) => id,
  async get({ cloud, signal }, id) {
    const port = await portsOf(cloud).get(id, signal);
    return port !== undefined && isInterface(port) ? port : undefined;
  },
  find: () => Promise.resolve([]),
  /** A router has no two interfaces on one subnet: what is there is what was asked for. */
  leftBehind(context, resource) {
    const [routerID, subnetID] = idsOf(context, resource);
    return interfacesOn(context.cloud, subnetID, routerID, context.signal);
  },
  create: (context, resource) => made(context, ...idsOf(context, resource)),
  changes(context, resource, remote) {
    const [routerID, subnetID] = idsOf(context, resource);
    const isOn = remote.fixedIPs?.some((one) => one.subnetID === subnetID) === true;
    if (isOn && remote.deviceID === routerID) return [];
    return [
      {
        what: `move to Router "${resource.routerRef}", Subnet "${resource.subnetRef ?? ""}"`,
        async perform(current) {
          if (isOn) await remove(current, remote, resource);
          return made(current, routerID, subnetID);
        },
      },
    ];
  },
  async delete(context, remote, resource) {
    await remove(context, remote, resource);
    return "gone";
  },
  stateOf: ({ status }) => (status === "ERROR" ? { kind: "failed", message: "Neutron reports status ERROR" } : ready),
  observe: ({ status, networkID, macAddress, fixedIPs }) => ({ status, networkID, macAddress, fixedIPs }),
};

const idsOf = ({ idOf }: Context, { routerRef, subnetRef = "" }: RouterInterfaceSpec): readonly [string, string] => [
  idOf(routers, routerRef),
  idOf(subnets, subnetRef),
];

/** Once it is made, nothing fails: where its port cannot be looked at, what is known of it has to do. */
async function made(context: Context, routerID: string, subnetID: string): Promise<RemotePort> {
  const id = await attach(context, routerID, subnetID);
  const known = { id, name: "", deviceID: routerID, fixedIPs: [{ subnetID }] };
  try {
    return (await portsOf(context.cloud).get(id, context.signal)) ?? known;
  } catch (error) {
    if (error instanceof OpenStackError) return known;
    throw error;
  }
}

/** From the router that has it, which the one that is named need not be any more. */
const remove = (
  { cloud, signal, idOf }: Context,
  { deviceID = "" }: RemotePort,
  { subnetRef = "" }: RouterInterfaceSpec,
) => removeInterface(cloud, deviceID, idOf(subnets, subnetRef), signal);
