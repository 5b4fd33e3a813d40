/** What an Engine does only when it is unwell, so a server stands in for it; a real one is in test/contracts. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export interface StandIn extends AsyncDisposable {
  readonly endpoint: string;
}

/** Answers /version as Engine 20.10 does, or with the versions given, and everything else as told. */
export async function standIn(
  answer: RequestListener,
  apiVersion = (): string => "1.41",
  minVersion = (): string => "1.12",
): Promise<StandIn> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/version") === true)
      response.end(JSON.stringify({ ApiVersion: apiVersion(), MinAPIVersion: minVersion(), Arch: "amd64" }));
    else answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
