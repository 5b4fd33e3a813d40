/** Nova of the fake. Source: Compute API v2.1, and Debian's nova 26 (Zed) for its words. */
import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Answer, Call, FakeService, Identity, Json } from "./http.ts";
import {
  accepted,
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
} from "./http.ts";
import type { Later } from "./later.ts";
import type { FakeNeutron } from "./neutron.ts";

interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly ram: number;
  readonly vcpus: number;
  readonly disk: number;
  readonly ephemeral: number;
  readonly swap: number;
  readonly rxtx_factor: number;
  readonly is_public: boolean;
  readonly extra_specs: Readonly<Record<string, string>>;
}

interface KeyPair {
  /** Of the table: whose it is, and its name. */
  readonly id: string;
  readonly user_id: string;
  readonly name: string;
  readonly type: string;
  readonly public_key: string;
  readonly fingerprint: string;
  readonly created_at: string;
}

interface ServerGroup {
  readonly id: string;
  readonly name: string;
  readonly policy: string;
  readonly rules: Json;
  readonly project_id: string;
  readonly user_id: string;
}

interface Server {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: string;
  readonly tenant_id: string;
  readonly user_id: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly flavorId: string;
  /** What it had before a resize that is not confirmed. */
  readonly oldFlavorId?: string | undefined;
  readonly imageId: string;
  readonly key_name: string | null;
  readonly groupId: string | undefined;
  readonly portIds: readonly string[];
  readonly zone: string;
  readonly configDrive: boolean;
  readonly volumes: readonly string[];
  readonly created: string;
  readonly updated: string;
}

const titles: Readonly<Record<number, string>> = {
  400: "badRequest",
  403: "forbidden",
  404: "itemNotFound",
  406: "notAcceptable",
  409: "conflictingRequest",
  500: "computeFault",
  503: "serviceUnavailable",
};

const refusal = (code: number, message: string): Refusal =>
  new Refusal(code, { [titles[code] ?? "computeFault"]: { code, message } });

function invalid(issue: z.core.$ZodIssue | undefined): Refusal {
  if (issue?.code === "unrecognized_keys")
    return refusal(400, `Additional properties are not allowed ('${issue.keys.join("', '")}' was unexpected)`);
  return refusal(400, `Invalid input for field/attribute ${issue?.path.join(".") ?? ""}. ${issue?.message ?? ""}`);
}

const name = z.string().min(1).max(255);
const metadata = z.record(z.string().min(1).max(255), z.string().max(255));
const amount = z.coerce.number().int().min(0);
const tags = z.array(z.string().min(1).max(60)).max(50);

const FlavorBody = z.strictObject({
  name,
  id: z.union([z.string(), z.int()]).nullish(),
  description: z.string().max(65535).nullish(),
  ram: amount.min(1),
  vcpus: amount.min(1),
  disk: amount,
  "OS-FLV-EXT-DATA:ephemeral": amount.default(0),
  swap: amount.default(0),
  rxtx_factor: z.coerce.number().default(1),
  "os-flavor-access:is_public": z.boolean().default(true),
});
const KeyPairBody = z.strictObject({
  name,
  type: z.enum(["ssh", "x509"]).default("ssh"),
  public_key: z.string().optional(),
  user_id: z.string().optional(),
});
const ServerGroupBody = z.strictObject({
  name,
  policy: z.enum(["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"]).optional(),
  policies: z.array(z.enum(["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"])).optional(),
  rules: z.strictObject({ max_server_per_host: z.int().min(1).optional() }).optional(),
});
const ServerBody = z.looseObject({
  name,
  description: z.string().nullish(),
  flavorRef: z.string(),
  imageRef: z.string().optional(),
  key_name: z.string().optional(),
  metadata: metadata.default({}),
  tags: tags.optional(),
  networks: z
    .union([
      z.enum(["auto", "none"]),
      z.array(
        z.looseObject({ port: z.string().optional(), uuid: z.string().optional(), fixed_ip: z.string().optional() }),
      ),
    ])
    .optional(),
  availability_zone: z.string().optional(),
  config_drive: z.boolean().optional(),
  block_device_mapping_v2: z.array(z.record(z.string(), z.unknown())).optional(),
});
const Hints = z.looseObject({ group: z.string().optional() });

const defaultQuotas = {
  instances: 10,
  cores: 20,
  ram: 51200,
  key_pairs: 100,
  server_groups: 10,
  server_group_members: 10,
  metadata_items: 128,
};
type Quotas = typeof defaultQuotas;

