/** Source: kubernetes/pkg/scheduler/framework/plugins/nodeports/node_ports.go. */
import type { HostPort } from "../want.ts";
import type { Filter } from "./filter.ts";

export const portKey = ({ protocol, port }: HostPort): string => `${protocol}/${port}`;

/** Whether both cannot be had: the same port, and an address in common. */
const clash = (a: string, b: string): boolean => a === "" || b === "" || a === b;

export const hostPorts: Filter = {
  name: "HostPorts",
  makesRoom: true,
  prepare: ({ ports }) =>
    ports.length === 0
      ? undefined
      : (candidate) => {
          const busy = ports.find((port) => candidate.ports.get(portKey(port))?.some((ip) => clash(ip, port.ip)));
          return busy && `has host port ${busy.port}/${busy.protocol} taken`;
        },
};
