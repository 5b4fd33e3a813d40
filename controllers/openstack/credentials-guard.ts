import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import { secretType } from "../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import type { Cloud } from "../../crds/openstack/cloud.ts";
import { credentialsFinalizer } from "../../crds/openstack/external.ts";
import type { Cache, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { settled } from "../runtime/reconciler.ts";
import type { AnyExternal } from "./actuator.ts";
import type { Secret } from "./clouds.ts";
import { secretKeyOf } from "./clouds.ts";

/** Index of objects, and of Clouds, by the Secret that their credentials are in: `namespace/name`. */
export const bySecret = "openstack/secret";

export const secretIndex = ({ metadata, spec }: AnyExternal): readonly string[] =>
  spec.cloudCredentialsRef === undefined ? [] : [`${metadata.namespace ?? ""}/${spec.cloudCredentialsRef.secretName}`];

export const cloudSecretIndex = ({ spec }: Cloud): readonly string[] => [secretKeyOf(spec)];

/** How soon what is held is looked at again though nothing told that it is needed no more. */
export const heldPollMs = 15_000;

/** Takes away what holds a Secret or a Cloud that is to be deleted. Throws Conflict where it was changed meanwhile. */
export async function letGo(
  client: Pick<Client, "patch">,
  type: ResourceType,
  { metadata }: KubeObject,
): Promise<void> {
  const { namespace, name, resourceVersion, finalizers = [] } = metadata;
  const rest = finalizers.filter((one) => one !== credentialsFinalizer);
  const body = { metadata: { resourceVersion, finalizers: rest } };
  try {
    await client.patch(type, { namespace, name }, { type: "merge", body });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Whether it is to be deleted, and nothing of ours lets it. */
export const isHeld = ({ metadata: { deletionTimestamp, finalizers = [] } }: KubeObject): boolean =>
  deletionTimestamp !== undefined && finalizers.includes(credentialsFinalizer);

export interface CredentialsGuardOptions {
  readonly client: Pick<Client, "patch">;
  readonly secrets: Cache<Secret>;
  /** Whether an object needs the Secret of that key, itself or through a Cloud. */
  readonly isUsed: (key: Key) => boolean;
}

/** Lets a Secret go that is to be deleted, once no object needs it any more to clean up in its cloud. */
export class CredentialsGuard implements Reconciler {
  readonly #options: CredentialsGuardOptions;

  constructor(options: CredentialsGuardOptions) {
    this.#options = options;
  }

  async reconcile(key: Key): Promise<Outcome> {
    const { client, secrets, isUsed } = this.#options;
    const secret = secrets.get(key);
    if (secret === undefined || !isHeld(secret)) return settled();
    if (isUsed(key)) return settled(heldPollMs);
    await letGo(client, secretType, secret);
    return settled();
  }
}
