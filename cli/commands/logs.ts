import { once } from "node:events";
import { containers } from "../../crds/container.ts";
import type { Configure } from "../command.ts";
import { count, duration } from "../command.ts";
import { UsageError } from "../errors.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly since?: number;
  readonly timestamps?: boolean;
  readonly container?: string;
}

export const configure: Configure = (command, terminal) => {
  command
    .description("Show what a Container wrote to its standard output and error.")
    .argument("<name>", "the Container, as NAME or container/NAME")
    .option("-f, --follow", "go on until it ends")
    .option("--tail <lines>", "only so many lines from the end; -1 for all", (value) =>
      value === "-1" ? undefined : count(value),
    )
    .option("--since <duration>", "only what is not older: 10m, 1h30m", duration("--since"))
    .option("--timestamps", "with the time of each line")
    .option("-c, --container <name>", "of this init container, instead of the container itself")
    .action(async (name: string) => {
      await run(name, command.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

async function run(word: string, options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  const [{ connect }, { selectionsOf }, { pathOf }] = await Promise.all([
    import("../connection.ts"),
    import("../resources.ts"),
    import("../../api/client/http.ts"),
  ]);
  await using connection = await connect(options, terminal);
  let name = word;
  if (word.includes("/")) {
    const [selection] = selectionsOf([word], await connection.types());
    if (selection?.type.kind !== containers.kind)
      throw new UsageError(`"${word}" has no log: only Containers have one`);
    name = selection.names?.[0] ?? "";
  }
  const chunks = connection.client.stream({
    path: pathOf(containers, connection.namespace, name, "log"),
    query: {
      follow: options.follow,
      tailLines: options.tail,
      sinceSeconds: options.since === undefined ? undefined : Math.max(1, Math.ceil(options.since / 1000)),
      timestamps: options.timestamps,
      container: options.container,
    },
  });
  for await (const chunk of chunks) if (!terminal.stdout.write(chunk)) await once(terminal.stdout, "drain");
}
