/** Commands in containers that run, and connections inside their networks. */
import { randomUUID } from "node:crypto";
import { Duplex } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { ConnectError, RefusedCredentialsError, StepError, UnsupportedHostError } from "../driver.ts";
import type { Executed, ExecLimits } from "../driver.ts";
import type { Connection } from "./connection.ts";
import { Deadline, isTimeout } from "./deadline.ts";
import { EngineRefusal, refused, unlessStatus } from "./errors.ts";
import { demultiplex } from "./logs.ts";
import { toolboxPath } from "./toolbox/paths.ts";
import type { Toolbox } from "./toolbox/toolbox.ts";

const Created = z.object({ Id: z.string() });
const Ended = z.object({ Running: z.boolean(), ExitCode: z.number().nullish() });

/** What a busy Engine takes to begin with a command does not count as the command's own time. */
const engineMs = 30_000;

/** How long what was killed is waited for, until it is gone and the Engine has heard of it. */
const killedMs = 5_000;

/**
 * {@link HostDriver.exec}. The Engine has no way to end a command that takes too long, and gives its pid as the host sees it:
 * so the command has a variable of its own in its environment, by which the toolbox finds it inside, with what it began.
 */
export async function exec(
  connection: Connection,
  toolbox: Pick<Toolbox, "runAmong">,
  id: string,
  command: readonly string[],
  { timeoutMs, maxOutput }: ExecLimits,
  signal: AbortSignal,
): Promise<Executed> {
  const chunks: Uint8Array[] = [];
  const output = (): string => Buffer.concat(chunks).subarray(0, maxOutput).toString();
  const mark = `STOWAGE_EXEC=${randomUUID()}`;
  const body = { Cmd: command, Env: [mark], AttachStdout: true, AttachStderr: true };
  const execution = await create(connection, id, body, signal);
  using deadline = new Deadline(signal, timeoutMs);
  try {
    const path = `/exec/${execution}/start`;
    const body = { Detach: false, Tty: false };
    const stream = await connection.stream({ method: "POST", path, body, signal: deadline.signal });
    let length = 0;
    for await (const chunk of unframed(stream)) {
      if (length < maxOutput) chunks.push(Buffer.from(chunk));
      length += chunk.length;
    }
    return { exitCode: await exitCodeOf(connection, execution, deadline.signal), output: output() };
  } catch (error) {
    if (deadline.signal.aborted && isTimeout(deadline.signal.reason)) {
      const late = { id, execution, mark };
      return { exitCode: undefined, output: output(), kill: (until) => kill(connection, toolbox, late, until) };
    }
    if (error instanceof EngineRefusal) throw refused("ExecError", named(id), error);
    throw connection.explain(error, signal);
  }
}

interface Late {
  /** The container's. */
  readonly id: string;
  readonly execution: string;
  readonly mark: string;
}

/** {@link Executed.kill}. */
async function kill(
  connection: Connection,
  toolbox: Pick<Toolbox, "runAmong">,
  { id, execution, mark }: Late,
  signal: AbortSignal,
): Promise<void> {
  const stillRuns = (why: string): StepError =>
    new StepError("ExecError", `Cannot end a command in ${named(id)}: ${why}`);
  using deadline = new Deadline(signal, engineMs);
  const call = { method: "GET", path: `/exec/${execution}/json`, signal: deadline.signal } as const;
  try {
    // The Engine forgets a command with its container, and some time after its end.
    const isRunning = unlessStatus(404, connection.read(call, Ended), { Running: false });
    if (!(await isRunning).Running) return;
    const { exitCode } = await toolbox.runAmong(id, ["kill", mark], deadline.signal);
    if (exitCode !== 0) throw stillRuns(`the toolbox ended with exit code ${exitCode}`);
    // Gone with its container meanwhile is gone too.
    const ended = unlessStatus(404, exitCodeOf(connection, execution, deadline.signal, killedMs), 0);
    if ((await ended) === undefined) throw stillRuns("it is still there");
  } catch (error) {
    if (error instanceof StepError) throw error;
    if (error instanceof EngineRefusal) throw refused("ExecError", named(id), error);
    // Whatever else the Host cannot do, it lets us look: who does not let us in tells nothing of the command.
    if (error instanceof UnsupportedHostError && !(error instanceof RefusedCredentialsError))
      throw stillRuns(error.message);
    throw connection.explain(error, deadline.signal);
  }
}

const greeting = "connected\n";

