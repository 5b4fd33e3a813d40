/**
 * Which control plane this is. Containers on hosts are labelled with it, and only those are ever touched, so two control
 * planes may share a host; and one that lost its store, but knows its instance, finds its containers again.
 */
import { configMapType } from "../../crds/core.ts";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "../../api/client/client.ts";
import { isAlreadyExists, isNotFound } from "../../api/status.ts";
import type { KubeObject } from "../../crds/meta.ts";

const place = { namespace: "kube-system", name: "stowage-instance" };

interface InstanceRecord extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, "utf8")).trim();
    return text === "" ? undefined : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function recorded(client: Client): Promise<string | undefined> {
  try {
    return (await client.get<InstanceRecord>(configMapType, place)).data?.["instance"];
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function record(client: Client, instance: string): Promise<string> {
  try {
    await client.create(configMapType, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: place,
      ...{ data: { instance } },
    });
    return instance;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // Another replica on the same store was first; its word holds for all.
    return (await recorded(client)) ?? instance;
  }
}

/**
 * The instance that the store names; for a new store that of DIR/instance (its store was lost) or a new one. `asked`
 * (`--instance`) decides where the store does not say yet, and must agree where it does.
 * Throws when the store belongs to another instance than the one asked for.
 */
export async function resolveInstance(
  client: Client,
  dataDir: string,
  asked: string | undefined,
  newId: () => string,
): Promise<string> {
  const file = join(dataDir, "instance");
  const known = await recorded(client);
  if (asked !== undefined && known !== undefined && asked !== known) {
    throw new Error(
      `Cannot run as instance "${asked}": the store belongs to instance "${known}"; leave out --instance or use another store`,
    );
  }
  const instance = known ?? (await record(client, asked ?? (await readOptional(file)) ?? newId()));
  if ((await readOptional(file)) !== instance) await writeFile(file, `${instance}\n`, { mode: 0o644 });
  return instance;
}
