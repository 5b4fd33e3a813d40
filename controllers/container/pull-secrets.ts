/**
 * Reads what images are pulled with. What it reads leaves it as credentials for the driver, and in no message.
 * Source: kubernetes/pkg/kubelet/kubelet_pods.go (getPullSecretsForPod) and credentialprovider/secrets/secrets.go.
 */
import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { Container } from "../../crds/container.ts";
import { secretType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { KeyringEntry, RegistryCredentials } from "../../drivers/keyring.ts";
import { credentialsFor, DockerConfigError, readDockerCfg, readDockerConfigJson } from "../../drivers/keyring.ts";

interface Secret extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface PullSecrets {
  /** In the order in which they are tried. */
  readonly credentials: readonly RegistryCredentials[];
  /** Why Secrets could not be used, one line each; the pull goes on without them. */
  readonly problems: readonly string[];
}

/** Throws what the API throws, except that there is no such Secret. */
export async function readPullSecrets(
  client: Pick<Client, "get">,
  { metadata, spec }: Container,
): Promise<PullSecrets> {
  const { namespace = "" } = metadata;
  const read = await Promise.all(
    (spec.imagePullSecrets ?? []).map(({ name }) => readPullSecret(client, namespace, name)),
  );
  const entries = read.flatMap((one) => (typeof one === "string" ? [] : one));
  return {
    credentials: credentialsFor(spec.image, entries),
    problems: read.filter((one) => typeof one === "string"),
  };
}

async function readPullSecret(
  client: Pick<Client, "get">,
  namespace: string,
  name: string,
): Promise<readonly KeyringEntry[] | string> {
  try {
    return entriesOf((await client.get<Secret>(secretType, { namespace, name })).data ?? {});
  } catch (error) {
    if (isNotFound(error)) return `Secret "${name}" does not exist in namespace "${namespace}"`;
    if (error instanceof DockerConfigError) return `Secret "${name}": ${error.message}`;
    throw error;
  }
}

/** By key rather than by type, as upstream. Throws DockerConfigError. */
function entriesOf(data: Readonly<Record<string, string>>): readonly KeyringEntry[] {
  const { ".dockerconfigjson": json, ".dockercfg": legacy } = data;
  const text = (base64: string): string => Buffer.from(base64, "base64").toString();
  if (json !== undefined) return readDockerConfigJson(text(json));
  if (legacy !== undefined) return readDockerCfg(text(legacy));
  throw new DockerConfigError("it has neither of the keys .dockerconfigjson and .dockercfg");
}
