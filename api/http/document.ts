/** Answers that stay the same for as long as the same kinds are served: discovery and OpenAPI. */
import { createHash } from "node:crypto";
import type { ResourceDefinition } from "../resources/definition.ts";
import type { Exchange } from "./exchange.ts";
import { pathNotFound } from "./exchange.ts";

export interface Document {
  readonly bytes: Buffer;
  readonly etag: string;
}

/** What a document is made of. */
export interface Draft {
  readonly bytes: Uint8Array;
  /** Of the bytes, where absent. */
  readonly hash?: string;
}

/** Keeps each document until something else is served. */
export class Documents {
  #documents = new Map<string, Document>();
  #definitions: readonly ResourceDefinition[] = [];

  /** Made when first asked for. Throws NotFound when `make` makes nothing. */
  get(name: string, definitions: readonly ResourceDefinition[], make: () => Draft | undefined): Document {
    if (this.#definitions !== definitions) {
      this.#documents = new Map();
      this.#definitions = definitions;
    }
    const known = this.#documents.get(name);
    if (known !== undefined) return known;
    const draft = make();
    if (draft === undefined) throw pathNotFound();
    const bytes = Buffer.from(draft.bytes.buffer, draft.bytes.byteOffset, draft.bytes.byteLength);
    const hash = draft.hash ?? createHash("sha512").update(bytes).digest("hex").toUpperCase();
    const document = { bytes, etag: `"${hash}"` };
    this.#documents.set(name, document);
    return document;
  }
}

/** As JSON; undefined for nothing. */
export function jsonDraft(value: unknown): Draft | undefined {
  return value === undefined ? undefined : { bytes: Buffer.from(JSON.stringify(value)) };
}

/** Answers 304 without a body to whoever has it already. */
export function replyDocument(
  exchange: Exchange,
  { bytes, etag }: Document,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const all = { etag, vary: "Accept", ...headers };
  const known = (exchange.header("if-none-match") ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  if (known.includes(etag) || known.includes("*")) return exchange.replyUnchanged(all);
  return exchange.reply(200, type, bytes, all);
}
