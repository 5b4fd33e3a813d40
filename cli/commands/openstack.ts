import type { Configure } from "../command.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options {
  readonly osCloud?: string;
  readonly delete?: readonly string[];
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
        "In the list are also what was kept on purpose (managedOptions.onDelete: detach), and what another Stowage made: in the",
        "same project, or, where an administrator looks, flavors and volume types of the whole cloud. So each is deleted by its id.",
      ].join("\n"),
    )
    .option("--os-cloud <name>", "of clouds.yaml (default: $OS_CLOUD)")
    .option("--delete <ids...>", "delete those of the list")
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
  if (options.delete !== undefined) await deleteOrphans(cloud, orphans, options.delete, terminal);
}
