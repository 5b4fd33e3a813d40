/** Glance of the fake. Source: Image API v2, and Debian's glance 25 (Zed) for its words. */
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Answer, Call, FakeService, Identity, Json } from "./http.ts";
import {
  accepted,
  bodyOf,
  created,
  isAdmin,
  isReader,
  noContent,
  ok,
  pageOf,
  Refusal,
  Routes,
  Table,
  textOf,
} from "./http.ts";
import type { Later } from "./later.ts";

export interface Image {
  readonly id: string;
  readonly name: string | null;
  readonly status: "queued" | "saving" | "importing" | "uploading" | "active" | "deactivated";
  readonly owner: string;
  readonly visibility: "public" | "private" | "shared" | "community";
  readonly protected: boolean;
  readonly os_hidden: boolean;
  readonly disk_format: string | null;
  readonly container_format: string | null;
  readonly min_disk: number;
  readonly min_ram: number;
  readonly size: number | null;
  readonly virtual_size: number | null;
  readonly checksum: string | null;
  readonly os_hash_algo: string | null;
  readonly os_hash_value: string | null;
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
  /** Anything else: hw_disk_bus and so on. */
  readonly [property: string]: unknown;
}

/** Glance speaks of what went wrong in HTML. */
const refusal = (status: number, title: string, message: string): Refusal =>
  new Refusal(
    status,
    `<html>\n <head>\n  <title>${status} ${title}</title>\n </head>\n <body>\n  <h1>${status} ${title}</h1>\n  ${message}<br /><br />\n\n\n </body>\n</html>`,
  );

const badRequest = (message: string): Refusal => refusal(400, "Bad Request", message);
const forbidden = (message: string): Refusal => refusal(403, "Forbidden", message);

function invalid(issue: z.core.$ZodIssue | undefined): Refusal {
  return badRequest(
    `Provided object does not match schema 'image': ${issue?.message ?? ""}: '${issue?.path.join(".") ?? ""}'`,
  );
}

const visibility = z.enum(["public", "private", "shared", "community"]);
const diskFormats = ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop", "docker"];
const containerFormats = ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"];

const ImageBody = z
  .object({
    id: z.string().optional(),
    name: z.string().max(255).nullish(),
    visibility: visibility.default("shared"),
    protected: z.boolean().default(false),
    os_hidden: z.boolean().default(false),
    disk_format: z.enum(diskFormats).nullish(),
    container_format: z.enum(containerFormats).nullish(),
    min_disk: z.int().min(0).default(0),
    min_ram: z.int().min(0).default(0),
    tags: z.array(z.string().max(255)).default([]),
    owner: z.string().optional(),
  })
  .catchall(z.string());

const readOnly = ["id", "status", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "created_at", "updated_at", "schema", "self", "file", "direct_url", "stores"]; // prettier-ignore
const builtIn = new Set([...readOnly, ...Object.keys(ImageBody.shape)]);

const Patch = z.array(
  z.object({ op: z.enum(["add", "replace", "remove"]), path: z.string(), value: z.unknown().optional() }),
);

export class FakeGlance implements FakeService {
  readonly prefix = "/image";
  readonly routes = new Routes();
  readonly images = new Table<Image>();
  readonly #data = new Map<string, Buffer>();
  readonly #later: Later;
  readonly #buildMs: number;

  constructor(later: Later, buildMs: number) {
    this.#later = later;
    this.#buildMs = buildMs;
    this.#routeVersions();
    this.#routeImages();
    this.#routeData();
    this.#routeTags();
  }

  unauthorized(): Answer {
    return refusal(
      401,
      "Unauthorized",
      "This server could not verify that you are authorized to access the document you requested.",
    ).answer;
  }

  notFound(): Answer {
    return refusal(404, "Not Found", "The resource could not be found.").answer;
  }

  failure(status: number): Answer {
    const titles: Readonly<Record<number, string>> = {
      403: "Forbidden",
      413: "Request Entity Too Large",
      503: "Service Unavailable",
    };
    const message =
      status === 403
        ? "You are not authorized to complete add_image action."
        : "The server has either erred or is incapable of performing the requested operation.";
    return refusal(status, titles[status] ?? "Internal Server Error", message).answer;
  }

