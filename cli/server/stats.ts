/**
 * GET .../containers/NAME/stats and .../hosts/NAME/stats: what is used now, in the words of metrics.k8s.io/v1beta1
 * (k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go): `{"timestamp":...,"usage":{"cpu":"251936n","memory":"48Ki"}}`.
 */
import type { Client } from "../../api/client/client.ts";
import { badRequest } from "../../api/status.ts";
import type { Container } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { hosts } from "../../crds/host.ts";
import { formatTime } from "../../crds/meta.ts";
import type { Usage } from "../../drivers/driver.ts";
import type { OpenDriver } from "./host-access.ts";
import { hostSideId, refusalOf } from "./host-access.ts";

/** Throws ApiError: BadRequest for a container that does not run, ServiceUnavailable without its host. */
export async function* containerStats(
  client: Pick<Client, "get">,
  openDriver: OpenDriver,
  container: Container,
  now: () => Date,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const what = `container "${container.metadata.name}"`;
  const { hostName, containerID, summary = "Pending" } = container.status ?? {};
  if (hostName === undefined || containerID === undefined) throw badRequest(`${what} does not run: ${summary}`);
  let usage: Usage | undefined;
  try {
    const driver = await openDriver(await client.get<Host>(hosts, { name: hostName }));
    usage = await driver.stats(hostSideId(containerID), signal);
  } catch (error) {
    throw refusalOf(error, what, hostName);
  }
  if (usage === undefined) throw badRequest(`${what} does not run: ${summary}`);
  yield encode(usage, now());
}

/** Of all containers on the host, ours and others'. Throws ApiError: ServiceUnavailable when it does not answer. */
export async function* hostStats(
  openDriver: OpenDriver,
  host: Host,
  now: () => Date,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { name } = host.metadata;
  let usage: Usage;
  try {
    usage = await (await openDriver(host)).usage(signal);
  } catch (error) {
    throw refusalOf(error, `host "${name}"`, name);
  }
  yield encode(usage, now());
}

function encode({ cpu, memory }: Usage, now: Date): Uint8Array {
  const usage = { cpu: `${Math.round(cpu * 1e9)}n`, memory: `${Math.round(memory / 1024)}Ki` };
  return Buffer.from(`${JSON.stringify({ timestamp: formatTime(now), usage })}\n`);
}
