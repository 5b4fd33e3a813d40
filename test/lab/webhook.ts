/** An https server that answers as a webhook would: what comes and goes is JSON. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { makeCertificates } from "./certificates.ts";

export interface Webhook extends AsyncDisposable {
  /** `clientConfig` of whatever calls it. */
  readonly clientConfig: { readonly url: string; readonly caBundle: string };
  /** The bodies of all requests. */
  readonly requests: readonly unknown[];
}

/** What it answers; undefined leaves that to whoever took `response`. */
export type Answering = (body: unknown, request: IncomingMessage, response: ServerResponse) => unknown;

/** Puts its certificates in `folder`. What `answer` throws becomes a 500 with its message. */
export async function startWebhook(folder: string, answer: Answering): Promise<Webhook> {
  const { ca } = await makeCertificates(folder);
  const [cert, key] = await Promise.all(["server.crt", "server.key"].map((name) => readFile(join(folder, name))));
  const requests: unknown[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    void text(request).then((body) => {
      const asked: unknown = JSON.parse(body);
      requests.push(asked);
      try {
        response.setHeader("content-type", "application/json");
        const answered = answer(asked, request, response);
        if (answered !== undefined) response.end(JSON.stringify(answered));
      } catch (error) {
        response.writeHead(500, { "content-type": "text/plain; charset=utf-8" });
        response.end(error instanceof Error ? error.message : String(error));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    clientConfig: { url: `https://127.0.0.1:${port}/convert`, caBundle: Buffer.from(ca).toString("base64") },
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
