import { expect, test } from "vitest";
import { parseDuration, timeoutSignal } from "./duration.ts";

test.each(["0.5ms", "30d", "400d"])("%s is a time to wait, and not over at once", async (text) => {
  const signal = timeoutSignal(parseDuration("--timeout", text) + 1000);
  // Any timer of 1 ms fires before this one.
  await new Promise((resolve) => setTimeout(resolve, 2));
  expect(signal.aborted).toBe(false);
});
