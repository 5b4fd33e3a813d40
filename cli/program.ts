/** The command line: which commands there are, and what their failures become. */
import { Command, CommanderError } from "commander";
import type { Configure } from "./command.ts";
import { ExitCode, linesOf, UsageError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

interface CommandEntry {
  readonly summary: string;
  /** Loads it only when it is used: starting up is most of what a short command does. */
  readonly load: () => Promise<{ readonly configure: Configure }>;
  /** Exit code where it fails: 1 when absent. */
  readonly failed?: number;
}

/** Source: kubectl diff, where 1 says that there are differences. */
const failedToCompare = 3;

const commands: Readonly<Record<string, CommandEntry>> = {
  apply: { summary: "Make the objects of manifests exist as they say", load: () => import("./commands/apply.ts") },
  get: { summary: "Show objects", load: () => import("./commands/get.ts") },
  describe: { summary: "Show everything about objects, with Events", load: () => import("./commands/describe.ts") },
  delete: { summary: "Delete objects", load: () => import("./commands/delete.ts") },
  diff: {
    summary: "Show what applying manifests would change in objects",
    load: () => import("./commands/diff.ts"),
    failed: failedToCompare,
  },
  plan: {
    summary: "Show what applying or deleting would do on the Hosts",
    load: () => import("./commands/plan.ts"),
    failed: failedToCompare,
  },
  adopt: {
    summary: "Write manifests of containers that run on a Host already",
    load: () => import("./commands/adopt.ts"),
  },
  wait: { summary: "Wait until objects are in a state", load: () => import("./commands/wait.ts") },
  logs: { summary: "Show what a Container wrote", load: () => import("./commands/logs.ts") },
  top: { summary: "Show what Containers and Hosts use", load: () => import("./commands/top.ts") },
  cordon: { summary: "Keep further Containers from Hosts", load: () => import("./commands/cordon.ts") },
  uncordon: { summary: "Let Hosts take Containers again", load: () => import("./commands/uncordon.ts") },
  drain: { summary: "Empty Hosts of what may run elsewhere", load: () => import("./commands/drain.ts") },
  hosts: { summary: "Import Hosts from a list of machines", load: () => import("./commands/hosts.ts") },
  openstack: { summary: "Find what is left over in a cloud", load: () => import("./commands/openstack.ts") },
  "keystone-auth": {
    summary: "Sign in with OpenStack's credentials, for kubectl",
    load: () => import("./commands/keystone-auth.ts"),
  },
  version: { summary: "Show versions", load: () => import("./commands/version.ts") },
  server: { summary: "Run the API and its controllers", load: () => import("./commands/server.ts") },
};

/** Options of all commands; each takes a value. */
const globalOptions: readonly (readonly [flags: string, description: string])[] = [
  ["-n, --namespace <name>", "namespace (default: the kubeconfig's, or default)"],
  ["--kubeconfig <file>", "default: $KUBECONFIG, ./.stowage/admin.kubeconfig, ~/.kube/config"],
  ["--context <name>", "of the kubeconfig; default: its current-context"],
];

/**
 * Runs a command line, without the program's own name. Returns the exit code: 0 done, 1 failed, 2 used wrongly; for
 * `diff` and `plan` 1 is that there are changes, and 3 failed.
 */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = newProgram(terminal);
  const word = commandWord(args);
  const command = program.commands.find((candidate) => candidate.name() === word);
  if (command !== undefined) (await commands[command.name()]?.load())?.configure(command, terminal);
  try {
    await program.parseAsync(booleanFlags(args, command), { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ExitCode) return error.code;
    for (const line of linesOf(error)) terminal.stderr.write(`error: ${line}\n`);
    if (!(error instanceof UsageError)) return commands[word]?.failed ?? 1;
    terminal.stderr.write(`See "stowage ${word} --help".\n`);
    return 2;
  }
}

function newProgram(terminal: Terminal): Command {
  const program = new Command("stowage")
    .description("Keeps containers on Docker hosts as declared.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .configureHelp({ showGlobalOptions: true });
  for (const [flags, description] of globalOptions) program.option(flags, description);
  for (const [name, { summary }] of Object.entries(commands)) program.command(name).summary(summary);
  return program;
}

/** The first word that is no option of all commands; after `help`, the one that help is wanted for. */
function commandWord(args: readonly string[]): string {
  const takesValue = (arg: string): boolean =>
    globalOptions.some(([flags]) => flags.replace(/ <.*/, "").split(", ").includes(arg));
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (takesValue(arg)) i++;
    else if (!arg.startsWith("-") && arg !== "help") return arg;
  }
  return "";
}

/** `--wait=false` and `--wait=true`, as kubectl takes them, in commander's words. */
function booleanFlags(args: readonly string[], command: Command | undefined): readonly string[] {
  const end = args.indexOf("--");
  return args.flatMap((arg, i) => {
    const [, name = "", value] = /^--([a-z-]+)=(true|false)$/.exec(arg) ?? [];
    const option = command?.options.find(({ long }) => long === `--${name}`);
    if (value === undefined || option?.isBoolean() !== true || (end >= 0 && i > end)) return [arg];
    if (value === "true") return [`--${name}`];
    return command?.options.some(({ long }) => long === `--no-${name}`) === true ? [`--no-${name}`] : [];
  });
}