  #get(call: Call): Image {
    const row = this.images.get(call.param("id"));
    if (row === undefined || !isVisible(row, call.who))
      throw refusal(404, "Not Found", `No image found with ID ${call.param("id")}`);
    return row;
  }

  #own(call: Call): Image {
    const row = this.#get(call);
    if (isReader(call.who) || (row.owner !== call.who.projectId && !isAdmin(call.who)))
      throw forbidden("You are not permitted to modify this image.");
    return row;
  }

  #save({ id }: Image, change: Partial<Image>): Image {
    const row = this.images.get(id);
    if (row === undefined) throw new Error(`the fake Glance has no ${id}`);
    return this.images.add({ ...row, ...change, updated_at: timestamp(this.#later.now()) });
  }

  #routeVersions(): void {
    const version = (base: string): Json => ({
      versions: [{ id: "v2.15", status: "CURRENT", links: [{ rel: "self", href: `${base}/v2/` }] }],
    });
    const open = { open: true };
    this.routes.on("GET /", ({ base }) => ({ status: 300, body: version(base) }), open);
    this.routes.on("GET /versions", ({ base }) => ok(version(base)), open);
    this.routes.on("GET /v2/info/import", () =>
      ok({
        "import-methods": {
          description: "Import methods available.",
          type: "array",
          value: ["glance-direct", "web-download"],
        },
      }),
    );
    this.routes.on("GET /v2/info/stores", () => ok({ stores: [{ id: "file", default: "true" }] }));
  }

  #routeImages(): void {
    const { routes, images } = this;
    routes.on("GET /v2/images", (call) => {
      const rows = images
        .filter((row) => isVisible(row, call.who, call.query.get("visibility")))
        .filter((row) => matches(row, call.query))
        .toReversed();
      const { page, next } = pageOf(rows, call);
      return ok({
        images: page.map(shown),
        first: "/v2/images",
        schema: "/v2/schemas/images",
        ...(next !== undefined && { next: next.slice(call.base.length) }),
      });
    });
    routes.on("POST /v2/images", (call) => {
      if (isReader(call.who)) throw forbidden("You are not authorized to complete add_image action.");
      const asked = (call.body ?? {}) as Json;
      const fixed = Object.keys(asked).find((field) => readOnly.includes(field) && field !== "id");
      if (fixed !== undefined) throw forbidden(`Attribute '${fixed}' is read-only.`);
      const {
        name,
        disk_format,
        container_format,
        id = randomUUID(),
        owner,
        ...body
      } = bodyOf(call, undefined, ImageBody, invalid);
      if (body.visibility === "public" && !isAdmin(call.who))
        throw forbidden("You are not authorized to complete publicize_image action.");
      if (images.get(id) !== undefined) throw refusal(409, "Conflict", `Image ID ${id} already exists!`);
      const now = timestamp(this.#later.now());
      const row = images.add({
        ...body,
        id,
        name: name ?? null,
        disk_format: disk_format ?? null,
        container_format: container_format ?? null,
        status: "queued",
        owner: owner ?? call.who.projectId ?? "",
        size: null,
        virtual_size: null,
        checksum: null,
        os_hash_algo: null,
        os_hash_value: null,
        created_at: now,
        updated_at: now,
      });
      return { ...created(shown(row)), headers: { "openstack-image-import-methods": "glance-direct,web-download" } };
    });
    routes.on("GET /v2/images/{id}", (call) => ok(shown(this.#get(call))));
    routes.on("PATCH /v2/images/{id}", (call) => {
      const row = this.#own(call);
      if (
        !(call.headers["content-type"] ?? "application/openstack-images-v2.1-json-patch").startsWith(
          "application/openstack-images-v2",
        )
      )
        throw refusal(415, "Unsupported Media Type", "The media type is not supported.");
      let next: Json = row;
      for (const { op, path, value } of bodyOf(call, undefined, Patch, invalid)) {
        const field = path.slice(1).replaceAll("~1", "/").replaceAll("~0", "~");
        if (readOnly.includes(field)) throw forbidden(`Attribute '${field}' is read-only.`);
        if (["disk_format", "container_format"].includes(field) && row.status !== "queued" && row[field] !== null)
          throw forbidden(`Attribute ${field} can be only replaced for a queued image.`);
        if (op === "remove") {
          if (builtIn.has(field)) throw forbidden(`Property ${field} may not be removed.`);
          if (!(field in next)) throw refusal(409, "Conflict", `Property ${field} does not exist.`);
          const { [field]: _removed, ...rest } = next;
          next = rest;
        } else {
          if (op === "replace" && !(field in next)) throw refusal(409, "Conflict", `Property ${field} does not exist.`);
          if (field === "visibility" && value === "public" && !isAdmin(call.who))
            throw forbidden("You are not authorized to complete publicize_image action.");
          const one = ImageBody.partial().safeParse({ [field]: value });
          if (!one.success) throw invalid(one.error.issues[0]);
          next = { ...next, [field]: value };
        }
      }
      return ok(shown(images.add({ ...(next as Image), updated_at: timestamp(this.#later.now()) })));
    });
    routes.on("DELETE /v2/images/{id}", (call) => {
      const row = this.#own(call);
      if (row.protected) throw forbidden(`Image ${row.id} is protected and cannot be deleted.`);
      images.delete(row.id);
      this.#data.delete(row.id);
      return noContent;
    });
    for (const [action, status] of [
      ["deactivate", "deactivated"],
      ["reactivate", "active"],
    ] as const)
      routes.on(`POST /v2/images/{id}/actions/${action}`, (call) => {
        this.#save(this.#own(call), { status });
        return noContent;
      });
  }

  #routeData(): void {
    const { routes } = this;
    routes.on("PUT /v2/images/{id}/file", (call) => {
      const row = this.#own(call);
      if (row.status !== "queued")
        throw refusal(409, "Conflict", `Image status transition from ${row.status} to saving is not allowed`);
      this.#needsFormats(row);
      this.#fill(this.#save(row, { status: "saving" }), call.bytes);
      return noContent;
    });
    routes.on("GET /v2/images/{id}/file", (call) => {
      const data = this.#data.get(this.#get(call).id);
      return data === undefined ? noContent : ok(data);
    });
    routes.on("PUT /v2/images/{id}/stage", (call) => {
      const row = this.#own(call);
      if (row.status !== "queued")
        throw refusal(409, "Conflict", `Image status transition from ${row.status} to uploading is not allowed`);
      this.#data.set(row.id, call.bytes);
      this.#save(row, { status: "uploading" });
      return noContent;
    });
    routes.on("POST /v2/images/{id}/import", (call) => {
      const row = this.#own(call);
      const { method } = bodyOf(
        call,
        undefined,
        z.object({ method: z.object({ name: z.string(), uri: z.string().optional() }) }),
        invalid,
      );
      this.#needsFormats(row);
      const needed = method.name === "glance-direct" ? "uploading" : "queued";
      if (row.status !== needed)
        throw refusal(409, "Conflict", `Image needs to be in '${needed}' state to use '${method.name}' method`);
      if (method.name === "web-download")
        void this.#download(this.#save(row, { status: "importing" }), method.uri ?? "");
      else this.#fill(this.#save(row, { status: "importing" }), this.#data.get(row.id) ?? Buffer.alloc(0));
      return accepted();
    });
  }

  #needsFormats({ disk_format, container_format }: Image): void {
    if (disk_format === null || container_format === null)
      throw badRequest("Properties disk_format, container_format must be set prior to saving data.");
  }

  #fill(row: Image, data: Buffer): void {
    this.#later.in(this.#buildMs, () => {
      if (this.images.get(row.id) === undefined) return;
      this.#data.set(row.id, data);
      const hash = (algorithm: string): string => createHash(algorithm).update(data).digest("hex");
      this.#save(row, {
        status: "active",
        size: data.length,
        checksum: hash("md5"),
        os_hash_algo: "sha512",
        os_hash_value: hash("sha512"),
      });
    });
  }

  /** What fails is queued again, as of Zed. */
  async #download(row: Image, uri: string): Promise<void> {
    try {
      const response = await fetch(uri);
      if (!response.ok) throw new Error(`${response.status}`);
      this.#fill(row, Buffer.from(await response.arrayBuffer()));
    } catch {
      if (this.images.get(row.id) !== undefined) this.#save(row, { status: "queued", os_glance_failed_import: "file" });
    }
  }

  #routeTags(): void {
    const one = "/v2/images/{id}/tags/{tag}";
    this.routes.on(`PUT ${one}`, (call) => {
      const row = this.#own(call);
      this.#save(row, { tags: [...new Set([...row.tags, call.param("tag")])] });
      return noContent;
    });
    this.routes.on(`DELETE ${one}`, (call) => {
      const row = this.#own(call);
      const tag = call.param("tag");
      if (!row.tags.includes(tag)) throw refusal(404, "Not Found", "The resource could not be found.");
      this.#save(row, { tags: row.tags.filter((known) => known !== tag) });
      return noContent;
    });
  }
}

