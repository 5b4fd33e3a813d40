/**
 * Reads what images are pulled with. What it reads leaves it as credentials for the driver, and in no message.
 * Source: kubernetes/pkg/kubelet/kubelet_pods.go (getPullSecretsForPod) and credentialprovider/secrets/secrets.go.
 */
import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { Container } from "../../crds/container.ts";
import { secretType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { EventRecorder } from "../runtime/reconciler.ts";
import type { KeyringEntry, RegistryCredentials } from "../../drivers/keyring.ts";
import { credentialsFor, DockerConfigError, readDockerCfg, readDockerConfigJson } from "../../drivers/keyring.ts";

interface Secret extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface PullSecretsOptions {
  readonly client: Pick<Client, "get">;
  readonly events: EventRecorder;
}

/**
 * What the registry of one of a Container's images is shown, in the order in which it is tried. A Secret that cannot be
 * used is told by an Event, and nothing of what is in it. Throws what the API throws, except that there is no such Secret.
 */
export async function pullCredentials(
  { client, events }: PullSecretsOptions,
  container: Container,
  image: string,
): Promise<readonly RegistryCredentials[]> {
  const { metadata, spec } = container;
  const { namespace = "" } = metadata;
  const read = await Promise.all(
    (spec.imagePullSecrets ?? []).map(({ name }) => readPullSecret(client, namespace, name)),
  );
  const problems = read.filter((one) => typeof one === "string");
  if (problems.length > 0) {
    const message = `Unable to retrieve some image pull secrets; attempting to pull the image may not succeed: ${problems.join("; ")}`;
    events.event(container, "Warning", "FailedToRetrieveImagePullSecret", message);
  }
  return credentialsFor(
    image,
    read.flatMap((one) => (typeof one === "string" ? [] : one)),
  );
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