export class FakeNova implements FakeService {
  readonly prefix = "/compute";
  readonly routes = new Routes();
  readonly flavors = new Table<Flavor>();
  readonly keyPairs = new Table<KeyPair>();
  readonly serverGroups = new Table<ServerGroup>();
  readonly servers = new Table<Server>();
  /** What new servers come to: BUILD leaves them so. */
  fate: "ACTIVE" | "BUILD" | "ERROR" = "ACTIVE";
  readonly #quotas = new Map<string, Partial<Quotas>>();
  readonly #later: Later;
  readonly #buildMs: number;
  readonly #neutron: FakeNeutron;

  constructor(later: Later, buildMs: number, neutron: FakeNeutron) {
    this.#later = later;
    this.#buildMs = buildMs;
    this.#neutron = neutron;
    this.#routeVersions();
    this.#routeFlavors();
    this.#routeKeyPairs();
    this.#routeServerGroups();
    this.#routeServers();
    this.#routeQuotas();
  }

  unauthorized(): Answer {
    const message = "The request you have made requires authentication.";
    return { status: 401, body: { error: { code: 401, title: "Unauthorized", message } } };
  }

  notFound(): Answer {
    return refusal(404, "The resource could not be found.").answer;
  }

  failure(status: number): Answer {
    const message =
      status === 403
        ? "Policy doesn't allow os_compute_api:servers:create to be performed."
        : "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible.";
    return refusal(status, message).answer;
  }

  setQuota(projectId: string, quotas: Partial<Quotas>): void {
    this.#quotas.set(projectId, { ...this.#quotas.get(projectId), ...quotas });
  }

