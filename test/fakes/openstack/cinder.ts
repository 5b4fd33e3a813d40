/** Cinder of the fake. Source: Block Storage API v3, and Debian's cinder 21 (Zed) for its words. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { FakeGlance } from "./glance.ts";
import type { Answer, Call, FakeService, Handler, Identity, Json } from "./http.ts";
import { accepted, bodyOf, isAdmin, isReader, linkedPage, ok, Refusal, Routes, Table, textOf } from "./http.ts";
import type { Later } from "./later.ts";

interface Row {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly status: string;
  readonly created_at: string;
  readonly updated_at: string | null;
  /** Whose it is; each kind shows it under its own name. */
  readonly project: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Volume extends Row {
  readonly size: number;
  readonly volume_type: string;
  readonly user_id: string;
  readonly availability_zone: string;
  readonly snapshot_id: string | null;
  readonly source_volid: string | null;
  readonly bootable: string;
  readonly attachments: readonly Json[];
  readonly multiattach: boolean;
  readonly encrypted: boolean;
  readonly replication_status: null;
  readonly consistencygroup_id: null;
  readonly migration_status: null;
  readonly volume_image_metadata: Readonly<Record<string, string>> | undefined;
}

interface Snapshot extends Row {
  readonly volume_id: string;
  readonly size: number;
}

interface Backup extends Row {
  readonly volume_id: string;
  readonly snapshot_id: string | null;
  readonly size: number;
  readonly container: string | null;
  readonly is_incremental: boolean;
  readonly availability_zone: string;
}

interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly is_public: boolean;
  readonly extra_specs: Readonly<Record<string, string>>;
}

const titles: Readonly<Record<number, string>> = {
  400: "badRequest",
  403: "forbidden",
  404: "itemNotFound",
  406: "notAcceptable",
  409: "conflictingRequest",
  413: "overLimit",
  500: "computeFault",
  503: "serviceUnavailable",
};

const refusal = (code: number, message: string, headers: Readonly<Record<string, string>> = {}): Refusal =>
  new Refusal(code, { [titles[code] ?? "computeFault"]: { code, message } }, headers);

/** Source: cinder/api/validation/validators.py. */
function invalid(issue: z.core.$ZodIssue | undefined): Refusal {
  if (issue?.code === "unrecognized_keys")
    return refusal(400, `Additional properties are not allowed ('${issue.keys.join("', '")}' was unexpected)`);
  return refusal(400, `Invalid input for field/attribute ${issue?.path.join(".") ?? ""}. ${issue?.message ?? ""}`);
}

const missing = (kind: string, id: string): Refusal => refusal(404, `${kind} ${id} could not be found.`);

const text = z.string().max(255).nullish();
const metadata = z.record(z.string().min(1).max(255), z.string().max(255));
const size = z.coerce.number().int().min(1);
const id = z.string().nullish();

const VolumeBody = z.strictObject({
  name: text,
  description: text,
  size: size.nullish(),
  volume_type: text,
  availability_zone: text,
  metadata: metadata.nullish(),
  imageRef: id,
  image_id: id,
  snapshot_id: id,
  source_volid: id,
  backup_id: id,
  consistencygroup_id: id,
  multiattach: z.boolean().optional(),
});
const Change = z.looseObject({ name: text, description: text, metadata: metadata.optional() });
const SnapshotBody = z.strictObject({
  volume_id: z.string(),
  name: text,
  description: text,
  metadata: metadata.nullish(),
  force: z.boolean().optional(),
});
const BackupBody = z.strictObject({
  volume_id: z.string(),
  name: text,
  description: text,
  container: text,
  incremental: z.boolean().default(false),
  force: z.boolean().default(false),
  snapshot_id: id,
  metadata: metadata.nullish(),
  availability_zone: text,
});
const TypeBody = z.strictObject({
  name: z.string().min(1).max(255),
  description: text,
  "os-volume-type-access:is_public": z.boolean().default(true),
  extra_specs: metadata.optional(),
});

