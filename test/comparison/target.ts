/** One of the two servers that are compared, as its administrator sees it over HTTPS. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { parse } from "yaml";

/** How long a whole answer, an event or an end is waited for; what has not come by then is a difference. */
export const patienceMs = 60_000;

export interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Access {
  readonly url: string;
  readonly agent: Agent;
  readonly token: string | undefined;
}

interface Kubeconfig {
  readonly clusters: [{ cluster: { server: string; "certificate-authority-data"?: string } }];
  readonly users: [{ user: { token?: string; "client-certificate-data"?: string; "client-key-data"?: string } }];
}

export class Target implements Disposable {
  readonly #access: Access;

  private constructor(access: Access) {
    this.#access = access;
  }

  /** Of the first cluster and the first user in a kubeconfig. */
  static async open(kubeconfig: string): Promise<Target> {
    const { clusters, users } = parse(await readFile(kubeconfig, "utf8")) as Kubeconfig;
    const { cluster } = clusters[0];
    const { user } = users[0];
    const ca = cluster["certificate-authority-data"];
    const agent = new Agent({
      keepAlive: true,
      ...(ca === undefined ? { rejectUnauthorized: false } : { ca: decoded(ca) }),
      cert: decoded(user["client-certificate-data"]),
      key: decoded(user["client-key-data"]),
    });
    return new Target({ url: cluster.server, agent, token: user.token });
  }

  [Symbol.dispose](): void {
    this.#access.agent.destroy();
  }

  async send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Response> {
    const response = await this.open(method, path, headers, body);
    const giveUp = setTimeout(() => response.destroy(), patienceMs);
    const text = await textOf(response);
    clearTimeout(giveUp);
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  /** The answer as it begins; whoever calls reads its body. */
  async open(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<IncomingMessage> {
    const { url, agent, token } = this.#access;
    const sent = request(url + path, {
      method,
      agent,
      headers: {
        "user-agent": "comparison/1.0",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
        ...headers,
      },
    });
    sent.end(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return response;
  }
}

const decoded = (base64: string | undefined): string | undefined =>
  base64 === undefined ? undefined : Buffer.from(base64, "base64").toString();

/** As far as it comes: an answer that is cut off says so. */
async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  } catch (error) {
    text += `(${(error as Error).message})`;
  }
  return text;
}
