/** A Store as a kind sees it whose objects are those of another kind in another shape. */
import type { JsonObject, StoredAs } from "../resources/definition.ts";
import type { Store } from "../storage/store.ts";
import type { Form } from "./versioned-store.ts";
import { VersionedStore } from "./versioned-store.ts";

export class ReshapedStore extends VersionedStore {
  constructor(store: Store, { read, write }: StoredAs) {
    const form: Form = {
      read: async (values) => values.map((value) => reshape(value, read)),
      write: async (value) => reshape(value, write),
    };
    super(store, form, "");
  }
}

function reshape(value: Uint8Array, change: (object: JsonObject) => JsonObject): Uint8Array {
  const { apiVersion, kind, metadata, ...rest } = change(JSON.parse(Buffer.from(value).toString()) as JsonObject);
  // Stored JSON begins with these (api/codec.ts).
  return Buffer.from(JSON.stringify({ apiVersion, kind, metadata, ...rest }));
}
