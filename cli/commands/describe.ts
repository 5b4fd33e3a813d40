import { eventType } from "../../crds/core.ts";
import type { ListOptions } from "../../api/client/client.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { Configure } from "../command.ts";
import type { Connection } from "../connection.ts";
import type { Event } from "../describe.ts";
import { UsageError } from "../errors.ts";
import type { Selection } from "../resources.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options {
  readonly selector?: string;
  readonly allNamespaces?: boolean;
}

export const configure: Configure = (command, terminal) => {
  command
    .description("Show everything about objects, with their conditions and Events.")
    .argument("<type[/name]>", "kind, as for get")
    .argument("[names...]", "only these")
    .option("-l, --selector <labels>", "only those with these labels: app=web,tier!=db")
    .option("-A, --all-namespaces", "in all namespaces")
    .action(async (type: string, names: readonly string[]) => {
      await run([type, ...names], command.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

async function run(args: readonly string[], options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  const [{ connect }, { selectionsOf }, { describe }] = await Promise.all([
    import("../connection.ts"),
    import("../resources.ts"),
    import("../describe.ts"),
  ]);
  await using connection = await connect(options, terminal);
  const selections = selectionsOf(args, await connection.types());
  if (options.selector !== undefined && selections.some(({ names }) => names !== undefined))
    throw new UsageError("name cannot be provided when a selector is specified");
  const texts: string[] = [];
  for (const selection of selections) {
    for (const object of await objectsOf(connection, selection, options))
      texts.push(await describe(object, await eventsAbout(connection, object), terminal.now()));
  }
  terminal.stdout.write(texts.join("\n\n"));
  if (texts.length === 0) terminal.stderr.write("No resources found\n");
}

async function objectsOf(
  { client, namespace }: Connection,
  { type, names }: Selection,
  options: Options,
): Promise<readonly KubeObject[]> {
  const place = { namespace: type.namespaced ? namespace : undefined };
  if (names !== undefined) return Promise.all(names.map((name) => client.get(type, { ...place, name })));
  const list: ListOptions = {
    namespace: options.allNamespaces === true ? undefined : place.namespace,
    labelSelector: options.selector,
  };
  return (await client.list(type, list)).items;
}

async function eventsAbout({ client }: Connection, { metadata }: KubeObject): Promise<readonly Event[]> {
  const { items } = await client.list<Event>(eventType, {
    namespace: metadata.namespace,
    fieldSelector: `involvedObject.uid=${metadata.uid}`,
  });
  return items;
}
