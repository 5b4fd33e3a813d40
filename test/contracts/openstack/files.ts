import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { KindScenario } from "./scenario.ts";

/** How a scenario writes where its files are. */
export const filesHere = "${files}";

export interface ServedScenario extends AsyncDisposable {
  /** With addresses in place of {@link filesHere}. */
  readonly scenario: KindScenario;
}

/** Offers a scenario's files on loopback. */
export async function serveFiles(scenario: KindScenario): Promise<ServedScenario> {
  const { files } = scenario;
  if (files === undefined) return { scenario, [Symbol.asyncDispose]: () => Promise.resolve() };
  const server = createServer((request, response) => {
    const bytes = files[(request.url ?? "").slice(1)];
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": bytes.length }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { kind, files: _served, ...rest } = scenario;
  const text = JSON.stringify({ ...rest, needs: [] }).replaceAll(filesHere, `http://127.0.0.1:${port}`);
  return {
    scenario: { ...(JSON.parse(text) as Omit<KindScenario, "kind">), kind, needs: scenario.needs, ...dependentOf(scenario) },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Kinds are no JSON. */
const dependentOf = ({ dependent }: KindScenario): Pick<KindScenario, "dependent"> =>
  dependent === undefined ? {} : { dependent };
