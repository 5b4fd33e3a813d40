import { expect, test } from "vitest";
import { createLog } from "./log.ts";

const at = new Date("2026-01-02T03:04:05.678Z");

function written(format: "text" | "json", log: (log: ReturnType<typeof createLog>) => void): string {
  let text = "";
  log(
    createLog(
      format,
      "info",
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

test("json entries can be parsed, and errors are their messages without a stack", () => {
  const text = written("json", (log) => {
    log.error("failed", { error: new Error("outer", { cause: new Error("inner") }) });
  });
  expect(JSON.parse(text)).toEqual({
    time: at.toISOString(),
    level: "error",
    message: "failed",
    error: "outer: inner",
  });
});

test("entries below the level are dropped", () => {
  expect(
    written("text", (log) => {
      log.debug("quiet");
    }),
  ).toBe("");
});
