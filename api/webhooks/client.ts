/**
 * Calls webhooks over HTTPS. Nothing of ours goes along: no certificate, no token; nothing that a webhook answers makes
 * this server call another place. Source of the words: client-go's rest/request.go and Go's net/http.
 */
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { asText, isJsonObject } from "../../formats/json-object.ts";
import type { Clock } from "../../process/clock.ts";

export interface Target {
  /** `https://host:port/path`; for a service, the URL that it would have. */
  readonly url: string;
  /** Who must have signed the webhook's certificate, in PEM; the system's authorities when empty. */
  readonly ca: string;
  /** Name of the service, where the webhook is one: there are none here. */
  readonly service: string | undefined;
}

/** Of a WebhookClientConfig, which admissionregistration and apiextensions have in common. */
export function targetOf(clientConfig: unknown): Target {
  const { url, service, caBundle } = isJsonObject(clientConfig) ? clientConfig : {};
  const ca = Buffer.from(asText(caBundle), "base64").toString();
  if (!isJsonObject(service)) return { url: asText(url), ca, service: undefined };
  const name = asText(service["name"]);
  const host = `${name}.${asText(service["namespace"])}.svc:${asText(service["port"] ?? 443)}`;
  return { url: `https://${host}${asText(service["path"])}`, ca, service: name };
}

export interface PostOptions {
  readonly timeoutMs: number;
  /** Longest answer that is read. */
  readonly maxAnswerBytes: number;
}

/** The webhook gave no answer that could be read: the message says why. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** Its configuration says too little to call it: the message says why. */
export class UnusableTargetError extends Error {
  override readonly name = "UnusableTargetError";
}

/** Connections of as many authorities are kept. Source: defaultCacheSize in k8s.io/apiserver/pkg/util/webhook/client.go. */
const maxAgents = 200;
/** Source: IdleConnTimeout of Go's http.DefaultTransport. */
const idleMs = 90_000;

export class WebhookClient implements Disposable {
  readonly #clock: Clock;
  /** By authority, the least recently used first. */
  readonly #agents = new Map<string, Agent>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The body of a successful answer. Throws {@link UnreachableError}, {@link UnusableTargetError}. */
  async post({ url, ca, service }: Target, body: string, options: PostOptions): Promise<string> {
    const address = `${url}?timeout=${Math.ceil(options.timeoutMs / 1000)}s`;
    if (ca !== "" && !ca.includes("-----BEGIN CERTIFICATE-----"))
      throw new UnusableTargetError("unable to load root certificates: unable to parse bytes as PEM block");
    const failed = (why: string, cause?: unknown): UnreachableError =>
      new UnreachableError(`Post ${JSON.stringify(address)}: ${why}`, { cause });
    if (service !== undefined) throw failed(`service ${JSON.stringify(service)} not found`);
    const answer = await this.#exchange(address, ca, body, options)
      // The webhook may have closed a connection while it was idle: that says nothing of this call.
      .catch((error: unknown) => {
        if (error instanceof IdleClosedError) return this.#exchange(address, ca, body, options);
        throw error;
      })
      .catch((error: unknown) => {
        throw failed(wordsOf(error), error);
      });
    const problem = statusProblem(answer);
    if (problem !== undefined) throw new UnreachableError(problem);
    return answer.text;
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #exchange(address: string, ca: string, body: string, { timeoutMs, maxAnswerBytes }: PostOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let why: Error | undefined;
      const request = httpsRequest(address, {
        method: "POST",
        agent: this.#agent(ca),
        headers: {
          accept: "application/json, */*",
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          "user-agent": "kube-apiserver-admission",
        },
      });
      const timer = this.#clock.after(timeoutMs, () => {
        why = new Error("context deadline exceeded");
        request.destroy(why);
      });
      const fail = (error: NodeJS.ErrnoException): void => {
        const idle = request.reusedSocket && error.code === "ECONNRESET" && why === undefined;
        reject(why ?? (idle ? new IdleClosedError("EOF") : error));
      };
      request.on("error", fail);
      request.on("close", () => {
        timer[Symbol.dispose]();
      });
      request.on("response", (response) => {
        collect(response, maxAnswerBytes).then(resolve, (error: unknown) => {
          request.destroy();
          fail(error as Error);
        });
      });
      request.end(body);
    });
  }

  #agent(ca: string): Agent {
    const agent = this.#agents.get(ca) ?? new Agent({ keepAlive: true, timeout: idleMs, ...(ca === "" ? {} : { ca }) });
    this.#agents.delete(ca);
    this.#agents.set(ca, agent);
    const [oldest] = this.#agents.keys();
    // What it is still asked is answered; its idle connections end by themselves.
    if (this.#agents.size > maxAgents && oldest !== undefined) this.#agents.delete(oldest);
    return agent;
  }
}

class IdleClosedError extends Error {}

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly text: string;
}

async function collect(response: IncomingMessage, maxAnswerBytes: number): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  const type = response.headers["content-type"] ?? "";
  return { code: response.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() };
}

/** Go's words for what Node calls otherwise. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  ECONNRESET: "EOF",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "server misbehaving",
  CERT_HAS_EXPIRED: "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
  CERT_NOT_YET_VALID: "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
};
const unknownAuthority = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
const untrusted: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
]);

interface NodeError {
  readonly code?: string;
  readonly message: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

function wordsOf(error: unknown): string {
  const { code = "", message, address, port, hostname } = firstOf(error);
  if (untrusted.has(code)) return unknownAuthority;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `tls: failed to verify certificate: x509: ${message}`;
  const why = words[code] ?? message;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${hostname ?? ""}: ${why}`;
  return why.startsWith("connect: ") ? `dial tcp ${address ?? ""}:${port ?? 0}: ${why}` : why;
}

/** Of a host with several addresses, each has its own error. */
function firstOf(error: unknown): NodeError {
  return (error instanceof AggregateError ? error.errors[0] : error) as NodeError;
}

/** Source: transformResponse in rest/request.go and NewGenericServerResponse in apimachinery/pkg/api/errors/errors.go. */
function statusProblem({ code, type, text }: Answer): string | undefined {
  if (code >= 200 && code <= 206)
    return text === "" ? `0-length response with status code: ${code} and content type: ${type}` : undefined;
  const told = messageOf(text);
  if (told !== undefined) return told;
  const said = type === "" || type.startsWith("text/") ? text.trim() : "unknown";
  return genericWords[code] ?? (code === 403 || code === 415 ? said : undefined) ?? otherwise(code, said);
}

/** Of a metav1.Status. */
function messageOf(text: string): string | undefined {
  try {
    const { kind, message } = JSON.parse(text) as { readonly kind?: unknown; readonly message?: unknown };
    return kind === "Status" && typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}

const genericWords: Readonly<Record<number, string>> = {
  400: "the server rejected our request for an unknown reason",
  401: "the server has asked for the client to provide credentials",
  404: "the server could not find the requested resource",
  405: "the server does not allow this method on the requested resource",
  406: "the server was unable to respond with a content type that the client supports",
  409: "the server reported a conflict",
  422: "the server rejected our request due to an error in our request",
  429: "the server has received too many requests and has asked us to try again later",
  503: "the server is currently unable to handle the request",
  504: "the server was unable to return a response in the time allotted, but may still be processing the request",
};

function otherwise(code: number, said: string): string {
  return code >= 500
    ? `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`
    : `the server responded with the status code ${code} but did not return more information`;
}
