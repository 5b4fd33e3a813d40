import { expect, test } from "vitest";
import type { Tokens } from "./token-bucket.ts";
import { takeToken } from "./token-bucket.ts";

const limit = { burst: 3, refillMs: 1000 };
const at = (ms: number): Date => new Date(ms);

/** How many of `times` attempts at one moment succeed, and the bucket after them. */
function drain(bucket: Tokens | undefined, times: number, now: Date): { taken: number; bucket: Tokens | undefined } {
  let taken = 0;
  for (let i = 0; i < times; i++) {
    const after = takeToken(bucket, limit, now);
    if (after === undefined) break;
    bucket = after;
    taken++;
  }
  return { taken, bucket };
}

test("a new bucket is full, and tokens come back one by one, never more than it holds", () => {
  const first = drain(undefined, 10, at(0));
  expect(first.taken).toBe(3);
  expect(drain(first.bucket, 10, at(999)).taken).toBe(0);
  expect(drain(first.bucket, 10, at(1000)).taken).toBe(1);
  expect(drain(first.bucket, 10, at(2500)).taken).toBe(2);
  expect(drain(first.bucket, 10, at(1_000_000)).taken).toBe(3);
});

test("parts of a token are kept", () => {
  const { bucket } = drain(undefined, 3, at(0));
  const later = drain(bucket, 1, at(1500)).bucket;
  expect(drain(later, 1, at(2000)).taken).toBe(1);
});

test("a clock that goes back takes nothing away", () => {
  const { bucket } = drain(undefined, 1, at(5000));
  expect(drain(bucket, 10, at(0)).taken).toBe(2);
});
