/** What a command knows of the process that it runs in. Only stowage.ts fills it in. */
import type { Readable, Writable } from "node:stream";

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable;
  now(): Date;
  /** Runs something that SIGINT and SIGTERM end by `signal`; any other command they end at once. */
  untilStopped<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}
