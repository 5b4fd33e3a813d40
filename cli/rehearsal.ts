/** What applying manifests would make of the objects, as the server says: the beginning of `diff` and `plan`. */
import type { Applied } from "./apply.ts";
import { apply } from "./apply.ts";
import type { Connection } from "./connection.ts";
import { CommandError } from "./errors.ts";
import { readManifests } from "./manifests.ts";
import type { GlobalOptions, Terminal } from "./terminal.ts";

export interface RehearsalOptions extends GlobalOptions {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
}

/** Writes nothing. Throws CommandError with a line for each thing that is wrong. */
export async function rehearseManifests(
  options: RehearsalOptions,
  { client, namespace }: Connection,
  terminal: Terminal,
): Promise<readonly Applied[]> {
  const { manifests, problems } = await readManifests(options.filename, {
    recursive: options.recursive === true,
    cwd: terminal.cwd,
    stdin: terminal.stdin,
  });
  if (problems.length > 0) throw new CommandError(...problems.map(({ where, message }) => `${where}: ${message}`));
  const namespaceAsked = options.namespace !== undefined;
  return apply(
    { client, types: () => client.discoverAll() },
    manifests,
    { dryRun: true, validation: "Strict", namespace, namespaceAsked },
    {
      applied: () => undefined,
      warn: (message) => terminal.stderr.write(`Warning: ${message}\n`),
    },
  );
}
