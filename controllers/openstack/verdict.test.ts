import { expect, test } from "vitest";
import type { Meaning } from "../../openstack/errors.ts";
import { OpenStackError } from "../../openstack/errors.ts";
import { InvalidError, WaitingError } from "./actuator.ts";
import type { Reason } from "./status.ts";
import { verdictOf } from "./verdict.ts";

const refusal = (meaning: Meaning): OpenStackError =>
  new OpenStackError({
    action: "create network",
    meaning,
    status: 400,
    message: "no",
    requestId: "req-1",
    retryAfterMs: 7,
  });

test.each<{ meaning: Meaning; reason: Reason; says: string }>([
  { meaning: "BadRequest", reason: "InvalidConfiguration", says: "create network: no (400) [req-1]" },
  { meaning: "Forbidden", reason: "TransientError", says: "the role that this needs" },
  { meaning: "Unauthorized", reason: "TransientError", says: "clouds.yaml" },
  { meaning: "QuotaExceeded", reason: "TransientError", says: "quota" },
  { meaning: "AlreadyExists", reason: "TransientError", says: "another name" },
  { meaning: "NotFound", reason: "TransientError", says: "create network: no (400) [req-1]" },
  { meaning: "Conflict", reason: "TransientError", says: "create network: no (400) [req-1]" },
  { meaning: "Unavailable", reason: "TransientError", says: "create network: no (400) [req-1]" },
])("$meaning is a $reason that says what to do", ({ meaning, reason, says }) => {
  const verdict = verdictOf(refusal(meaning));
  expect(verdict).toMatchObject({ reason });
  expect(verdict).toHaveProperty("message", expect.stringContaining(says));
});

test("what a service asks for is kept: when to come again", () => {
  expect(verdictOf(refusal("Unavailable"))).toMatchObject({ retryAfterMs: 7 });
});

test("what an actuator waits for or finds wrong is said in its words", () => {
  expect(verdictOf(new WaitingError("Waiting for it", 5))).toEqual({
    reason: "Progressing",
    message: "Waiting for it",
    pollMs: 5,
  });
  expect(verdictOf(new InvalidError("Not so"))).toEqual({ reason: "InvalidConfiguration", message: "Not so" });
});

test("a fault of ours is no verdict", () => {
  expect(verdictOf(new TypeError("x is undefined"))).toBeUndefined();
  expect(verdictOf("text")).toBeUndefined();
});
