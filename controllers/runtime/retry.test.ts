import { expect, test } from "vitest";
import { conflict, notFound } from "../../api/status.ts";
import { retryOnConflict } from "./retry.ts";

const type = { group: "", plural: "things" };

function failing(times: number, error: Error): { attempt: () => Promise<string>; count: () => number } {
  let calls = 0;
  const attempt = async (): Promise<string> => {
    if (++calls <= times) throw error;
    return "done";
  };
  return { attempt, count: () => calls };
}

test("tries again while another writer comes first", async () => {
  const { attempt, count } = failing(4, conflict(type, "a", "stale"));
  expect(await retryOnConflict(attempt)).toBe("done");
  expect(count()).toBe(5);
});

test("gives up on the fifth conflict, and throws it", async () => {
  await expect(retryOnConflict(failing(5, conflict(type, "a", "stale")).attempt)).rejects.toThrow("stale");
});

test("any other error is thrown at once", async () => {
  const { attempt, count } = failing(1, notFound(type, "a"));
  await expect(retryOnConflict(attempt)).rejects.toThrow("not found");
  expect(count()).toBe(1);
});
