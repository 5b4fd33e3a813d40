import type { NetworkFilter, NetworkResource } from "../../../crds/openstack/network.ts";
import { networks } from "../../../crds/openstack/types.ts";
import type { RemoteNetwork } from "../../../openstack/neutron/networks.ts";
import { networksOf } from "../../../openstack/neutron/networks.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Actuator } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { described, differences } from "../differences.ts";
import { leftBehindIn, tagChange } from "../neutron.ts";

export const networkActuator: Actuator<NetworkResource, NetworkFilter, RemoteNetwork> = {
  type: networks,
  references: () => [],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => networksOf(cloud).get(id, signal),
  find: ({ cloud, signal }, { name, description, external, ...tags }) =>
    networksOf(cloud).find({ name, description, "router:external": external, ...tagQuery(tags) }, signal),
  leftBehind: (context) => leftBehindIn(networksOf(context.cloud), context),
  // Neutron deletes subnets with it that have no ports.
  isUnused: ({ subnets = [] }) => subnets.length === 0,
  create({ cloud, signal, name, tag }, { tags: _later, ...fields }) {
    return networksOf(cloud).create({ name, ...fields, description: tag }, signal);
  },
  changes(context, { tags, availabilityZoneHints: _fixed, ...fields }, remote) {
    const { name = context.name, description = "" } = fields;
    const change = differences({ ...fields, name, description }, remote);
    return [
      ...(Object.keys(change).length === 0
        ? []
        : [
            {
              what: described(change),
              perform: ({ cloud, signal }: typeof context) => networksOf(cloud).update(remote.id, change, signal),
            },
          ]),
      ...tagChange("networks", tags, remote, context),
    ];
  },
  async delete({ cloud, signal }, { id }) {
    await networksOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: ({ status }) => (status === "ERROR" ? { kind: "failed", message: "Neutron reports status ERROR" } : ready),
  observe: ({
    id: _id,
    projectId: projectID,
    providerNetworkType: networkType,
    providerPhysicalNetwork: physicalNetwork,
    providerSegmentationId: segmentationID,
    ...rest
  }) => ({ ...rest, projectID, provider: { networkType, physicalNetwork, segmentationID } }),
};
