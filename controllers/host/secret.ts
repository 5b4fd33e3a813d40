import { secretType } from "../../crds/core.ts";
import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { KubeObject } from "../../crds/meta.ts";

const keys = ["ca.crt", "tls.crt", "tls.key"] as const;

interface Secret extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** What a Host names as its credentials is not there, or not all of it. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

/** The data of a Secret that holds a client certificate, in base64. Throws CredentialsError when it does not. */
export async function readTlsSecret(
  client: Pick<Client, "get">,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const what = `Secret "${namespace}/${name}", which spec.docker.tls.secretRef names,`;
  try {
    const { data = {} } = await client.get<Secret>(secretType, { namespace, name });
    const missing = keys.filter((key) => data[key] === undefined);
    if (missing.length === 0) return data;
    throw new CredentialsError(`Cannot connect: ${what} lacks ${missing.join(", ")}: add it`);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const advice = `create it with the keys ${keys.join(", ")}`;
    throw new CredentialsError(`Cannot connect: ${what} does not exist: ${advice}`, { cause: error });
  }
}
