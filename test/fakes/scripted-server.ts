/** An HTTP server on a real socket that answers as a test says, and keeps what it was asked. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface Heard {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Reply =
  | {
      /** 200 when absent. */
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly json?: unknown;
      readonly text?: string;
    }
  /** The connection breaks. */
  | "reset"
  /** Nothing is ever said. */
  | "hang";

export interface ScriptedServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly heard: readonly Heard[];
}

export type Script = (heard: Heard) => Reply | Promise<Reply>;

export async function scriptedServer(
  script: Script,
  tls?: { readonly cert: string; readonly key: string },
  wantedPort = 0,
): Promise<ScriptedServer> {
  const heard: Heard[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(request, response, heard, script);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => {
    server.listen(wantedPort, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    heard,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  heard: Heard[],
  script: Script,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = "", url: path = "", headers } = request;
  const one = { method, path, headers, body: Buffer.concat(chunks).toString("utf8") };
  heard.push(one);
  const reply = await script(one);
  if (reply === "hang") return;
  if (reply === "reset") {
    request.socket.destroy();
    return;
  }
  const { status = 200, json, text } = reply;
  const isJson = json !== undefined;
  response.writeHead(status, { ...(isJson && { "content-type": "application/json" }), ...reply.headers });
  response.end(isJson ? JSON.stringify(json) : text);
}
