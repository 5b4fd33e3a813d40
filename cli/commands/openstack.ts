import type { Configure } from "../command.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options {
  readonly osCloud?: string;
  readonly delete?: boolean;
}

export const configure: Configure = (command, terminal) => {
  const orphans = command
    .description("Work with a cloud directly.")
    .command("orphans")
    .summary("Show what was made in a cloud for objects that are gone")
    .description(
      [
        "Show what carries the mark of an object that the server does not have any more, in the project of the credentials.",
        "The cloud is that of --os-cloud, OS_CLOUD, OS_AUTH_URL and its like, or the only one in clouds.yaml.",
        "Look at the list before you delete: in it are also what was kept on purpose (managedOptions.onDelete: detach), and",
        "what another Stowage made, if it works in the same project.",
      ].join("\n"),
    )
    .option("--os-cloud <name>", "of clouds.yaml (default: $OS_CLOUD)")
    .option("--delete", "delete them")
    .action(async () => {
      await run(orphans.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

async function run(options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  const [{ connect }, { openCloud }, { deleteOrphans, findOrphans }] = await Promise.all([
    import("../connection.ts"),
    import("../server/cloud.ts"),
    import("../server/orphans.ts"),
  ]);
  await using connection = await connect(options, terminal);
  await using cloud = await openCloud(terminal, options.osCloud);
  const orphans = await findOrphans(connection, cloud, terminal);
  if (options.delete === true) await deleteOrphans(cloud, orphans, terminal);
}
