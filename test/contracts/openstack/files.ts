import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { KindScenario } from "./scenario.ts";

/** Where {@link serveFiles} offers them. */
export const loopback = { address: "127.0.0.1", prefix: 32 };

/** How a scenario writes where its files are. */
export const filesHere = "${files}";

/** By their names. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** Of all scenarios: what one is about is what another needs. */
export const filesOf = (scenarios: readonly KindScenario[]): Files =>
  Object.fromEntries(scenarios.flatMap(({ files = {} }) => Object.entries(files)));

export interface ServedFiles extends AsyncDisposable {
  /** With addresses in place of {@link filesHere}. */
  located<T extends object>(resource: T): T;
}

/** Offers files on loopback. */
export async function serveFiles(files: Files): Promise<ServedFiles> {
  const server = createServer((request, response) => {
    const bytes = files[(request.url ?? "").slice(1)];
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": bytes.length }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, loopback.address, resolve));
  const url = `http://${loopback.address}:${(server.address() as AddressInfo).port}`;
  return {
    located: <T extends object>(resource: T) => JSON.parse(JSON.stringify(resource).replaceAll(filesHere, url)) as T,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
