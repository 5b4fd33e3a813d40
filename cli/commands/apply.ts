import { Option } from "commander";
import type { Applied, ApplyOptions } from "../apply.ts";
import type { Configure } from "../command.ts";
import { collect, dryRunOption, duration } from "../command.ts";
import { CommandError, UsageError } from "../errors.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly wait?: boolean;
  readonly timeout: number;
  readonly dryRun: "none" | "server";
  readonly validate: "strict" | "warn" | "ignore" | "true" | "false";
}

const validations = { strict: "Strict", true: "Strict", warn: "Warn", ignore: "Ignore", false: "Ignore" } as const;

export const configure: Configure = (command, terminal) => {
  command
    .description("Make the objects of manifests exist as they say. Nothing is written unless all of it is right.")
    .option("-f, --filename <path>", "file or folder with manifests, or - for standard input; may be repeated", collect)
    .option("-R, --recursive", "folders with all that is below them")
    .option("--wait", "show progress until everything is as asked")
    .addOption(
      new Option("--timeout <duration>", "with --wait: how long at most").argParser(duration("--timeout")).default(60_000, "60s"), // prettier-ignore
    )
    .addOption(dryRunOption())
    .addOption(
      new Option("--validate <how>", "what to do about unknown and duplicate fields")
        .choices(Object.keys(validations))
        .default("strict"),
    )
    .action(async () => {
      await run(command.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

async function run(options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  if (options.filename === undefined)
    throw new UsageError("must specify -f: a file, a folder, or - for standard input");
  const [{ connect }, { readManifests }, { apply, summaryOf, targetName }] = await Promise.all([
    import("../connection.ts"),
    import("../manifests.ts"),
    import("../apply.ts"),
  ]);
  const { manifests, problems } = await readManifests(options.filename, {
    recursive: options.recursive === true,
    cwd: terminal.cwd,
    stdin: terminal.stdin,
  });
  if (problems.length > 0) {
    const lines = problems.map(({ where, message }) => `${where}: ${message}`);
    throw new CommandError(...lines, ...(manifests.length > 0 ? [summaryOf(manifests.length, 0)] : []));
  }
  await using connection = await connect(options, terminal);
  const { client, namespace } = connection;
  const dryRun = options.dryRun === "server";
  const settings: ApplyOptions = {
    dryRun,
    validation: validations[options.validate],
    namespace,
    namespaceAsked: options.namespace !== undefined,
  };
  const applied = await apply({ client, types: () => client.discoverAll() }, manifests, settings, {
    applied: ({ target, verb }: Applied) =>
      terminal.stdout.write(`${targetName(target)} ${verb}${dryRun ? " (server dry run)" : ""}\n`),
    warn: (message) => terminal.stderr.write(`Warning: ${message}\n`),
  });
  if (options.wait !== true || dryRun) return;
  const [{ converge }, { progressView }, { warnOnce }] = await Promise.all([
    import("../converge.ts"),
    import("../progress-view.ts"),
    import("../follow.ts"),
  ]);
  using view = await progressView(terminal);
  const targets = applied.map(({ target }) => target);
  await converge(client, targets, options.timeout, view, warnOnce(terminal));
}