const defaultQuotas = {
  volumes: 10,
  gigabytes: 1000,
  snapshots: 10,
  backups: 10,
  backup_gigabytes: 1000,
  per_volume_gigabytes: -1,
  groups: 10,
};
type Quotas = typeof defaultQuotas;

/** What becomes of volumes while a test says so. */
export type VolumeFate = "available" | "creating" | "error";

export class FakeCinder implements FakeService {
  readonly prefix = "/volume";
  readonly routes = new Routes();
  readonly volumes = new Table<Volume>();
  readonly snapshots = new Table<Snapshot>();
  readonly backups = new Table<Backup>();
  readonly types = new Table<VolumeType>();
  /** What new volumes come to: `creating` leaves them so. Those that are stuck go on with {@link unstick}. */
  fate: VolumeFate = "available";
  readonly #quotas = new Map<string, Partial<Quotas>>();
  readonly #later: Later;
  readonly #buildMs: number;
  readonly #images: FakeGlance;

  constructor(later: Later, buildMs: number, images: FakeGlance) {
    this.#later = later;
    this.#buildMs = buildMs;
    this.#images = images;
    this.types.add({
      id: randomUUID(),
      name: "__DEFAULT__",
      description: "Default Volume Type",
      is_public: true,
      extra_specs: {},
    });
    this.#routeVersions();
    this.#routeVolumes();
    this.#routeActions();
    this.#routeTypes();
    this.#routeSnapshots();
    this.#routeBackups();
    this.#routeQuotas();
  }

  unauthorized(): Answer {
    const message = "The request you have made requires authentication.";
    return { status: 401, body: { error: { code: 401, title: "Unauthorized", message } } };
  }

  notFound(): Answer {
    return { status: 404, body: { itemNotFound: { code: 404, message: "The resource could not be found." } } };
  }

  failure(status: number): Answer {
    const message =
      status === 403
        ? "Policy doesn't allow volume:create to be performed."
        : "The server has either erred or is incapable of performing the requested operation.";
    return refusal(status, message).answer;
  }

  setQuota(projectId: string, quotas: Partial<Quotas>): void {
    this.#quotas.set(projectId, { ...this.#quotas.get(projectId), ...quotas });
  }

  /** What is stuck in creating becomes `status`. */
  unstick(status: "available" | "error" = "available"): void {
    for (const row of this.volumes.filter((one) => one.status === "creating"))
      this.#save(this.volumes, row, { status });
  }

  // ------------------------------------------------------------------------------------------------ what all have

