/** Prints what a bench measured, one row a line, and the machine that it was measured on. */
import { cpus, totalmem } from "node:os";
import { getBorderCharacters, table } from "table";

export function printTable(title: string, rows: readonly (readonly string[])[]): void {
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  process.stdout.write(`\n${title} (${machine})\n\n`);
  process.stdout.write(
    table(
      rows.map((row) => [...row]),
      {
        border: getBorderCharacters("void"),
        columnDefault: { paddingLeft: 0, paddingRight: 3 },
        drawHorizontalLine: () => false,
      },
    ),
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The smallest of the values that so many percent of them do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
