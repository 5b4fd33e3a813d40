/** The log: one line an entry, on standard error. */
import type { Log, LogFields } from "../../process/log.ts";

export type LogLevel = "info" | "warn" | "error";

const order: readonly LogLevel[] = ["info", "warn", "error"];

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
      if (format === "json") {
        write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
        return;
      }
      const words = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(
          ([name, value]) =>
            ` ${name}=${typeof value === "string" && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`,
        );
      write(`${time} ${level.padEnd(5)} ${message}${words.join("")}\n`);
    };
  };
  return { info: entry("info"), warn: entry("warn"), error: entry("error") };
}
