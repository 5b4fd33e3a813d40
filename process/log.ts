/** What is written beside a message: plain values only. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where a running part tells its operator what happened; who composes it decides on the format. Never throws. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log whose lines carry these fields, too; they are asked for with each line. */
export function withFields(log: Log, fields: () => LogFields): Log {
  return {
    info(message, more) {
      log.info(message, { ...fields(), ...more });
    },
    warn(message, more) {
      log.warn(message, { ...fields(), ...more });
    },
    error(message, more) {
      log.error(message, { ...fields(), ...more });
    },
  };
}

/** An error's message and those of its causes, outermost first: what happened and why, without a stack trace. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message === "" ? error.name : error.message;
  return error.cause === undefined ? message : `${message}: ${describeError(error.cause)}`;
}
