import { Option } from "commander";
import type { Configure } from "../command.ts";
import { duration, takesTargets } from "../command.ts";
import { timeoutSignal } from "../duration.ts";
import { CommandError } from "../errors.ts";
import type { TargetOptions } from "../targets.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options extends TargetOptions {
  readonly for: string;
  readonly timeout: number;
}

export const configure: Configure = (command, terminal) => {
  takesTargets(command)
    .description("Wait until objects are in a state.")
    .requiredOption("--for <what>", "condition=TYPE[=STATUS], jsonpath={PATH}[=VALUE], create or delete")
    .addOption(
      new Option("--timeout <duration>", "how long at most").argParser(duration("--timeout")).default(30_000, "30s"),
    )
    .action(async (type: string | undefined, names: readonly string[]) => {
      await run(
        type === undefined ? [] : [type, ...names],
        command.optsWithGlobals<Options & GlobalOptions>(),
        terminal,
      );
    });
};

async function run(args: readonly string[], options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  const [{ connect }, { resolveTargets }, { parseFor }, { untilAll }, { objectName }, { warnOnce }] = await Promise.all(
    [
      import("../connection.ts"),
      import("../targets.ts"),
      import("../wait-for.ts"),
      import("../until.ts"),
      import("../resources.ts"),
      import("../follow.ts"),
    ],
  );
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
  const following = { signal: timeoutSignal(options.timeout), lost: warnOnce(terminal) };
  const left = await untilAll(client, targets, following, (target, object) => {
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
