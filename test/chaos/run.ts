/**
 * `npm run chaos -- --seed N --minutes M`: chaos over three hosts, and whether desired was actual in the end. The same
 * seed does the same again.
 */
import { parseArgs } from "node:util";
import { printTable, seconds } from "../../bench/table.ts";
import { chaosOnPool } from "./pool.ts";

const { values: options } = parseArgs({
  options: { seed: { type: "string" }, minutes: { type: "string", default: "3" } },
});
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
const minutes = Number(options.minutes);
if (!Number.isInteger(seed) || !(minutes > 0))
  throw new Error(
    `Cannot run --seed "${options.seed ?? ""}" --minutes "${options.minutes}": an integer, and more than 0`,
  );

process.stdout.write(`chaos --seed ${seed} --minutes ${minutes}\n`);
const { counts, convergedMs, containers } = await chaosOnPool({
  seed,
  minutes,
  tell: (line) => process.stdout.write(`${line}\n`),
});
printTable(`chaos --seed ${seed} --minutes ${minutes}: desired is actual, 0 orphans, 0 doubles`, [
  ["what", "figure"],
  ...[...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => [what, String(count)]),
  ["Containers asked for at the end", String(containers)],
  ["until desired was actual, after the last operation", seconds(convergedMs)],
]);
