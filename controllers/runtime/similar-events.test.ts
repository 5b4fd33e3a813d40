import { expect, test } from "vitest";
import type { Similar } from "./similar-events.ts";
import { withMessage } from "./similar-events.ts";

const at = (seconds: number): Date => new Date(Date.parse("2026-01-01T00:00:00Z") + seconds * 1000);

/** Which of the messages, said one after the other, are combined with the others. */
function combined(said: readonly (readonly [seconds: number, message: string])[]): readonly string[] {
  const found: string[] = [];
  let similar: Similar | undefined;
  for (const [seconds, message] of said) {
    similar = withMessage(similar, message, at(seconds));
    if (similar.combined) found.push(message);
  }
  return found;
}

const messages = (count: number, every = 1) => Array.from({ length: count }, (_, i) => [i * every, `m${i}`] as const);

// The cases are those of TestEventCorrelator and NewEventAggregator's comment in client-go's tools/record.
test.each<{ why: string; said: readonly (readonly [number, string])[]; want: readonly string[] }>([
  { why: "nine different messages stay apart", said: messages(9), want: [] },
  { why: "the tenth and those after it are combined", said: messages(12), want: ["m9", "m10", "m11"] },
  { why: "the same message counts once", said: [...messages(9), ...messages(9), ...messages(9)], want: [] },
  { why: "ten minutes between two are not too long", said: messages(10, 600), want: ["m9"] },
  { why: "more than ten minutes between two begin anew", said: messages(10, 601), want: [] },
  {
    why: "a silence of more than ten minutes ends the combining",
    said: [...messages(10), [700, "later"], [701, "later still"]],
    want: ["m9"],
  },
])("$why", ({ said, want }) => {
  expect(combined(said)).toEqual(want);
});

test("no more messages are remembered however many there are", () => {
  let similar: Similar | undefined;
  for (const [seconds, message] of messages(100)) similar = withMessage(similar, message, at(seconds));
  expect(similar?.messages.size).toBe(9);
});
