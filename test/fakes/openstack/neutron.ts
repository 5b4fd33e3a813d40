/** Neutron of the fake. Source: Networking API v2.0, and Debian's neutron 21 (Zed) for its words. */
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Cidr, Range, Version } from "./addresses.ts";
import {
  contains,
  formatAddress,
  formatCidr,
  joined,
  freeCidr,
  isWithin,
  overlap,
  parseAddress,
  parseCidr,
  poolsOf,
  rangeOf,
} from "./addresses.ts";
import type { Answer, Call, FakeService, Handler, Identity, Json } from "./http.ts";
import {
  bodyOf,
  created,
  isAdmin,
  isReader,
  linkedPage,
  noContent,
  ok,
  Refusal,
  Routes,
  Table,
  textOf,
} from "./http.ts";
import type { Later } from "./later.ts";

const refusal = (status: number, type: string, message: string): Refusal =>
  new Refusal(status, { NeutronError: { type, message, detail: "" } });

const badRequest = (message: string): Refusal => refusal(400, "HTTPBadRequest", message);
const invalidInput = (reason: string): Refusal =>
  refusal(400, "InvalidInput", `Invalid input for operation: ${reason}.`);
const badRouter = (reason: string): Refusal => refusal(400, "BadRequest", `Bad router request: ${reason}.`);

/** Source: neutron_lib/api/attributes.py. */
function invalid(issue: z.core.$ZodIssue | undefined): Refusal {
  if (issue?.code === "unrecognized_keys") return badRequest(`Unrecognized attribute(s) '${issue.keys.join(", ")}'`);
  const field = String(issue?.path[0] ?? "");
  if (issue?.code === "invalid_type" && issue.message.includes("undefined"))
    return badRequest(`Failed to parse request. Required attribute '${field}' not specified`);
  return badRequest(`Invalid input for ${field}. Reason: ${issue?.message ?? "it is missing"}.`);
}

interface Base {
  readonly id: string;
  readonly project_id: string;
  readonly [field: string]: unknown;
}

/** What tags, times and revisions are kept of. */
interface Standard extends Base {
  readonly description: string;
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
  readonly revision_number: number;
}

interface Network extends Standard {
  readonly name: string;
  readonly shared: boolean;
  readonly "router:external": boolean;
}

interface Pool {
  readonly start: string;
  readonly end: string;
}

interface Subnet extends Standard {
  readonly network_id: string;
  readonly ip_version: Version;
  readonly cidr: string;
  readonly gateway_ip: string | null;
  readonly allocation_pools: readonly Pool[];
  readonly ipv6_address_mode: string | null;
  readonly subnetpool_id: string | null;
}

interface FixedIp {
  readonly subnet_id: string;
  readonly ip_address: string;
}

interface Port extends Standard {
  readonly network_id: string;
  readonly mac_address: string;
  readonly fixed_ips: readonly FixedIp[];
  readonly device_id: string;
  readonly device_owner: string;
  readonly security_groups: readonly string[];
}

interface Gateway {
  readonly network_id: string;
  readonly enable_snat: boolean;
  readonly external_fixed_ips: readonly FixedIp[];
}

interface Router extends Standard {
  readonly external_gateway_info: Gateway | null;
  readonly routes: readonly { readonly destination: string; readonly nexthop: string }[];
}

interface SecurityGroup extends Standard {
  readonly name: string;
}

interface Rule extends Standard {
  readonly security_group_id: string;
  readonly remote_group_id: string | null;
}

interface FloatingIp extends Standard {
  readonly floating_network_id: string;
  readonly floating_ip_address: string;
  readonly router_id: string | null;
  readonly port_id: string | null;
  readonly fixed_ip_address: string | null;
}

interface SubPort {
  readonly port_id: string;
  readonly segmentation_id: number;
  readonly segmentation_type: string;
}

interface Trunk extends Standard {
  readonly port_id: string;
  readonly sub_ports: readonly SubPort[];
  readonly admin_state_up: boolean;
}

interface AddressScope extends Base {
  readonly ip_version: Version;
  readonly shared: boolean;
}

interface SubnetPool extends Standard {
  readonly prefixes: readonly string[];
  readonly ip_version: Version;
  readonly default_prefixlen: string;
  readonly min_prefixlen: string;
  readonly max_prefixlen: string;
  readonly default_quota: number | null;
  readonly address_scope_id: string | null;
  readonly shared: boolean;
}

// ----------------------------------------------------------------------------------------------- what is asked for

const text = z.string().max(255);
const id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const address = z.string().refine((value) => parseAddress(value) !== undefined, "it is not a valid IP address");
const flag = z.boolean();
const owner = { tenant_id: z.string().optional(), project_id: z.string().optional() };
const named = { name: text.default(""), description: text.default("") };
const pool = z.object({ start: address, end: address });
const route = z.object({ destination: z.string(), nexthop: z.string() });
const fixedIp = z.strictObject({ subnet_id: id.optional(), ip_address: address.optional() });
const provider = {
  "provider:network_type": z.string().optional(),
  "provider:physical_network": z.string().nullish(),
  "provider:segmentation_id": z.int().nullish(),
};

/** What can be changed comes first, and what is for a creation only after it. */
const shapes = {
  network: {
    change: {
      ...named,
      admin_state_up: flag.default(true),
      shared: flag.default(false),
      "router:external": flag.default(false),
      port_security_enabled: flag.default(true),
      mtu: z.int().min(0).optional(),
      dns_domain: z.string().max(255).default(""),
      is_default: flag.default(false),
      qos_policy_id: id.nullish(),
      ...provider,
    },
    create: { ...owner, availability_zone_hints: z.array(z.string()).default([]), ha: flag.optional() },
  },
  subnet: {
    change: {
      ...named,
      gateway_ip: address.nullish(),
      allocation_pools: z.array(pool).nullish(),
      dns_nameservers: z.array(address).nullish(),
      host_routes: z.array(route).nullish(),
      enable_dhcp: flag.default(true),
      dns_publish_fixed_ip: flag.default(false),
      service_types: z.array(z.string()).default([]),
      segment_id: id.nullish(),
    },
    create: {
      ...owner,
      network_id: id,
      ip_version: z.union([z.literal(4), z.literal(6)]),
      cidr: z.string().nullish(),
      prefixlen: z.int().optional(),
      subnetpool_id: id.nullish(),
      use_default_subnetpool: flag.default(false),
      ipv6_ra_mode: z.enum(["dhcpv6-stateful", "dhcpv6-stateless", "slaac"]).nullish(),
      ipv6_address_mode: z.enum(["dhcpv6-stateful", "dhcpv6-stateless", "slaac"]).nullish(),
    },
  },
  port: {
    change: {
      ...named,
      admin_state_up: flag.default(true),
      fixed_ips: z.array(fixedIp).optional(),
      mac_address: z.string().optional(),
      device_id: text.default(""),
      device_owner: text.default(""),
      security_groups: z.array(id).nullish(),
      allowed_address_pairs: z
        .array(z.strictObject({ ip_address: z.string(), mac_address: z.string().optional() }))
        .nullish(),
      extra_dhcp_opts: z.array(z.record(z.string(), z.unknown())).nullish(),
      port_security_enabled: flag.optional(),
      dns_name: z.string().default(""),
      dns_domain: z.string().default(""),
      qos_policy_id: id.nullish(),
      "binding:host_id": z.string().nullish(),
      "binding:vnic_type": z.enum(["normal", "direct", "direct-physical", "macvtap", "baremetal", "virtio-forwarder", "vdpa", "smart-nic", "remote-managed"]).default("normal"), // prettier-ignore
      "binding:profile": z.record(z.string(), z.unknown()).nullish(),
    },
    create: {
      ...owner,
      network_id: id,
      propagate_uplink_status: flag.default(false),
      numa_affinity_policy: z.enum(["required", "preferred", "legacy"]).nullish(),
    },
  },
  router: {
    change: {
      ...named,
      admin_state_up: flag.default(true),
      external_gateway_info: z
        .strictObject({
          network_id: id.optional(),
          enable_snat: flag.optional(),
          external_fixed_ips: z.array(fixedIp).optional(),
        })
        .nullish(),
      routes: z.array(route).optional(),
      distributed: flag.optional(),
      ha: flag.optional(),
    },
    create: { ...owner, availability_zone_hints: z.array(z.string()).default([]), flavor_id: id.nullish() },
  },
  security_group: {
    change: { ...named, stateful: flag.default(true) },
    create: { ...owner },
  },
  security_group_rule: {
    change: { description: text.default("") },
    create: {
      ...owner,
      security_group_id: id,
      direction: z.enum(["ingress", "egress"]),
      ethertype: z.enum(["IPv4", "IPv6"]).default("IPv4"),
      protocol: z.union([z.string(), z.int()]).nullish(),
      port_range_min: z.int().min(0).max(65535).nullish(),
      port_range_max: z.int().min(0).max(65535).nullish(),
      remote_ip_prefix: z.string().nullish(),
      remote_group_id: id.nullish(),
      remote_address_group_id: id.nullish(),
    },
  },
  floatingip: {
    change: { description: text.default(""), port_id: id.nullish(), fixed_ip_address: address.nullish() },
    create: {
      ...owner,
      floating_network_id: id,
      subnet_id: id.nullish(),
      floating_ip_address: address.nullish(),
      dns_name: z.string().default(""),
      dns_domain: z.string().default(""),
    },
  },
  trunk: {
    change: { ...named, admin_state_up: flag.default(true) },
    create: {
      ...owner,
      port_id: id,
      sub_ports: z
        .array(z.object({ port_id: id, segmentation_id: z.int().optional(), segmentation_type: z.string().optional() }))
        .default([]),
    },
  },
  address_scope: {
    change: { name: text.default(""), shared: flag.default(false) },
    create: { ...owner, ip_version: z.union([z.literal(4), z.literal(6)]) },
  },
  subnetpool: {
    change: {
      ...named,
      prefixes: z.array(z.string()).min(1),
      default_prefixlen: z.coerce.number().int().optional(),
      min_prefixlen: z.coerce.number().int().optional(),
      max_prefixlen: z.coerce.number().int().optional(),
      default_quota: z.int().nullish(),
      address_scope_id: id.nullish(),
      is_default: flag.default(false),
    },
    create: { ...owner, shared: flag.default(false) },
  },
} as const;

type Kind = keyof typeof shapes;
type Shape<T> = T extends z.ZodRawShape ? z.output<z.ZodObject<T>> : never;
type Body<K extends Kind> = Shape<(typeof shapes)[K]["change"]> & Shape<(typeof shapes)[K]["create"]>;

