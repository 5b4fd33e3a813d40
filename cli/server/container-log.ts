/**
 * GET .../containers/NAME/log, as pods/log does it: the query parameters and the words of kubernetes'
 * pkg/apis/core/types.go (PodLogOptions) and pkg/registry/core/pod/strategy.go.
 */
import type { Client } from "../../api/client/client.ts";
import { badRequest } from "../../api/status.ts";
import type { Container } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { hosts } from "../../crds/host.ts";
import type { LogOptions } from "../../drivers/driver.ts";
import type { OpenDriver } from "./host-access.ts";
import { hostSideId, refusalOf } from "./host-access.ts";

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^\d+$/.test(text))
    throw badRequest(`Invalid value for query parameter ${name}: "${text}" must be a whole number, 0 or more`);
  return Number(text);
}

function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  if (text === null || text === "false" || text === "0") return false;
  if (text === "true" || text === "1" || text === "") return true;
  throw badRequest(`Invalid value for query parameter ${name}: "${text}" must be true or false`);
}

/** Throws BadRequest for values that cannot be meant. `now` is what sinceSeconds counts back from. */
export function logOptions(query: URLSearchParams, now: Date): LogOptions {
  const tailLines = wholeNumber(query, "tailLines");
  const sinceSeconds = wholeNumber(query, "sinceSeconds");
  const since = query.get("sinceTime");
  if (since !== null && sinceSeconds !== undefined)
    throw badRequest("at most one of sinceTime or sinceSeconds may be specified");
  if (since !== null && Number.isNaN(Date.parse(since))) {
    throw badRequest(
      `Invalid value for query parameter sinceTime: "${since}" must be a time such as 2026-01-02T03:04:05Z`,
    );
  }
  const sinceTime =
    since !== null
      ? Date.parse(since) / 1000
      : sinceSeconds === undefined
        ? undefined
        : now.getTime() / 1000 - sinceSeconds;
  return {
    follow: flag(query, "follow"),
    timestamps: flag(query, "timestamps"),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
  };
}

/** Of the container itself, which has the Container's name, or of one of its init containers. */
function idOf({ metadata, spec, status }: Container, which: string | undefined): string | undefined {
  if (which === undefined || which === metadata.name) return status?.containerID;
  if (spec.initContainers?.some(({ name }) => name === which) !== true)
    throw badRequest(`container ${which} is not valid for container ${metadata.name}`);
  return status?.initContainerStatuses?.find(({ name }) => name === which)?.containerID;
}

/** What the container writes, or the init container `which`. Throws ApiError: BadRequest while it has not started, ServiceUnavailable without its host. */
export async function* containerLog(
  client: Pick<Client, "get">,
  openDriver: OpenDriver,
  container: Container,
  options: LogOptions,
  signal: AbortSignal,
  which?: string,
): AsyncGenerator<Uint8Array> {
  const { name } = container.metadata;
  const { hostName, summary = "Pending" } = container.status ?? {};
  const containerID = idOf(container, which);
  if (hostName === undefined || containerID === undefined) {
    throw badRequest(`container "${name}" is waiting to start: ${summary}`);
  }
  try {
    const driver = await openDriver(await client.get<Host>(hosts, { name: hostName }));
    yield* driver.logs(hostSideId(containerID), options, signal);
  } catch (error) {
    throw refusalOf(error, `container "${name}"`, hostName);
  }
}
