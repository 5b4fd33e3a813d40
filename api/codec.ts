/**
 * Between objects and what a Store keeps. Stored JSON begins with apiVersion, kind and metadata, and has no
 * resourceVersion: that is the revision. Served JSON is the stored bytes with the revision put in, so that an object is
 * encoded once, when it is written, and never again.
 */
import type { KubeObject, ResourceType } from "../crds/meta.ts";
import { apiVersionOf } from "../crds/meta.ts";
import type { JsonObject } from "./resources/definition.ts";
import type { Revision } from "./storage/store.ts";

/** One object as of one revision. Shared by everyone who reads it. */
export class Entry {
  readonly key: string;
  readonly revision: Revision;
  /** JSON as it is served. */
  readonly bytes: Buffer;
  /** Whether it is stored otherwise than it would be now: an update that changes nothing is worth a write. */
  readonly stale: boolean;
  #object: KubeObject | undefined;

  constructor(key: string, revision: Revision, bytes: Buffer, stale = false) {
    this.key = key;
    this.revision = revision;
    this.bytes = bytes;
    this.stale = stale;
  }

  /** Parsed once and shared: never change it. */
  get object(): KubeObject {
    this.#object ??= this.#parse() as KubeObject;
    return this.#object;
  }

  /** For the caller alone, to change as it likes. */
  copy(): WritableObject {
    return this.#parse() as WritableObject;
  }

  #parse(): unknown {
    return JSON.parse(this.bytes.toString());
  }
}

/** An object on its way into the store. */
export type WritableObject = JsonObject & { metadata: JsonObject };

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

const frameHeads: Readonly<Record<EventType, Buffer>> = {
  ADDED: Buffer.from(`{"type":"ADDED","object":`),
  MODIFIED: Buffer.from(`{"type":"MODIFIED","object":`),
  DELETED: Buffer.from(`{"type":"DELETED","object":`),
};
const frameTail = Buffer.from("}\n");

/** A line of a watch. */
export function frameOf(type: EventType, bytes: Buffer): Buffer {
  return Buffer.concat([frameHeads[type], bytes, frameTail]);
}

const metadataStart = Buffer.from('"metadata":{');

/** `/<group>/<plural>/`, below the store's own prefix (`/registry` in etcd); the core group is called "core". */
function rootOf(type: Pick<ResourceType, "group" | "plural">): string {
  return `/${type.group === "" ? "core" : type.group}/${type.plural}/`;
}

/** What the JSON of an object begins with, up to its metadata. */
export function headOf(apiVersion: string, kind: string): string {
  return `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},`;
}

/** Reads and writes the objects of one kind in one version. */
export class Codec {
  /** Every key of the kind begins with it. */
  readonly root: string;
  readonly #namespaced: boolean;
  readonly #head: Buffer;
  readonly #storedHead: string;
  readonly #storedHeadBytes: Buffer;

  /**
   * `storedHead` is what stored bytes begin with, up to the metadata: the version at hand when absent. `storedAs` is the
   * kind whose keys these objects have: this one when absent.
   */
  constructor(
    type: ResourceType,
    storedHead = headOf(apiVersionOf(type), type.kind),
    storedAs: Pick<ResourceType, "group" | "plural"> = type,
  ) {
    this.root = rootOf(storedAs);
    this.#namespaced = type.namespaced;
    this.#head = Buffer.from(`${headOf(apiVersionOf(type), type.kind)}"metadata":{"resourceVersion":"`);
    this.#storedHead = storedHead;
    this.#storedHeadBytes = Buffer.from(storedHead);
  }

  key(namespace: string | undefined, name: string): string {
    return this.prefix(namespace) + name;
  }

  /** What the keys of one namespace begin with, or those of all. */
  prefix(namespace: string | undefined): string {
    return this.#namespaced && namespace !== undefined && namespace !== "" ? `${this.root}${namespace}/` : this.root;
  }

  encode({ apiVersion: _, kind: __, metadata, ...rest }: WritableObject): Buffer {
    const body = JSON.stringify({ metadata: { ...metadata, resourceVersion: undefined }, ...rest });
    const text = this.#storedHead + body.slice(1);
    // Stores keep it for a while: a part of Buffer's pool would keep 64 KB with it.
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    bytes.write(text);
    return bytes;
  }

  /** `value` as it was stored, in whatever version of the kind. */
  decode(key: string, value: Uint8Array, revision: Revision): Entry {
    return new Entry(key, revision, this.#serve(value, revision, none, none), this.#isStale(value));
  }

  /** The same within a line of a watch, of which the entry's bytes are a part. */
  decodeEvent(type: EventType, key: string, value: Uint8Array, revision: Revision): { entry: Entry; frame: Buffer } {
    const head = frameHeads[type];
    const frame = this.#serve(value, revision, head, frameTail);
    const bytes = frame.subarray(head.length, frame.length - frameTail.length);
    return { entry: new Entry(key, revision, bytes, this.#isStale(value)), frame };
  }

  /** An object that is not, or not so, in the store: what a dry run answers. */
  entryOf(key: string, object: JsonObject, revision: Revision): Entry {
    return new Entry(key, revision, Buffer.from(JSON.stringify(object)));
  }

  /** Whether a stored value is not in the form that {@link encode} gives it. */
  #isStale(value: Uint8Array): boolean {
    const head = this.#storedHeadBytes;
    return head.compare(value, 0, head.length) !== 0;
  }

  #serve(value: Uint8Array, revision: Revision, before: Buffer, after: Buffer): Buffer {
    const stored = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const metadata = stored.indexOf(metadataStart);
    if (metadata < 0)
      throw new Error("Cannot read a stored object: it has no metadata, so this server did not write it");
    const number = `${revision}",`;
    const rest = metadata + metadataStart.length;
    const served = Buffer.allocUnsafeSlow(
      before.length + this.#head.length + number.length + stored.length - rest + after.length,
    );
    let end = before.copy(served);
    end += this.#head.copy(served, end);
    end += served.write(number, end, "latin1");
    end += stored.copy(served, end, rest);
    after.copy(served, end);
    return served;
  }
}

const none = Buffer.alloc(0);
