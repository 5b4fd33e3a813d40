import { secretType } from "../../crds/core.ts";
import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { ReadSecret } from "../../drivers/pool.ts";

interface Secret extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** Reads what Hosts name as their credentials. */
export const secretsOf =
  (client: Pick<Client, "get">): ReadSecret =>
  async ({ namespace, name }) => {
    try {
      return (await client.get<Secret>(secretType, { namespace, name })).data ?? {};
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
