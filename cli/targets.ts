/** Which objects `delete` and `wait` are about: by name, by selector, or those of manifests. */
import type { DiscoveredType, Name } from "../api/client/client.ts";
import { readManifests } from "./manifests.ts";
import type { Connection } from "./connection.ts";
import { CommandError, UsageError } from "./errors.ts";
import { selectionsOf, typeOf } from "./resources.ts";
import type { Terminal } from "./terminal.ts";

export interface TargetOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly all?: boolean;
  readonly allNamespaces?: boolean;
}

export interface NamedObject {
  readonly type: DiscoveredType;
  readonly name: Name;
}

/**
 * Objects that are named need not exist; those that a selector or --all stands for do. Throws UsageError when the
 * command line does not say which.
 */
export async function resolveTargets(
  args: readonly string[],
  options: TargetOptions,
  connection: Connection,
  terminal: Terminal,
): Promise<readonly NamedObject[]> {
  if (options.filename !== undefined) {
    if (args.length > 0) throw new UsageError("objects are named by -f or by TYPE and NAME, not by both");
    return fromManifests(options.filename, options, connection, terminal);
  }
  if (args.length === 0)
    throw new UsageError("must name objects as TYPE NAME, TYPE/NAME, TYPE -l LABELS or with -f FILE");
  const selections = selectionsOf(args, await connection.types());
  const selecting = options.all === true || options.selector !== undefined || options.fieldSelector !== undefined;
  const targets: NamedObject[] = [];
  for (const { type, names } of selections) {
    const place = { namespace: type.namespaced ? connection.namespace : undefined };
    if (names !== undefined) {
      if (selecting) throw new UsageError("name cannot be provided when a selector or --all is specified");
      targets.push(...names.map((name) => ({ type, name: { ...place, name } })));
    } else if (!selecting)
      throw new UsageError("resource(s) were provided, but no name was specified: name one, or use -l or --all");
    else {
      const { items } = await connection.client.list(type, {
        namespace: options.allNamespaces === true ? undefined : place.namespace,
        labelSelector: options.selector,
        fieldSelector: options.fieldSelector,
      });
      targets.push(
        ...items.map(({ metadata }) => ({ type, name: { namespace: metadata.namespace, name: metadata.name } })),
      );
    }
  }
  return targets;
}

/** In reverse: what a manifest needs stands before it. */
async function fromManifests(
  paths: readonly string[],
  options: TargetOptions,
  connection: Connection,
  terminal: Terminal,
): Promise<readonly NamedObject[]> {
  const { manifests, problems } = await readManifests(paths, {
    recursive: options.recursive === true,
    cwd: terminal.cwd,
    stdin: terminal.stdin,
  });
  if (problems.length > 0) throw new CommandError(...problems.map(({ where, message }) => `${where}: ${message}`));
  const types = await connection.types();
  return manifests
    .map(({ object, where }) => {
      const type = typeOf(object, types);
      if (type === undefined)
        throw new CommandError(`${where("kind")}: no kind "${object.kind}" in version "${object.apiVersion}"`);
      const { name, namespace = connection.namespace } = object.metadata;
      return { type, name: type.namespaced ? { namespace, name } : { name } };
    })
    .reverse();
}
