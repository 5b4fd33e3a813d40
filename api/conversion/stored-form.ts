/**
 * How the objects of a custom kind are stored: in the storage version, which may not be the one that is asked for, and
 * whatever was the storage version once.
 * Source: crdConversionRESTOptionsGetter in apiextensions-apiserver/pkg/apiserver/customresource_handler.go: what is
 * read takes the defaults of the version that it is stored in, and is converted then.
 */
import { createHash } from "node:crypto";
import { getOwn, isJsonObject } from "../../formats/json-object.ts";
import { headOf } from "../codec.ts";
import type { CrdObject } from "../resources/crd-object.ts";
import type { JsonObject, ObjectSchema } from "../resources/definition.ts";
import type { Converter } from "./converter.ts";

export interface VersionSchema {
  readonly apiVersion: string;
  readonly storage: boolean;
  readonly openAPISchema: JsonObject;
  readonly schema: ObjectSchema;
}

export class StoredForm {
  /** Changes whenever what is read of the same bytes may change. */
  readonly identity: string;
  readonly #kind: string;
  readonly #versions: ReadonlyMap<string, VersionSchema>;
  readonly #storage: VersionSchema;
  readonly #currentHead: Buffer;
  readonly #defaults: ReadonlyMap<string, string | undefined>;
  readonly #converter: Converter | undefined;

  /** `versions` are all of a definition; `converter` is absent where conversion changes the apiVersion only. */
  constructor(
    crd: CrdObject,
    versions: readonly [VersionSchema, ...VersionSchema[]],
    converter: Converter | undefined,
  ) {
    const [first] = versions;
    this.#kind = crd.spec.names.kind;
    this.#versions = new Map(versions.map((version) => [version.apiVersion, version]));
    this.#storage = versions.find(({ storage }) => storage) ?? first;
    this.#defaults = new Map(
      versions.map(({ apiVersion, openAPISchema }) => [apiVersion, defaultsHash(openAPISchema)]),
    );
    this.#converter = converter;
    this.#currentHead = Buffer.from(this.head(this.#storage.apiVersion));
    this.identity = JSON.stringify([[...this.#defaults], this.#storage.apiVersion, crd.spec.conversion ?? null]);
  }

  /**
   * What stored bytes begin with when they are written through this version. It tells which defaults were filled in, so
   * that reading need not look.
   */
  head(apiVersion: string): string {
    const hash = this.#defaults.get(this.#storage.apiVersion);
    const head = headOf(this.#storage.apiVersion, this.#kind);
    return hash === undefined || this.#defaults.get(apiVersion) !== hash ? head : `${head}"defaults":"${hash}",`;
  }

  /** Whether reading may ask a webhook. */
  get converts(): boolean {
    return this.#converter !== undefined;
  }

  /** Whether stored values are to be looked at at all when they are read, or written, in this version. */
  get plain(): boolean {
    return this.#converter === undefined && [...this.#defaults.values()].every((hash) => hash === undefined);
  }

  /** Stored values as they are read in a version. */
  async read(values: readonly Uint8Array[], apiVersion: string): Promise<readonly Uint8Array[]> {
    const convert = this.#converter !== undefined;
    const same = !convert || apiVersion === this.#storage.apiVersion;
    if (same && values.every((value) => this.#isCurrent(value))) return values;
    const parsed = values.map((value) => (same && this.#isCurrent(value) ? undefined : parse(value, this.#kind)));
    for (const one of parsed) if (one !== undefined) this.#applyDefaults(one);
    const objects = parsed.flatMap((one) => (one === undefined ? [] : [one.object]));
    const converted = (await (this.#converter?.(objects, apiVersion) ?? objects)).values();
    return values.map((value, index) => {
      const one = parsed[index];
      return one === undefined ? value : encode(one.head, converted.next().value ?? one.object);
    });
  }

  /** A value that is written in a version, as it is stored. */
  async write(value: Uint8Array, apiVersion: string): Promise<Uint8Array> {
    if (this.#converter === undefined || apiVersion === this.#storage.apiVersion) return value;
    const { object, head } = parse(value, this.#kind);
    const [converted = object] = await this.#converter([{ ...object, apiVersion }], this.#storage.apiVersion);
    return encode(head, converted);
  }

  #isCurrent(value: Uint8Array): boolean {
    return this.#currentHead.compare(value, 0, this.#currentHead.length) === 0;
  }

  #applyDefaults({ object }: Parsed): void {
    const version = this.#versions.get(String(object["apiVersion"]));
    if (version !== undefined) version.schema.applyDefaults(object);
  }
}

interface Parsed {
  /** As it is in the bytes, up to the metadata. */
  readonly head: string;
  readonly object: JsonObject;
}

const metadataStart = '"metadata":{';

/** What the head says besides apiVersion and kind is not the object's. */
function parse(value: Uint8Array, kind: string): Parsed {
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  const at = Math.max(0, text.indexOf(metadataStart));
  const head = text.slice(0, at);
  const apiVersion = /^\{"apiVersion":"([^"]*)"/.exec(head)?.[1] ?? "";
  return { head, object: { apiVersion, kind, ...(JSON.parse(`{${text.slice(at)}`) as JsonObject) } };
}

function encode(head: string, { apiVersion: _, kind: __, metadata, ...rest }: JsonObject): Uint8Array {
  return Buffer.from(head + JSON.stringify({ metadata, ...rest }).slice(1));
}

/** Of what a schema says about defaults; undefined when it says nothing. */
function defaultsHash(schema: JsonObject): string | undefined {
  const skeleton = defaultsIn(schema);
  return skeleton === undefined
    ? undefined
    : createHash("sha256").update(JSON.stringify(skeleton)).digest("base64url").slice(0, 16);
}

function defaultsIn(schema: unknown): unknown {
  if (!isJsonObject(schema)) return undefined;
  const value = getOwn(schema, "default");
  const properties = getOwn(schema, "properties");
  const named = Object.entries(isJsonObject(properties) ? properties : {}).flatMap(([name, property]) => {
    const inside = defaultsIn(property);
    return inside === undefined ? [] : [[name, inside]];
  });
  const [items, additional] = [defaultsIn(getOwn(schema, "items")), defaultsIn(getOwn(schema, "additionalProperties"))];
  if (value === undefined && named.length === 0 && items === undefined && additional === undefined) return undefined;
  return [value ?? null, getOwn(schema, "nullable") === true, named, items ?? null, additional ?? null];
}
