/** One conversation with a server: its client, the kinds that it has, the namespace that is meant. */
import type { DiscoveredType } from "../api/client/client.ts";
import { HttpClient } from "../api/client/http.ts";
import { connectionSettings } from "./kubeconfig.ts";
import type { GlobalOptions, Terminal } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface Connection extends AsyncDisposable {
  readonly client: HttpClient;
  /** -n, or the kubeconfig's, or "default". */
  readonly namespace: string;
  /** Every kind in every version, the preferred one first. Asks the server once. */
  types(): Promise<readonly DiscoveredType[]>;
}

/** Opens no connection yet. Throws CommandError when there is no usable kubeconfig. */
export async function connect(options: GlobalOptions, terminal: Terminal): Promise<Connection> {
  const { namespace, ...settings } = await connectionSettings(options, terminal);
  const client = HttpClient.open({
    ...settings,
    userAgent: `stowage/${packageVersion()}`,
    onWarning: (warning) => terminal.stderr.write(`Warning: ${warning}\n`),
  });
  let types: Promise<readonly DiscoveredType[]> | undefined;
  return {
    client,
    namespace: options.namespace ?? namespace ?? "default",
    types: () => (types ??= client.discoverAll()),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
