/**
 * One look into a container, as kubelet's: kubernetes/pkg/probe/{exec,http,tcp} and pkg/kubelet/prober/prober.go. Ports are
 * asked inside the container's own network, through its host, so it does not matter where that is.
 */
import { request } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { ContainerSpec } from "../../../crds/container.ts";
import type { LifecycleHandler } from "../../../crds/probes.ts";
import { ConnectError } from "../../../drivers/driver.ts";
import type { Executed, HostDriver } from "../../../drivers/driver.ts";
import type { Clock } from "../../../process/clock.ts";
import { timeLimit } from "../../../process/clock.ts";
import type { ProbeResult } from "./probe.ts";

export type Handler = Pick<LifecycleHandler, "exec" | "httpGet" | "tcpSocket">;
type HttpGet = NonNullable<Handler["httpGet"]>;

export interface Checked extends ProbeResult {
  /** Success, with something that people should hear of. */
  readonly warning?: string;
  /** Ends a command that took too long: {@link Executed.kill}. */
  readonly kill?: Executed["kill"];
}

/** What is asked, and by whom. */
export interface Inside {
  readonly driver: Pick<HostDriver, "exec" | "connect">;
  /** The container's id on its host. */
  readonly id: string;
  readonly ports: ContainerSpec["ports"];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** maxRespBodyLength of kubernetes/pkg/probe/http/http.go, maxReadLength of pkg/probe/exec/exec.go. */
const maxOutput = 10 * 1024;
const maxRedirects = 10;
const userAgent = "stowage-probe/1.0";

/**
 * Looks once. Throws what the driver throws where nobody could look (HostUnreachableError, StepError): that is no failure
 * of what is inside.
 */
export async function check(handler: Handler, timeoutMs: number, inside: Inside): Promise<Checked> {
  try {
    if (handler.exec !== undefined) return await checkExec(handler.exec.command, timeoutMs, inside);
    if (handler.httpGet !== undefined) return await checkHttp(handler.httpGet, timeoutMs, inside);
    return await checkTcp(handler.tcpSocket?.port ?? 0, timeoutMs, inside);
  } catch (error) {
    if (error instanceof ConnectError || error instanceof UnknownPortError)
      return { ok: false, message: error.message };
    throw error;
  }
}

async function checkExec(command: readonly string[], timeoutMs: number, inside: Inside): Promise<Checked> {
  const { driver, id, signal } = inside;
  const { exitCode, output, kill } = await driver.exec(id, command, { timeoutMs, maxOutput }, signal);
  if (exitCode === undefined)
    return { ok: false, message: `command timed out after ${timeoutMs / 1000}s`, ...(kill && { kill }) };
  const message = output.trim();
  return { ok: exitCode === 0, message: message === "" ? `command ended with exit code ${exitCode}` : message };
}

async function checkTcp(port: number | string, timeoutMs: number, inside: Inside): Promise<Checked> {
  const { driver, id, ports, signal } = inside;
  (await driver.connect(id, portOf(port, ports), timeoutMs, signal)).destroy();
  return { ok: true, message: "" };
}

class UnknownPortError extends Error {
  override readonly name = "UnknownPortError";
}

function portOf(port: number | string, ports: ContainerSpec["ports"]): number {
  if (typeof port === "number") return port;
  const named = ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? (/^\d+$/.test(port) ? Number(port) : 0);
  if (number >= 1 && number <= 65535) return number;
  throw new UnknownPortError(`couldn't find port: "${port}" is neither a number nor the name of one of spec.ports`);
}

interface Place {
  readonly scheme: HttpGet["scheme"];
  readonly port: number;
  readonly path: string;
}

async function checkHttp(httpGet: HttpGet, timeoutMs: number, inside: Inside): Promise<Checked> {
  let place: Place = { ...httpGet, port: portOf(httpGet.port, inside.ports) };
  for (let redirects = 0; ; redirects++) {
    const { status, location, body } = await get(place, httpGet, timeoutMs, inside);
    if (status < 200 || status >= 400) return { ok: false, message: `HTTP probe failed with statuscode: ${status}` };
    if (status < 300 || location === undefined) return { ok: true, message: body };
    if (redirects >= maxRedirects) return { ok: false, message: `stopped after ${maxRedirects} redirects` };
    const onward = within(place, location);
    if (onward === undefined) return { ok: true, message: body, warning: "Probe terminated redirects" };
    place = onward;
  }
}

/** Where a redirect leads, as long as that is inside the same container. */
function within(from: Place, location: string): Place | undefined {
  const base = `${from.scheme.toLowerCase()}://127.0.0.1:${from.port}`;
  const url = URL.parse(location, `${base}${from.path}`);
  if (url === null || (url.hostname !== "127.0.0.1" && url.hostname !== "localhost")) return undefined;
  const scheme = url.protocol === "https:" ? "HTTPS" : "HTTP";
  const port = url.port === "" ? (scheme === "HTTPS" ? 443 : 80) : Number(url.port);
  return { scheme, port, path: `${url.pathname}${url.search}` };
}

interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** The time begins once there is a connection: what a busy host takes for that is not the container's. */
async function get(place: Place, httpGet: HttpGet, timeoutMs: number, inside: Inside): Promise<HttpAnswer> {
  const { driver, id, clock, signal } = inside;
  const plain = await driver.connect(id, place.port, timeoutMs, signal);
  using limit = timeLimit(clock, timeoutMs, signal);
  try {
    // Nobody can have a certificate for an address inside: kubelet looks at none either.
    const stream =
      place.scheme === "HTTPS"
        ? connectTls({ socket: plain, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] })
        : plain;
    return await exchange(stream, place, headersOf(place, httpGet), limit.signal);
  } catch (error) {
    signal.throwIfAborted();
    const url = `${place.scheme.toLowerCase()}://127.0.0.1:${place.port}${place.path}`;
    const late = limit.signal.aborted;
    const why = late ? `no answer within ${timeoutMs / 1000}s` : error instanceof Error ? error.message : String(error);
    throw new ConnectError(`Get "${url}": ${why}`, { cause: error });
  } finally {
    plain.destroy();
  }
}

function headersOf({ port }: Place, { httpHeaders = [] }: HttpGet): OutgoingHttpHeaders {
  const ours = { "User-Agent": userAgent, Accept: "*/*", Connection: "close", Host: `127.0.0.1:${port}` };
  const headers = new Map<string, { readonly name: string; readonly values: string[] }>(
    Object.entries(ours).map(([name, value]) => [name.toLowerCase(), { name, values: [value] }]),
  );
  const asked = Map.groupBy(httpHeaders, ({ name }) => name.toLowerCase());
  for (const [key, same] of asked) {
    headers.set(key, { name: same.at(-1)?.name ?? key, values: same.map(({ value }) => value) });
  }
  return Object.fromEntries(
    [...headers.values()].map(({ name, values }) => [name, values.length === 1 ? values[0] : values]),
  );
}

function exchange(
  stream: Duplex,
  { path }: Place,
  headers: OutgoingHttpHeaders,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    stream.once("error", reject);
    // Without an agent: one would make a connection of its own.
    const asking = request({ method: "GET", path, headers, createConnection: () => stream, setHost: false });
    asking.once("error", reject);
    asking.once("response", (answer) => {
      const status = answer.statusCode ?? 0;
      const { location } = answer.headers;
      beginningOf(answer).then((body) => {
        resolve({ status, location, body });
      }, reject);
    });
    asking.end();
  });
}

async function beginningOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= maxOutput) break;
  }
  return Buffer.concat(chunks).subarray(0, maxOutput).toString();
}
