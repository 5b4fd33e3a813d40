/** What `get` does once it knows of what. */
import { setTimeout as delay } from "node:timers/promises";
import type { HttpClient, Table, TableRow } from "../api/client/http.ts";
import { ApiError, isExpired, isNotFound } from "../api/status.ts";
import type { KubeObject } from "../crds/meta.ts";
import { CommandError, UsageError } from "./errors.ts";
import { isRestarting, warnOnce } from "./follow.ts";
import type { OutputFormat } from "./output.ts";
import { renderObjects } from "./output.ts";
import type { Selection } from "./resources.ts";
import { kindName } from "./resources.ts";
import type { Row, TableView } from "./tables.ts";
import { headerOf, renderRows, rowOf, widthsOf } from "./tables.ts";
import type { Terminal } from "./terminal.ts";

export interface GetOptions {
  /** All of them when undefined. */
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
  readonly ignoreNotFound: boolean;
  readonly labels: boolean;
  readonly headers: boolean;
  readonly terminal: Terminal;
}

/** The same, of one selection: no namespace where the kind has none. */
const placeOf = ({ type }: Selection, { namespace }: GetOptions): { namespace: string | undefined } => ({
  namespace: type.namespaced ? namespace : undefined,
});

/** What `ask` gives; when there is no such object, undefined, and the error is added to `errors`. */
async function found<T>(ask: () => Promise<T>, options: GetOptions, errors: string[]): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ApiError) || !isNotFound(error)) throw error;
    if (!options.ignoreNotFound) errors.push(error.message);
    return undefined;
  }
}

/** Prints objects. Throws CommandError when one that was named does not exist; the others are printed first. */
export async function getObjects(
  client: HttpClient,
  selections: readonly Selection[],
  format: Exclude<OutputFormat, { as: "table" }>,
  options: GetOptions,
): Promise<void> {
  const errors: string[] = [];
  const objects: KubeObject[] = [];
  for (const selection of selections) {
    const { type, names } = selection;
    const place = placeOf(selection, options);
    if (names === undefined) {
      const { labelSelector, fieldSelector } = options;
      objects.push(...(await client.list(type, { ...place, labelSelector, fieldSelector })).items);
    }
    for (const name of names ?? []) {
      const object = await found(() => client.get(type, { ...place, name }), options, errors);
      if (object !== undefined) objects.push(object);
    }
  }
  const single = selections.length === 1 && selections[0]?.names?.length === 1;
  if (objects.length > 0 || !single) options.terminal.stdout.write(await renderObjects(objects, format, !single));
  if (errors.length > 0) throw new CommandError(...errors);
}

export interface TableOptions extends GetOptions {
  readonly wide: boolean;
}

/** Prints one table for each kind. Throws as {@link getObjects} does. */
export async function getTables(
  client: HttpClient,
  selections: readonly Selection[],
  options: TableOptions,
): Promise<void> {
  const errors: string[] = [];
  let shown = 0;
  for (const [kind, group] of byKind(selections)) {
    const tables: Table[] = [];
    for (const selection of group) tables.push(...(await tablesOf(client, selection, options, errors)));
    const rows = tables.flatMap((table) => table.rows);
    const columns = tables[0]?.columnDefinitions ?? [];
    if (rows.length === 0) continue;
    const view = viewOf(selections, kind, group, options);
    const lines = await renderRows([
      ...(options.headers ? [headerOf(columns, view)] : []),
      ...rows.map((row) => rowOf(columns, row, view)),
    ]);
    options.terminal.stdout.write(`${shown++ > 0 ? "\n" : ""}${lines.join("\n")}\n`);
  }
  if (errors.length > 0) throw new CommandError(...errors);
  if (shown === 0 && !options.ignoreNotFound) options.terminal.stderr.write(`${nothingFound(selections, options)}\n`);
}

function nothingFound(selections: readonly Selection[], { namespace }: GetOptions): string {
  const namespaced = selections.some(({ type }) => type.namespaced);
  return namespaced && namespace !== undefined ? `No resources found in ${namespace} namespace.` : "No resources found";
}

/** `TYPE/NAME` arguments of one kind belong into one table. */
function byKind(selections: readonly Selection[]): ReadonlyMap<string, readonly Selection[]> {
  return Map.groupBy(selections, ({ type }) => kindName(type));
}