const creation = <K extends Kind>(kind: K): z.ZodType<Body<K>> =>
  z.strictObject({ ...shapes[kind].change, ...shapes[kind].create }) as unknown as z.ZodType<Body<K>>;

/** As the default of Zed. */
const defaultQuotas = {
  network: 100,
  subnet: 100,
  port: 500,
  router: 10,
  floatingip: 50,
  security_group: 10,
  security_group_rule: 100,
  subnetpool: -1,
  trunk: -1,
  address_scope: -1,
  rbac_policy: 10,
};
type Quotas = Record<keyof typeof defaultQuotas, number>;

const routerPort = "network:router_interface";
const gatewayPort = "network:router_gateway";
const floatingPort = "network:floatingip";
const servicePorts = [routerPort, gatewayPort, floatingPort];

interface KindOptions<R extends Base> {
  readonly kind: Kind;
  /** As URLs have it: security-groups. */
  readonly path: string;
  /** As bodies have it: security_groups. */
  readonly plural: string;
  readonly table: Table<R>;
  /** As its errors call it: Network. */
  readonly type: string;
  readonly notFound: (id: string) => string;
  /** Who sees it besides its project and administrators. */
  readonly isPublic?: (row: R) => boolean;
}

/** Checks what is said of a kind. */
const kindOf = <R extends Base>(options: KindOptions<R>): KindOptions<R> => options;

export class FakeNeutron implements FakeService {
  readonly prefix = "/network";
  readonly routes = new Routes();
  readonly networks = new Table<Network>();
  readonly subnets = new Table<Subnet>();
  readonly ports = new Table<Port>();
  readonly routers = new Table<Router>();
  readonly securityGroups = new Table<SecurityGroup>();
  readonly rules = new Table<Rule>();
  readonly floatingIps = new Table<FloatingIp>();
  readonly trunks = new Table<Trunk>();
  readonly addressScopes = new Table<AddressScope>();
  readonly subnetPools = new Table<SubnetPool>();
  readonly #quotas = new Map<string, Partial<Quotas>>();
  readonly #madeByNova = new Set<string>();
  readonly #later: Later;
  #segment = 100;

