/** Values that are well-formed and that hardly anyone sends. */
import fc from "fast-check";

/** Names that objects here have, so that requests meet. */
export const name = fc.constantFrom("a", "b", "c", "web", "x-1");

const oddNames = [
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "null", "undefined", "NaN"],
  ...["", ".", "..", "/", "%", "%2e", "a/b", "a b", "A", "-", "a".repeat(300), "日本", "\u0000", "\u0007", "\ufffd"],
  ...[
    "\ud83d\ude00",
    "a\nb",
    "'",
    '"',
    "\\",
    "${a}",
    "{}",
    "[]",
    "*",
    "?",
    "#",
    ";",
    "=",
    "!",
    "a=b",
    "kube-",
    "0",
    "-1",
  ],
];
export const oddText = fc.oneof(
  fc.constantFrom(...oddNames),
  fc.string({ maxLength: 40 }),
  fc.string({ maxLength: 20, unit: "binary" }),
  fc.constantFrom("x".repeat(10_000), "2026-01-01T00:00:00Z", "1Gi", "10m", "1e400", "0x1", "true", "system:masters"),
);
/** What most fields take, and at times what none does. */
export const anyText = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("a", "b-c", "web", "v1", "example.com", "a.b/c", "1", "Always", "^[a-z]+$") },
  { weight: 1, arbitrary: oddText },
);
export const oddNumber = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -1, -0.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 63)),
);
const deep = mostly(fc.nat(20), fc.nat(400))
  .map(Number)
  .map((depth) => {
    let value: unknown = 1;
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
    return value;
  });
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(oddText, oddNumber, fc.constantFrom(null, true, false, [], {}, [null], [[]])) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(oddText, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 4 }) },
  { weight: 1, arbitrary: deep },
);

/** Mostly the first, at times something odd. */
export function mostly<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<unknown> = oddValue): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

/** At most `most` of the values that there may be. */
export function someOf(
  values: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  most: number,
): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  return fc
    .subarray(Object.entries(values), { maxLength: most })
    .chain((entries) => fc.record(Object.fromEntries(entries)));
}