  #get<R extends Row>(table: Table<R>, kind: string, wanted: string, who: Identity): R {
    const row = table.get(wanted);
    if (row === undefined || (row.project !== who.projectId && !isAdmin(who))) throw missing(kind, wanted);
    return row;
  }

  #own<R extends Row>(table: Table<R>, kind: string, call: Call): R {
    this.#mayWrite(call.who);
    return this.#get(table, kind, call.param("id"), call.who);
  }

  #mayWrite(who: Identity): void {
    if (isReader(who)) throw refusal(403, "Policy doesn't allow volume:create to be performed.");
  }

  #mayManage(who: Identity, action: string): void {
    if (!isAdmin(who)) throw refusal(403, `Policy doesn't allow ${action} to be performed.`);
  }

  /** The row with `change`, if it is there still. */
  #save<R extends Row>(table: Table<R>, { id: wanted }: NoInfer<R>, change: NoInfer<Partial<R>>): R {
    const row = table.get(wanted);
    if (row === undefined) throw new Error(`the fake Cinder has no ${wanted}`);
    return table.add({ ...row, ...change, updated_at: timestamp(this.#later.now()) });
  }

  #soon<R extends Row>(table: Table<R>, { id: wanted }: R, change: Partial<R> | "gone"): void {
    this.#later.in(this.#buildMs, () => {
      const row = table.get(wanted);
      if (row === undefined) return;
      if (change === "gone") table.delete(wanted);
      else this.#save(table, row, change);
    });
  }

  #row(
    who: Identity,
    status: string,
    body: {
      name?: string | null | undefined;
      description?: string | null | undefined;
      metadata?: Readonly<Record<string, string>> | null | undefined;
    },
  ): Row {
    return {
      id: randomUUID(),
      name: body.name ?? null,
      description: body.description ?? null,
      status,
      created_at: timestamp(this.#later.now()),
      updated_at: null,
      project: who.projectId ?? "",
      metadata: body.metadata ?? {},
    };
  }

  /** Source: cinder/exception.py, VolumeLimitExceeded and its like. */
  #spend(projectId: string | undefined, what: "volumes" | "snapshots" | "backups", gigabytes: number): void {
    const limits = { ...defaultQuotas, ...this.#quotas.get(projectId ?? "") };
    const used = (table: Table<Row>): number => table.filter(({ project }) => project === projectId).length;
    const tables = { volumes: this.volumes, snapshots: this.snapshots, backups: this.backups };
    const names = {
      volumes: "VolumeLimitExceeded",
      snapshots: "SnapshotLimitExceeded",
      backups: "BackupLimitExceeded",
    };
    if (limits[what] >= 0 && used(tables[what]) >= limits[what])
      throw refusal(
        413,
        `${names[what]}: Maximum number of ${what} allowed (${limits[what]}) exceeded${what === "volumes" ? " for quota 'volumes'" : ""}.`,
        { "retry-after": "0" },
      );
    if (what === "backups") return;
    const inUse = [...this.volumes.all, ...this.snapshots.all]
      .filter(({ project }) => project === projectId)
      .reduce((sum, one) => sum + one.size, 0);
    if (limits.gigabytes >= 0 && inUse + gigabytes > limits.gigabytes)
      throw refusal(
        413,
        `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested ${gigabytes}G, quota is ${limits.gigabytes}G and ${inUse}G has been consumed.`,
        { "retry-after": "0" },
      );
  }

  #list<R extends Row>(path: string, plural: string, table: Table<R>, show: (row: R) => Json): void {
    const handler: Handler = (call) => {
      const all = isAdmin(call.who) && ["1", "true", "True"].includes(call.query.get("all_tenants") ?? "");
      const rows = table
        .filter((row) => all || row.project === call.who.projectId)
        .filter((row) => matches(row, call.query))
        .toReversed();
      return linkedPage(plural, rows, call, show);
    };
    this.routes.on(`GET ${path}/detail`, handler);
    this.routes.on(`GET ${path}`, handler);
  }

  /** GET, POST, PUT and DELETE below .../metadata. */
  #routeMetadata<R extends Row>(path: string, kind: string, table: Table<R>): void {
    const set = (row: R, next: R["metadata"]): Answer => {
      const change = { metadata: next } as Partial<R>;
      return ok({ metadata: this.#save(table, row, change).metadata });
    };
    this.routes.on(`GET ${path}/metadata`, (call) =>
      ok({ metadata: this.#get(table, kind, call.param("id"), call.who).metadata }),
    );
    this.routes.on(`POST ${path}/metadata`, (call) => {
      const row = this.#own(table, kind, call);
      return set(row, { ...row.metadata, ...bodyOf(call, "metadata", metadata, invalid) });
    });
    this.routes.on(`PUT ${path}/metadata`, (call) =>
      set(this.#own(table, kind, call), bodyOf(call, "metadata", metadata, invalid)),
    );
    this.routes.on(`DELETE ${path}/metadata/{key}`, (call) => {
      const row = this.#own(table, kind, call);
      const { [call.param("key")]: known, ...rest } = row.metadata;
      if (known === undefined) throw refusal(404, `Metadata item was not found.`);
      set(row, rest);
      return { status: 200 };
    });
  }

  #routeVersions(): void {
    const version = (base: string): Json => ({
      id: "v3.0",
      status: "CURRENT",
      version: "3.70",
      min_version: "3.0",
      updated: "2022-03-30T00:00:00Z",
      links: [{ rel: "self", href: `${base}/v3/` }],
    });
    const open = { open: true };
    this.routes.on("GET /", ({ base }) => ({ status: 300, body: { versions: [version(base)] } }), open);
    this.routes.on("GET /v3", ({ base }) => ok({ versions: [version(base)] }), open);
  }

  // ----------------------------------------------------------------------------------------------------- volumes

  #shownVolume = (row: Volume): Json => {
    const { project, volume_image_metadata, ...shown } = row;
    return {
      ...shown,
      "os-vol-tenant-attr:tenant_id": project,
      "os-vol-host-attr:host": row.status === "creating" ? null : "lab@nfs#nfs",
      "os-vol-mig-status-attr:migstat": null,
      "os-vol-mig-status-attr:name_id": null,
      ...(volume_image_metadata && { volume_image_metadata }),
      links: [],
    };
  };

  #routeVolumes(): void {
    const { routes, volumes } = this;
    this.#list("/v3/{project}/volumes", "volumes", volumes, this.#shownVolume);
    const one = "/v3/{project}/volumes/{id}";
    routes.on("POST /v3/{project}/volumes", (call) => {
      this.#mayWrite(call.who);
      const body = bodyOf(call, "volume", VolumeBody, invalid);
      const source =
        typeof body.source_volid === "string" ? this.#get(volumes, "Volume", body.source_volid, call.who) : undefined;
      const snapshot =
        typeof body.snapshot_id === "string"
          ? this.#get(this.snapshots, "Snapshot", body.snapshot_id, call.who)
          : undefined;
      const backup =
        typeof body.backup_id === "string" ? this.#get(this.backups, "Backup", body.backup_id, call.who) : undefined;
      const imageId = body.imageRef ?? body.image_id;
      const image = typeof imageId === "string" ? this.#images.images.get(imageId) : undefined;
      if (typeof imageId === "string" && image === undefined)
        throw refusal(400, "Invalid image identifier or unable to access requested image.");
      const least = source?.size ?? snapshot?.size ?? backup?.size;
      const gigabytes = body.size ?? least;
      if (gigabytes === undefined)
        throw refusal(
          400,
          "Invalid input received: Invalid volume size provided for create request: None (size argument must be an integer (or string representation of an integer) and greater than zero).",
        );
      if (least !== undefined && gigabytes < least)
        throw refusal(
          400,
          `Invalid input received: Volume size '${gigabytes}'GB cannot be smaller than the ${snapshot === undefined ? "original volume" : "snapshot"} size ${least}GB. They must be >= ${snapshot === undefined ? "original volume" : "snapshot"} size.`,
        );
      if (image !== undefined && image.status !== "active")
        throw refusal(400, `Invalid input received: Image ${image.id} is not active.`);
      if (typeof body.availability_zone === "string" && body.availability_zone !== "nova")
        throw refusal(400, `Invalid input received: Availability zone '${body.availability_zone}' is invalid.`);
      const type = typeof body.volume_type === "string" ? this.#typeNamed(body.volume_type) : this.types.all[0];
      if (type === undefined) throw refusal(404, `Volume type with name ${body.volume_type ?? ""} could not be found.`);
      this.#spend(call.who.projectId, "volumes", gigabytes);
      const row = volumes.add({
        ...this.#row(call.who, "creating", body),
        size: gigabytes,
        volume_type: type.name,
        user_id: call.who.userId,
        availability_zone: body.availability_zone ?? "nova",
        snapshot_id: snapshot?.id ?? null,
        source_volid: source?.id ?? null,
        bootable: "false",
        attachments: [],
        multiattach: body.multiattach ?? false,
        encrypted: false,
        replication_status: null,
        consistencygroup_id: null,
        migration_status: null,
        volume_image_metadata: undefined,
      });
      if (this.fate !== "creating")
        this.#soon(volumes, row, {
          status: this.fate,
          ...(image !== undefined && {
            bootable: "true",
            volume_image_metadata: { image_id: image.id, image_name: image.name ?? "", checksum: image.checksum ?? "" },
          }),
        });
      return accepted({ volume: this.#shownVolume(row) });
    });
    routes.on(`GET ${one}`, (call) =>
      ok({ volume: this.#shownVolume(this.#get(volumes, "Volume", call.param("id"), call.who)) }),
    );
    routes.on(`PUT ${one}`, (call) => {
      const row = this.#own(volumes, "Volume", call);
      return ok({
        volume: this.#shownVolume(this.#save(volumes, row, changeOf(bodyOf(call, "volume", Change, invalid)))),
      });
    });
    routes.on(`DELETE ${one}`, (call) => {
      const row = this.#own(volumes, "Volume", call);
      const held = this.snapshots.find(({ volume_id }) => volume_id === row.id) !== undefined;
      if (
        held ||
        !["available", "error", "error_restoring", "error_extending", "error_managing", "error_deleting"].includes(
          row.status,
        )
      )
        throw refusal(
          400,
          "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots or be disassociated from snapshots after volume transfer.",
        );
      this.#soon(volumes, this.#save(volumes, row, { status: "deleting" }), "gone");
      return accepted();
    });
    this.#routeMetadata(one, "Volume", volumes);
  }

  #typeNamed(wanted: string): VolumeType | undefined {
    return this.types.get(wanted) ?? this.types.find(({ name }) => name === wanted);
  }

  #routeActions(): void {
    const { volumes } = this;
    const actions: Readonly<Record<string, (row: Volume, asked: Json, call: Call) => void>> = {
      "os-extend": (row, asked, { who }) => {
        const next = size.parse(asked["new_size"]);
        if (row.status !== "available")
          throw refusal(
            400,
            `Invalid volume: Volume ${row.id} status must be '('available',)' to extend, but current status is: ${row.status}.`,
          );
        if (next <= row.size)
          throw refusal(
            400,
            `Invalid input received: New size for extend must be greater than current size. (current: ${row.size}, extended: ${next}).`,
          );
        this.#spendMore(who.projectId, next - row.size);
        this.#soon(volumes, this.#save(volumes, row, { status: "extending" }), { status: "available", size: next });
      },
      "os-retype": (row, asked) => {
        const type = this.#typeNamed(String(asked["new_type"]));
        if (type === undefined) throw refusal(404, `Volume type ${String(asked["new_type"])} could not be found.`);
        if (type.name === row.volume_type)
          throw refusal(400, `Invalid input received: New volume_type same as original: ${type.id}.`);
        this.#soon(volumes, this.#save(volumes, row, { status: "retyping" }), {
          status: "available",
          volume_type: type.name,
        });
      },
      "os-set_bootable": (row, asked) => {
        this.#save(volumes, row, { bootable: String(asked["bootable"]).toLowerCase() });
      },
      "os-update_readonly_flag": (row, asked) => {
        this.#save(volumes, row, {
          metadata: { ...row.metadata, readonly: asked["readonly"] === true ? "True" : "False" },
        });
      },
      "os-reset_status": (row, asked, { who }) => {
        this.#mayManage(who, "volume_extension:volume_admin_actions:reset_status");
        this.#save(volumes, row, { status: textOf(asked["status"] ?? row.status) });
      },
      "os-force_delete": (row, _asked, { who }) => {
        this.#mayManage(who, "volume_extension:volume_admin_actions:force_delete");
        this.#soon(volumes, this.#save(volumes, row, { status: "deleting" }), "gone");
      },
    };
    this.routes.on("POST /v3/{project}/volumes/{id}/action", (call) => {
      const row = this.#own(volumes, "Volume", call);
      const [name, asked] = Object.entries((call.body ?? {}) as Json)[0] ?? [];
      const action = actions[name ?? ""];
      if (action === undefined) throw refusal(400, `There is no such action: ${name ?? ""}.`);
      action(row, (asked ?? {}) as Json, call);
      return name === "os-set_bootable" ? { status: 200 } : accepted();
    });
  }

  #spendMore(projectId: string | undefined, gigabytes: number): void {
    const limits = { ...defaultQuotas, ...this.#quotas.get(projectId ?? "") };
    const used = this.volumes.filter(({ project }) => project === projectId).reduce((sum, one) => sum + one.size, 0);
    if (limits.gigabytes >= 0 && used + gigabytes > limits.gigabytes)
      throw refusal(
        413,
        `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested ${gigabytes}G, quota is ${limits.gigabytes}G and ${used}G has been consumed.`,
        { "retry-after": "0" },
      );
  }

  // ------------------------------------------------------------------------------------------------------- types

  #routeTypes(): void {
    const { routes, types } = this;
    const shown = (row: VolumeType): Json => ({
      ...row,
      qos_specs_id: null,
      "os-volume-type-access:is_public": row.is_public,
    });
    const get = (call: Call): VolumeType => {
      const row = types.get(call.param("id"));
      if (row === undefined || (!row.is_public && !isAdmin(call.who))) throw missing("Volume type", call.param("id"));
      return row;
    };
    const managed = (call: Call): VolumeType => {
      this.#mayManage(call.who, "volume_extension:types_manage");
      return get(call);
    };
    routes.on("GET /v3/{project}/types", (call) => {
      const asked = call.query.get("is_public");
      const every = isAdmin(call.who) && asked?.toLowerCase() === "none";
      const wanted = !(isAdmin(call.who) && ["false", "0"].includes(asked?.toLowerCase() ?? ""));
      return linkedPage(
        "volume_types",
        types.filter(({ is_public }) => every || is_public === wanted),
        call,
        shown,
      );
    });
    routes.on("POST /v3/{project}/types", (call) => {
      this.#mayManage(call.who, "volume_extension:types_manage");
      const {
        "os-volume-type-access:is_public": is_public,
        extra_specs = {},
        name,
        description = null,
      } = bodyOf(call, "volume_type", TypeBody, invalid);
      if (this.#typeNamed(name)) throw refusal(409, `Volume Type ${name} already exists.`);
      return ok({ volume_type: shown(types.add({ id: randomUUID(), name, description, is_public, extra_specs })) });
    });
    const one = "/v3/{project}/types/{id}";
    routes.on(`GET ${one}`, (call) => {
      if (call.param("id") === "default") return ok({ volume_type: types.all.map(shown)[0] });
      return ok({ volume_type: shown(get(call)) });
    });
    routes.on(`PUT ${one}`, (call) => {
      const row = managed(call);
      const schema = z.strictObject({ name: text, description: text, is_public: z.boolean().optional() });
      const { name, description, is_public } = bodyOf(call, "volume_type", schema, invalid);
      if (typeof name === "string" && types.find((other) => other.name === name && other.id !== row.id))
        throw refusal(409, `Volume Type ${name} already exists.`);
      const next = types.add({
        ...row,
        ...(typeof name === "string" && { name }),
        ...(description !== undefined && { description }),
        ...(is_public !== undefined && { is_public }),
      });
      for (const volume of this.volumes.filter(({ volume_type }) => volume_type === row.name))
        this.#save(this.volumes, volume, { volume_type: next.name });
      return ok({ volume_type: shown(next) });
    });
    routes.on(`DELETE ${one}`, (call) => {
      const row = managed(call);
      if (this.volumes.find(({ volume_type }) => volume_type === row.name))
        throw refusal(400, "Target volume type is still in use.");
      types.delete(row.id);
      return accepted();
    });
    routes.on(`GET ${one}/extra_specs`, (call) => ok({ extra_specs: get(call).extra_specs }));
    routes.on(`POST ${one}/extra_specs`, (call) => {
      const row = managed(call);
      const extra_specs = bodyOf(call, "extra_specs", metadata, invalid);
      types.add({ ...row, extra_specs: { ...row.extra_specs, ...extra_specs } });
      return ok({ extra_specs });
    });
    routes.on(`PUT ${one}/extra_specs/{key}`, (call) => {
      const row = managed(call);
      const asked = bodyOf(call, undefined, metadata, invalid);
      types.add({ ...row, extra_specs: { ...row.extra_specs, ...asked } });
      return ok(asked);
    });
    routes.on(`DELETE ${one}/extra_specs/{key}`, (call) => {
      const row = managed(call);
      const { [call.param("key")]: known, ...rest } = row.extra_specs;
      if (known === undefined)
        throw refusal(404, `Volume Type ${row.id} has no extra specs with key ${call.param("key")}.`);
      types.add({ ...row, extra_specs: rest });
      return accepted();
    });
  }

  // --------------------------------------------------------------------------------------- snapshots and backups

  #routeSnapshots(): void {
    const { routes, snapshots } = this;
    const shown = ({ project, ...row }: Snapshot): Json => ({
      ...row,
      "os-extended-snapshot-attributes:project_id": project,
      "os-extended-snapshot-attributes:progress": row.status === "available" ? "100%" : "0%",
    });
    this.#list("/v3/{project}/snapshots", "snapshots", snapshots, shown);
    const one = "/v3/{project}/snapshots/{id}";
    routes.on("POST /v3/{project}/snapshots", (call) => {
      this.#mayWrite(call.who);
      const body = bodyOf(call, "snapshot", SnapshotBody, invalid);
      const volume = this.#get(this.volumes, "Volume", body.volume_id, call.who);
      if (!["available", "in-use"].includes(volume.status))
        throw refusal(
          400,
          `Invalid volume: Volume ${volume.id} status must be available or in-use, but current status is: ${volume.status}.`,
        );
      this.#spend(call.who.projectId, "snapshots", volume.size);
      const row = snapshots.add({ ...this.#row(call.who, "creating", body), volume_id: volume.id, size: volume.size });
      this.#soon(snapshots, row, { status: "available" });
      return accepted({ snapshot: shown(row) });
    });
    routes.on(`GET ${one}`, (call) =>
      ok({ snapshot: shown(this.#get(snapshots, "Snapshot", call.param("id"), call.who)) }),
    );
    routes.on(`PUT ${one}`, (call) => {
      const row = this.#own(snapshots, "Snapshot", call);
      return ok({ snapshot: shown(this.#save(snapshots, row, changeOf(bodyOf(call, "snapshot", Change, invalid)))) });
    });
    routes.on(`DELETE ${one}`, (call) => {
      const row = this.#own(snapshots, "Snapshot", call);
      if (!["available", "error"].includes(row.status))
        throw refusal(
          400,
          `Invalid snapshot: Snapshot status must be available or error, but current status is: ${row.status}`,
        );
      this.#soon(snapshots, this.#save(snapshots, row, { status: "deleting" }), "gone");
      return accepted();
    });
    this.#routeMetadata(one, "Snapshot", snapshots);
  }

  #routeBackups(): void {
    const { routes, backups } = this;
    const shown = ({ project, ...row }: Backup): Json => ({
      ...row,
      "os-backup-project-attr:project_id": project,
      fail_reason: null,
      has_dependent_backups: false,
      object_count: 0,
      data_timestamp: row.created_at,
      links: [],
    });
    this.#list("/v3/{project}/backups", "backups", backups, shown);
    const one = "/v3/{project}/backups/{id}";
    routes.on("POST /v3/{project}/backups", (call) => {
      this.#mayWrite(call.who);
      const body = bodyOf(call, "backup", BackupBody, invalid);
      const volume = this.#get(this.volumes, "Volume", body.volume_id, call.who);
      if (volume.status !== "available" && !(body.force && volume.status === "in-use"))
        throw refusal(
          400,
          `Invalid volume: Volume to be backed up should be available or in-use, but current status is "${volume.status}".`,
        );
      if (body.incremental && !backups.find((one) => one.volume_id === volume.id && one.status === "available"))
        throw refusal(400, "Invalid backup: No backups available to do an incremental backup.");
      this.#spend(call.who.projectId, "backups", volume.size);
      const row = backups.add({
        ...this.#row(call.who, "creating", body),
        volume_id: volume.id,
        snapshot_id: body.snapshot_id ?? null,
        size: volume.size,
        container: body.container ?? "backups",
        is_incremental: body.incremental,
        availability_zone: body.availability_zone ?? "nova",
      });
      this.#save(this.volumes, volume, { status: "backing-up" });
      this.#soon(this.volumes, volume, { status: "available" });
      this.#soon(backups, row, { status: "available" });
      return accepted({ backup: { id: row.id, name: row.name, volume_id: row.volume_id, links: [] } });
    });
    routes.on(`GET ${one}`, (call) => ok({ backup: shown(this.#get(backups, "Backup", call.param("id"), call.who)) }));
    routes.on(`PUT ${one}`, (call) => {
      const row = this.#own(backups, "Backup", call);
      const next = this.#save(backups, row, changeOf(bodyOf(call, "backup", Change, invalid)));
      return ok({ backup: { id: next.id, name: next.name, links: [] } });
    });
    routes.on(`DELETE ${one}`, (call) => {
      const row = this.#own(backups, "Backup", call);
      if (!["available", "error"].includes(row.status))
        throw refusal(400, "Invalid backup: Backup status must be available or error");
      this.#soon(backups, this.#save(backups, row, { status: "deleting" }), "gone");
      return accepted();
    });
  }

  // ------------------------------------------------------------------------------------------------------ quotas

  #routeQuotas(): void {
    const one = "/v3/{project}/os-quota-sets/{target}";
    const show = (call: Call): Answer =>
      ok({ quota_set: { id: call.param("target"), ...defaultQuotas, ...this.#quotas.get(call.param("target")) } });
    this.routes.on(`GET ${one}`, show);
    this.routes.on(`PUT ${one}`, (call) => {
      this.#mayManage(call.who, "volume_extension:quotas:update");
      const quotas = bodyOf(call, "quota_set", z.record(z.string(), z.coerce.number().int()), invalid);
      this.setQuota(call.param("target"), quotas);
      return show(call);
    });
    this.routes.on(`DELETE ${one}`, (call) => {
      this.#mayManage(call.who, "volume_extension:quotas:delete");
      this.#quotas.delete(call.param("target"));
      return { status: 200 };
    });
  }
}

/** Cinder's times have no zone. */
const timestamp = (now: Date): string => now.toISOString().replace(/Z$/, "000");

function changeOf({
  name,
  description,
  metadata: given,
}: z.output<typeof Change>): Partial<Pick<Row, "name" | "description" | "metadata">> {
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(given !== undefined && { metadata: given }),
  };
}

const notFilters = ["limit", "marker", "sort", "sort_key", "sort_dir", "all_tenants", "with_count", "offset"];

/** Metadata is asked for as Python writes a dictionary: {'key': 'value'}. */
function matches(row: Row, query: URLSearchParams): boolean {
  return [...query].every(([field, wanted]) => {
    if (notFilters.includes(field)) return true;
    if (field === "metadata") {
      const pairs = [...wanted.matchAll(/['"]([^'"]+)['"]\s*:\s*u?['"]([^'"]*)['"]/g)];
      return pairs.every(([, key = "", value]) => row.metadata[key] === value);
    }
    if (field === "project_id") return row.project === wanted;
    const value = (row as unknown as Json)[field.replace(/~$/, "")];
    if (value === undefined) return true;
    return field.endsWith("~") ? textOf(value).includes(wanted) : textOf(value) === wanted;
  });
}
