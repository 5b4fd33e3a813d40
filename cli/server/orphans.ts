/** What was made in a cloud for objects that are gone: finds it by its mark, and deletes it. */
import { setTimeout as delay } from "node:timers/promises";
import { openstackGroup } from "../../crds/openstack/external.ts";
import { means } from "../../openstack/errors.ts";
import type { Marked } from "../../openstack/marked.ts";
import { deleteMarked, listMarked } from "../../openstack/marked.ts";
import type { Service } from "../../openstack/service.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import { renderRows } from "../tables.ts";
import type { Terminal } from "../terminal.ts";

type Output = Pick<Terminal, "stdout" | "stderr">;

/** Prints them. Throws CommandError where the server knows no kind of OpenStack, so that everything would seem orphaned. */
export async function findOrphans(
  { client, types }: Pick<Connection, "client" | "types">,
  cloud: Service,
  { stdout, stderr }: Output,
): Promise<readonly Marked[]> {
  const kinds = (await types()).filter(({ group }) => group === openstackGroup);
  if (kinds.length === 0) throw new CommandError(`the server has no kinds of ${openstackGroup}: is it the right one?`);
  // Marks before objects: what is made meanwhile has its object by then.
  const { marked, failures } = await listMarked(cloud);
  for (const { message } of failures) stderr.write(`Warning: not looked at: ${message}\n`);
  const lists = await Promise.all(kinds.map((kind) => client.list(kind)));
  const uids = new Set(lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.uid)));
  const orphans = marked.filter(({ uid }) => !uids.has(uid));
  const rows = orphans.map(({ noun, id, name, uid }) => [noun, id, name === "" ? "<none>" : name, uid]);
  const lines = rows.length === 0 ? [] : await renderRows([["WHAT", "ID", "NAME", "OBJECT"], ...rows]);
  for (const line of lines) stdout.write(`${line}\n`);
  stderr.write(`${marked.length} carry a mark, ${orphans.length} of them of objects that are gone\n`);
  return orphans;
}

const pauseMs = 2000;

/** How often in a row nothing may go before it is given up: others take their time to let go. */
const mostIdleRounds = 15;

/** Throws CommandError with what could not be deleted. */
export async function deleteOrphans(
  cloud: Service,
  orphans: readonly Marked[],
  { stdout }: Pick<Terminal, "stdout">,
): Promise<void> {
  let left = orphans;
  for (let idle = 0; left.length > 0;) {
    const refusals = new Map<Marked, Error>();
    for (const orphan of left) {
      try {
        await deleteMarked(cloud, orphan);
        stdout.write(`${orphan.noun} ${orphan.id} deleted\n`);
      } catch (error) {
        refusals.set(orphan, error as Error);
      }
    }
    idle = refusals.size < left.length ? 0 : idle + 1;
    left = [...refusals.keys()];
    const mayPass = [...refusals.values()].some((error) => means(error, "Conflict", "Unavailable"));
    if (left.length > 0 && (!mayPass || idle >= mostIdleRounds))
      throw new CommandError(...[...refusals.values()].map(({ message }) => message));
    if (left.length > 0) await delay(pauseMs);
  }
}
