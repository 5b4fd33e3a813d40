import type { RouterInterfaceSpec } from "../../../crds/openstack/router-interface.ts";
import { routerInterfaceKind } from "../../../crds/openstack/router-interface.ts";
import { routers } from "../../../crds/openstack/router.ts";
import { subnets } from "../../../crds/openstack/subnet.ts";
import { means } from "../../../openstack/errors.ts";
import type { RemotePort } from "../../../openstack/neutron/ports.ts";
import { portsOf } from "../../../openstack/neutron/ports.ts";
import { addInterface, interfacesOn, isInterface, removeInterface } from "../../../openstack/neutron/router-interfaces.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";

/** How soon an interface is asked for again that the router or the subnet does not allow as they are. */
const refusedPollMs = 5000;

/** What it is is a port; several of IPv6 share one. Its spec is what is asked for. */
export const routerInterfaceActuator: Actuator<RouterInterfaceSpec, never, RemotePort, RouterInterfaceSpec> = {
  kind: routerInterfaceKind,
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
  leftBehind: (context, resource) => present(context, resource),
  async create(context, resource) {
    const { cloud, signal } = context;
    const [routerID, subnetID] = idsOf(context, resource);
    try {
      const id = await addInterface(cloud, routerID, subnetID, signal);
      return await here(context, id);
    } catch (error) {
      if (!means(error, "BadRequest", "Conflict")) throw error;
      const [already] = await present(context, resource);
      if (already !== undefined) return already;
      // It is what the router and the subnet are like that does not allow it, and that can change: a subnet without a
      // gateway, a range that another interface has. Source: neutron/db/l3_db.py, _add_interface_by_subnet.
      throw means(error, "BadRequest") ? new WaitingError(error.message, refusedPollMs) : error;
    }
  },
  changes(context, resource, remote) {
    const [routerID, subnetID] = idsOf(context, resource);
    const isOn = remote.fixedIPs?.some((one) => one.subnetID === subnetID) === true;
    if (isOn && remote.deviceID === routerID) return [];
    return [
      {
        what: `move to Router "${resource.routerRef}", Subnet "${resource.subnetRef ?? ""}"`,
        async perform(current) {
          if (isOn) await remove(current, remote, resource);
          return here(current, await addInterface(current.cloud, routerID, subnetID, current.signal));
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

function present(context: Context, resource: RouterInterfaceSpec): Promise<readonly RemotePort[]> {
  const [routerID, subnetID] = idsOf(context, resource);
  return interfacesOn(context.cloud, subnetID, routerID, context.signal);
}

async function here({ cloud, signal }: Context, id: string): Promise<RemotePort> {
  const port = await portsOf(cloud).get(id, signal);
  if (port === undefined) throw new WaitingError(`Waiting for port ${id} of the interface: it was deleted as soon as made`);
  return port;
}

/** From the router that has it, which the one that is named need not be any more. */
const remove = ({ cloud, signal, idOf }: Context, { deviceID = "" }: RemotePort, { subnetRef = "" }: RouterInterfaceSpec) =>
  removeInterface(cloud, deviceID, idOf(subnets, subnetRef), signal);
