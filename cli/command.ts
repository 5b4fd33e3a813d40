/** What a file in commands/ exports. */
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { parseDuration } from "./duration.ts";
import { UsageError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** Adds arguments, options and an action to the command that bears its name. */
export type Configure = (command: Command, terminal: Terminal) => void;

/** For commands that can say what they would do. */
export const dryRunOption = (): Option =>
  new Option("--dry-run [where]", "say what the server would do, and do nothing")
    .choices(["none", "server"])
    .default("none")
    .preset("server");

/** For options that may be given more than once. */
export const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

/** For options that take a duration: gives milliseconds. */
export const duration =
  (option: string) =>
  (value: string): number => {
    try {
      return parseDuration(option, value);
    } catch (error) {
      if (error instanceof UsageError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };

/** For options that take a whole number, zero or more. */
export const count = (value: string): number => {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError("It is not a whole number.");
  return Number(value);
};

/** The arguments and options by which a command is told its objects: TargetOptions of targets.ts. */
export function takesTargets(command: Command): Command {
  return command
    .argument("[type[/name]]", "kind, as for get")
    .argument("[names...]", "which of them")
    .option(
      "-f, --filename <path>",
      "the objects of a file or folder, or - for standard input; may be repeated",
      collect,
    )
    .option("-R, --recursive", "folders with all that is below them")
    .option("-l, --selector <labels>", "those with these labels: app=web,tier!=db")
    .option("--field-selector <fields>", "those with these fields: metadata.name=web")
    .option("--all", "all of that kind in the namespace")
    .option("-A, --all-namespaces", "with --all or -l: in all namespaces");
}

/** The arguments and options by which a command is told its Hosts: HostOptions of hosts.ts. */
export function takesHosts(command: Command): Command {
  return command
    .argument("[hosts...]", "names of Hosts")
    .option("-l, --selector <labels>", "those with these labels: zone=a")
    .addOption(dryRunOption());
}
