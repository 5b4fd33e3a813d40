/** Where an image's data comes from: anywhere on the web, as it streams. */
import { lookup } from "node:dns";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import type { Dispatcher } from "undici";
import { Agent, request } from "undici";
import type { MayReadFrom } from "./networks.ts";

/** Why nothing, or not all of it, came. Its message says where from; never a user or a password. */
export class DownloadError extends Error {
  override readonly name: string = "DownloadError";
}

/** It is at an address that nothing may be read from. Asking again does not help. */
export class RefusedAddressError extends DownloadError {
  override readonly name = "RefusedAddressError";
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
 * Gives only those addresses of a name that may be connected to: what is looked up here is what is connected to, so that
 * no name can lead elsewhere a moment later.
 */
const lookupOf =
  (mayReadFrom: MayReadFrom): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const readable = addresses.filter(({ address }) => mayReadFrom(address));
      const [first] = readable;
      if (first === undefined) callback(refused(hostname), []);
      else if (options.all === true) callback(null, readable);
      else callback(null, first.address, first.family);
    });
  };

/** Tells no more of a name than that: what it stands for is not everybody's to know. */
const refused = (hostname: string): RefusedAddressError =>
  new RefusedAddressError(`${hostname} is not a public address`);

/**
 * Begins to read what is at `url`. Follows five redirections at most, to http and https only, and connects to nothing
 * that `mayReadFrom` does not allow. Throws DownloadError, and what `signal` aborts with.
 */
export async function openDownload(url: string, mayReadFrom: MayReadFrom, signal: AbortSignal): Promise<Download> {
  const agent = new Agent({
    connect: { lookup: lookupOf(mayReadFrom), timeout: silenceMs },
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  });
  try {
    const { headers, body } = await follow(url, { mayReadFrom, dispatcher: agent, signal }, mostRedirects);
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

interface Reading {
  readonly mayReadFrom: MayReadFrom;
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
}

async function follow(text: string, reading: Reading, left: number): Promise<Dispatcher.ResponseData> {
  const { mayReadFrom, dispatcher, signal } = reading;
  const url = allowed(text, mayReadFrom);
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
  if (!URL.canParse(location, url.href)) throw new DownloadError(`${url.host} redirects to what is no URL`);
  return follow(new URL(location, url).href, reading, left - 1);
}

/** Throws DownloadError for what is not to be read from. */
function allowed(text: string, mayReadFrom: MayReadFrom): URL {
  if (!URL.canParse(text)) throw new DownloadError("that is no URL");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new DownloadError(`${url.protocol} is neither http: nor https:`);
  // An address in place of a name is never looked up. Whatever way it is written in, a URL has it in one.
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !mayReadFrom(host)) throw refused(url.hostname);
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
  const Failure = error instanceof RefusedAddressError ? RefusedAddressError : DownloadError;
  return new Failure(`cannot download ${shown(url)}: ${reason}`, { cause: error });
}

/** Without its query: what signs a link is nobody else's business. */
export function shown(url: string): string {
  if (!URL.canParse(url)) return JSON.stringify(url);
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
