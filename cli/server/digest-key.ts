/**
 * The key of the digests that containers and their volumes carry: it lives in the store, where no host sees it, so that
 * nobody can find out by trying which short password a digest is of.
 */
import type { Client } from "../../api/client/client.ts";
import { isAlreadyExists, isNotFound } from "../../api/status.ts";
import { secretType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";

const place = { namespace: "kube-system", name: "stowage-digest-key" };
const field = "key";
/** Shorter ones could be found by trying. */
const leastBytes = 32;

interface KeyRecord extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

async function recorded(client: Client): Promise<Uint8Array | undefined> {
  try {
    const key = Buffer.from((await client.get<KeyRecord>(secretType, place)).data?.[field] ?? "", "base64");
    if (key.length >= leastBytes) return key;
    throw new Error(
      `Secret "${place.namespace}/${place.name}" has no data.${field} of ${leastBytes} bytes or more: delete it, and start the server again`,
    );
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * The store's key; makes one where there is none, and throws where somebody made it unusable. Another one makes Containers with restartOnConfigChange be replaced, and files be
 * written again, once.
 */
export async function resolveDigestKey(client: Client, newKey: () => Buffer): Promise<Uint8Array> {
  const known = await recorded(client);
  if (known !== undefined) return known;
  const key = newKey();
  try {
    const data = { [field]: key.toString("base64") };
    await client.create(secretType, { apiVersion: "v1", kind: "Secret", metadata: place, ...{ data } });
    return key;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // Another replica on the same store was first; its key holds for all.
    return (await recorded(client)) ?? key;
  }
}
