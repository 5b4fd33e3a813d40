/** Makes the answers of two servers comparable: what must differ (identities, revisions, times) becomes symbols. */
import type { Answer } from "./run.ts";

type Json = Readonly<Record<string, unknown>>;

/** What clients read; anything else in the headers is the server's own business. */
const comparedHeaders: readonly string[] = ["content-type", "warning", "retry-after", "allow", "location"];

/**
 * The answers of one server to one sequence. Equal symbols stand for equal values: the first uid that is met is `uid 1`
 * wherever it stands, and so on. `place` is given back its names.
 */
export function normalize(answers: readonly Answer[], place: Readonly<Record<string, string>>): readonly Json[] {
  const symbols = new Symbols(place);
  return answers.map(({ to, status, headers, body, events }) => ({
    to,
    ...(status === undefined ? {} : { status }),
    ...(headers === undefined ? {} : { headers: headersOf(headers, symbols) }),
    ...(body === undefined ? {} : { body: symbols.value(body) }),
    ...(events === undefined ? {} : { events: bookmarksAsOne(inOrder(events)).map((event) => symbols.value(event)) }),
  }));
}

/** What there is when a watch begins is told in no order (a Go map's); nothing else tells of several new objects in a row. */
function inOrder(events: readonly unknown[]): readonly unknown[] {
  const isAdded = (event: unknown): boolean => (event as Json)["type"] === "ADDED";
  const end = events.findIndex((event) => !isAdded(event));
  const added = end < 0 ? events : events.slice(0, end);
  const nameOf = (event: unknown): string => {
    const { metadata } = ((event as Json)["object"] ?? {}) as { metadata?: { name?: string } };
    return metadata?.name ?? "";
  };
  return [...added.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)), ...events.slice(added.length)];
}

/** How many bookmarks come in a row is up to a clock, and the revision that they tell to what others write meanwhile. */
function bookmarksAsOne(events: readonly unknown[]): readonly unknown[] {
  const isBookmark = (event: unknown): boolean => (event as Json | undefined)?.["type"] === "BOOKMARK";
  return events
    .filter((event, i) => !isBookmark(event) || !isBookmark(events[i + 1]))
    .map((event) => {
      if (!isBookmark(event)) return event;
      const { object } = event as { object: Json };
      const metadata = { ...(object["metadata"] as Json), resourceVersion: "<of the bookmark>" };
      return { ...(event as Json), object: { ...object, metadata } };
    });
}

function headersOf(headers: NonNullable<Answer["headers"]>, symbols: Symbols): Json {
  const compared = comparedHeaders.flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [[name, symbols.value(value)] as const];
  });
  return { ...Object.fromEntries(compared), ...(headers.etag === undefined ? {} : { etag: "present" }) };
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** What the uids begin with that sequences make up. */
const givenUid = "7f3b1c9e-0000-4000-8000-";
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
/** Ages in tables, and how long ago: no sequence lasts an hour. */
const age = /^(\d+m)?\d{1,3}s$/;
const dayMs = 24 * 60 * 60 * 1000;

class Symbols {
  readonly #place: readonly (readonly [string, string])[];
  readonly #uids = new Map<string, string>();
  readonly #revisions = new Map<string, string>();
  readonly #generated = new Map<string, string>();

  constructor(place: Readonly<Record<string, string>>) {
    this.#place = Object.entries(place).map(([name, value]) => [value, `$${name}`]);
  }

  value(value: unknown, key = ""): unknown {
    if (typeof value === "string") return this.#text(value, key);
    if (Array.isArray(value)) return value.map((item) => this.value(item, key));
    if (typeof value !== "object" || value === null) return value;
    return this.#object(value as Json);
  }

  #object(object: Json): Json {
    const { generateName, name } = object;
    if (typeof generateName === "string" && typeof name === "string" && name.startsWith(generateName))
      this.#generated.set(name, `${generateName}<random>`);
    const isList = "items" in object || "rows" in object || "continue" in object || object["kind"] === "Status";
    const named = Object.entries(object).map(([key, value]) => {
      const inner = isList && key === "metadata" ? listMetadata(value) : value;
      return [this.#plain(key), this.value(inner, key)] as const;
    });
    return sortedStatus(managersByName(Object.fromEntries(named)));
  }

