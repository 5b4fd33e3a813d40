import type { Configure } from "../command.ts";
import { collect, duration } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { TargetOptions } from "../targets.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options extends TargetOptions {
  readonly for: string;
  readonly timeout: number;
}

export const configure: Configure = (command, terminal) => {
  command
    .description("Wait until objects are in a state.")
    .argument("[type[/name]]", "kind, as for get")
    .argument("[names...]", "which of them")
    .requiredOption("--for <what>", "condition=TYPE[=STATUS], jsonpath={PATH}[=VALUE], create or delete")
    .option("--timeout <duration>", "how long at most", duration("--timeout"), 30_000)
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
    .action(async (type: string | undefined, names: readonly string[]) => {
      await run(
        type === undefined ? [] : [type, ...names],
        command.optsWithGlobals<Options & GlobalOptions>(),
        terminal,
      );
    });
};

async function run(args: readonly string[], options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  const [{ connect }, { resolveTargets }, { parseFor }, { untilAll }, { objectName }] = await Promise.all([
    import("../connection.ts"),
    import("../targets.ts"),
    import("../wait-for.ts"),
    import("../until.ts"),
    import("../resources.ts"),
  ]);
  const awaited = parseFor(options.for);
  await using connection = await connect(options, terminal);
  const { client } = connection;
  const targets = await resolveTargets(args, options, connection, terminal);
  if (targets.length === 0) {
    if (options.for === "delete") return;
    throw new CommandError("no matching resources found");
  }
  if (awaited.needsObject) for (const { type, name } of targets) await client.get(type, name);
  const met = new Set<unknown>();
  const left = await untilAll(client, targets, AbortSignal.timeout(options.timeout), (target, object) => {
    if (!met.has(target) && awaited.isMet(object)) {
      met.add(target);
      terminal.stdout.write(`${objectName(target.type, target.name.name)} condition met\n`);
    }
    return met.has(target);
  });
  if (left.length > 0)
    throw new CommandError(
      ...left.map(({ type, name }) => `timed out waiting for the condition on ${type.plural}/${name.name}`),
    );
}
