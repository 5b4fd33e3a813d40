/** What `stowage server` is told on its command line (cli/commands/server.ts). */
import type { Cidr } from "../../openstack/glance/networks.ts";
import type { LogLevel } from "./log.ts";

export interface ServerOptions {
  /** Where the embedded store, the certificates and admin.kubeconfig live. */
  readonly dataDir: string;
  /** Port 0 is any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** What else clients reach it by: the name or address of a load balancer in front of the replicas. */
  readonly tlsSan: readonly string[];
  readonly store:
    | { readonly type: "sqlite" }
    | {
        readonly type: "etcd";
        readonly endpoints: readonly string[];
        readonly prefix: string;
        /** Paths of PEM files; the certificate and its key come together. */
        readonly tls: { readonly ca: string; readonly cert?: string; readonly key?: string } | undefined;
      };
  /** Which controllers run: `*`, `none`, or names with commas, each left out when a `-` stands before it. */
  readonly controllers: string;
  /** Endpoint of the Engine that becomes Host "local"; the local socket, when it answers, where undefined. */
  readonly docker: string | undefined;
  /** Of Containers that say nothing about it: whether they mind neighbours of other tenants on their Host. */
  readonly defaultTenancy: "Shared" | "Exclusive";
  /** How often what is in OpenStack is compared with its object where that does not say, in ms; 0 never. */
  readonly openstackResyncMs: number;
  /** From which networks, beside public ones, the data of Images may be read. */
  readonly imageDownloadNetworks: readonly Cidr[];
  /** How long a creation that OpenStack never answered may still be carried out, in ms. */
  readonly openstackGraceMs: number;
  /** The Keystone whose tokens users may sign in with; `ca` is the path of a PEM file. */
  readonly keystone: { readonly authUrl: string; readonly ca: string | undefined } | undefined;
  /** Which control plane this is; kept or made up where undefined. */
  readonly instance: string | undefined;
  readonly logFormat: "text" | "json";
  readonly logLevel: LogLevel;
}
