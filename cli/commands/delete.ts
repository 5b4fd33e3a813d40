import { Option } from "commander";
import type { DeleteOptions } from "../../api/client/client.ts";
import type { Configure } from "../command.ts";
import { collect, count, duration } from "../command.ts";
import type { TargetOptions } from "../targets.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options extends TargetOptions {
  readonly wait: boolean;
  readonly timeout: number;
  readonly gracePeriod?: number;
  readonly cascade: "background" | "foreground" | "orphan";
  readonly ignoreNotFound?: boolean;
}

const policies = { background: "Background", foreground: "Foreground", orphan: "Orphan" } as const;

export const configure: Configure = (command, terminal) => {
  command
    .description("Delete objects, and wait until they are gone.")
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
    .option("-A, --all-namespaces", "with --all or -l: in all namespaces")
    .option("--wait", "wait until they are gone", true)
    .option("--no-wait", "do not wait until they are gone (also --wait=false)")
    .option("--timeout <duration>", "how long to wait at most; 0 is for ever", duration("--timeout"), 0)
    .option("--grace-period <seconds>", "how long a container has to end", count)
    .addOption(
      new Option("--cascade <how>", "what becomes of objects that they own").choices(Object.keys(policies)).default("background"), // prettier-ignore
    )
    .option("--ignore-not-found", "what is not there is deleted")
    .action(async (type: string | undefined, names: readonly string[]) => {
      await run(
        type === undefined ? [] : [type, ...names],
        command.optsWithGlobals<Options & GlobalOptions>(),
        terminal,
      );
    });
};

async function run(args: readonly string[], options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  const [{ connect }, { resolveTargets }, { deleteAll, waitUntilGone }] = await Promise.all([
    import("../connection.ts"),
    import("../targets.ts"),
    import("../delete.ts"),
  ]);
  await using connection = await connect(options, terminal);
  const targets = await resolveTargets(args, options, connection, terminal);
  if (targets.length === 0) terminal.stdout.write("No resources found\n");
  const settings: DeleteOptions = {
    propagationPolicy: policies[options.cascade],
    ...(options.gracePeriod === undefined ? {} : { gracePeriodSeconds: options.gracePeriod }),
  };
  const ignoreNotFound = options.ignoreNotFound === true || options.all === true;
  const { deleted, errors } = await deleteAll(connection.client, targets, settings, ignoreNotFound, (line) => {
    terminal.stdout.write(`${line}\n`);
  });
  if (options.wait) await waitUntilGone(connection.client, deleted, options.timeout);
  if (errors.length > 0) {
    const { CommandError } = await import("../errors.ts");
    throw new CommandError(...errors);
  }
}
