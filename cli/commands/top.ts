import { Option } from "commander";
import type { Command } from "commander";
import type { Configure } from "../command.ts";
import { UsageError } from "../errors.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";
import type { TopOptions } from "../top.ts";

interface Options {
  readonly sortBy?: "cpu" | "memory";
  readonly headers: boolean;
  readonly selector?: string;
  readonly allNamespaces?: boolean;
}

export const configure: Configure = (command, terminal) => {
  command.description("Show what is used now, measured over a second or two.");
  withCommonOptions(command.command("hosts").aliases(["host"]))
    .summary("what all containers on each Host use, of what it has")
    .argument("[names...]", "only these")
    .action(async (names: readonly string[], _: Options, used: Command) => {
      await run("hosts", names, used.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
  withCommonOptions(command.command("containers").aliases(["container", "ctr"]))
    .summary("what each running Container uses, of what it may: its limits, or all of its Host")
    .argument("[names...]", "only these")
    .option("-A, --all-namespaces", "in all namespaces")
    .action(async (names: readonly string[], _: Options, used: Command) => {
      await run("containers", names, used.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

/** Source: kubectl/pkg/cmd/top/top_pod.go. */
function withCommonOptions(command: Command): Command {
  return command
    .addOption(new Option("--sort-by <what>", "most first, instead of by name").choices(["cpu", "memory"]))
    .option("-l, --selector <labels>", "only those with these labels: app=web,tier!=db")
    .option("--no-headers", "without the first line");
}

async function run(
  what: "hosts" | "containers",
  names: readonly string[],
  options: Options & GlobalOptions,
  terminal: Terminal,
): Promise<void> {
  const { selector, allNamespaces, sortBy, headers } = options;
  if (names.length > 0 && selector !== undefined)
    throw new UsageError("name cannot be provided when a selector is specified");
  if (names.length > 0 && allNamespaces === true)
    throw new UsageError("a resource cannot be retrieved by name across all namespaces");
  const [{ connect }, { topContainers, topHosts }] = await Promise.all([
    import("../connection.ts"),
    import("../top.ts"),
  ]);
  await using connection = await connect(options, terminal);
  const settings: TopOptions = {
    names,
    namespace: allNamespaces === true ? undefined : connection.namespace,
    labelSelector: selector,
    sortBy,
    headers,
    terminal,
  };
  await (what === "hosts" ? topHosts : topContainers)(connection.client, settings);
}