/** {@link HostDriver.connect}: the toolbox in the container opens the port, and passes on what goes over its streams. */
export async function connect(
  connection: Connection,
  id: string,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const Cmd = [toolboxPath, "connect", String(port), String(timeoutMs)];
  const attach = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
  using deadline = new Deadline(signal, timeoutMs + engineMs);
  const execution = await create(connection, id, { Cmd, ...attach }, deadline.signal);
  let socket: Duplex | undefined;
  try {
    const path = `/exec/${execution}/start`;
    const body = { Detach: false, Tty: false };
    socket = await connection.hijack({ method: "POST", path, body, signal: deadline.signal });
    const incoming = unframed(socket);
    let said = Buffer.alloc(0);
    while (said.length < greeting.length) {
      const { done, value } = await incoming.next();
      if (done === true) throw await refusal(connection, execution, port, said.toString(), deadline.signal);
      said = Buffer.concat([said, value]);
    }
    if (!said.toString().startsWith(greeting))
      throw new EngineRefusal(500, `the toolbox cannot be run: ${said.toString().trim()}`);
    return new Tunnel(socket, incoming, said.subarray(greeting.length));
  } catch (error) {
    socket?.destroy();
    if (error instanceof ConnectError) throw error;
    if (error instanceof EngineRefusal) throw refused("ExecError", named(id), error);
    throw connection.explain(error, deadline.signal);
  }
}

const named = (id: string): string => `container "${id.slice(0, 12)}"`;

async function create(connection: Connection, id: string, body: object, signal: AbortSignal): Promise<string> {
  try {
    const path = `/containers/${id}/exec`;
    return (await connection.read({ method: "POST", path, body, signal, timeoutMs: engineMs }, Created)).Id;
  } catch (error) {
    throw error instanceof EngineRefusal ? refused("ExecError", named(id), error) : error;
  }
}

/** Errors of Linux that tell why there is no connection; every other exit code is no answer from inside. */
const words: Readonly<Record<number, string>> = {
  101: "network is unreachable",
  110: "i/o timeout",
  111: "connection refused",
  113: "no route to host",
};

async function refusal(
  connection: Connection,
  execution: string,
  port: number,
  said: string,
  signal: AbortSignal,
): Promise<ConnectError | EngineRefusal> {
  const exitCode = await exitCodeOf(connection, execution, signal);
  const why = exitCode === undefined ? undefined : words[exitCode];
  if (why !== undefined) return new ConnectError(`dial tcp 127.0.0.1:${port}: ${why}`);
  return new EngineRefusal(500, `the toolbox ended with exit code ${exitCode ?? "unknown"}: ${said.trim()}`);
}

/**
 * The Engine may learn that a command has ended a little after its output has (moby daemon/monitor.go). Undefined where
 * it still runs after `patienceMs` of waiting between the Engine's answers.
 */
async function exitCodeOf(
  connection: Connection,
  execution: string,
  signal: AbortSignal,
  patienceMs = Infinity,
): Promise<number | undefined> {
  const call = { method: "GET", path: `/exec/${execution}/json`, signal } as const;
  for (let waitMs = 10, leftMs = patienceMs; ; leftMs -= waitMs, waitMs = Math.min(2 * waitMs, 500)) {
    const { Running, ExitCode } = await connection.read(call, Ended);
    if (!Running && ExitCode !== null && ExitCode !== undefined) return ExitCode;
    if (leftMs <= 0) return undefined;
    await setTimeout(waitMs, undefined, { signal });
  }
}

/** Where a command could not be begun, the Engine says so in plain text in the place of frames (20.10). */
async function* unframed(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const chunks = stream[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  const all = (async function* () {
    yield first.value;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  })();
  yield* (first.value[0] ?? 0) > 3 ? all : demultiplex(all);
}

/** The far end of a connection that the toolbox opened. */
class Tunnel extends Duplex {
  readonly #socket: Duplex;
  readonly #incoming: AsyncIterator<Uint8Array>;

  constructor(socket: Duplex, incoming: AsyncIterator<Uint8Array>, read: Uint8Array) {
    super();
    this.#socket = socket;
    this.#incoming = incoming;
    socket.on("error", (error) => this.destroy(error));
    if (read.length > 0) this.push(read);
  }

  override _read(): void {
    this.#incoming.next().then(
      ({ done, value }) => this.push(done === true ? null : value),
      (error: unknown) => this.destroy(error as Error),
    );
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }
}