  #mayManage(who: Identity, action: string): void {
    if (!isAdmin(who)) throw refusal(403, `Policy doesn't allow os_compute_api:${action} to be performed.`);
  }

  #mayWrite(who: Identity, action: string): void {
    if (isReader(who)) throw refusal(403, `Policy doesn't allow os_compute_api:${action} to be performed.`);
  }

  #limits(projectId: string | undefined): Quotas {
    return { ...defaultQuotas, ...this.#quotas.get(projectId ?? "") };
  }

  #routeVersions(): void {
    const version = (base: string): Json => ({
      id: "v2.1",
      status: "CURRENT",
      version: "2.93",
      min_version: "2.1",
      updated: "2013-07-23T11:33:21Z",
      links: [{ rel: "self", href: `${base}/v2.1/` }],
    });
    const open = { open: true };
    this.routes.on("GET /", ({ base }) => ok({ versions: [version(base)] }), open);
    this.routes.on("GET /v2.1", ({ base }) => ok({ version: version(base) }), open);
    this.routes.on("GET /v2.1/os-availability-zone", () =>
      ok({ availabilityZoneInfo: [{ zoneName: "nova", zoneState: { available: true }, hosts: null }] }),
    );
  }

  // ----------------------------------------------------------------------------------------------------- flavors

  #routeFlavors(): void {
    const { routes, flavors } = this;
    const shown = (row: Flavor, call: Call): Json => ({
      id: row.id,
      name: row.name,
      ram: row.ram,
      vcpus: row.vcpus,
      disk: row.disk,
      // Before 2.75 none is the empty text.
      swap: row.swap === 0 && microversion(call) < 75 ? "" : row.swap,
      rxtx_factor: row.rxtx_factor,
      "OS-FLV-EXT-DATA:ephemeral": row.ephemeral,
      "OS-FLV-DISABLED:disabled": false,
      "os-flavor-access:is_public": row.is_public,
      ...(microversion(call) >= 55 && { description: row.description }),
      ...(microversion(call) >= 61 && { extra_specs: row.extra_specs }),
      links: [],
    });
    const get = (call: Call): Flavor => {
      const row = flavors.get(call.param("id"));
      if (row === undefined || (!row.is_public && !isAdmin(call.who)))
        throw refusal(404, `Flavor ${call.param("id")} could not be found.`);
      return row;
    };
    const list = (call: Call): Answer => {
      const asked = call.query.get("is_public")?.toLowerCase();
      const every = isAdmin(call.who) && asked === "none";
      const wanted = !(isAdmin(call.who) && asked === "false");
      return linkedPage(
        "flavors",
        flavors.filter(({ is_public }) => every || is_public === wanted),
        call,
        (row) => shown(row, call),
      );
    };
    routes.on("GET /v2.1/flavors/detail", list);
    routes.on("GET /v2.1/flavors", list);
    routes.on("GET /v2.1/flavors/{id}", (call) => ok({ flavor: shown(get(call), call) }));
    routes.on("POST /v2.1/flavors", (call) => {
      this.#mayManage(call.who, "os-flavor-manage:create");
      const body = bodyOf(call, "flavor", FlavorBody, invalid);
      if (body.description !== undefined && microversion(call) < 55)
        throw refusal(400, "Additional properties are not allowed ('description' was unexpected)");
      const id = body.id === undefined || body.id === null || body.id === "auto" ? randomUUID() : String(body.id);
      if (flavors.get(id) !== undefined) throw refusal(409, `Flavor with ID ${id} already exists.`);
      if (flavors.find((row) => row.name === body.name))
        throw refusal(409, `Flavor with name ${body.name} already exists.`);
      const row = flavors.add({
        id,
        name: body.name,
        description: body.description ?? null,
        ram: body.ram,
        vcpus: body.vcpus,
        disk: body.disk,
        ephemeral: body["OS-FLV-EXT-DATA:ephemeral"],
        swap: body.swap,
        rxtx_factor: body.rxtx_factor,
        is_public: body["os-flavor-access:is_public"],
        extra_specs: {},
      });
      return ok({ flavor: shown(row, call) });
    });
    routes.on("PUT /v2.1/flavors/{id}", (call) => {
      this.#mayManage(call.who, "os-flavor-manage:update");
      if (microversion(call) < 55) throw refusal(404, "The resource could not be found.");
      const { description } = bodyOf(
        call,
        "flavor",
        z.strictObject({ description: z.string().max(65535).nullable() }),
        invalid,
      );
      return ok({ flavor: shown(flavors.add({ ...get(call), description }), call) });
    });
    routes.on("DELETE /v2.1/flavors/{id}", (call) => {
      this.#mayManage(call.who, "os-flavor-manage:delete");
      flavors.delete(get(call).id);
      return accepted();
    });
    const specs = "/v2.1/flavors/{id}/os-extra_specs";
    routes.on(`GET ${specs}`, (call) => ok({ extra_specs: get(call).extra_specs }));
    routes.on(`POST ${specs}`, (call) => {
      this.#mayManage(call.who, "os-flavor-extra-specs:create");
      const row = get(call);
      const extra_specs = bodyOf(call, "extra_specs", metadata, invalid);
      flavors.add({ ...row, extra_specs: { ...row.extra_specs, ...extra_specs } });
      return ok({ extra_specs });
    });
    routes.on(`PUT ${specs}/{key}`, (call) => {
      this.#mayManage(call.who, "os-flavor-extra-specs:update");
      const row = get(call);
      const asked = bodyOf(call, undefined, metadata, invalid);
      flavors.add({ ...row, extra_specs: { ...row.extra_specs, ...asked } });
      return ok(asked);
    });
    routes.on(`DELETE ${specs}/{key}`, (call) => {
      this.#mayManage(call.who, "os-flavor-extra-specs:delete");
      const row = get(call);
      const { [call.param("key")]: known, ...rest } = row.extra_specs;
      if (known === undefined) throw refusal(404, `Flavor ${row.id} has no extra specs with key ${call.param("key")}.`);
      flavors.add({ ...row, extra_specs: rest });
      return { status: 200 };
    });
  }

  // --------------------------------------------------------------------------------------------------- key pairs

  #routeKeyPairs(): void {
    const { routes, keyPairs } = this;
    const shown = (row: KeyPair, call: Call): Json => ({
      name: row.name,
      public_key: row.public_key,
      fingerprint: row.fingerprint,
      ...(microversion(call) >= 2 && { type: row.type }),
    });
    const owner = (call: Call): string => {
      const asked = call.query.get("user_id");
      if (asked !== null && asked !== call.who.userId) this.#mayManage(call.who, "os-keypairs:show");
      return asked ?? call.who.userId;
    };
    const get = (call: Call): KeyPair => {
      const row = keyPairs.get(`${owner(call)}/${call.param("name")}`);
      if (row === undefined) throw refusal(404, `Keypair ${call.param("name")} not found for user ${owner(call)}`);
      return row;
    };
    routes.on("GET /v2.1/os-keypairs", (call) => {
      const mine = keyPairs.filter(({ user_id }) => user_id === owner(call));
      // The marker is a name, as of 2.35.
      const rows = mine.map((row) => ({ ...row, id: row.name }));
      return linkedPage("keypairs", rows, call, (row) => ({ keypair: shown(row, call) }));
    });
    routes.on("POST /v2.1/os-keypairs", (call) => {
      const body = bodyOf(call, "keypair", KeyPairBody, invalid);
      const user_id = body.user_id ?? call.who.userId;
      if (user_id !== call.who.userId) this.#mayManage(call.who, "os-keypairs:create");
      const id = `${user_id}/${body.name}`;
      if (keyPairs.get(id) !== undefined) throw refusal(409, `Key pair '${body.name}' already exists.`);
      if (body.public_key !== undefined && body.type === "ssh" && !/^(ssh-|ecdsa-|sk-)\S+ \S+/.test(body.public_key))
        throw refusal(400, "Keypair data is invalid: failed to generate fingerprint");
      const pair = body.public_key === undefined ? generateKeyPairSync("ed25519") : undefined;
      const made = pair?.publicKey.export({ type: "spki", format: "der" }).toString("base64");
      const public_key = body.public_key ?? `ssh-ed25519 ${made ?? ""} Generated-by-Nova`;
      const hash = createHash("md5")
        .update(Buffer.from(public_key.split(" ")[1] ?? "", "base64"))
        .digest("hex");
      const row = keyPairs.add({
        id,
        user_id,
        name: body.name,
        type: body.type,
        public_key,
        fingerprint: (hash.match(/../g) ?? []).join(":"),
        created_at: this.#later.now().toISOString().replace(/Z$/, "000"),
      });
      const private_key = pair?.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      const keypair = { ...shown(row, call), user_id, ...(private_key !== undefined && { private_key }) };
      return microversion(call) >= 2 ? created({ keypair }) : ok({ keypair });
    });
    routes.on("GET /v2.1/os-keypairs/{name}", (call) => {
      const row = get(call);
      const more = {
        user_id: row.user_id,
        created_at: row.created_at,
        deleted: false,
        deleted_at: null,
        updated_at: null,
        id: 1,
      };
      return ok({ keypair: { ...shown(row, call), ...more } });
    });
    routes.on("DELETE /v2.1/os-keypairs/{name}", (call) => {
      keyPairs.delete(get(call).id);
      return microversion(call) >= 2 ? noContent : accepted();
    });
  }

  // ----------------------------------------------------------------------------------------------- server groups

  #routeServerGroups(): void {
    const { routes, serverGroups } = this;
    const shown = ({ policy, rules, project_id, user_id, ...row }: ServerGroup, call: Call): Json => {
      const members = this.servers.filter(({ groupId }) => groupId === row.id).map(({ id }) => id);
      const version = microversion(call);
      return {
        ...row,
        members,
        ...(version >= 64 ? { policy, rules } : { policies: [policy], metadata: {} }),
        ...(version >= 13 && { project_id, user_id }),
      };
    };
    const get = (call: Call): ServerGroup => {
      const row = serverGroups.get(call.param("id"));
      if (row === undefined || (row.project_id !== call.who.projectId && !isAdmin(call.who)))
        throw refusal(404, `Instance group ${call.param("id")} could not be found.`);
      return row;
    };
    routes.on("GET /v2.1/os-server-groups", (call) => {
      const every = isAdmin(call.who) && call.query.has("all_projects");
      const rows = serverGroups.filter(({ project_id }) => every || project_id === call.who.projectId);
      return linkedPage("server_groups", rows, call, (row) => shown(row, call));
    });
    routes.on("GET /v2.1/os-server-groups/{id}", (call) => ok({ server_group: shown(get(call), call) }));
    routes.on("POST /v2.1/os-server-groups", (call) => {
      this.#mayWrite(call.who, "os-server-groups:create");
      const body = bodyOf(call, "server_group", ServerGroupBody, invalid);
      const policy = microversion(call) >= 64 ? body.policy : body.policies?.[0];
      if (policy === undefined)
        throw refusal(400, "Invalid input for field/attribute server_group. 'policy' is a required property");
      if (body.rules?.max_server_per_host !== undefined && policy !== "anti-affinity")
        throw refusal(400, "Only anti-affinity policy supports rules.");
      const used = serverGroups.filter(({ project_id }) => project_id === call.who.projectId).length;
      if (used >= this.#limits(call.who.projectId).server_groups)
        throw refusal(403, "Quota exceeded, too many server groups.");
      const row = serverGroups.add({
        id: randomUUID(),
        name: body.name,
        policy,
        rules: body.rules ?? {},
        project_id: call.who.projectId ?? "",
        user_id: call.who.userId,
      });
      return ok({ server_group: shown(row, call) });
    });
    routes.on("DELETE /v2.1/os-server-groups/{id}", (call) => {
      this.#mayWrite(call.who, "os-server-groups:delete");
      serverGroups.delete(get(call).id);
      return noContent;
    });
  }

  // ----------------------------------------------------------------------------------------------------- servers

  #routeServers(): void {
    const { routes, servers } = this;
    const shown = (row: Server, call: Call): Json => this.#shownServer(row, microversion(call));
    const get = (call: Call): Server => {
      const row = servers.get(call.param("id"));
      if (row === undefined || (row.tenant_id !== call.who.projectId && !isAdmin(call.who)))
        throw refusal(404, `Instance ${call.param("id")} could not be found.`);
      return row;
    };
    const own = (call: Call, action: string): Server => {
      this.#mayWrite(call.who, action);
      return get(call);
    };
    const save = (row: Server, change: Partial<Server>): Server =>
      servers.add({ ...row, ...change, updated: timestamp(this.#later.now()) });
    const list = (call: Call): Answer => {
      const every = isAdmin(call.who) && ["1", "True", "true"].includes(call.query.get("all_tenants") ?? "");
      const rows = servers
        .filter((row) => every || row.tenant_id === call.who.projectId)
        .filter((row) => matches(row, call.query))
        .toReversed();
      return linkedPage("servers", rows, call, (row) => shown(row, call));
    };
    routes.on("GET /v2.1/servers/detail", list);
    routes.on("GET /v2.1/servers", list);
    routes.on("GET /v2.1/servers/{id}", (call) => ok({ server: shown(get(call), call) }));
    routes.on("POST /v2.1/servers", (call) => this.#boot(call));
    routes.on("PUT /v2.1/servers/{id}", (call) => {
      const row = own(call, "servers:update");
      const schema = z.strictObject({
        name: name.optional(),
        description: z.string().nullish(),
        accessIPv4: z.string().optional(),
      });
      const { name: renamed = row.name, description = row.description } = bodyOf(call, "server", schema, invalid);
      return ok({ server: shown(save(row, { name: renamed, description }), call) });
    });
    routes.on("DELETE /v2.1/servers/{id}", (call) => {
      const row = own(call, "servers:delete");
      save(row, { status: "DELETED" });
      this.#later.in(this.#buildMs, () => {
        servers.delete(row.id);
        this.#detachAll(row);
      });
      return noContent;
    });
    const all = "/v2.1/servers/{id}";
    routes.on(`GET ${all}/metadata`, (call) => ok({ metadata: get(call).metadata }));
    routes.on(`PUT ${all}/metadata`, (call) =>
      ok({
        metadata: save(own(call, "server-metadata:update_all"), {
          metadata: bodyOf(call, "metadata", metadata, invalid),
        }).metadata,
      }),
    );
    routes.on(`POST ${all}/metadata`, (call) => {
      const row = own(call, "server-metadata:create");
      return ok({
        metadata: save(row, { metadata: { ...row.metadata, ...bodyOf(call, "metadata", metadata, invalid) } }).metadata,
      });
    });
    routes.on(`DELETE ${all}/metadata/{key}`, (call) => {
      const row = own(call, "server-metadata:delete");
      const { [call.param("key")]: known, ...rest } = row.metadata;
      if (known === undefined) throw refusal(404, "Metadata item was not found");
      save(row, { metadata: rest });
      return noContent;
    });
    routes.on(`GET ${all}/tags`, (call) => ok({ tags: get(call).tags }));
    routes.on(`PUT ${all}/tags`, (call) =>
      ok({ tags: save(own(call, "server-tags:update_all"), { tags: bodyOf(call, "tags", tags, invalid) }).tags }),
    );
    routes.on(`PUT ${all}/tags/{tag}`, (call) => {
      const row = own(call, "server-tags:update");
      save(row, { tags: [...new Set([...row.tags, call.param("tag")])] });
      return created(undefined);
    });
    routes.on(`DELETE ${all}/tags/{tag}`, (call) => {
      const row = own(call, "server-tags:delete");
      save(row, { tags: row.tags.filter((tag) => tag !== call.param("tag")) });
      return noContent;
    });
    routes.on(`GET ${all}/os-interface`, (call) =>
      ok({ interfaceAttachments: get(call).portIds.map((port) => this.#attachment(port)) }),
    );
    routes.on(`POST ${all}/os-interface`, (call) => {
      const row = own(call, "os-attach-interfaces:create");
      const schema = z.looseObject({ port_id: z.string().optional(), net_id: z.string().optional() });
      const { port_id, net_id } = bodyOf(call, "interfaceAttachment", schema, invalid);
      const port = this.#plug(row.id, { port: port_id, uuid: net_id }, call);
      save(row, { portIds: [...row.portIds, port] });
      return ok({ interfaceAttachment: this.#attachment(port) });
    });
    routes.on(`DELETE ${all}/os-interface/{port}`, (call) => {
      const row = own(call, "os-attach-interfaces:delete");
      if (!row.portIds.includes(call.param("port"))) throw refusal(404, `Port ${call.param("port")} is not attached`);
      save(row, { portIds: row.portIds.filter((port) => port !== call.param("port")) });
      this.#unplug(call.param("port"));
      return accepted();
    });
    routes.on(`GET ${all}/os-volume_attachments`, (call) => {
      const row = get(call);
      return ok({
        volumeAttachments: row.volumes.map((volumeId) => ({
          id: volumeId,
          volumeId,
          serverId: row.id,
          device: "/dev/vdb",
        })),
      });
    });
    routes.on(`POST ${all}/os-volume_attachments`, (call) => {
      const row = own(call, "os-volumes-attachments:create");
      const { volumeId } = bodyOf(call, "volumeAttachment", z.looseObject({ volumeId: z.string() }), invalid);
      save(row, { volumes: [...row.volumes, volumeId] });
      return ok({ volumeAttachment: { id: volumeId, volumeId, serverId: row.id, device: "/dev/vdb" } });
    });
    routes.on(`DELETE ${all}/os-volume_attachments/{volume}`, (call) => {
      const row = own(call, "os-volumes-attachments:delete");
      save(row, { volumes: row.volumes.filter((volume) => volume !== call.param("volume")) });
      return accepted();
    });
    routes.on(`POST ${all}/action`, (call) => {
      const row = own(call, "servers:action");
      const [action] = Object.keys(call.body ?? {});
      const resized = this.#resize(row, action ?? "", call, save);
      if (resized !== undefined) return resized;
      const status: Readonly<Record<string, string>> = { "os-stop": "SHUTOFF", "os-start": "ACTIVE", reboot: "ACTIVE" };
      const next = status[action ?? ""];
      if (next === undefined) throw refusal(400, `There is no such action: ${action ?? ""}`);
      save(row, { status: next });
      return accepted();
    });
  }

  /** On its one host; undefined for any other action. */
  #resize(
    row: Server,
    action: string,
    call: Call,
    save: (row: Server, change: Partial<Server>) => Server,
  ): Answer | undefined {
    const isOpen = row.oldFlavorId !== undefined && row.status === "VERIFY_RESIZE";
    const refused = refusal(
      409,
      `Cannot '${action}' instance ${row.id} while it is in vm_state ${row.status.toLowerCase()}`,
    );
    switch (action) {
      case "resize": {
        const { flavorRef } = bodyOf(call, "resize", z.looseObject({ flavorRef: z.string() }), invalid);
        if (this.flavors.get(flavorRef) === undefined) throw refusal(400, "Invalid flavorRef provided.");
        if (flavorRef === row.flavorId) throw refusal(400, "When resizing, instances must change flavor!");
        if (row.status !== "ACTIVE" && row.status !== "SHUTOFF") throw refused;
        save(row, { status: "RESIZE" });
        this.#later.in(this.#buildMs, () => {
          const known = this.servers.get(row.id);
          if (known?.status === "RESIZE")
            save(known, { status: "VERIFY_RESIZE", flavorId: flavorRef, oldFlavorId: row.flavorId });
        });
        return accepted();
      }
      case "confirmResize":
        if (!isOpen) throw refused;
        save(row, { status: "ACTIVE", oldFlavorId: undefined });
        return noContent;
      case "revertResize":
        if (!isOpen) throw refused;
        save(row, { status: "ACTIVE", flavorId: row.oldFlavorId ?? row.flavorId, oldFlavorId: undefined });
        return accepted();
      default:
        return undefined;
    }
  }

  #boot(call: Call): Answer {
    const { who } = call;
    this.#mayWrite(who, "servers:create");
    const version = microversion(call);
    const body = bodyOf(call, "server", ServerBody, invalid);
    if (body.tags !== undefined && version < 52)
      throw refusal(400, "Additional properties are not allowed ('tags' was unexpected)");
    if (body.networks === undefined && version >= 37)
      throw refusal(400, "Invalid input for field/attribute server. Value: 'networks' is a required property");
    const flavor = this.flavors.get(body.flavorRef);
    if (flavor === undefined) throw refusal(400, "Invalid flavorRef provided.");
    if (body.key_name !== undefined && this.keyPairs.get(`${who.userId}/${body.key_name}`) === undefined)
      throw refusal(400, "Invalid key_name provided.");
    if ((body.imageRef ?? "") === "" && (body.block_device_mapping_v2 ?? []).length === 0)
      throw refusal(400, "Invalid imageRef provided.");
    if (body.availability_zone !== undefined && body.availability_zone.split(":")[0] !== "nova")
      throw refusal(400, `The requested availability zone is not available`);
    const hints = Hints.safeParse(
      (call.body as Json)["os:scheduler_hints"] ?? (call.body as Json)["OS-SCH-HNT:scheduler_hints"] ?? {},
    );
    const groupId = hints.success ? hints.data.group : undefined;
    if (groupId !== undefined && this.serverGroups.get(groupId) === undefined)
      throw refusal(400, `Instance group ${groupId} could not be found.`);
    const used = this.servers.filter(({ tenant_id }) => tenant_id === who.projectId).length;
    const limit = this.#limits(who.projectId).instances;
    if (used >= limit)
      throw refusal(403, `Quota exceeded for instances: Requested 1, but already used ${used} of ${limit} instances`);
    const id = randomUUID();
    const asked = typeof body.networks === "object" ? body.networks : [];
    const portIds = asked.map((network) => this.#plug(id, network, call));
    const volumes = (body.block_device_mapping_v2 ?? []).flatMap(({ source_type, uuid }) =>
      source_type === "volume" && typeof uuid === "string" ? [uuid] : [],
    );
    const now = timestamp(this.#later.now());
    this.servers.add({
      id,
      name: body.name,
      description: body.description ?? null,
      status: "BUILD",
      tenant_id: who.projectId ?? "",
      user_id: who.userId,
      metadata: body.metadata,
      tags: body.tags ?? [],
      flavorId: flavor.id,
      imageId: body.imageRef ?? "",
      key_name: body.key_name ?? null,
      groupId,
      portIds,
      zone: body.availability_zone ?? "nova",
      configDrive: body.config_drive ?? false,
      volumes,
      created: now,
      updated: now,
    });
    const { fate } = this;
    if (fate !== "BUILD")
      this.#later.in(this.#buildMs, () => {
        const known = this.servers.get(id);
        if (known !== undefined) this.servers.add({ ...known, status: fate, updated: timestamp(this.#later.now()) });
      });
    return accepted({
      server: {
        id,
        links: [],
        adminPass: "generated",
        "OS-DCF:diskConfig": "MANUAL",
        security_groups: [{ name: "default" }],
      },
    });
  }

  #shownServer(row: Server, version: number): Json {
    const flavor = this.flavors.get(row.flavorId);
    const addresses: Record<string, Json[]> = {};
    for (const portId of row.portIds) {
      const port = this.#neutron.ports.get(portId);
      const network = this.#neutron.networks.get(port?.network_id)?.name ?? "";
      const found = port?.fixed_ips.map(({ ip_address }) => ({
        version: ip_address.includes(":") ? 6 : 4,
        addr: ip_address,
        "OS-EXT-IPS:type": "fixed",
        "OS-EXT-IPS-MAC:mac_addr": port.mac_address,
      }));
      addresses[network] = [...(addresses[network] ?? []), ...(found ?? [])];
    }
    return {
      id: row.id,
      name: row.name,
      status: row.status,
      tenant_id: row.tenant_id,
      user_id: row.user_id,
      metadata: row.metadata,
      hostId: "",
      image: row.imageId === "" ? "" : { id: row.imageId, links: [] },
      flavor:
        version >= 47 && flavor !== undefined
          ? {
              ...{ original_name: flavor.name, vcpus: flavor.vcpus, ram: flavor.ram, disk: flavor.disk },
              ...{ ephemeral: flavor.ephemeral, swap: flavor.swap, extra_specs: flavor.extra_specs },
            }
          : { id: row.flavorId, links: [] },
      created: row.created,
      updated: row.updated,
      addresses,
      accessIPv4: "",
      accessIPv6: "",
      links: [],
      progress: 0,
      key_name: row.key_name,
      config_drive: row.configDrive ? "True" : "",
      "OS-DCF:diskConfig": "MANUAL",
      "OS-EXT-AZ:availability_zone": row.status === "BUILD" ? "" : row.zone,
      "OS-EXT-STS:power_state": row.status === "ACTIVE" ? 1 : 0,
      "OS-EXT-STS:task_state": row.status === "BUILD" ? "spawning" : null,
      "OS-EXT-STS:vm_state": row.status === "BUILD" ? "building" : row.status.toLowerCase(),
      "OS-SRV-USG:launched_at": row.status === "ACTIVE" ? row.updated : null,
      "OS-SRV-USG:terminated_at": null,
      "os-extended-volumes:volumes_attached": row.volumes.map((id) => ({ id, delete_on_termination: false })),
      ...(row.status === "ERROR" && {
        fault: {
          code: 500,
          created: row.updated,
          message: "No valid host was found. There are not enough hosts available.",
        },
      }),
      ...(version >= 19 && { description: row.description }),
      ...(version >= 26 && { tags: row.tags }),
      ...(version >= 71 && { server_groups: row.groupId === undefined ? [] : [row.groupId] }),
    };
  }

  /** Makes the port of a server, or takes the one that is named. Returns its id. */
  #plug(
    server: string,
    asked: { readonly port?: string | undefined; readonly uuid?: string | undefined },
    { who }: Call,
  ): string {
    const port = this.#neutron.ports.get(asked.port);
    if (asked.port !== undefined && port === undefined) throw refusal(400, `Port id ${asked.port} could not be found.`);
    if (port !== undefined && port.device_id !== "") throw refusal(409, `Port ${port.id} is still in use.`);
    return this.#neutron.plug(server, port?.id, asked.uuid, who.projectId ?? "");
  }

  #unplug(port: string): void {
    this.#neutron.unplug(port);
  }

  #detachAll({ portIds }: Server): void {
    for (const port of portIds) this.#unplug(port);
  }

  #attachment(id: string): Json {
    const port = this.#neutron.ports.get(id);
    return {
      port_id: id,
      net_id: port?.network_id,
      mac_addr: port?.mac_address,
      port_state: "ACTIVE",
      fixed_ips: port?.fixed_ips,
    };
  }

  // ------------------------------------------------------------------------------------------------------ quotas

  #routeQuotas(): void {
    const one = "/v2.1/os-quota-sets/{project}";
    const show = (call: Call): Answer =>
      ok({ quota_set: { id: call.param("project"), ...this.#limits(call.param("project")) } });
    this.routes.on(`GET ${one}`, show);
    this.routes.on(`PUT ${one}`, (call) => {
      this.#mayManage(call.who, "os-quota-sets:update");
      this.setQuota(
        call.param("project"),
        bodyOf(call, "quota_set", z.record(z.string(), z.coerce.number().int()), invalid),
      );
      return show(call);
    });
    this.routes.on(`DELETE ${one}`, (call) => {
      this.#mayManage(call.who, "os-quota-sets:delete");
      this.#quotas.delete(call.param("project"));
      return accepted();
    });
  }
}

const timestamp = (now: Date): string => now.toISOString().replace(/\.\d+Z$/, "Z");

/** The minor number of 2.x that a request asks for; 1 where it asks for none. Throws 406 above 2.93. */
function microversion({ headers }: Call): number {
  const asked = headers["openstack-api-version"] ?? headers["x-openstack-nova-api-version"];
  const text = typeof asked === "string" ? asked.replace(/^compute /, "") : "2.1";
  if (text === "latest") return 93;
  const minor = Number(text.split(".")[1]);
  if (minor > 93)
    throw refusal(406, `Version ${text} is not supported by the API. Minimum is 2.1 and maximum is 2.93.`);
  return minor;
}

function matches(row: Server, query: URLSearchParams): boolean {
  const listed = (field: string): readonly string[] | undefined => query.get(field)?.split(",");
  const pattern = query.get("name");
  // Nova takes a name for a regular expression.
  if (pattern !== null && !new RegExp(pattern).test(row.name)) return false;
  const status = query.get("status");
  if (status !== null && row.status !== status.toUpperCase()) return false;
  const { tags: has } = row;
  if (listed("tags")?.every((tag) => has.includes(tag)) === false) return false;
  if (listed("tags-any")?.some((tag) => has.includes(tag)) === false) return false;
  if (listed("not-tags")?.every((tag) => has.includes(tag)) === true) return false;
  return listed("not-tags-any")?.some((tag) => has.includes(tag)) !== true;
}
