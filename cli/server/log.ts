/** The log: one line an entry, on standard error. */

export type LogLevel = "debug" | "info" | "warn" | "error";

/** What an entry is about, by name; errors are written as their message. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const order: readonly LogLevel[] = ["debug", "info", "warn", "error"];

const plain = (value: unknown): unknown => {
  if (!(value instanceof Error)) return value;
  return value.cause instanceof Error ? `${value.message}: ${value.cause.message}` : value.message;
};

/** `text` is for people, `json` for machines: {time, level, message, ...fields}. */
export function createLog(
  format: "text" | "json",
  least: LogLevel,
  write: (line: string) => void,
  now: () => Date,
): Log {
  const entry = (level: LogLevel) => {
    if (order.indexOf(level) < order.indexOf(least)) return () => undefined;
    return (message: string, fields: LogFields = {}): void => {
      const time = now().toISOString();
      const values = Object.entries(fields).map(([name, value]) => [name, plain(value)] as const);
      if (format === "json") {
        write(`${JSON.stringify({ time, level, message, ...Object.fromEntries(values) })}\n`);
        return;
      }
      const words = values.map(
        ([name, value]) =>
          ` ${name}=${typeof value === "string" && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`,
      );
      write(`${time} ${level.padEnd(5)} ${message}${words.join("")}\n`);
    };
  };
  return { debug: entry("debug"), info: entry("info"), warn: entry("warn"), error: entry("error") };
}
