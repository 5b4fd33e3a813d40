/** The `stowage` command. */
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Terminal } from "./terminal.ts";

// Half of the time that a short command takes would be spent on compiling, once more, what the last one compiled. Only what
// is imported from here on is kept: hence nothing but types above.
enableCompileCache(process.env["NODE_COMPILE_CACHE"] ?? join(homedir(), ".cache", "stowage"));

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
const signals = Object.keys(exitCodes) as (keyof typeof exitCodes)[];

const endAtOnce = (signal: keyof typeof exitCodes): void => {
  process.exit(exitCodes[signal]);
};

const terminal: Terminal = {
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => new Date(),
  untilStopped: async (run) => {
    const stop = new AbortController();
    for (const signal of signals) {
      process.off(signal, endAtOnce);
      process.once(signal, () => {
        stop.abort();
        // Whoever asks twice does not want to wait.
        process.once(signal, endAtOnce);
      });
    }
    return run(stop.signal);
  },
};

for (const signal of signals) process.once(signal, endAtOnce);

// A reader that has seen enough (`| head`) closes the pipe: then it ends as SIGPIPE would have ended it, for what was asked
// may be half done.
const closed = (error: NodeJS.ErrnoException): void => {
  if (error.code === "EPIPE") process.exit(141);
  throw error;
};
process.stdout.on("error", closed);
process.stderr.on("error", closed);

process.on("uncaughtException", (error) => {
  process.stderr.write(`error: ${error.message}\n`);
  process.exit(1);
});

const { runProgram } = await import("./program.ts");
process.exitCode = await runProgram(process.argv.slice(2), terminal);
