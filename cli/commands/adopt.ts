import type { Found } from "../adoption.ts";
import type { Configure } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options {
  readonly host: string;
  readonly force?: boolean;
}

export const configure: Configure = (command, terminal) => {
  command
    .description(
      "Write, to standard output, manifests that describe containers which run on a Host already: apply them, and the containers are taken over without a restart. Values of environment variables are in them.",
    )
    .argument("[containers...]", "their names or ids on the Host; all that run when absent")
    .requiredOption("--host <name>", "the Host that they run on")
    .option("--force", "write them although something of a container cannot be said in a manifest")
    .action(async (names: readonly string[]) => {
      await run(names, command.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

async function run(names: readonly string[], options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  const [{ connect }, { pathOf }, { text }, { hosts }, { choose, manifestsOf, render }] = await Promise.all([
    import("../connection.ts"),
    import("../../api/client/http.ts"),
    import("node:stream/consumers"),
    import("../../crds/host.ts"),
    import("../adoption.ts"),
  ]);
  await using connection = await connect(options, terminal);
  const { client, namespace } = connection;
  const answer = await text(client.stream({ path: pathOf(hosts, undefined, options.host, "adoptable") }));
  const { containers } = JSON.parse(answer) as { readonly containers: readonly Found[] };
  const chosen = choose(containers, names, options.host);
  const manifests = manifestsOf(chosen, { namespace, hostName: options.host });
  const lost = manifests.flatMap(({ warnings }) => warnings);
  if (lost.length > 0 && options.force !== true) {
    throw new CommandError(
      ...lost,
      "a container that is adopted keeps this until it is replaced, and loses it then; --force writes the manifests all the same",
    );
  }
  for (const line of lost) terminal.stderr.write(`Warning: ${line}\n`);
  if (manifests.length === 0) terminal.stderr.write(`No containers to adopt run on host "${options.host}"\n`);
  terminal.stdout.write(await render(manifests));
}
