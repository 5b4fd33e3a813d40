/** Reads ConfigMaps and Secrets for one Container, and keeps in mind what it used of each. */
import type { KubeObject } from "../../../crds/meta.ts";

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface Secret extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

export type SourceKind = "ConfigMap" | "Secret";

/** The objects of one namespace, by name. */
export interface Sources {
  readonly configMap: (name: string) => ConfigMap | undefined;
  readonly secret: (name: string) => Secret | undefined;
}

/** Something that is asked for is not there, or cannot be used; the message is for people and has no values in it. */
export class InputError extends Error {
  override readonly name = "InputError";
}

type Data = ReadonlyMap<string, Buffer>;

export class Objects {
  readonly #sources: Sources;
  readonly #read = new Map<string, Data | undefined>();
  readonly #used = new Map<string, unknown[]>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** The content of an object by its keys; undefined where it may be missing, and is. Throws InputError. */
  data(kind: SourceKind, name: string, optional: boolean | undefined): Data | undefined {
    const id = `${kind} ${name}`;
    if (!this.#read.has(id)) this.#read.set(id, this.#load(kind, name));
    const data = this.#read.get(id);
    if (data === undefined && optional !== true) throw new InputError(`${kind.toLowerCase()} "${name}" not found`);
    return data;
  }

  /** Notes that `value`, anything that JSON can say, was made of the object. */
  use(kind: SourceKind, name: string, value: unknown): void {
    const id = `${kind} ${name}`;
    const used = this.#used.get(id);
    if (used === undefined) this.#used.set(id, [value]);
    else used.push(value);
  }

  get used(): ReadonlyMap<string, readonly unknown[]> {
    return this.#used;
  }

  /** What every Secret has that was read: for {@link conceal}. */
  get secrets(): readonly string[] {
    return [...this.#read].flatMap(([id, data]) =>
      id.startsWith("Secret ") ? [...(data ?? [])].map(([, content]) => content.toString()) : [],
    );
  }

  #load(kind: SourceKind, name: string): Data | undefined {
    const base64 = ([key, value]: readonly [string, string]) => [key, Buffer.from(value, "base64")] as const;
    if (kind === "Secret") {
      const secret = this.#sources.secret(name);
      return secret && new Map(Object.entries(secret.data ?? {}).map(base64));
    }
    const map = this.#sources.configMap(name);
    if (map === undefined) return undefined;
    const texts = Object.entries(map.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const);
    return new Map([...texts, ...Object.entries(map.binaryData ?? {}).map(base64)]);
  }
}
