/** Where an image's data comes from: anywhere on the web, as it streams. */
import { lookup } from "node:dns";
import { BlockList, isIP } from "node:net";
import type { LookupFunction } from "node:net";
import type { Dispatcher } from "undici";
import { Agent, request } from "undici";

/** Why nothing, or not all of it, came. Its message says where from; never a user or a password. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
}

export interface Download extends AsyncDisposable {
  /** Read once. Throws DownloadError where it breaks off, and what the signal aborts with. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** As it is told; undefined where it is not. */
  readonly length: number | undefined;
}

const mostRedirects = 5;

/** Who sends nothing for as long is gone, in ms. */
const silenceMs = 60_000;

/**
 * Where clouds tell a machine its own credentials (169.254.169.254): an image of those must not be made. Sources:
 * RFC 3927; RFC 4291, 2.5.6.
 */
const linkLocal = new BlockList();
linkLocal.addSubnet("169.254.0.0", 16, "ipv4");
linkLocal.addSubnet("fe80::", 10, "ipv6");
linkLocal.addSubnet("fd00:ec2::", 32, "ipv6");

export function isRefusedAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && linkLocal.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Looks at every address that is about to be connected to, so that no name can lead to a refused one. */
const checkedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, []);
      return;
    }
    const refused = addresses.find(({ address }) => isRefusedAddress(address));
    if (refused !== undefined) callback(new DownloadError(refusal(hostname)), []);
    else if (options.all === true) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? "", addresses[0]?.family);
  });
};

const refusal = (hostname: string): string => `${hostname} has a link-local address, which nothing is downloaded from`;

/**
 * Begins to read what is at `url`. Follows five redirections at most, to http and https only. Throws DownloadError, and
 * what `signal` aborts with.
 */
export async function openDownload(url: string, signal: AbortSignal): Promise<Download> {
  const agent = new Agent({
    connect: { lookup: checkedLookup, timeout: silenceMs },
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  });
  try {
    const { headers, body } = await follow(allowed(url), agent, signal, mostRedirects);
    const length = Number(headers["content-length"] ?? Number.NaN);
    return {
      bytes: told(body, url, signal),
      length: Number.isSafeInteger(length) && headers["content-encoding"] === undefined ? length : undefined,
      [Symbol.asyncDispose]: () => agent.destroy(),
    };
  } catch (error) {
    await agent.destroy();
    throw downloadError(error, url, signal);
  }
}

async function follow(
  url: URL,
  dispatcher: Dispatcher,
  signal: AbortSignal,
  left: number,
): Promise<Dispatcher.ResponseData> {
  const response = await request(url, {
    dispatcher,
    signal,
    headers: { "accept-encoding": "identity", "user-agent": "stowage" },
  });
  const { statusCode, headers, body } = response;
  if (statusCode === 200) return response;
  await body.dump();
  const { location } = headers;
  if (statusCode < 300 || statusCode >= 400 || typeof location !== "string")
    throw new DownloadError(`${url.host} answered ${statusCode}`);
  if (left === 0) throw new DownloadError(`more than ${mostRedirects} redirections`);
  return follow(allowed(new URL(location, url).href), dispatcher, signal, left - 1);
}

/** Throws DownloadError for what is not to be read from. */
function allowed(text: string): URL {
  if (!URL.canParse(text)) throw new DownloadError("that is no URL");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new DownloadError(`${url.protocol} is neither http: nor https:`);
  // An address in place of a name is never looked up.
  if (isRefusedAddress(url.hostname.replace(/^\[|\]$/g, ""))) throw new DownloadError(refusal(url.hostname));
  return url;
}

async function* told(body: AsyncIterable<Uint8Array>, url: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw downloadError(error, url, signal);
  }
}

function downloadError(error: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const reason = error instanceof Error ? error.message : String(error);
  return new DownloadError(`cannot download ${shown(url)}: ${reason}`, { cause: error });
}

/** Without its query: what signs a link is nobody else's business. */
export function shown(url: string): string {
  if (!URL.canParse(url)) return JSON.stringify(url);
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
