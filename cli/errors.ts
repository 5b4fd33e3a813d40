/** How failures end a command: which exit code, and in which words. */
import { UnreachableError } from "../api/client/unreachable.ts";
import { hasReason } from "../api/status.ts";

/** The command line makes no sense: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What was asked for failed: exit code 1. Has one line for each thing that is wrong. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly lines: readonly string[];
  constructor(...lines: readonly string[]) {
    super(lines.join("\n"));
    this.lines = lines;
  }
}

/** Done, and the exit code tells what was found: nothing is said of it. */
export class ExitCode extends Error {
  override readonly name = "ExitCode";
  readonly code: number;
  constructor(code: number) {
    super(`exit code ${code}`);
    this.code = code;
  }
}

/** The lines that tell people about `error`, without their `error: `. */
export function linesOf(error: unknown): readonly string[] {
  if (error instanceof CommandError) return error.lines;
  if (error instanceof UnreachableError && error.code === "ECONNREFUSED")
    return [`${error.message}; is it running? "stowage server" starts one, --kubeconfig names another`];
  if (hasReason(error, "Unauthorized"))
    return [`${error.message}: the server does not know whose certificate or token this is; it may have expired, or be for another server`]; // prettier-ignore
  if (error instanceof Error) return error.message.trimEnd().split("\n");
  return [String(error)];
}
