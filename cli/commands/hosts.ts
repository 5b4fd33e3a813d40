import { secretType } from "../../crds/core.ts";
import { hosts as hostType } from "../../crds/host.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import type { Applied } from "../apply.ts";
import type { Configure } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, UsageError } from "../errors.ts";
import type { HostsList } from "../hosts-file.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options {
  readonly filename?: string;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
}

/** Where Secrets go that nobody but the server has to read. */
const defaultNamespace = "kube-system";

export const configure: Configure = (command, terminal) => {
  const importing = command
    .description("Work with many Hosts at once.")
    .command("import")
    .summary("Make Hosts of a list of machines")
    .description(
      "Make a Host of each machine in a list, with a Secret for its certificates or key. Nothing is written unless all of it is right; the same again changes nothing.",
    )
    .option("-f, --filename <path>", "the list, or - for standard input")
    .option("--dry-run", "say what the server would do, and do nothing")
    .option("--prune", "delete Hosts that came from this list and are no longer in it")
    .action(async () => {
      await run(importing.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

async function run(options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  if (options.filename === undefined) throw new UsageError("must specify -f: a list of hosts, or - for standard input");
  const [{ connect }, { readHostsList }, { apply, summaryOf, targetName }] = await Promise.all([
    import("../connection.ts"),
    import("../hosts-file.ts"),
    import("../apply.ts"),
  ]);
  const namespace = options.namespace ?? defaultNamespace;
  const { cwd, stdin, stdout, stderr } = terminal;
  const list = await readHostsList(options.filename, { namespace, cwd, stdin });
  if (list.problems.length > 0) {
    const lines = list.problems.map(({ where, message }) => `${where}: ${message}`);
    throw new CommandError(...lines, ...(list.manifests.length > 0 ? [summaryOf(list.manifests.length, 0)] : []));
  }
  await using connection = await connect(options, terminal);
  const { client } = connection;
  const dryRun = options.dryRun === true;
  const suffix = dryRun ? " (server dry run)" : "";
  const settings = { dryRun, validation: "Strict", namespace, namespaceAsked: false } as const;
  await apply({ client, types: () => client.discoverAll() }, list.manifests, settings, {
    applied: ({ target, verb }: Applied) => stdout.write(`${targetName(target)} ${verb}${suffix}\n`),
    warn: (message) => stderr.write(`Warning: ${message}\n`),
  });
  if (options.prune === true) await prune(list, connection, { namespace, dryRun }, terminal);
}

/** How long Hosts may take to let go. One that Containers are bound to does not. */
const pruneTimeoutMs = 30_000;

/** Deletes what came from the list and is no longer in it. Secrets last: without them a Host cannot be cleaned up. */
async function prune(
  { name: listName, manifests }: HostsList,
  connection: Connection,
  { namespace, dryRun }: { readonly namespace: string; readonly dryRun: boolean },
  terminal: Terminal,
): Promise<void> {
  const [{ deleteAll, waitUntilGone }, { listLabel }, { warnOnce }] = await Promise.all([
    import("../delete.ts"),
    import("../hosts-file.ts"),
    import("../follow.ts"),
  ]);
  const kept = new Set(manifests.map(({ object }) => `${object.kind} ${object.metadata.name}`));
  const { client } = connection;
  const known = await connection.types();
  for (const wanted of [hostType, secretType]) {
    const type = known.find((one) => groupResource(one) === groupResource(wanted));
    if (type === undefined) continue;
    const place = type.namespaced ? { namespace } : {};
    const { items } = await client.list<KubeObject>(type, { ...place, labelSelector: `${listLabel}=${listName}` });
    const gone = items
      .filter(({ metadata }) => !kept.has(`${type.kind} ${metadata.name}`))
      .map(({ metadata }) => ({ type, name: { ...place, name: metadata.name } }));
    const { deleted, errors } = await deleteAll(client, gone, { dryRun }, true, (line) => {
      terminal.stdout.write(`${line}${dryRun ? " (server dry run)" : ""}\n`);
    });
    if (errors.length > 0) throw new CommandError(...errors);
    if (!dryRun) await waitUntilGone(client, deleted, pruneTimeoutMs, warnOnce(terminal));
  }
}
