/** What was made in a cloud for objects that are gone: finds it by its mark, and deletes what of it is named. */
import { setTimeout as delay } from "node:timers/promises";
import type { KubeObject } from "../../crds/meta.ts";
import { openstackGroup } from "../../crds/openstack/external.ts";
import { means } from "../../openstack/errors.ts";
import type { Marked } from "../../openstack/marked.ts";
import { deleteMarked, listMarked } from "../../openstack/marked.ts";
import type { Service } from "../../openstack/service.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import { renderRows } from "../tables.ts";
import type { Terminal } from "../terminal.ts";

type Listed = KubeObject & {
  readonly spec?: { readonly import?: { readonly id?: string } };
  readonly status?: { readonly id?: string };
};

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
  const lists = await Promise.all(kinds.map((kind) => client.list<Listed>(kind)));
  const objects = lists.flatMap(({ items }) => items);
  const uids = new Set(objects.map(({ metadata }) => metadata.uid));
  // What was kept when its object went, and imported since, has the old mark.
  const inUse = new Set(objects.flatMap(({ status, spec }) => [status?.id, spec?.import?.id]));
  const orphans = marked.filter(({ uid, id }) => !uids.has(uid) && !inUse.has(id));
  const rows = orphans.map(({ noun, id, name, uid }) => [noun, id, name === "" ? "<none>" : name, uid]);
  const lines = rows.length === 0 ? [] : await renderRows([["WHAT", "ID", "NAME", "OBJECT"], ...rows]);
  for (const line of lines) stdout.write(`${line}\n`);
  stderr.write(`${marked.length} carry a mark, ${orphans.length} of them of objects that are gone\n`);
  return orphans;
}

const pauseMs = 2000;

/** How often in a row nothing may go before it is given up: others take their time to let go. */
const mostIdleRounds = 15;

/** Those that are named by their ids. Throws CommandError where one is no orphan, and with what could not be deleted. */
export async function deleteOrphans(
  cloud: Service,
  orphans: readonly Marked[],
  ids: readonly string[],
  { stdout }: Pick<Terminal, "stdout">,
): Promise<void> {
  const unknown = ids.filter((id) => !orphans.some((orphan) => orphan.id === id));
  if (unknown.length > 0) throw new CommandError(`not in the list, and nothing was deleted: ${unknown.join(", ")}`);
  let left = orphans.filter(({ id }) => ids.includes(id));
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