  readonly #kinds = {
    network: kindOf<Network>({
      kind: "network",
      path: "networks",
      plural: "networks",
      table: this.networks,
      type: "Network",
      notFound: (wanted: string) => `Network ${wanted} could not be found.`,
      isPublic: (row: Network) => row.shared || row["router:external"],
    }),
    subnet: kindOf<Subnet>({
      kind: "subnet",
      path: "subnets",
      plural: "subnets",
      table: this.subnets,
      type: "Subnet",
      notFound: (wanted: string) => `Subnet ${wanted} could not be found.`,
      isPublic: (row: Subnet) => this.networks.get(row.network_id)?.shared === true,
    }),
    port: kindOf<Port>({
      kind: "port",
      path: "ports",
      plural: "ports",
      table: this.ports,
      type: "Port",
      notFound: (wanted: string) => `Port ${wanted} could not be found.`,
    }),
    router: kindOf<Router>({
      kind: "router",
      path: "routers",
      plural: "routers",
      table: this.routers,
      type: "Router",
      notFound: (wanted: string) => `Router ${wanted} could not be found`,
    }),
    security_group: kindOf<SecurityGroup>({
      kind: "security_group",
      path: "security-groups",
      plural: "security_groups",
      table: this.securityGroups,
      type: "SecurityGroup",
      notFound: (wanted: string) => `Security group ${wanted} does not exist`,
    }),
    security_group_rule: kindOf<Rule>({
      kind: "security_group_rule",
      path: "security-group-rules",
      plural: "security_group_rules",
      table: this.rules,
      type: "SecurityGroupRule",
      notFound: (wanted: string) => `Security group rule ${wanted} does not exist`,
    }),
    floatingip: kindOf<FloatingIp>({
      kind: "floatingip",
      path: "floatingips",
      plural: "floatingips",
      table: this.floatingIps,
      type: "FloatingIP",
      notFound: (wanted: string) => `Floating IP ${wanted} could not be found`,
    }),
    trunk: kindOf<Trunk>({
      kind: "trunk",
      path: "trunks",
      plural: "trunks",
      table: this.trunks,
      type: "Trunk",
      notFound: (wanted: string) => `Trunk ${wanted} could not be found.`,
    }),
    address_scope: kindOf<AddressScope>({
      kind: "address_scope",
      path: "address-scopes",
      plural: "address_scopes",
      table: this.addressScopes,
      type: "AddressScope",
      notFound: (wanted: string) => `Address scope ${wanted} could not be found`,
      isPublic: (row: AddressScope) => row.shared,
    }),
    subnetpool: kindOf<SubnetPool>({
      kind: "subnetpool",
      path: "subnetpools",
      plural: "subnetpools",
      table: this.subnetPools,
      type: "SubnetPool",
      notFound: (wanted: string) => `Subnet pool ${wanted} could not be found.`,
      isPublic: (row: SubnetPool) => row.shared,
    }),
  };

  constructor(later: Later) {
    this.#later = later;
    this.#routeVersions();
    this.#routeNetworks();
    this.#routeSubnets();
    this.#routePorts();
    this.#routeRouters();
    this.#routeSecurityGroups();
    this.#routeFloatingIps();
    this.#routeTrunks();
    this.#routeAddressScopes();
    this.#routeSubnetPools();
    this.#routeQuotas();
    for (const options of Object.values(this.#kinds)) {
      this.#routeReading(options as unknown as KindOptions<Base>);
      if (options.kind !== "address_scope") this.#routeTags(options as unknown as KindOptions<Standard>);
    }
  }

  unauthorized(): Answer {
    const message = "The request you have made requires authentication.";
    return { status: 401, body: { error: { code: 401, title: "Unauthorized", message } } };
  }

  notFound(): Answer {
    return { status: 404, body: "<html><head><title>404 Not Found</title></head></html>" };
  }

  failure(status: number): Answer {
    if (status === 403)
      return {
        status,
        body: {
          NeutronError: { type: "PolicyNotAuthorized", message: "rule:is_allowed is disallowed by policy", detail: "" },
        },
      };
    if (status === 503) return { status, body: "<html><body><h1>503 Service Unavailable</h1></body></html>" };
    const message = "Request Failed: internal server error while processing your request.";
    return { status, body: { NeutronError: { type: "HTTPInternalServerError", message, detail: "" } } };
  }

  /** How many there may be; -1 for any number. */
  setQuota(projectId: string, quotas: Partial<Quotas>): void {
    this.#quotas.set(projectId, { ...this.#quotas.get(projectId), ...quotas });
  }

  /** For Nova: binds a port of the project to a server; makes one in `network` where none is named. Returns its id. */
  plug(server: string, portId: string | undefined, network: string | undefined, projectId: string): string {
    const owner = { device_id: server, device_owner: "compute:nova" };
    const port = this.ports.get(portId);
    if (port !== undefined) return this.#save(this.ports, port, { ...owner, ...bound("node1") }).id;
    const row = this.networks.get(network);
    if (row === undefined) throw refusal(404, "NetworkNotFound", this.#kinds.network.notFound(network ?? ""));
    const made = this.#addPort(row, projectId, { ...owner, "binding:host_id": "node1" });
    this.#madeByNova.add(made.id);
    return made.id;
  }

  /** For Nova: what it made goes, what it was given stays. */
  unplug(portId: string): void {
    const port = this.ports.get(portId);
    if (port === undefined) return;
    if (this.#madeByNova.delete(portId)) this.#removePort(portId);
    else this.#save(this.ports, port, { device_id: "", device_owner: "", ...bound("") });
  }

  // ------------------------------------------------------------------------------------------------ what all have

  #visible<R extends Base>({ isPublic }: KindOptions<R>, row: R, who: Identity): boolean {
    return isAdmin(who) || row.project_id === who.projectId || (isPublic?.(row) ?? false);
  }

  /** Throws 404 as Neutron does for what is not there, or not for `who` to see. */
  #get<R extends Base>(options: KindOptions<R>, wanted: string, who: Identity): R {
    const row = options.table.get(wanted);
    if (row === undefined || !this.#visible(options, row, who))
      throw refusal(404, `${options.type}NotFound`, options.notFound(wanted));
    return row;
  }

  #own<R extends Base>(options: KindOptions<R>, call: Call): R {
    const row = this.#get(options, call.param("id"), call.who);
    this.#mayWrite(options.kind, call.who, row.project_id);
    return row;
  }

  #mayWrite(kind: Kind, who: Identity, projectId: string | undefined = who.projectId): void {
    if (isAdmin(who)) return;
    if (isReader(who) || projectId !== who.projectId)
      throw refusal(403, "PolicyNotAuthorized", `rule:create_${kind} is disallowed by policy`);
  }

  #mayDo(what: string, who: Identity, asked: boolean): void {
    if (asked && !isAdmin(who))
      throw refusal(403, "PolicyNotAuthorized", `(rule:create_${what}) is disallowed by policy`);
  }

  /** What is asked for, with whose it is to be. Throws 400, 403. */
  #asked<K extends Kind>(kind: K, call: Call): { readonly body: Body<K>; readonly projectId: string } {
    this.#mayWrite(kind, call.who);
    const body = bodyOf(call, kind, creation(kind), invalid);
    const { project_id, tenant_id } = body as { project_id?: string; tenant_id?: string };
    const projectId = project_id ?? tenant_id ?? call.who.projectId;
    if (projectId === undefined)
      throw badRequest("Running without keystone AuthN requires that tenant_id is specified");
    if (projectId !== call.who.projectId && !isAdmin(call.who))
      throw refusal(403, "PolicyNotAuthorized", `rule:create_${kind} is disallowed by policy`);
    return { body, projectId };
  }

  /** Only the fields that the request names. Throws 400 for those that cannot be changed. */
  #change<K extends Kind>(kind: K, call: Call): Partial<Body<K>> {
    const asked = ((call.body as Json | undefined)?.[kind] ?? {}) as Json;
    const { change, create } = shapes[kind];
    for (const field of Object.keys(asked))
      if (field in create) throw badRequest(`Cannot update read-only attribute ${field}`);
    const parsed = bodyOf(call, kind, z.strictObject(change).partial(), invalid) as Json;
    return Object.fromEntries(Object.entries(parsed).filter(([field]) => field in asked)) as Partial<Body<K>>;
  }

  #spend(kind: keyof Quotas, projectId: string, table: Table<Base>, more = 1): void {
    const limit = this.#limits(projectId)[kind];
    const used = table.filter((row) => row.project_id === projectId).length;
    if (limit >= 0 && used + more > limit)
      throw refusal(409, "OverQuota", `Quota exceeded for resources: ['${kind}'].`);
  }

  #limits(projectId: string): Quotas {
    return { ...defaultQuotas, ...this.#quotas.get(projectId) };
  }

  #standard(projectId: string, description: string): Standard {
    const now = timestamp(this.#later.now());
    return {
      ...this.#bare(projectId),
      description,
      tags: [],
      created_at: now,
      updated_at: now,
      revision_number: 1,
    };
  }

  #bare(projectId: string): Base {
    return { id: randomUUID(), project_id: projectId, tenant_id: projectId };
  }

  /** The row with `change`, a newer time and the next revision. */
  #save<R extends Base>(table: Table<R>, row: R, change: Json): R {
    const stamps =
      typeof row["revision_number"] === "number"
        ? { updated_at: timestamp(this.#later.now()), revision_number: row["revision_number"] + 1 }
        : {};
    return table.add({ ...row, ...change, ...stamps });
  }

  #shown(kind: Kind, row: Base): Json {
    switch (kind) {
      case "network":
        return { ...row, subnets: this.subnets.filter(({ network_id }) => network_id === row.id).map((one) => one.id) };
      case "security_group":
        return { ...row, security_group_rules: this.rules.filter((rule) => rule.security_group_id === row.id) };
      case "port": {
        const trunk = this.trunks.find(({ port_id }) => port_id === row.id);
        if (trunk === undefined) return row;
        const macOf = (port: string): string | undefined => this.ports.get(port)?.mac_address;
        const sub_ports = trunk.sub_ports.map((one) => ({ ...one, mac_address: macOf(one.port_id) }));
        return { ...row, trunk_details: { trunk_id: trunk.id, sub_ports } };
      }
      case "floatingip": {
        const port = this.ports.get((row as unknown as FloatingIp).port_id);
        const shown = ["name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner"];
        const port_details = port === undefined ? null : Object.fromEntries(shown.map((field) => [field, port[field]]));
        return { ...row, port_details };
      }
      case "address_scope":
      case "router":
      case "security_group_rule":
      case "subnet":
      case "subnetpool":
      case "trunk":
        return row;
    }
  }

  #answer(kind: Kind, row: Base): Json {
    return { [kind]: this.#shown(kind, row) };
  }

  #routeReading(options: KindOptions<Base>): void {
    const { kind, path, plural, table } = options;
    this.routes.on(`GET /v2.0/${path}`, (call) => {
      if (kind === "security_group" && call.who.projectId !== undefined) this.#defaultGroup(call.who.projectId);
      const rows = table
        .filter((row) => this.#visible(options, row, call.who))
        .map((row) => this.#shown(kind, row) as Base)
        .filter((row) => matches(row, call.query));
      return linkedPage(plural, sorted(rows, call.query), call, (row) => picked(row, call.query));
    });
    this.routes.on(`GET /v2.0/${path}/{id}`, (call) => {
      const row = this.#shown(kind, this.#get(options, call.param("id"), call.who));
      return ok({ [kind]: picked(row, call.query) });
    });
  }

  #routeTags(options: KindOptions<Standard>): void {
    const { path, table } = options;
    const tags = z.array(z.string().min(1).max(255));
    const set = (row: Standard, next: readonly string[]): readonly string[] => {
      this.#save(table, row, { tags: [...new Set(next)] });
      return [...new Set(next)];
    };
    const all = `/v2.0/${path}/{id}/tags`;
    this.routes.on(`GET ${all}`, (call) => ok({ tags: this.#get(options, call.param("id"), call.who).tags }));
    this.routes.on(`PUT ${all}`, (call) => {
      const row = this.#own(options, call);
      return ok({ tags: set(row, bodyOf(call, "tags", tags, invalid)) });
    });
    this.routes.on(`DELETE ${all}`, (call) => {
      set(this.#own(options, call), []);
      return noContent;
    });
    this.routes.on(`PUT ${all}/{tag}`, (call) => {
      const row = this.#own(options, call);
      set(row, [...row.tags, call.param("tag")]);
      return created(undefined);
    });
    this.routes.on(`DELETE ${all}/{tag}`, (call) => {
      const row = this.#own(options, call);
      const tag = call.param("tag");
      if (!row.tags.includes(tag)) throw refusal(404, "TagNotFound", `Tag ${tag} could not be found.`);
      set(
        row,
        row.tags.filter((one) => one !== tag),
      );
      return noContent;
    });
  }

  #routeVersions(): void {
    const open = { open: true };
    this.routes.on(
      "GET /",
      ({ base }) =>
        ok({ versions: [{ id: "v2.0", status: "CURRENT", links: [{ rel: "self", href: `${base}/v2.0/` }] }] }),
      open,
    );
    this.routes.on("GET /v2.0", () => ok({ resources: [] }));
    this.routes.on("GET /v2.0/extensions", () =>
      ok({ extensions: extensions.map((alias) => ({ alias, name: alias })) }),
    );
    this.routes.on("GET /v2.0/availability_zones", () =>
      ok({
        availability_zones: ["network", "router"].map((resource) => ({ name: "nova", resource, state: "available" })),
      }),
    );
  }

  // ---------------------------------------------------------------------------------------------------- networks

  #routeNetworks(): void {
    const options = this.#kinds.network;
    this.routes.on("POST /v2.0/networks", (call) => {
      const { body, projectId } = this.#asked("network", call);
      this.#mayDo("network:shared", call.who, body.shared);
      this.#mayDo("network:router:external", call.who, body["router:external"]);
      this.#mayDo("network:provider:network_type", call.who, body["provider:network_type"] !== undefined);
      this.#spend("network", projectId, this.networks);
      const { project_id: _p, tenant_id: _t, description, mtu = 1450, is_default, ...rest } = body;
      if (mtu > 1450) throw invalidInput(`Requested MTU is too big, maximum is 1450`);
      for (const zone of body.availability_zone_hints)
        if (zone !== "nova")
          throw refusal(404, "AvailabilityZoneNotFound", `AvailabilityZone ${zone} could not be found.`);
      const row = this.networks.add({
        ...this.#standard(projectId, description),
        ...rest,
        ...(rest["router:external"] && { is_default }),
        mtu,
        status: "ACTIVE",
        availability_zones: [],
        ipv4_address_scope: null,
        ipv6_address_scope: null,
        l2_adjacency: true,
        qos_policy_id: body.qos_policy_id ?? null,
        ...(isAdmin(call.who) && {
          "provider:network_type": body["provider:network_type"] ?? "vxlan",
          "provider:physical_network": body["provider:physical_network"] ?? null,
          "provider:segmentation_id": body["provider:segmentation_id"] ?? this.#segment++,
        }),
      });
      return created(this.#answer("network", row));
    });
    this.routes.on("PUT /v2.0/networks/{id}", (call) => {
      const row = this.#own(options, call);
      const change = this.#change("network", call);
      this.#mayDo("network:shared", call.who, change.shared === true);
      this.#mayDo("network:router:external", call.who, change["router:external"] === true);
      if ((change.mtu ?? 0) > 1450) throw invalidInput(`Requested MTU is too big, maximum is 1450`);
      if (change["router:external"] === false && this.#inUseAsExternal(row.id))
        throw refusal(
          409,
          "ExternalNetworkInUse",
          `External network ${row.id} cannot be updated to be made non-external, since it has existing gateway ports.`,
        );
      return ok(this.#answer("network", this.#save(this.networks, row, change)));
    });
    this.routes.on("DELETE /v2.0/networks/{id}", (call) => {
      const { id: network } = this.#own(options, call);
      const ports = this.ports.filter(({ network_id }) => network_id === network);
      if (ports.length > 0)
        throw refusal(
          409,
          "NetworkInUse",
          `Unable to complete operation on network ${network}. There are one or more ports still in use on the network, id for these ports is ${ports.map((port) => port.id).join(",")}.`,
        );
      for (const subnet of this.subnets.filter(({ network_id }) => network_id === network))
        this.subnets.delete(subnet.id);
      this.networks.delete(network);
      return noContent;
    });
  }

  #inUseAsExternal(network: string): boolean {
    return this.ports.find((port) => port.network_id === network && port.device_owner === gatewayPort) !== undefined;
  }

  // ----------------------------------------------------------------------------------------------------- subnets

  #routeSubnets(): void {
    const options = this.#kinds.subnet;
    this.routes.on("POST /v2.0/subnets", (call) => {
      const { body, projectId } = this.#asked("subnet", call);
      const network = this.#get(this.#kinds.network, body.network_id, call.who);
      if (!isAdmin(call.who) && network.project_id !== call.who.projectId)
        throw refusal(403, "PolicyNotAuthorized", "rule:create_subnet is disallowed by policy");
      this.#spend("subnet", projectId, this.subnets);
      const { ip_version } = body;
      if (ip_version === 4 && (body.ipv6_address_mode ?? body.ipv6_ra_mode ?? undefined) !== undefined)
        throw invalidInput("ipv6_ra_mode or ipv6_address_mode are not valid when ip_version is 4");
      const cidr = this.#cidrFor(body, call.who);
      if (cidr.version !== ip_version)
        throw invalidInput(`IP version of cidr ${formatCidr(cidr)} does not match the ip_version '${ip_version}'`);
      const twin = this.subnets.find((other) => other.network_id === network.id && overlaps(other, cidr));
      if (twin !== undefined)
        throw invalidInput(
          `Requested subnet with cidr: ${formatCidr(cidr)} for network: ${network.id} overlaps with another subnet`,
        );
      const first = cidr.network + (cidr.length >= (ip_version === 4 ? 31 : 127) ? 0n : 1n);
      const gateway_ip = body.gateway_ip === undefined ? formatAddress(ip_version, first) : body.gateway_ip;
      const { id: subnet, ...standard } = this.#standard(projectId, body.description);
      const row = this.subnets.add({
        ...standard,
        id: subnet,
        name: body.name,
        network_id: network.id,
        ip_version,
        cidr: formatCidr(cidr),
        gateway_ip,
        allocation_pools: this.#pools(cidr, gateway_ip, body.allocation_pools ?? undefined),
        dns_nameservers: body.dns_nameservers ?? [],
        host_routes: body.host_routes ?? [],
        enable_dhcp: body.enable_dhcp,
        ipv6_ra_mode: body.ipv6_ra_mode ?? null,
        ipv6_address_mode: body.ipv6_address_mode ?? null,
        subnetpool_id: body.subnetpool_id ?? null,
        service_types: body.service_types,
        segment_id: body.segment_id ?? null,
        dns_publish_fixed_ip: body.dns_publish_fixed_ip,
        "router:external": network["router:external"],
      });
      return created(this.#answer("subnet", row));
    });
    this.routes.on("PUT /v2.0/subnets/{id}", (call) => {
      const row = this.#own(options, call);
      const change = this.#change("subnet", call);
      const cidr = parseCidr(row.cidr);
      if (cidr === undefined) throw new Error(`subnet ${row.id} has no cidr`);
      const gateway = change.gateway_ip === undefined ? row.gateway_ip : change.gateway_ip;
      if (change.gateway_ip !== undefined && change.gateway_ip !== row.gateway_ip) {
        const used = this.ports.find(({ fixed_ips }) =>
          fixed_ips.some((ip) => ip.subnet_id === row.id && ip.ip_address === row.gateway_ip),
        );
        if (used !== undefined)
          throw refusal(
            409,
            "GatewayIpInUse",
            `Current gateway ip ${row.gateway_ip ?? ""} already in use by port ${used.id}. Unable to update.`,
          );
      }
      const pools =
        change.allocation_pools === undefined
          ? row.allocation_pools
          : this.#pools(cidr, gateway, change.allocation_pools ?? undefined);
      if (gateway !== null) this.#notWithin(pools, gateway);
      const filled = {
        ...("dns_nameservers" in change && { dns_nameservers: change.dns_nameservers ?? [] }),
        ...("host_routes" in change && { host_routes: change.host_routes ?? [] }),
      };
      return ok(
        this.#answer(
          "subnet",
          this.#save(this.subnets, row, { ...change, ...filled, allocation_pools: pools, gateway_ip: gateway }),
        ),
      );
    });
    this.routes.on("DELETE /v2.0/subnets/{id}", (call) => {
      const row = this.#own(options, call);
      const used = this.ports.find(({ fixed_ips }) => fixed_ips.some(({ subnet_id }) => subnet_id === row.id));
      if (used !== undefined)
        throw refusal(
          409,
          "SubnetInUse",
          `Unable to complete operation on subnet ${row.id}: One or more ports have an IP allocation from this subnet.`,
        );
      this.subnets.delete(row.id);
      return noContent;
    });
  }

  #cidrFor(body: Body<"subnet">, who: Identity): Cidr {
    if (body.subnetpool_id !== undefined && body.subnetpool_id !== null) {
      const from = this.#get(this.#kinds.subnetpool, body.subnetpool_id, who);
      if (from.ip_version !== body.ip_version)
        throw badRequest("Cannot allocate requested subnet: ip_version of the subnet pool is another");
      const taken = this.subnets
        .filter(({ subnetpool_id }) => subnetpool_id === from.id)
        .flatMap(({ cidr }) => parseCidr(cidr) ?? []);
      const prefixes = from.prefixes.flatMap((prefix) => parseCidr(prefix) ?? []);
      const wanted = typeof body.cidr === "string" ? parseCidr(body.cidr) : undefined;
      const length = wanted?.length ?? body.prefixlen ?? Number(from.default_prefixlen);
      if (length < Number(from.min_prefixlen))
        throw refusal(
          400,
          "MinPrefixSubnetAllocationError",
          `Unable to allocate subnet with prefix length ${length}, minimum allowed prefix is ${from.min_prefixlen}.`,
        );
      if (length > Number(from.max_prefixlen))
        throw refusal(
          400,
          "MaxPrefixSubnetAllocationError",
          `Unable to allocate subnet with prefix length ${length}, maximum allowed prefix is ${from.max_prefixlen}.`,
        );
      const free = wanted ?? freeCidr(prefixes, length, taken);
      if (free === undefined || taken.some((one) => overlap(rangeOf(one), rangeOf(free))))
        throw refusal(
          409,
          "SubnetAllocationError",
          "Failed to allocate subnet: Insufficient prefix space to allocate subnet size /" + `${length}.`,
        );
      return free;
    }
    const cidr = typeof body.cidr === "string" ? parseCidr(body.cidr) : undefined;
    if (cidr === undefined)
      throw typeof body.cidr === "string"
        ? badRequest(`Invalid input for cidr. Reason: '${body.cidr}' is not a valid IP subnet.`)
        : badRequest("Bad subnets request: a subnetpool must be specified in the absence of a cidr.");
    return cidr;
  }

  #pools(cidr: Cidr, gateway: string | null, asked: readonly Pool[] | undefined): readonly Pool[] {
    if (asked === undefined) {
      const at = gateway === null ? undefined : parseAddress(gateway)?.value;
      return poolsOf(cidr, at).map(({ start, end }) => ({
        start: formatAddress(cidr.version, start),
        end: formatAddress(cidr.version, end),
      }));
    }
    for (const one of asked) {
      const range = rangeOfPool(one);
      if (!contains(cidr, range.start) || !contains(cidr, range.end))
        throw refusal(
          400,
          "OutOfBoundsAllocationPool",
          `The allocation pool ${one.start}-${one.end} spans beyond the subnet cidr ${formatCidr(cidr)}.`,
        );
    }
    if (gateway !== null) this.#notWithin(asked, gateway);
    return asked;
  }

  #notWithin(pools: readonly Pool[], gateway: string): void {
    const at = parseAddress(gateway)?.value ?? 0n;
    const clash = pools.find((one) => isWithin(rangeOfPool(one), at));
    if (clash !== undefined)
      throw refusal(
        409,
        "GatewayConflictWithAllocationPools",
        `Gateway ip ${gateway} conflicts with allocation pool ${clash.start}-${clash.end}.`,
      );
  }

  // ------------------------------------------------------------------------------------------------------- ports

  #routePorts(): void {
    const options = this.#kinds.port;
    this.routes.on("POST /v2.0/ports", (call) => {
      const { body, projectId } = this.#asked("port", call);
      const network = this.#get(this.#kinds.network, body.network_id, call.who);
      this.#mayDo("port:binding:host_id", call.who, (body["binding:host_id"] ?? "") !== "");
      this.#spend("port", projectId, this.ports);
      const { project_id: _p, tenant_id: _t, ...asked } = body;
      return created(this.#answer("port", this.#addPort(network, projectId, asked)));
    });
    this.routes.on("PUT /v2.0/ports/{id}", (call) => {
      const row = this.#own(options, call);
      const change = this.#change("port", call);
      const network = this.#get(this.#kinds.network, row.network_id, { ...call.who, roles: ["admin"] });
      const secured = change.port_security_enabled ?? row["port_security_enabled"];
      const groups = "security_groups" in change ? (change.security_groups ?? []) : row.security_groups;
      if (secured === false && groups.length > 0)
        throw refusal(
          409,
          "PortSecurityPortHasSecurityGroup",
          "Port has security group associated. Cannot disable port security or ip address until security group is removed.",
        );
      for (const group of groups) this.#get(this.#kinds.security_group, group, call.who);
      const fixed_ips =
        change.fixed_ips === undefined ? row.fixed_ips : this.#addresses(network, change.fixed_ips, row);
      const filled = {
        ...("allowed_address_pairs" in change && {
          allowed_address_pairs: pairsOf(change.allowed_address_pairs, row.mac_address),
        }),
        ...("binding:profile" in change && { "binding:profile": change["binding:profile"] ?? {} }),
        ...(change["binding:host_id"] !== undefined && bound(change["binding:host_id"] ?? "")),
      };
      const next = this.#save(this.ports, row, { ...change, ...filled, fixed_ips, security_groups: groups });
      return ok(this.#answer("port", next));
    });
    this.routes.on("DELETE /v2.0/ports/{id}", (call) => {
      const row = this.#own(options, call);
      if (servicePorts.includes(row.device_owner))
        throw refusal(
          409,
          "ServicePortInUse",
          `Port ${row.id} cannot be deleted directly via the port API: has device owner ${row.device_owner}.`,
        );
      const trunk = this.trunks.find(({ port_id }) => port_id === row.id);
      if (trunk !== undefined)
        throw refusal(
          409,
          "PortInUse",
          `Unable to complete operation on port ${row.id} for network ${row.network_id}. Port already has an attached device ${trunk.id}.`,
        );
      if (this.trunks.find(({ sub_ports }) => sub_ports.some(({ port_id }) => port_id === row.id)))
        throw refusal(409, "SubPortInUse", `Port ${row.id} is currently a subport for a trunk.`);
      this.#removePort(row.id);
      return noContent;
    });
  }

  #removePort(port: string): void {
    this.ports.delete(port);
    for (const floating of this.floatingIps.filter(({ port_id }) => port_id === port))
      this.#save(this.floatingIps, floating, {
        port_id: null,
        fixed_ip_address: null,
        router_id: null,
        status: "DOWN",
      });
  }

  #addPort(network: Network, projectId: string, asked: Partial<Omit<Body<"port">, "project_id" | "tenant_id">>): Port {
    const secured = asked.port_security_enabled ?? network["port_security_enabled"] !== false;
    if (!secured && (asked.security_groups ?? []).length > 0)
      throw refusal(
        409,
        "PortSecurityAndIPRequiredForSecurityGroups",
        "Port security must be enabled and port must have an IP address in order to use security groups.",
      );
    const isOurs = (asked.device_owner ?? "").startsWith("network:");
    const groups = asked.security_groups ?? (!secured || isOurs ? [] : [this.#defaultGroup(projectId).id]);
    for (const group of groups)
      if (this.securityGroups.get(group) === undefined)
        throw refusal(404, "SecurityGroupNotFound", this.#kinds.security_group.notFound(group));
    const mac_address =
      asked.mac_address ??
      `fa:16:3e:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
    const host = asked["binding:host_id"] ?? "";
    return this.ports.add({
      ...this.#standard(projectId, asked.description ?? ""),
      name: asked.name ?? "",
      network_id: network.id,
      admin_state_up: asked.admin_state_up ?? true,
      mac_address,
      fixed_ips: this.#addresses(network, asked.fixed_ips, undefined, mac_address),
      device_id: asked.device_id ?? "",
      device_owner: asked.device_owner ?? "",
      security_groups: groups,
      allowed_address_pairs: pairsOf(asked.allowed_address_pairs, mac_address),
      extra_dhcp_opts: asked.extra_dhcp_opts ?? [],
      port_security_enabled: secured,
      dns_name: asked.dns_name ?? "",
      dns_domain: asked.dns_domain ?? "",
      dns_assignment: [],
      qos_policy_id: asked.qos_policy_id ?? null,
      qos_network_policy_id: null,
      propagate_uplink_status: asked.propagate_uplink_status ?? false,
      numa_affinity_policy: asked.numa_affinity_policy ?? null,
      ip_allocation: "immediate",
      resource_request: null,
      "binding:vnic_type": asked["binding:vnic_type"] ?? "normal",
      "binding:profile": asked["binding:profile"] ?? {},
      ...bound(isOurs ? "node1" : host),
    });
  }

  /** Which addresses a port gets. Source: neutron/db/ipam_pluggable_backend.py, allocate_ips_for_port_and_store. */
  #addresses(
    network: Network,
    asked: readonly z.output<typeof fixedIp>[] | undefined,
    before: Port | undefined,
    mac = before?.mac_address ?? "",
  ): readonly FixedIp[] {
    const subnets = this.subnets.filter(({ network_id }) => network_id === network.id);
    const taken = new Map<string, Set<string>>();
    for (const port of this.ports.all)
      if (port.id !== before?.id)
        for (const ip of port.fixed_ips)
          taken.set(ip.subnet_id, (taken.get(ip.subnet_id) ?? new Set()).add(ip.ip_address));
    const got: FixedIp[] = [];
    const isTaken = (subnet: string, ip: string): boolean =>
      taken.get(subnet)?.has(ip) === true || got.some((one) => one.subnet_id === subnet && one.ip_address === ip);
    const take = (subnet: Subnet): FixedIp | undefined => {
      const kept = before?.fixed_ips.find(
        ({ subnet_id, ip_address }) => subnet_id === subnet.id && !isTaken(subnet_id, ip_address),
      );
      if (kept !== undefined) return kept;
      for (const one of subnet.allocation_pools) {
        const { start, end } = rangeOfPool(one);
        for (let value = start; value <= end; value++) {
          const ip_address = formatAddress(subnet.ip_version, value);
          if (!isTaken(subnet.id, ip_address) && ip_address !== subnet.gateway_ip)
            return { subnet_id: subnet.id, ip_address };
        }
      }
      return undefined;
    };
    const none = refusal(409, "IpAddressGenerationFailure", `No more IP addresses available on network ${network.id}.`);
    const isSlaac = ({ ipv6_address_mode }: Subnet): boolean =>
      ["slaac", "dhcpv6-stateless"].includes(ipv6_address_mode ?? "");
    if (asked === undefined) {
      for (const version of [4, 6] as const) {
        const candidates = subnets.filter((one) => one.ip_version === version && !isSlaac(one));
        if (candidates.length === 0) continue;
        const ip = candidates.map(take).find((one) => one !== undefined);
        if (ip === undefined) throw none;
        got.push(ip);
      }
      for (const subnet of subnets.filter(isSlaac)) got.push({ subnet_id: subnet.id, ip_address: eui64(subnet, mac) });
      return got;
    }
    for (const { subnet_id, ip_address } of asked) {
      const value = ip_address === undefined ? undefined : parseAddress(ip_address);
      const subnet =
        subnet_id === undefined
          ? subnets.find(({ cidr }) => value !== undefined && isInCidr(cidr, value))
          : this.subnets.get(subnet_id);
      if (subnet === undefined)
        throw subnet_id === undefined
          ? refusal(
              400,
              "InvalidIpForNetwork",
              `IP address ${ip_address ?? ""} is not a valid IP for any of the subnets on the specified network.`,
            )
          : refusal(404, "SubnetNotFound", this.#kinds.subnet.notFound(subnet_id));
      if (subnet.network_id !== network.id)
        throw invalidInput(
          `Failed to create port on network ${network.id}, because fixed_ips included invalid subnet ${subnet.id}`,
        );
      if (ip_address === undefined || value === undefined) {
        const ip = isSlaac(subnet) ? { subnet_id: subnet.id, ip_address: eui64(subnet, mac) } : take(subnet);
        if (ip === undefined) throw none;
        got.push(ip);
        continue;
      }
      if (!isInCidr(subnet.cidr, value))
        throw refusal(
          400,
          "InvalidIpForSubnet",
          `IP address ${ip_address} is not a valid IP for the specified subnet.`,
        );
      const written = formatAddress(value.version, value.value);
      if (isTaken(subnet.id, written))
        throw refusal(
          409,
          "IpAddressAlreadyAllocated",
          `IP address ${written} already allocated in subnet ${subnet.id}`,
        );
      got.push({ subnet_id: subnet.id, ip_address: written });
    }
    return got;
  }

  // ----------------------------------------------------------------------------------------------------- routers

  #routeRouters(): void {
    const options = this.#kinds.router;
    this.routes.on("POST /v2.0/routers", (call) => {
      const { body, projectId } = this.#asked("router", call);
      this.#mayDo("router:ha", call.who, body.ha !== undefined);
      this.#mayDo("router:distributed", call.who, body.distributed !== undefined);
      this.#spend("router", projectId, this.routers);
      for (const zone of body.availability_zone_hints)
        if (zone !== "nova")
          throw refusal(404, "AvailabilityZoneNotFound", `AvailabilityZone ${zone} could not be found.`);
      if (body.distributed === true) throw badRequest("Distributed routers are not supported by the fake");
      const standard = this.#standard(projectId, body.description);
      const row = this.routers.add({
        ...standard,
        name: body.name,
        admin_state_up: body.admin_state_up,
        status: "ACTIVE",
        external_gateway_info: this.#gateway(standard.id, null, body.external_gateway_info ?? null, call.who),
        routes: [],
        availability_zone_hints: body.availability_zone_hints,
        availability_zones: [],
        flavor_id: body.flavor_id ?? null,
        ...(isAdmin(call.who) && { distributed: false, ha: body.ha ?? false }),
      });
      return created(this.#answer("router", row));
    });
    this.routes.on("PUT /v2.0/routers/{id}", (call) => {
      const row = this.#own(options, call);
      const change = this.#change("router", call);
      if ((change.distributed ?? row["distributed"]) !== row["distributed"] && change.distributed !== undefined)
        throw badRouter(
          "Cannot upgrade active router to distributed. Please set router admin_state_up to False prior to upgrade",
        );
      for (const { nexthop } of change.routes ?? [])
        if (
          !this.#interfaces(row.id).some(({ fixed_ips }) =>
            fixed_ips.some((ip) => isReachable(this.subnets.get(ip.subnet_id), nexthop)),
          )
        )
          throw refusal(
            400,
            "InvalidRoutes",
            `Invalid format for routes: ${JSON.stringify(change.routes)}, the nexthop is not connected with router.`,
          );
      const external_gateway_info =
        "external_gateway_info" in change
          ? this.#gateway(row.id, row.external_gateway_info, change.external_gateway_info ?? null, call.who)
          : row.external_gateway_info;
      return ok(this.#answer("router", this.#save(this.routers, row, { ...change, external_gateway_info })));
    });
    this.routes.on("DELETE /v2.0/routers/{id}", (call) => {
      const row = this.#own(options, call);
      if (this.#interfaces(row.id).some(({ device_owner }) => device_owner === routerPort))
        throw refusal(409, "RouterInUse", `Router ${row.id} still has ports`);
      this.#gateway(row.id, row.external_gateway_info, null, call.who);
      this.routers.delete(row.id);
      return noContent;
    });
    this.routes.on("PUT /v2.0/routers/{id}/add_router_interface", (call) =>
      this.#addInterface(this.#own(options, call), call),
    );
    this.routes.on("PUT /v2.0/routers/{id}/remove_router_interface", (call) =>
      this.#removeInterface(this.#own(options, call), call),
    );
  }

  /** The router's ports: its interfaces, and its gateway. */
  #interfaces(router: string): readonly Port[] {
    return this.ports.filter(({ device_id }) => device_id === router);
  }

  #gateway(
    router: string,
    before: Gateway | null,
    asked: NonNullable<Body<"router">["external_gateway_info"]> | null,
    who: Identity,
  ): Gateway | null {
    const old = this.#interfaces(router).find(({ device_owner }) => device_owner === gatewayPort);
    const wanted = asked?.network_id;
    if (wanted === undefined) {
      if (before !== null && this.floatingIps.find(({ router_id }) => router_id === router))
        throw refusal(
          409,
          "RouterExternalGatewayInUseByFloatingIp",
          `Gateway cannot be updated for router ${router}, since a gateway to external network ${before.network_id} is required by one or more floating IPs.`,
        );
      if (old !== undefined) this.ports.delete(old.id);
      return null;
    }
    this.#mayDo("router:external_gateway_info:enable_snat", who, asked?.enable_snat !== undefined);
    this.#mayDo("router:external_gateway_info:external_fixed_ips", who, asked?.external_fixed_ips !== undefined);
    const network = this.#get(this.#kinds.network, wanted, who);
    if (!network["router:external"]) throw badRouter(`Network ${wanted} is not an external network`);
    const enable_snat = asked?.enable_snat ?? true;
    if (before?.network_id === wanted && old !== undefined) {
      if (asked?.external_fixed_ips === undefined) return { ...before, enable_snat };
      const moved = this.#save(this.ports, old, { fixed_ips: this.#addresses(network, asked.external_fixed_ips, old) });
      return { network_id: wanted, enable_snat, external_fixed_ips: moved.fixed_ips };
    }
    if (old !== undefined) this.ports.delete(old.id);
    const port = this.#addPort(network, "", {
      device_id: router,
      device_owner: gatewayPort,
      ...(asked?.external_fixed_ips !== undefined && { fixed_ips: asked.external_fixed_ips }),
    });
    return { network_id: wanted, enable_snat, external_fixed_ips: port.fixed_ips };
  }

  #addInterface(router: Router, call: Call): Answer {
    const asked = bodyOf(
      call,
      undefined,
      z.strictObject({ subnet_id: id.optional(), port_id: id.optional() }),
      invalid,
    );
    if (asked.subnet_id !== undefined && asked.port_id !== undefined)
      throw badRouter("Cannot specify both subnet-id and port-id");
    if (asked.port_id !== undefined) {
      const port = this.#get(this.#kinds.port, asked.port_id, call.who);
      if (port.device_id !== "")
        throw refusal(
          409,
          "PortInUse",
          `Unable to complete operation on port ${port.id} for network ${port.network_id}. Port already has an attached device ${port.device_id}.`,
        );
      if (port.fixed_ips.length === 0) throw badRouter("Router port must have at least one fixed IP");
      const next = this.#save(this.ports, port, { device_id: router.id, device_owner: routerPort, ...bound("node1") });
      return this.#interfaceAnswer(router, next, port.fixed_ips[0]?.subnet_id ?? "");
    }
    if (asked.subnet_id === undefined) throw badRouter("Either subnet_id or port_id must be specified");
    const subnet = this.#get(this.#kinds.subnet, asked.subnet_id, call.who);
    if (this.#interfaces(router.id).some(({ fixed_ips }) => fixed_ips.some(({ subnet_id }) => subnet_id === subnet.id)))
      throw badRouter(`Router already has a port on subnet ${subnet.id}`);
    if (subnet.gateway_ip === null) throw badRouter("Subnet for router interface must have a gateway IP");
    const network = this.#get(this.#kinds.network, subnet.network_id, call.who);
    const port = this.#addPort(network, router.project_id, {
      device_id: router.id,
      device_owner: routerPort,
      fixed_ips: [{ subnet_id: subnet.id, ip_address: subnet.gateway_ip }],
    });
    return this.#interfaceAnswer(router, port, subnet.id);
  }

  #removeInterface(router: Router, call: Call): Answer {
    const asked = bodyOf(
      call,
      undefined,
      z.strictObject({ subnet_id: id.optional(), port_id: id.optional() }),
      invalid,
    );
    const port = this.#interfaces(router.id).find(
      (one) =>
        one.device_owner === routerPort &&
        (asked.port_id === undefined || asked.port_id === one.id) &&
        (asked.subnet_id === undefined || one.fixed_ips.some(({ subnet_id }) => subnet_id === asked.subnet_id)),
    );
    if (port === undefined)
      throw asked.port_id === undefined
        ? refusal(
            404,
            "RouterInterfaceNotFoundForSubnet",
            `Router ${router.id} has no interface on subnet ${asked.subnet_id ?? ""}`,
          )
        : refusal(
            404,
            "RouterInterfaceNotFound",
            `Router ${router.id} does not have an interface with id ${asked.port_id}`,
          );
    const subnets = port.fixed_ips.map(({ subnet_id }) => subnet_id);
    const needed = this.floatingIps.find(
      ({ router_id, port_id }) =>
        router_id === router.id &&
        this.ports.get(port_id)?.fixed_ips.some(({ subnet_id }) => subnets.includes(subnet_id)) === true,
    );
    if (needed !== undefined)
      throw refusal(
        409,
        "RouterInterfaceInUseByFloatingIP",
        `Router interface for subnet ${subnets[0] ?? ""} on router ${router.id} cannot be deleted, as it is required by one or more floating IPs.`,
      );
    this.ports.delete(port.id);
    return this.#interfaceAnswer(router, port, subnets[0] ?? "");
  }

  #interfaceAnswer(router: Router, port: Port, subnet: string): Answer {
    this.#save(this.routers, router, {});
    return ok({
      id: router.id,
      tenant_id: router.project_id,
      project_id: router.project_id,
      port_id: port.id,
      network_id: port.network_id,
      subnet_id: subnet,
      subnet_ids: [subnet],
      tags: router.tags,
    });
  }

  // --------------------------------------------------------------------------------------------- security groups

  #routeSecurityGroups(): void {
    const options = this.#kinds.security_group;
    this.routes.on("POST /v2.0/security-groups", (call) => {
      const { body, projectId } = this.#asked("security_group", call);
      this.#defaultGroup(projectId);
      if (body.name === "default")
        throw refusal(409, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.");
      this.#spend("security_group", projectId, this.securityGroups);
      const { description, name, stateful } = body;
      return created(this.#answer("security_group", this.#addGroup(projectId, { name, description, stateful })));
    });
    this.routes.on("PUT /v2.0/security-groups/{id}", (call) => {
      const row = this.#own(options, call);
      const change = this.#change("security_group", call);
      if (row.name === "default" && change.name !== undefined)
        throw refusal(409, "SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.");
      if (change.stateful !== undefined && change.stateful !== row["stateful"] && this.#groupIsUsed(row.id))
        throw refusal(409, "SecurityGroupInUse", `Security Group ${row.id} in use.`);
      return ok(this.#answer("security_group", this.#save(this.securityGroups, row, change)));
    });
    this.routes.on("DELETE /v2.0/security-groups/{id}", (call) => {
      const row = this.#own(options, call);
      if (row.name === "default" && !isAdmin(call.who))
        throw refusal(
          409,
          "SecurityGroupCannotRemoveDefault",
          "Insufficient rights for removing default security group.",
        );
      if (this.#groupIsUsed(row.id)) throw refusal(409, "SecurityGroupInUse", `Security Group ${row.id} in use.`);
      this.securityGroups.delete(row.id);
      for (const rule of this.rules.filter((one) => one.security_group_id === row.id || one.remote_group_id === row.id))
        this.rules.delete(rule.id);
      return noContent;
    });
    this.routes.on("POST /v2.0/security-group-rules", (call) => {
      const list = (call.body as Json | undefined)?.["security_group_rules"];
      if (!Array.isArray(list)) return created(this.#answer("security_group_rule", this.#addRule(call)));
      const rows = list.map((one: unknown) =>
        this.#addRule({ ...call, param: (name) => call.param(name), body: { security_group_rule: one } }),
      );
      return created({ security_group_rules: rows });
    });
    this.routes.on("PUT /v2.0/security-group-rules/{id}", (call) => {
      const row = this.#own(this.#kinds.security_group_rule, call);
      return ok(
        this.#answer("security_group_rule", this.#save(this.rules, row, this.#change("security_group_rule", call))),
      );
    });
    this.routes.on("DELETE /v2.0/security-group-rules/{id}", (call) => {
      const row = this.#own(this.#kinds.security_group_rule, call);
      this.rules.delete(row.id);
      this.#touchGroup(row.security_group_id);
      return noContent;
    });
  }

  #groupIsUsed(group: string): boolean {
    return this.ports.find(({ security_groups }) => security_groups.includes(group)) !== undefined;
  }

  #touchGroup(group: string): void {
    const row = this.securityGroups.get(group);
    if (row !== undefined) this.#save(this.securityGroups, row, {});
  }

  /** Neutron makes it when a project is first heard of. */
  #defaultGroup(projectId: string): SecurityGroup {
    const known = this.securityGroups.find((row) => row.project_id === projectId && row.name === "default");
    if (known !== undefined) return known;
    const group = this.#addGroup(projectId, { name: "default", description: "Default security group", stateful: true });
    for (const ethertype of ["IPv4", "IPv6"])
      this.#saveRule(projectId, {
        security_group_id: group.id,
        direction: "ingress",
        ethertype,
        remote_group_id: group.id,
      });
    return group;
  }

  #addGroup(projectId: string, body: { name: string; description: string; stateful: boolean }): SecurityGroup {
    const group = this.securityGroups.add({
      ...this.#standard(projectId, body.description),
      name: body.name,
      stateful: body.stateful,
      shared: false,
    });
    for (const ethertype of ["IPv4", "IPv6"])
      this.#saveRule(projectId, { security_group_id: group.id, direction: "egress", ethertype, remote_group_id: null });
    return group;
  }

  #saveRule(
    projectId: string,
    body: Json & { readonly security_group_id: string; readonly remote_group_id: string | null },
    description = "",
  ): Rule {
    return this.rules.add({
      ...this.#standard(projectId, description),
      protocol: null,
      port_range_min: null,
      port_range_max: null,
      remote_ip_prefix: null,
      remote_address_group_id: null,
      normalized_cidr: null,
      ...body,
    });
  }

  #addRule(call: Call): Rule {
    const { body } = this.#asked("security_group_rule", call);
    const group = this.#get(this.#kinds.security_group, body.security_group_id, call.who);
    this.#spend("security_group_rule", group.project_id, this.rules);
    if ((body.remote_ip_prefix ?? undefined) !== undefined && (body.remote_group_id ?? undefined) !== undefined)
      throw refusal(
        400,
        "SecurityGroupMultipleRemoteEntites",
        "Only remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.",
      );
    if (typeof body.remote_group_id === "string") this.#get(this.#kinds.security_group, body.remote_group_id, call.who);
    const protocol = body.protocol === undefined || body.protocol === null ? null : String(body.protocol).toLowerCase();
    const { port_range_min = null, port_range_max = null } = body;
    if (port_range_min !== null && port_range_max !== null) {
      if (protocol === null)
        throw refusal(
          400,
          "SecurityGroupProtocolRequiredWithPorts",
          "Must also specify protocol if port range is given.",
        );
      if (["tcp", "udp"].includes(protocol) && port_range_min > port_range_max)
        throw refusal(
          400,
          "SecurityGroupInvalidPortRange",
          "For TCP/UDP protocols, port_range_min must be <= port_range_max",
        );
    }
    const prefix = typeof body.remote_ip_prefix === "string" ? parseCidr(body.remote_ip_prefix) : undefined;
    if (typeof body.remote_ip_prefix === "string" && prefix === undefined)
      throw badRequest(
        `Invalid input for remote_ip_prefix. Reason: '${body.remote_ip_prefix}' is not a valid IP subnet.`,
      );
    if (prefix !== undefined && `IPv${prefix.version}` !== body.ethertype)
      throw refusal(
        400,
        "SecurityGroupRuleParameterConflict",
        `Conflicting value ethertype ${body.ethertype} for CIDR ${body.remote_ip_prefix ?? ""}`,
      );
    const values = {
      security_group_id: group.id,
      direction: body.direction,
      ethertype: body.ethertype,
      protocol,
      port_range_min,
      port_range_max,
      remote_ip_prefix: prefix === undefined ? null : formatCidr(prefix),
      remote_group_id: body.remote_group_id ?? null,
      remote_address_group_id: body.remote_address_group_id ?? null,
      normalized_cidr: prefix === undefined ? null : formatCidr(prefix),
    };
    const twin = this.rules.find((one) => Object.entries(values).every(([field, value]) => one[field] === value));
    if (twin !== undefined)
      throw refusal(409, "SecurityGroupRuleExists", `Security group rule already exists. Rule id is ${twin.id}.`);
    this.#touchGroup(group.id);
    return this.#saveRule(group.project_id, values, body.description);
  }

  // ------------------------------------------------------------------------------------------------ floating IPs

  #routeFloatingIps(): void {
    const options = this.#kinds.floatingip;
    this.routes.on("POST /v2.0/floatingips", (call) => {
      const { body, projectId } = this.#asked("floatingip", call);
      this.#spend("floatingip", projectId, this.floatingIps);
      const network = this.#get(this.#kinds.network, body.floating_network_id, call.who);
      if (!network["router:external"])
        throw refusal(
          400,
          "BadRequest",
          `Bad floatingip request: Network ${network.id} is not a valid external network.`,
        );
      this.#mayDo("floatingip:floating_ip_address", call.who, typeof body.floating_ip_address === "string");
      const asked = {
        ...(typeof body.subnet_id === "string" && { subnet_id: body.subnet_id }),
        ...(typeof body.floating_ip_address === "string" && { ip_address: body.floating_ip_address }),
      };
      const standard = this.#standard(projectId, body.description);
      const association = this.#associate(network.id, body.port_id ?? null, body.fixed_ip_address ?? null, call.who);
      const port = this.#addPort(network, "", {
        device_id: standard.id,
        device_owner: floatingPort,
        ...(Object.keys(asked).length > 0 && { fixed_ips: [asked] }),
      });
      const row = this.floatingIps.add({
        ...standard,
        floating_network_id: network.id,
        floating_ip_address: port.fixed_ips[0]?.ip_address ?? "",
        ...association,
        status: association.port_id === null ? "DOWN" : "ACTIVE",
        dns_name: body.dns_name,
        dns_domain: body.dns_domain,
        port_forwardings: [],
        qos_policy_id: null,
        qos_network_policy_id: null,
      });
      return created(this.#answer("floatingip", row));
    });
    this.routes.on("PUT /v2.0/floatingips/{id}", (call) => {
      const row = this.#own(options, call);
      const change = this.#change("floatingip", call);
      // Neutron: a body without port_id takes the port away, unless it changes the description only.
      const moves = "port_id" in change || "fixed_ip_address" in change;
      const port = "port_id" in change ? (change.port_id ?? null) : row.port_id;
      const association = moves
        ? this.#associate(row.floating_network_id, port, change.fixed_ip_address ?? null, call.who, row.id)
        : {};
      const status = moves ? { status: port === null ? "DOWN" : "ACTIVE" } : {};
      const { description } = change;
      const next = this.#save(this.floatingIps, row, {
        ...(description !== undefined && { description }),
        ...association,
        ...status,
      });
      return ok(this.#answer("floatingip", next));
    });
    this.routes.on("DELETE /v2.0/floatingips/{id}", (call) => {
      const row = this.#own(options, call);
      this.floatingIps.delete(row.id);
      for (const port of this.ports.filter(({ device_id }) => device_id === row.id)) this.ports.delete(port.id);
      return noContent;
    });
  }

  #associate(
    network: string,
    port_id: string | null,
    wanted: string | null,
    who: Identity,
    self?: string,
  ): Pick<FloatingIp, "port_id" | "fixed_ip_address" | "router_id"> {
    if (port_id === null) {
      if (wanted !== null)
        throw refusal(400, "BadRequest", "Bad floatingip request: port_id must be specified with fixed_ip_address.");
      return { port_id: null, fixed_ip_address: null, router_id: null };
    }
    const port = this.#get(this.#kinds.port, port_id, who);
    const ip = wanted === null ? port.fixed_ips[0] : port.fixed_ips.find(({ ip_address }) => ip_address === wanted);
    if (ip === undefined)
      throw refusal(
        400,
        "BadRequest",
        wanted === null
          ? `Bad floatingip request: Cannot add floating IP to port ${port_id} that has no fixed IPv4 addresses.`
          : `Bad floatingip request: Port ${port_id} does not have fixed ip ${wanted}.`,
      );
    const taken = this.floatingIps.find(
      (one) =>
        one.id !== self &&
        one.port_id === port_id &&
        one.fixed_ip_address === ip.ip_address &&
        one.floating_network_id === network,
    );
    if (taken !== undefined)
      throw refusal(
        409,
        "FloatingIPPortAlreadyAssociated",
        `Cannot associate floating IP ${taken.floating_ip_address} (${taken.id}) with port ${port_id} using fixed IP ${ip.ip_address}, as that fixed IP already has a floating IP on external network ${network}.`,
      );
    const router = this.routers.find(
      (one) =>
        one.external_gateway_info?.network_id === network &&
        this.#interfaces(one.id).some(({ fixed_ips }) => fixed_ips.some(({ subnet_id }) => subnet_id === ip.subnet_id)),
    );
    if (router === undefined)
      throw refusal(
        404,
        "ExternalGatewayForFloatingIPNotFound",
        `External network ${network} is not reachable from subnet ${ip.subnet_id}.  Therefore, cannot associate Port ${port_id} with a Floating IP.`,
      );
    return { port_id, fixed_ip_address: ip.ip_address, router_id: router.id };
  }

  // ------------------------------------------------------------------------------------------------------ trunks

  #routeTrunks(): void {
    const options = this.#kinds.trunk;
    const complete = (
      sub: { port_id: string; segmentation_id?: number | undefined; segmentation_type?: string | undefined },
      who: Identity,
    ): SubPort => {
      this.#get(this.#kinds.port, sub.port_id, who);
      if (sub.segmentation_id === undefined)
        throw badRequest("Invalid input for sub_ports. Reason: Segmentation ID is required.");
      const used = this.trunks.find(({ sub_ports }) => sub_ports.some(({ port_id }) => port_id === sub.port_id));
      if (used !== undefined)
        throw refusal(
          409,
          "DuplicateSubPort",
          `segmentation_type ${sub.segmentation_type ?? "vlan"} and segmentation_id ${sub.segmentation_id} already in use on trunk ${used.id}.`,
        );
      return {
        port_id: sub.port_id,
        segmentation_id: sub.segmentation_id,
        segmentation_type: sub.segmentation_type ?? "vlan",
      };
    };
    const bind = (sub: SubPort, trunk: string): void => {
      const port = this.ports.get(sub.port_id);
      if (port !== undefined)
        this.#save(this.ports, port, { device_owner: trunk === "" ? "" : "trunk:subport", device_id: trunk });
    };
    this.routes.on("POST /v2.0/trunks", (call) => {
      const { body, projectId } = this.#asked("trunk", call);
      const port = this.#get(this.#kinds.port, body.port_id, call.who);
      const used = this.trunks.find(({ port_id }) => port_id === port.id);
      if (used !== undefined)
        throw refusal(
          409,
          "ParentPortInUse",
          `Port ${port.id} is currently in use and is not eligible for use as a parent port.`,
        );
      const sub_ports = body.sub_ports.map((sub) => complete(sub, call.who));
      const row = this.trunks.add({
        ...this.#standard(projectId, body.description),
        name: body.name,
        admin_state_up: body.admin_state_up,
        port_id: port.id,
        status: "DOWN",
        sub_ports,
      });
      for (const sub of sub_ports) bind(sub, row.id);
      return created(this.#answer("trunk", row));
    });
    const enabled = (row: Trunk): void => {
      if (!row.admin_state_up)
        throw refusal(
          409,
          "TrunkDisabled",
          `Trunk ${row.id} is currently disabled and can not be modified or deleted.`,
        );
    };
    this.routes.on("PUT /v2.0/trunks/{id}", (call) => {
      const row = this.#own(options, call);
      return ok(this.#answer("trunk", this.#save(this.trunks, row, this.#change("trunk", call))));
    });
    this.routes.on("DELETE /v2.0/trunks/{id}", (call) => {
      const row = this.#own(options, call);
      for (const sub of row.sub_ports) bind(sub, "");
      this.trunks.delete(row.id);
      return noContent;
    });
    this.routes.on("GET /v2.0/trunks/{id}/get_subports", (call) =>
      ok({ sub_ports: this.#get(options, call.param("id"), call.who).sub_ports }),
    );
    this.routes.on("PUT /v2.0/trunks/{id}/add_subports", (call) => {
      const row = this.#own(options, call);
      enabled(row);
      const asked = bodyOf(call, "sub_ports", shapes.trunk.create.sub_ports, invalid).map((sub) =>
        complete(sub, call.who),
      );
      const clash = asked.find((one) =>
        row.sub_ports.some(({ segmentation_id }) => segmentation_id === one.segmentation_id),
      );
      if (clash !== undefined)
        throw refusal(
          409,
          "DuplicateSubPort",
          `segmentation_type ${clash.segmentation_type} and segmentation_id ${clash.segmentation_id} already in use on trunk ${row.id}.`,
        );
      const next = this.#save(this.trunks, row, { sub_ports: [...row.sub_ports, ...asked] });
      for (const sub of asked) bind(sub, row.id);
      return ok(next);
    });
    this.routes.on("PUT /v2.0/trunks/{id}/remove_subports", (call) => {
      const row = this.#own(options, call);
      enabled(row);
      const asked = bodyOf(call, "sub_ports", z.array(z.object({ port_id: id })), invalid).map(
        ({ port_id }) => port_id,
      );
      for (const port of asked)
        if (!row.sub_ports.some(({ port_id }) => port_id === port))
          throw refusal(
            404,
            "SubPortNotFound",
            `SubPort on trunk ${row.id} with parent port ${port} could not be found.`,
          );
      for (const sub of row.sub_ports) if (asked.includes(sub.port_id)) bind(sub, "");
      const sub_ports = row.sub_ports.filter(({ port_id }) => !asked.includes(port_id));
      return ok(this.#save(this.trunks, row, { sub_ports }));
    });
  }

  // ----------------------------------------------------------------------------- address scopes and subnet pools

  #routeAddressScopes(): void {
    const options = this.#kinds.address_scope;
    this.routes.on("POST /v2.0/address-scopes", (call) => {
      const { body, projectId } = this.#asked("address_scope", call);
      this.#mayDo("address_scope:shared", call.who, body.shared);
      const { name, shared, ip_version } = body;
      const row = this.addressScopes.add({ ...this.#bare(projectId), name, shared, ip_version });
      return created(this.#answer("address_scope", row));
    });
    this.routes.on("PUT /v2.0/address-scopes/{id}", (call) => {
      const row = this.#own(options, call);
      const change = this.#change("address_scope", call);
      if (row.shared && change.shared === false)
        throw refusal(
          400,
          "AddressScopeUpdateError",
          `Unable to update address scope ${row.id} : Shared address scope can't be unshared.`,
        );
      this.#mayDo("address_scope:shared", call.who, change.shared === true);
      return ok(this.#answer("address_scope", this.#save(this.addressScopes, row, change)));
    });
    this.routes.on("DELETE /v2.0/address-scopes/{id}", (call) => {
      const row = this.#own(options, call);
      if (this.subnetPools.find(({ address_scope_id }) => address_scope_id === row.id))
        throw refusal(
          409,
          "AddressScopeInUse",
          `Unable to complete operation on address scope ${row.id}. There are one or more subnet pools in use on the address scope`,
        );
      this.addressScopes.delete(row.id);
      return noContent;
    });
  }

  #routeSubnetPools(): void {
    const options = this.#kinds.subnetpool;
    const versionOf = (prefixes: readonly string[]): Version => {
      const parsed = prefixes.map((prefix) => {
        const cidr = parseCidr(prefix);
        if (cidr === undefined)
          throw badRequest(`Invalid input for prefixes. Reason: '${prefix}' is not a valid IP subnet.`);
        return cidr.version;
      });
      if (new Set(parsed).size > 1)
        throw refusal(400, "PrefixVersionMismatch", "Cannot mix IPv4 and IPv6 prefixes in a subnet pool.");
      return parsed[0] ?? 4;
    };
    const scopeFits = (scope: string | null, version: Version, who: Identity): void => {
      if (scope !== null && this.#get(this.#kinds.address_scope, scope, who).ip_version !== version)
        throw refusal(
          400,
          "IllegalSubnetPoolIpVersionAssociationToAddressScope",
          `Illegal subnetpool association: subnetpool cannot associate with address scope ${scope} because subnetpool ip_version is not ${version}.`,
        );
    };
    this.routes.on("POST /v2.0/subnetpools", (call) => {
      const { body, projectId } = this.#asked("subnetpool", call);
      this.#mayDo("subnetpool:shared", call.who, body.shared);
      this.#mayDo("subnetpool:is_default", call.who, body.is_default);
      const ip_version = versionOf(body.prefixes);
      scopeFits(body.address_scope_id ?? null, ip_version, call.who);
      const min = body.min_prefixlen ?? (ip_version === 4 ? 8 : 64);
      const max = body.max_prefixlen ?? (ip_version === 4 ? 32 : 128);
      const usual = body.default_prefixlen ?? min;
      if (min > max || usual < min || usual > max)
        throw refusal(
          400,
          "IllegalSubnetPoolPrefixBounds",
          `Illegal prefix bounds: min_prefixlen=${min}, default_prefixlen=${usual}, max_prefixlen=${max}.`,
        );
      const row = this.subnetPools.add({
        ...this.#standard(projectId, body.description),
        name: body.name,
        prefixes: joinedPrefixes(body.prefixes),
        ip_version,
        min_prefixlen: `${min}`,
        max_prefixlen: `${max}`,
        default_prefixlen: `${usual}`,
        default_quota: body.default_quota ?? null,
        address_scope_id: body.address_scope_id ?? null,
        shared: body.shared,
        is_default: body.is_default,
      });
      return created(this.#answer("subnetpool", row));
    });
    this.routes.on("PUT /v2.0/subnetpools/{id}", (call) => {
      const row = this.#own(options, call);
      const { min_prefixlen, max_prefixlen, default_prefixlen, ...change } = this.#change("subnetpool", call);
      if (change.prefixes !== undefined && row.prefixes.some((prefix) => !isCovered(prefix, change.prefixes ?? [])))
        throw refusal(
          400,
          "IllegalSubnetPoolPrefixUpdate",
          "Illegal update to prefixes: Existing prefixes must be a subset of the new prefixes.",
        );
      scopeFits(change.address_scope_id ?? null, row.ip_version, call.who);
      const lengths = Object.entries({ min_prefixlen, max_prefixlen, default_prefixlen }).flatMap(([field, value]) =>
        value === undefined ? [] : [[field, `${value}`]],
      );
      const next = this.#save(this.subnetPools, row, {
        ...change,
        ...(change.prefixes !== undefined && { prefixes: joinedPrefixes(change.prefixes) }),
        ...(Object.fromEntries(lengths) as Json),
      });
      return ok(this.#answer("subnetpool", next));
    });
    this.routes.on("DELETE /v2.0/subnetpools/{id}", (call) => {
      const row = this.#own(options, call);
      if (this.subnets.find(({ subnetpool_id }) => subnetpool_id === row.id))
        throw refusal(
          400,
          "SubnetPoolDeleteError",
          "Unable to delete subnet pool: Subnet pool has existing allocations.",
        );
      this.subnetPools.delete(row.id);
      return noContent;
    });
  }

  // ------------------------------------------------------------------------------------------------------ quotas

  #routeQuotas(): void {
    const one = "/v2.0/quotas/{project}";
    const show: Handler = (call) =>
      ok({ quota: { ...this.#limits(call.param("project")), project_id: call.param("project") } });
    this.routes.on("GET /v2.0/quotas", () =>
      ok({ quotas: [...this.#quotas].map(([project_id, quotas]) => ({ ...defaultQuotas, ...quotas, project_id })) }),
    );
    this.routes.on(`GET ${one}`, show);
    this.routes.on(`GET ${one}/default`, () => ok({ quota: defaultQuotas }));
    this.routes.on(`GET ${one}/details.json`, (call) => {
      const project = call.param("project");
      const used = Object.values(this.#kinds).map(({ kind, table }) => [
        kind,
        (table as unknown as Table<Base>).filter((row) => row.project_id === project).length,
      ]);
      const counts = Object.fromEntries(used) as Readonly<Record<string, number | undefined>>;
      const details = Object.entries(this.#limits(project)).map(([kind, limit]) => [
        kind,
        { limit, used: counts[kind] ?? 0, reserved: 0 },
      ]);
      return ok({ quota: Object.fromEntries(details) as Json });
    });
    this.routes.on(`PUT ${one}`, (call) => {
      this.#mayDo("quota", call.who, true);
      const fields = Object.keys(defaultQuotas).map((kind) => [kind, z.int().optional()]);
      const quota = z.strictObject(Object.fromEntries(fields) as Record<string, z.ZodType>);
      this.setQuota(call.param("project"), bodyOf(call, "quota", quota, invalid));
      return show(call);
    });
    this.routes.on(`DELETE ${one}`, (call) => {
      this.#mayDo("quota", call.who, true);
      this.#quotas.delete(call.param("project"));
      return noContent;
    });
  }
}

// ------------------------------------------------------------------------------------------------------------ pure

/** Those of Zed's that clients look for. */
const extensions = [
  "address-scope",
  "allowed-address-pairs",
  "availability_zone",
  "binding",
  "dns-integration",
  "external-net",
  "ext-gw-mode",
  "extra_dhcp_opt",
  "extraroute",
  "net-mtu-writable",
  "pagination",
  "port-security",
  "project-id",
  "provider",
  "quotas",
  "router",
  "security-group",
  "sorting",
  "standard-attr-description",
  "standard-attr-revisions",
  "standard-attr-tag",
  "standard-attr-timestamp",
  "stateful-security-group",
  "subnet_allocation",
  "trunk",
];

/** Neutron's times have whole seconds. */
const timestamp = (now: Date): string => now.toISOString().replace(/\.\d+Z$/, "Z");

function rangeOfPool({ start, end }: Pool): Range {
  return { start: parseAddress(start)?.value ?? 0n, end: parseAddress(end)?.value ?? 0n };
}

function overlaps({ cidr }: Subnet, other: Cidr): boolean {
  const mine = parseCidr(cidr);
  return mine !== undefined && mine.version === other.version && overlap(rangeOf(mine), rangeOf(other));
}

function isInCidr(cidr: string, { version, value }: { readonly version: Version; readonly value: bigint }): boolean {
  const parsed = parseCidr(cidr);
  return parsed !== undefined && parsed.version === version && contains(parsed, value);
}

function isReachable(subnet: Subnet | undefined, ip: string): boolean {
  const value = parseAddress(ip);
  return subnet !== undefined && value !== undefined && isInCidr(subnet.cidr, value);
}

function isCovered(prefix: string, by: readonly string[]): boolean {
  const inner = parseCidr(prefix);
  return by.some((one) => {
    const outer = parseCidr(one);
    if (inner === undefined || outer === undefined || inner.version !== outer.version) return false;
    return contains(outer, rangeOf(inner).start) && contains(outer, rangeOf(inner).end);
  });
}

/** The address that a MAC has in a network of SLAAC (RFC 4291, appendix A). */
function eui64({ cidr }: Subnet, mac: string): string {
  const parsed = parseCidr(cidr);
  const bytes = mac.split(":").map((byte) => Number.parseInt(byte, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const host = [a ^ 2, b, c, 0xff, 0xfe, d, e, f].reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return formatAddress(6, (parsed?.network ?? 0n) | host);
}

const pairsOf = (
  pairs: readonly { readonly ip_address: string; readonly mac_address?: string | undefined }[] | null | undefined,
  mac: string,
): readonly Json[] =>
  (pairs ?? []).map((pair) => ({ ip_address: pair.ip_address, mac_address: pair.mac_address ?? mac }));

/** What a port's binding is like. */
function bound(host: string): Json {
  return {
    "binding:host_id": host,
    "binding:vif_type": host === "" ? "unbound" : "bridge",
    "binding:vif_details": host === "" ? {} : { port_filter: true, connectivity: "l2" },
    status: host === "" ? "DOWN" : "ACTIVE",
  };
}

const notFilters = ["limit", "marker", "page_reverse", "sort_key", "sort_dir", "fields"];

/** Source: neutron's api/api_common.py, get_filters, and db/standardattrdescription, tagging. */
function matches(row: Base, query: URLSearchParams): boolean {
  const tags = (row["tags"] ?? []) as readonly string[];
  const listed = (wanted: string): readonly string[] => wanted.split(",");
  for (const field of new Set(query.keys())) {
    if (notFilters.includes(field)) continue;
    const values = query.getAll(field);
    const [wanted = ""] = values;
    if (field === "tags") {
      if (!listed(wanted).every((tag) => tags.includes(tag))) return false;
    } else if (field === "tags-any") {
      if (!listed(wanted).some((tag) => tags.includes(tag))) return false;
    } else if (field === "not-tags") {
      if (listed(wanted).every((tag) => tags.includes(tag))) return false;
    } else if (field === "not-tags-any") {
      if (listed(wanted).some((tag) => tags.includes(tag))) return false;
    } else if (!(field in row)) {
      throw badRequest(`['${field}'] is invalid attribute for filtering`);
    } else if (!values.some((value) => fits(row[field], value))) return false;
  }
  return true;
}

function fits(value: unknown, wanted: string): boolean {
  if (typeof value === "boolean") return value === ["true", "1"].includes(wanted.toLowerCase());
  if (value === null || value === undefined) return wanted === "" || wanted === "None";
  if (Array.isArray(value)) {
    const [key, ...rest] = wanted.split("=");
    return value.some((one: unknown) =>
      typeof one === "object" && one !== null && key !== undefined
        ? textOf((one as Json)[key]) === rest.join("=")
        : one === wanted,
    );
  }
  return typeof value === "object" ? JSON.stringify(value) === wanted : `${value as string | number}` === wanted;
}

function sorted(rows: readonly Base[], query: URLSearchParams): readonly Base[] {
  const keys = query.getAll("sort_key");
  const [direction = "asc"] = query.getAll("sort_dir");
  const sign = direction === "desc" ? -1 : 1;
  if (keys.length === 0) return rows;
  const textOf = (row: Base, key: string): string => JSON.stringify(row[key] ?? "");
  return rows.toSorted(
    (a, b) => sign * keys.reduce((order, key) => order || textOf(a, key).localeCompare(textOf(b, key)), 0),
  );
}

function picked(row: Json, query: URLSearchParams): Json {
  const fields = query.getAll("fields");
  return fields.length === 0
    ? row
    : Object.fromEntries(Object.entries(row).filter(([field]) => fields.includes(field)));
}

const joinedPrefixes = (prefixes: readonly string[]): string[] =>
  joined(prefixes.flatMap((prefix) => parseCidr(prefix) ?? [])).map(formatCidr);
