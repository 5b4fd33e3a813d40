/** Starts a program, knows when it is ready, and ends it by its pid. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment; that of this process when absent. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  /** Asked every 50 ms until it says true; an error it throws means not yet. */
  readonly ready: () => Promise<boolean>;
  /** After how long without being ready it is given up; 60 s when absent. */
  readonly readyMs?: number;
}

/** How long a process may take to end after SIGTERM before it is killed. */
const graceMs = 10_000;

/** A running program; disposing of it ends it (SIGTERM, then SIGKILL) and waits until it is gone. */
export class LabProcess implements AsyncDisposable {
  readonly pid: number;
  /** Its exit code, or 128 when a signal ended it. */
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, pid: number, exited: Promise<number>) {
    this.#child = child;
    this.pid = pid;
    this.exited = exited;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends `signal` and returns its exit code once it has ended. */
  async end(signal: NodeJS.Signals): Promise<number> {
    if (this.running) this.#child.kill(signal);
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const grace = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    await this.end("SIGTERM");
    clearTimeout(grace);
  }
}

function lastLines(file: string): string {
  return readFileSync(file, "utf8").split("\n").slice(-20).join("\n");
}

/** Returns when `ready` says so. Throws, with the end of the log, when the program ends first or takes too long. */
export async function spawnProcess(options: ProcessOptions): Promise<LabProcess> {
  const log = openSync(options.logFile, "a");
  const child = spawn(options.command, options.args, {
    env: options.env ?? process.env,
    cwd: options.cwd,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const exited = once(child, "exit").then(([code]) => (code as number | null) ?? 128);
  exited.catch(() => undefined); // said below, where `pid` is missing
  if (child.pid === undefined) {
    throw new Error(`Cannot start "${options.command}"`, { cause: await exited.catch((error: unknown) => error) });
  }
  const started = new LabProcess(child, child.pid, exited);
  const deadline = performance.now() + (options.readyMs ?? 60_000);
  while (!(await options.ready().catch(() => false))) {
    const why = !started.running ? "ended" : performance.now() > deadline ? "did not become ready in time" : undefined;
    if (why !== undefined) {
      await started[Symbol.asyncDispose]();
      throw new Error(`"${options.command} ${options.args.join(" ")}" ${why}:\n${lastLines(options.logFile)}`);
    }
    await sleep(50);
  }
  return started;
}
