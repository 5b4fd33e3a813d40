/** Shows how far objects are: a line each that changes in place on a terminal, a line for each change elsewhere. */
import type { Writable } from "node:stream";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

export interface ProgressView extends Disposable {
  /** By name, in the order in which they are to be shown. */
  show(progress: ReadonlyMap<string, Progress>): void;
}

const marks: Readonly<Record<Progress["state"], string>> = { working: "…", reached: "✓", failed: "✗" };

export async function progressView(terminal: Pick<Terminal, "stdout" | "env">): Promise<ProgressView> {
  return canBeDrawnOn(terminal) ? liveView(terminal.stdout) : plainView(terminal.stdout);
}

/** Terminals without a size, and those that know no escape sequences, get lines as files do. */
function canBeDrawnOn({ stdout, env }: Pick<Terminal, "stdout" | "env">): boolean {
  const { isTTY = false, columns = 0, rows = 0 } = stdout;
  return isTTY && columns > 0 && rows > 0 && env["TERM"] !== "dumb";
}

async function liveView(stream: Writable): Promise<ProgressView> {
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(stream, { showCursor: true });
  return {
    show: (progress) => {
      const told = [...progress].filter(([, { text }]) => text !== "");
      const width = Math.max(0, ...told.map(([name]) => name.length));
      update(told.map(([name, { state, text }]) => `${marks[state]} ${name.padEnd(width)}  ${text}`).join("\n"));
    },
    [Symbol.dispose]: () => {
      update.done();
    },
  };
}

function plainView(stream: Writable): ProgressView {
  const shown = new Map<string, string>();
  return {
    show: (progress) => {
      for (const [name, { text }] of progress) {
        if (text === "" || shown.get(name) === text) continue;
        shown.set(name, text);
        stream.write(`${name}: ${text}\n`);
      }
    },
    [Symbol.dispose]: () => {
      // Nothing is kept open.
    },
  };
}