  #text(text: string, key: string): string {
    if (key === "resourceVersion" && /^\d+$/.test(text) && text !== "0")
      return symbol(this.#revisions, text, "revision");
    if (time.test(text) && Math.abs(Date.parse(text) - Date.now()) < dayMs)
      return text.includes(".") ? "<now, with a fraction>" : "<now>";
    if (age.test(text)) return "<age>";
    return this.#plain(text);
  }

  #plain(text: string): string {
    let plain = text.replaceAll(uuid, (found) =>
      found.startsWith(givenUid) ? found : symbol(this.#uids, found, "uid"),
    );
    for (const [from, to] of [...this.#generated, ...this.#place]) plain = plain.replaceAll(from, to);
    return plain
      .replaceAll(/(resource ?version: )\d+( \(\d+\))?/gi, "$1<revision>")
      .replaceAll(/(ResourceVersion in (?:record|the precondition) \()\d{2,}/g, "$1<revision>")
      .replaceAll(/\(0x[0-9a-f]{6,}\)/g, "(<pointer>)")
      .replaceAll(/\b(127\.0\.0\.1|192\.0\.2\.\d+|10\.\d+\.\d+\.\d+):\d{4,5}\b/g, "<address>");
  }
}

function symbol(known: Map<string, string>, value: string, what: string): string {
  const found = known.get(value) ?? `<${what} ${known.size + 1}>`;
  known.set(value, found);
  return found;
}

/** Others write at the same time: how far the store has come says nothing. */
function listMetadata(metadata: unknown): unknown {
  if (typeof metadata !== "object" || metadata === null) return metadata;
  const { resourceVersion, continue: next, ...rest } = metadata as Json;
  return {
    ...rest,
    ...(resourceVersion === undefined ? {} : { resourceVersion: "<of the list>" }),
    ...(next === undefined ? {} : { continue: next === "" ? "" : "<token>" }),
  };
}

/**
 * By who wrote where, as in `one Apply` and `two Update status`: their order is that of their times, which have whole
 * seconds only, and where one has an entry more than the other all that follow would differ.
 */
function managersByName(object: Json): Json {
  const { managedFields } = object;
  if (!Array.isArray(managedFields)) return object;
  const byName: Record<string, Json> = {};
  for (const entry of managedFields as readonly Json[]) {
    const { manager, operation, apiVersion, subresource } = entry as Readonly<Record<string, string | undefined>>;
    const name = [manager, operation, subresource].filter((part) => part !== undefined).join(" ");
    byName[name in byName ? `${name} in ${apiVersion ?? "none"}` : name] = entry;
  }
  return { ...object, managedFields: byName };
}

/**
 * Findings are a set, in the causes and in the message: kube-apiserver walks through Go's maps, whose order is random, and
 * some kinds validate twice.
 */
function sortedStatus(object: Json): Json {
  const { kind, message, details } = object;
  if (kind !== "Status" || typeof message !== "string") return object;
  const { causes = [] } = (details ?? {}) as { causes?: readonly Json[] };
  if (causes.length === 0) return object;
  const findings = new Set(causes.map(({ field, message: why }: Json) => `${String(field)}: ${String(why)}`));
  const [, start = "", told = ""] = /^(.*?is invalid: )(.*)$/s.exec(message) ?? [];
  const list = findings.size > 1 ? told.replace(/^\[(.*)\]$/s, "$1") : told;
  const isTheirs = list.length === [...findings].join(", ").length && [...findings].every((one) => list.includes(one));
  return {
    ...object,
    ...(isTheirs ? { message: `${start}[the causes]` } : {}),
    details: { ...(details as Json), causes: sortedSet(causes) },
  };
}

function sortedSet(causes: readonly Json[]): readonly Json[] {
  const byText = new Map(causes.map((cause) => [textOf(cause), cause]));
  return [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, cause]) => cause);
}

const textOf = (cause: Json): string => JSON.stringify([cause["field"], cause["message"], cause["reason"]]);
