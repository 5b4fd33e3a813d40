/** The Engine's event stream, as wake-ups. */
import { z } from "zod";
import type { Owner } from "../driver.ts";
import { HostUnreachableError } from "../driver.ts";
import { labels } from "../labels.ts";
import type { Connection } from "./connection.ts";
import { jsonLines } from "./lines.ts";

/** What can make a container differ from what is asked, and nothing else: exec and attach come by the hundred. */
const actions = [
  ...["create", "start", "die", "kill", "oom", "pause", "unpause", "update", "rename", "destroy", "health_status"],
];

const Message = z.object({ Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }) });

/**
 * {@link HostDriver.changes} for one instance's containers, and for those that `adopterOf` knows by their ids. These
 * carry no labels, so the Engine cannot leave out what is nobody's.
 */
export async function* changes(
  connection: Connection,
  instance: string,
  adopterOf: (id: string) => Owner | undefined,
  signal: AbortSignal,
): AsyncGenerator<Owner | undefined, void> {
  try {
    const stream = await connection.stream({
      method: "GET",
      path: "/events",
      query: {
        filters: { type: ["container"], event: actions },
        // The Engine subscribes us after it has sent its headers (moby api/server/router/system/system_routes.go,
        // getEvents). Asking for what it remembers of the past closes that gap; a wake-up too many does no harm.
        since: "1",
      },
      signal,
    });
    yield undefined;
    for await (const line of jsonLines(stream)) {
      if (signal.aborted) return;
      const owner = ownerOf(line, instance, adopterOf);
      if (owner !== undefined) yield owner;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw connection.explain(error, signal);
  }
  if (!signal.aborted)
    throw new HostUnreachableError(
      `The Docker Engine at ${connection.endpoint} ended its event stream: it is stopping`,
    );
}

function ownerOf(line: unknown, instance: string, adopterOf: (id: string) => Owner | undefined): Owner | undefined {
  const message = Message.safeParse(line);
  if (!message.success) return undefined;
  const { ID: id, Attributes: found } = message.data.Actor;
  const { [labels.namespace]: namespace, [labels.name]: name } = found;
  if (found[labels.instance] !== instance) return adopterOf(id);
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}
