import { z } from "zod";
import { means } from "./errors.ts";
import type { Service, ServiceRequest, ServiceType } from "./service.ts";
import type { Draft, Wire } from "./wire.ts";

export interface CollectionOptions<Shape extends z.ZodRawShape> {
  readonly service: ServiceType;
  /** Below the service's endpoint: /networks. */
  readonly path: string;
  /** Where lists come from, if not `path`: /volumes/detail. */
  readonly listPath?: string;
  /** Key that one is wrapped in: network. None where it stands alone (Glance). */
  readonly singular?: string;
  /** Key that a list is wrapped in: networks. */
  readonly plural: string;
  /** For errors, where `singular` is no word for people: "image". */
  readonly noun?: string;
  readonly wire: Wire<Shape>;
  /** How one is changed. */
  readonly updateMethod?: "PUT" | "PATCH";
  readonly microversion?: string;
}

type Model<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

export type Query = NonNullable<ServiceRequest<unknown>["query"]>;

/** The resources of one kind in one cloud. Throws OpenStackError; what is gone is undefined, and deleting it succeeds. */
export class Collection<Shape extends z.ZodRawShape> {
  readonly #service: Service;
  readonly #options: CollectionOptions<Shape>;

  constructor(service: Service, options: CollectionOptions<Shape>) {
    this.#service = service;
    this.#options = options;
  }

  get #noun(): string {
    return this.#options.noun ?? (this.#options.singular ?? this.#options.plural).replaceAll("_", " ");
  }

  #of(id: string): string {
    return `${this.#options.path}/${encodeURIComponent(id)}`;
  }

  #base(): Pick<ServiceRequest<unknown>, "service" | "microversion"> {
    const { service, microversion } = this.#options;
    return microversion === undefined ? { service } : { service, microversion };
  }

  #one(): z.ZodType<Model<Shape>> {
    const { singular, wire } = this.#options;
    const one = wire.schema as unknown as z.ZodType<Model<Shape>>;
    if (singular === undefined) return one;
    return z
      .object({ [singular]: one })
      .transform((wrapped) => (wrapped as Record<string, unknown>)[singular] as Model<Shape>);
  }

  #wrapped(draft: Draft<Model<Shape>>, further: Readonly<Record<string, unknown>> = {}): unknown {
    const { singular, wire } = this.#options;
    const body = { ...wire.encode(draft), ...further };
    return singular === undefined ? body : { [singular]: body };
  }

  async get(id: string, signal?: AbortSignal): Promise<Model<Shape> | undefined> {
    try {
      return await this.#service.request({
        ...this.#base(),
        path: this.#of(id),
        action: `get ${this.#noun} ${id}`,
        schema: this.#one(),
        ...(signal && { signal }),
      });
    } catch (error) {
      if (means(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** All that match; `query` is in the service's words. */
  find(query: Query, signal?: AbortSignal): Promise<readonly Model<Shape>[]> {
    const { path, listPath = path, plural, wire } = this.#options;
    const items = z.array(wire.schema);
    return this.#service.list({
      ...this.#base(),
      path: listPath,
      query,
      action: `list ${plural.replaceAll("_", " ")}`,
      schema: z
        .object({ [plural]: items })
        .transform((page) => (page as Record<string, unknown>)[plural] as readonly Model<Shape>[]),
      ...(signal && { signal }),
    });
  }

  /** `further` are fields in the service's words, which the model does not know. */
  create(
    draft: Draft<Model<Shape>>,
    signal?: AbortSignal,
    further?: Readonly<Record<string, unknown>>,
  ): Promise<Model<Shape>> {
    return this.#service.request({
      ...this.#base(),
      method: "POST",
      path: this.#options.path,
      body: this.#wrapped(draft, further),
      action: `create ${this.#noun}${nameOf(draft)}`,
      schema: this.#one(),
      ...(signal && { signal }),
    });
  }

  update(id: string, change: Draft<Model<Shape>>, signal?: AbortSignal): Promise<Model<Shape>> {
    return this.#service.request({
      ...this.#base(),
      method: this.#options.updateMethod ?? "PUT",
      path: this.#of(id),
      body: this.#wrapped(change),
      action: `update ${this.#noun} ${id}`,
      schema: this.#one(),
      ...(signal && { signal }),
    });
  }

  /** A POST, PUT or DELETE on one of them that is not a change of fields: /volumes/{id}/action. */
  act<T>(id: string, request: Omit<ServiceRequest<T>, "service" | "path"> & { readonly below: string }): Promise<T> {
    const { below, ...rest } = request;
    return this.#service.request({ ...this.#base(), ...rest, path: `${this.#of(id)}${below}` });
  }

  /** False when it was gone already. */
  async delete(id: string, signal?: AbortSignal): Promise<boolean> {
    try {
      await this.#service.request({
        ...this.#base(),
        method: "DELETE",
        path: this.#of(id),
        action: `delete ${this.#noun} ${id}`,
        schema: z.unknown(),
        ...(signal && { signal }),
      });
      return true;
    } catch (error) {
      if (means(error, "NotFound")) return false;
      throw error;
    }
  }
}

function nameOf(draft: object): string {
  const { name } = draft as { readonly name?: unknown };
  return typeof name === "string" ? ` "${name}"` : "";
}
