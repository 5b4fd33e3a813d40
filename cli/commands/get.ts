import type { Configure } from "../command.ts";
import { UsageError } from "../errors.ts";
import type { GetOptions } from "../get.ts";
import type { OutputFormat } from "../output.ts";
import { parseOutput } from "../output.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options {
  readonly output?: string;
  readonly watch?: boolean;
  readonly watchOnly?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly allNamespaces?: boolean;
  readonly showLabels?: boolean;
  readonly headers: boolean;
  readonly ignoreNotFound?: boolean;
}

export const configure: Configure = (command, terminal) => {
  command
    .description("Show objects: kinds as TYPE[,TYPE...], objects as TYPE NAME... or TYPE/NAME...")
    .argument("<type[/name]>", "plural, singular or short name of a kind, or a category such as all")
    .argument("[names...]", "only these")
    .option("-o, --output <format>", "wide, yaml, json, name or jsonpath=TEMPLATE")
    .option("-w, --watch", "go on showing what changes")
    .option("--watch-only", "show only what changes from now on")
    .option("-l, --selector <labels>", "only those with these labels: app=web,tier!=db")
    .option("--field-selector <fields>", "only those with these fields: metadata.name=web")
    .option("-A, --all-namespaces", "in all namespaces")
    .option("--show-labels", "with a column for the labels")
    .option("--no-headers", "without the first line")
    .option("--ignore-not-found", "do not fail when a named object does not exist")
    .action(async (type: string, names: readonly string[]) => {
      const options = command.optsWithGlobals<Options & GlobalOptions>();
      const format = parseOutput(options.output);
      checkOptions(options, names, type, format);
      await run([type, ...names], options, format, terminal);
    });
};

function checkOptions(options: Options, names: readonly string[], type: string, format: OutputFormat): void {
  const named = names.length > 0 || type.includes("/");
  if (named && options.selector !== undefined)
    throw new UsageError("name cannot be provided when a selector is specified");
  if (named && options.allNamespaces === true)
    throw new UsageError("a resource cannot be retrieved by name across all namespaces");
  if (isWatch(options) && format.as !== "table") throw new UsageError(`cannot watch with -o ${format.as}: use a table`);
}

const isWatch = (options: Options): boolean => options.watch === true || options.watchOnly === true;

async function run(
  args: readonly string[],
  options: Options & GlobalOptions,
  format: OutputFormat,
  terminal: Terminal,
): Promise<void> {
  const [{ connect }, { selectionsOf }, { getObjects, getTables, watchTable }] = await Promise.all([
    import("../connection.ts"),
    import("../resources.ts"),
    import("../get.ts"),
  ]);
  await using connection = await connect(options, terminal);
  const selections = selectionsOf(args, await connection.types());
  const settings: GetOptions = {
    namespace: options.allNamespaces === true ? undefined : connection.namespace,
    labelSelector: options.selector,
    fieldSelector: options.fieldSelector,
    ignoreNotFound: options.ignoreNotFound === true,
    labels: options.showLabels === true,
    headers: options.headers,
    terminal,
  };
  if (format.as !== "table") await getObjects(connection.client, selections, format, settings);
  else if (isWatch(options)) {
    await watchTable(connection.client, selections, {
      ...settings,
      wide: format.wide,
      only: options.watchOnly === true,
    });
  } else await getTables(connection.client, selections, { ...settings, wide: format.wide });
}
