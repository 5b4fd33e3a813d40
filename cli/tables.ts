/** Columns as kubectl prints them: no borders, three spaces between. */
import type { Table, TableRow } from "../api/client/http.ts";

export type Row = readonly string[];

/** One line: what comes after a line break is cut off, as k8s.io/cli-runtime/pkg/printers/tableprinter.go does. */
function oneLine(cell: string): string {
  const line = cell.split(/[\n\r\f]/, 1)[0] ?? "";
  // The table package refuses control characters, and a terminal might obey them.
  const clean = line.replace(/\p{Cc}/gu, " ");
  return line.length < cell.length ? `${clean}...` : clean;
}

/** Lines without line breaks. `widths` are the least that columns have, so that rows printed later line up. */
export async function renderRows(rows: readonly Row[], widths: readonly number[] = []): Promise<readonly string[]> {
  if (rows.length === 0) return [];
  const { getBorderCharacters, table } = await import("table");
  const cells = rows.map((row) => row.map(oneLine));
  const text = table(cells, {
    border: getBorderCharacters("void"),
    columnDefault: { paddingLeft: 0, paddingRight: 3 },
    columns: widths.map((width, i) => ({ width: Math.max(width, ...cells.map((row) => row[i]?.length ?? 0)) })),
    drawHorizontalLine: () => false,
  });
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}

/** How wide the columns of these rows are: for {@link renderRows} of rows that come later. */
export function widthsOf(rows: readonly Row[]): readonly number[] {
  return (rows[0] ?? []).map((_, i) => Math.max(1, ...rows.map((row) => oneLine(row[i] ?? "").length)));
}

export interface TableView {
  readonly wide: boolean;
  /** A first column with the namespace. */
  readonly namespaces: boolean;
  /** A last column with the labels. */
  readonly labels: boolean;
  /** Put before each name: `container.stowage.dev/`, where several kinds are shown. */
  readonly prefix: string;
}

type Columns = Table["columnDefinitions"];

export function headerOf(columns: Columns, view: TableView): Row {
  const shown = columns.filter(({ priority }) => view.wide || priority === 0).map(({ name }) => name.toUpperCase());
  return [...(view.namespaces ? ["NAMESPACE"] : []), ...shown, ...(view.labels ? ["LABELS"] : [])];
}

export function rowOf(columns: Columns, { cells, object }: TableRow, view: TableView): Row {
  const shown = columns.flatMap(({ name, priority }, i) => {
    if (!view.wide && priority > 0) return [];
    const cell = cells[i];
    const text = cell === undefined || cell === null ? "<none>" : String(cell);
    return [name.toLowerCase() === "name" ? view.prefix + text : text];
  });
  const { namespace = "", labels = {} } = object.metadata;
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [
    ...(view.namespaces ? [namespace] : []),
    ...shown,
    ...(view.labels ? [pairs.length === 0 ? "<none>" : pairs.sort().join(",")] : []),
  ];
}
