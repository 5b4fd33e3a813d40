import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import { secretType } from "../../crds/core.ts";
import { credentialsFinalizer } from "../../crds/openstack/external.ts";
import type { Cache, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { settled } from "../runtime/reconciler.ts";
import type { AnyExternal } from "./actuator.ts";
import type { Secret } from "./clouds.ts";

/** Index of objects by the Secret that their credentials are in: `namespace/name`. */
export const bySecret = "openstack/secret";

export const secretIndex = ({ metadata, spec }: AnyExternal): readonly string[] =>
  spec.cloudCredentialsRef === undefined ? [] : [`${metadata.namespace ?? ""}/${spec.cloudCredentialsRef.secretName}`];

export interface CredentialsGuardOptions {
  readonly client: Pick<Client, "patch">;
  readonly secrets: Cache<Secret>;
  readonly objects: readonly Cache<AnyExternal>[];
}

/** Lets a Secret go that is to be deleted, once no object needs it any more to clean up in its cloud. */
export class CredentialsGuard implements Reconciler {
  readonly #options: CredentialsGuardOptions;

  constructor(options: CredentialsGuardOptions) {
    this.#options = options;
  }

  async reconcile(key: Key): Promise<Outcome> {
    const { client, secrets, objects } = this.#options;
    const secret = secrets.get(key);
    const { deletionTimestamp, finalizers = [], namespace, name, resourceVersion } = secret?.metadata ?? { name: "" };
    if (deletionTimestamp === undefined || !finalizers.includes(credentialsFinalizer)) return settled();
    if (objects.some((cache) => cache.byIndex(bySecret, key).length > 0)) return settled();
    const rest = finalizers.filter((one) => one !== credentialsFinalizer);
    const body = { metadata: { resourceVersion, finalizers: rest } };
    try {
      await client.patch(secretType, { namespace, name }, { type: "merge", body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return settled();
  }
}
