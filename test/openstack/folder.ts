/** The folder of 60 objects that issue 5 names: what a small project has. */
import { openstackGroup } from "../../crds/openstack/external.ts";
import type { KubeObject } from "../../crds/meta.ts";

/**
 * How many of each the folder makes in the cloud. The interfaces of the first router are ports, too. A project may have ten
 * security groups unless somebody says otherwise, and the default one is there already.
 */
export const folderCounts = { networks: 3, subnets: 3, routers: 2, securityGroups: 9, ports: 30, volumes: 10 } as const;

const interfaces = folderCounts.subnets;

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

/** As manifests, in an order in which nothing is there yet when it is named: interfaces and ports first. */
export function folder(namespace: string, secretName: string, cloudName: string): readonly Partial<KubeObject>[] {
  const object = (kind: string, name: string, spec: object): Partial<KubeObject> => ({
    apiVersion: `${openstackGroup}/v1alpha1`,
    kind,
    ...{ metadata: { namespace, name } as KubeObject["metadata"], spec },
  });
  const managed = (kind: string, name: string, resource: object): Partial<KubeObject> =>
    object(kind, name, { cloudCredentialsRef: { secretName, cloudName }, resource });
  return [
    ...numbers(interfaces).map((n) =>
      object("RouterInterface", `interface-${n}`, { type: "Subnet", routerRef: "router-0", subnetRef: `subnet-${n}` }),
    ),
    ...numbers(folderCounts.ports).map((n) => {
      const net = n % folderCounts.networks;
      return managed("Port", `port-${n}`, {
        networkRef: `network-${net}`,
        addresses: [{ subnetRef: `subnet-${net}` }],
        securityGroupRefs: [`group-${n % folderCounts.securityGroups}`],
      });
    }),
    ...numbers(folderCounts.subnets).map((n) =>
      managed("Subnet", `subnet-${n}`, { networkRef: `network-${n}`, ipVersion: 4, cidr: `10.40.${n}.0/24` }),
    ),
    ...numbers(folderCounts.routers).map((n) => managed("Router", `router-${n}`, {})),
    ...numbers(folderCounts.networks).map((n) => managed("Network", `network-${n}`, {})),
    ...numbers(folderCounts.securityGroups).map((n) =>
      managed("SecurityGroup", `group-${n}`, {
        rules: [{ direction: "ingress", ethertype: "IPv4", protocol: "tcp", portRange: { min: 80 + n, max: 80 + n } }],
      }),
    ),
    ...numbers(folderCounts.volumes).map((n) => managed("Volume", `volume-${n}`, { size: 1 })),
  ];
}
