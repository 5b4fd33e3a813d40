import { secretType } from "../../crds/core.ts";
import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { RefusedCredentialsError } from "../../drivers/driver.ts";
import type { ReadSecret } from "../../drivers/pool.ts";

interface Secret extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** Reads what a Host names as its credentials. Throws RefusedCredentialsError where it is not there, or not all of it. */
export const secretsOf =
  (client: Pick<Client, "get">): ReadSecret =>
  async ({ namespace, name }, keys) => {
    const what = `Secret "${namespace}/${name}", which the Host names,`;
    try {
      const { data = {} } = await client.get<Secret>(secretType, { namespace, name });
      const missing = keys.filter((key) => data[key] === undefined);
      if (missing.length === 0) return data;
      throw new RefusedCredentialsError(`Cannot connect: ${what} lacks ${missing.join(", ")}: add it`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const advice = `create it with the keys ${keys.join(", ")}`;
      throw new RefusedCredentialsError(`Cannot connect: ${what} does not exist: ${advice}`, { cause: error });
    }
  };
