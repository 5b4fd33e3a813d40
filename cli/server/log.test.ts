import { expect, test } from "vitest";
import type { Log } from "../../process/log.ts";
import type { LogLevel } from "./log.ts";
import { createLog } from "./log.ts";

const at = new Date("2026-01-02T03:04:05.678Z");

function written(format: "text" | "json", log: (log: Log) => void, least: LogLevel = "info"): string {
  let text = "";
  log(
    createLog(
      format,
      least,
      (line) => (text += line),
      () => at,
    ),
  );
  return text;
}

test("text entries are one line each, with fields quoted where they must be", () => {
  const text = written("text", (log) => {
    log.info("started", { controller: "host", why: "it said so", tries: 3 });
  });
  expect(text).toBe('2026-01-02T03:04:05.678Z info  started controller=host why="it said so" tries=3\n');
});

test("json entries can be parsed", () => {
  const text = written("json", (log) => {
    log.error("failed", { error: "it broke", tries: 3 });
  });
  expect(JSON.parse(text)).toEqual({
    time: at.toISOString(),
    level: "error",
    message: "failed",
    error: "it broke",
    tries: 3,
  });
});

test("entries below the level are dropped", () => {
  expect(
    written(
      "text",
      (log) => {
        log.info("quiet");
      },
      "warn",
    ),
  ).toBe("");
});
