/** A container's output, as the Engine keeps it. */
import type { LogOptions } from "../driver.ts";
import { EngineRefusal, refused } from "./errors.ts";
import type { Connection } from "./connection.ts";
import { Inspect } from "./observe.ts";

/** {@link HostDriver.logs}. */
export async function* logs(
  connection: Connection,
  id: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  try {
    const path = `/containers/${id}`;
    // Only here is said whether output is multiplexed; the answer's content type tells since API 1.42 only.
    const inspect = await connection.read({ method: "GET", path: `${path}/json`, signal }, Inspect);
    const query = {
      stdout: true,
      stderr: true,
      follow: options.follow ?? false,
      timestamps: options.timestamps ?? false,
      tail: options.tailLines ?? "all",
      ...(options.sinceTime === undefined ? {} : { since: options.sinceTime }),
    };
    const stream = await connection.stream({ method: "GET", path: `${path}/logs`, query, signal });
    yield* inspect.Config.Tty ? (stream as AsyncIterable<Uint8Array>) : demultiplex(stream);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof EngineRefusal) throw refused("LogError", `container "${id}"`, error);
    throw connection.explain(error, signal);
  }
}

const headerLength = 8;
const systemError = 3;

/**
 * Standard output and error in the order they came, without the frames around them: a byte for the stream, three of
 * zero, four for the length (moby pkg/stdcopy). Payload is handed on as it comes, not frame by frame, and not copied.
 * Throws EngineRefusal when the Engine says in the stream that it could not go on reading.
 */
export async function* demultiplex(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const header = Buffer.alloc(headerLength);
  let headerBytes = 0;
  let left = 0;
  let refusal = "";
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length;) {
      if (left === 0) {
        const taken = chunk.subarray(at, at + headerLength - headerBytes);
        header.set(taken, headerBytes);
        headerBytes += taken.length;
        at += taken.length;
        if (headerBytes < headerLength) break;
        left = header.readUInt32BE(4);
        headerBytes = 0;
        continue;
      }
      const payload = chunk.subarray(at, at + left);
      at += payload.length;
      left -= payload.length;
      if (header[0] === systemError) refusal += Buffer.from(payload).toString();
      else yield payload;
    }
  }
  if (refusal !== "") throw new EngineRefusal(500, refusal.trim());
}