const timestamp = (now: Date): string => now.toISOString().replace(/\.\d+Z$/, "Z");

const shown = (row: Image): Json => ({
  ...row,
  self: `/v2/images/${row.id}`,
  file: `/v2/images/${row.id}/file`,
  schema: "/v2/schemas/image",
  ...(row.status === "active" && { stores: "file" }),
});

function isVisible(row: Image, who: Identity, asked: string | null = null): boolean {
  if (isAdmin(who) || row.owner === who.projectId || row.visibility === "public") return true;
  return row.visibility === "community" && asked === "community";
}

const notFilters = ["limit", "marker", "sort", "sort_key", "sort_dir", "member_status"];

/** Any property filters, and `in:a,b` takes one of several. */
function matches(row: Image, query: URLSearchParams): boolean {
  return [...query].every(([field, wanted]) => {
    if (notFilters.includes(field)) return true;
    if (field === "tag") return row.tags.includes(wanted);
    if (field === "visibility" && wanted === "all") return true;
    if (field === "size_min") return (row.size ?? 0) >= Number(wanted);
    if (field === "size_max") return (row.size ?? 0) <= Number(wanted);
    const value = row[field];
    if (typeof value === "boolean") return value === (wanted.toLowerCase() === "true");
    const values = wanted.startsWith("in:") ? wanted.slice(3).split(",") : [wanted];
    return values.includes(textOf(value));
  });
}
