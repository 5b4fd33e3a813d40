import type { Configure } from "../command.ts";
import { collect } from "../command.ts";
import { ExitCode, UsageError } from "../errors.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
}

export const configure: Configure = (command, terminal) => {
  command
    .description(
      "Show what applying manifests would change in objects, as a unified diff. Exit code: 0 nothing, 1 something, more: it failed.",
    )
    .option("-f, --filename <path>", "file or folder with manifests, or - for standard input; may be repeated", collect)
    .option("-R, --recursive", "folders with all that is below them")
    .action(async () => {
      await run(command.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

async function run(options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  const { filename } = options;
  if (filename === undefined) throw new UsageError("must specify -f: a file, a folder, or - for standard input");
  const [{ connect }, { rehearseManifests }, { unifiedDiff }] = await Promise.all([
    import("../connection.ts"),
    import("../rehearsal.ts"),
    import("../diff.ts"),
  ]);
  await using connection = await connect(options, terminal);
  const rehearsed = await rehearseManifests({ ...options, filename }, connection, terminal);
  const texts = await Promise.all(rehearsed.map(({ before, after }) => unifiedDiff(before, after)));
  terminal.stdout.write(texts.join(""));
  if (texts.some((text) => text !== "")) throw new ExitCode(1);
}