function viewOf(
  all: readonly Selection[],
  kind: string,
  group: readonly Selection[],
  options: TableOptions,
): TableView {
  return {
    wide: options.wide,
    namespaces: options.namespace === undefined && group[0]?.type.namespaced === true,
    labels: options.labels,
    prefix: byKind(all).size > 1 ? `${kind}/` : "",
  };
}

async function tablesOf(
  client: HttpClient,
  selection: Selection,
  options: TableOptions,
  errors: string[],
): Promise<readonly Table[]> {
  const { type, names } = selection;
  const place = placeOf(selection, options);
  if (names === undefined) {
    const { labelSelector, fieldSelector } = options;
    return [await client.table(type, { ...place, labelSelector, fieldSelector })];
  }
  const tables: Table[] = [];
  for (const name of names) {
    const table = await found(() => client.table(type, { ...place, name }), options, errors);
    if (table !== undefined) tables.push(table);
  }
  return tables;
}

export interface WatchTableOptions extends TableOptions {
  /** Leave out what is there already. */
  readonly only: boolean;
}

const pauseMs = 1000;

/** Prints a table, and a row for each change from then on; does not return. Throws UsageError for several kinds. */
export async function watchTable(
  client: HttpClient,
  selections: readonly Selection[],
  options: WatchTableOptions,
): Promise<void> {
  const [selection, ...others] = selections;
  if (selection === undefined || others.length > 0 || (selection.names?.length ?? 0) > 1)
    throw new UsageError("you may only watch one kind, or one object of it, at a time");
  const { type, names } = selection;
  const view = viewOf(selections, kindName(type), selections, options);
  const byName = names === undefined ? [] : [`metadata.name=${names[0] ?? ""}`];
  const asked = {
    ...placeOf(selection, options),
    labelSelector: options.labelSelector,
    fieldSelector: [...byName, ...(options.fieldSelector === undefined ? [] : [options.fieldSelector])].join(",") || undefined, // prettier-ignore
  };
  const printer = new RowPrinter(options, view);
  const never = new AbortController().signal;
  const lost = warnOnce(options.terminal);
  for (let first = true; ; first = false) {
    // One object that does not exist is an error, as for `get` without a watch.
    if (first && names !== undefined) await client.get(type, { namespace: asked.namespace, name: names[0] ?? "" });
    const table = await client.table(type, asked);
    await printer.begin(table, first && !options.only);
    let { resourceVersion } = table.metadata;
    try {
      for (;;) {
        try {
          for await (const event of client.watchTable(type, { ...asked, resourceVersion, signal: never })) {
            if (event.type === "BOOKMARK") resourceVersion = event.resourceVersion;
            else {
              for (const { object } of event.object.rows) ({ resourceVersion } = object.metadata);
              await printer.print(event.object.rows);
            }
          }
        } catch (error) {
          if (!isRestarting(error)) throw error;
          lost(error);
        }
        await delay(pauseMs);
      }
    } catch (error) {
      if (!isExpired(error)) throw error;
    }
  }
}

/** Rows that line up with those printed before. */
class RowPrinter {
  readonly #options: WatchTableOptions;
  readonly #view: TableView;
  #columns: Table["columnDefinitions"] = [];
  #widths: readonly number[] = [];
  #headed = false;

  constructor(options: WatchTableOptions, view: TableView) {
    this.#options = options;
    this.#view = view;
  }

  async begin(table: Table, show: boolean): Promise<void> {
    this.#columns = table.columnDefinitions;
    const rows = table.rows.map((row) => rowOf(this.#columns, row, this.#view));
    this.#widths = widthsOf([headerOf(this.#columns, this.#view), ...rows]);
    if (show && rows.length > 0) await this.#write(rows);
  }

  async print(rows: readonly TableRow[]): Promise<void> {
    await this.#write(rows.map((row) => rowOf(this.#columns, row, this.#view)));
  }

  async #write(rows: readonly Row[]): Promise<void> {
    const headers = this.#options.headers && !this.#headed ? [headerOf(this.#columns, this.#view)] : [];
    this.#headed = true;
    const lines = await renderRows([...headers, ...rows], this.#widths);
    this.#options.terminal.stdout.write(`${lines.join("\n")}\n`);
  }
}
