import { Option } from "commander";
import type { Configure } from "../command.ts";
import { duration, takesHosts } from "../command.ts";
import type { HostOptions } from "../hosts.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options extends HostOptions {
  readonly force?: boolean;
  readonly deleteEmptydirData?: boolean;
  readonly containerSelector?: string;
  readonly timeout: number;
}

export const configure: Configure = (command, terminal) => {
  takesHosts(command)
    .description("Cordon Hosts, and move away what runs there, as DisruptionBudgets allow; wait until all have left.")
    .option("--force", "go on where some Containers cannot move: they stay, and stop with their Host")
    .option("--delete-emptydir-data", "move Containers with emptyDir volumes, whose content is lost")
    .option("--container-selector <labels>", "only Containers with these labels: app=web,tier!=db")
    .addOption(
      new Option("--timeout <duration>", "how long at most, for each Host").argParser(duration("--timeout")).default(0, "0s, for ever"), // prettier-ignore
    )
    .action(async (names: readonly string[]) => {
      await run(names, command.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

async function run(names: readonly string[], options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  const [{ connect }, { cordon, resolveHosts }, { drain }, { CommandError, linesOf }, { warnOnce }] = await Promise.all(
    [
      import("../connection.ts"),
      import("../hosts.ts"),
      import("../drain.ts"),
      import("../errors.ts"),
      import("../follow.ts"),
    ],
  );
  await using connection = await connect(options, terminal);
  const { client } = connection;
  const print = (line: string): void => void terminal.stdout.write(`${line}\n`);
  const warn = (line: string): void => void terminal.stderr.write(`${line}\n`);
  const dryRun = options.dryRun === "server";
  const hosts = await resolveHosts(client, names, options.selector);
  await cordon(client, hosts, true, dryRun, print);
  const settings = {
    force: options.force === true,
    deleteEmptyDirData: options.deleteEmptydirData === true,
    containerSelector: options.containerSelector,
    timeoutMs: options.timeout,
    dryRun,
  };
  const errors: string[] = [];
  for (const { metadata } of hosts) {
    try {
      await drain(client, metadata.name, settings, { print, warn, lost: warnOnce(terminal) });
      print(`host/${metadata.name} drained${dryRun ? " (server dry run)" : ""}`);
    } catch (error) {
      errors.push(...linesOf(error));
    }
  }
  if (errors.length > 0) throw new CommandError(...errors);
}
