import { Option } from "commander";
import type { DeleteOptions } from "../../api/client/client.ts";
import type { Configure } from "../command.ts";
import { count, duration, takesTargets } from "../command.ts";
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
  takesTargets(command)
    .description("Delete objects, and wait until they are gone.")
    .option("--wait", "wait until they are gone", true)
    .option("--no-wait", "do not wait until they are gone (also --wait=false)")
    .addOption(
      new Option("--timeout <duration>", "how long to wait at most").argParser(duration("--timeout")).default(0, "0s, for ever"), // prettier-ignore
    )
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
  const [{ connect }, { resolveTargets }, { deleteAll, waitUntilGone }, { warnOnce }] = await Promise.all([
    import("../connection.ts"),
    import("../targets.ts"),
    import("../delete.ts"),
    import("../follow.ts"),
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
  if (options.wait) await waitUntilGone(connection.client, deleted, options.timeout, warnOnce(terminal));
  if (errors.length > 0) {
    const { CommandError } = await import("../errors.ts");
    throw new CommandError(...errors);
  }
}
