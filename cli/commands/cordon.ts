import type { Configure } from "../command.ts";
import { takesHosts } from "../command.ts";
import type { HostOptions } from "../hosts.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

export const configure: Configure = (command, terminal) => {
  takesHosts(command)
    .description("Keep further Containers from Hosts; those that are there stay.")
    .action(async (names: readonly string[]) => {
      await run(names, command.optsWithGlobals<HostOptions & GlobalOptions>(), terminal);
    });
};

async function run(names: readonly string[], options: HostOptions & GlobalOptions, terminal: Terminal): Promise<void> {
  const [{ connect }, { cordon, resolveHosts }] = await Promise.all([
    import("../connection.ts"),
    import("../hosts.ts"),
  ]);
  await using connection = await connect(options, terminal);
  const { client } = connection;
  const hosts = await resolveHosts(client, names, options.selector);
  await cordon(client, hosts, true, options.dryRun === "server", (line) => {
    terminal.stdout.write(`${line}\n`);
  });
}
