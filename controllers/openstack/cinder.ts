/** What the kinds of Cinder have in common. */
import type { NameValue } from "../../crds/openstack/cinder.ts";
import { ownKeyPrefix } from "../../crds/openstack/cinder.ts";
import type { MetadataHome } from "../../openstack/cinder/metadata.ts";
import { addMetadata, removeMetadata } from "../../openstack/cinder/metadata.ts";
import type { Change, Context, Moment, State } from "./actuator.ts";
import { ready, WaitingError } from "./actuator.ts";

type Pairs = Readonly<Record<string, string>>;

/**
 * Our mark, set with the creation. With a colon: metadata takes a slash as of Zed, extra specs never do (cinder/api/
 * validation/parameter_types.py), and what has one cannot be named in a URL. No scheduler looks at extra specs of a scope
 * that it does not know (cinder/scheduler/filters/capabilities_filter.py).
 */
export const uidKey = `${ownKeyPrefix}uid`;

/** The names that the spec has given, so that those it drops can be told from those that others set. */
const namesKey = `${ownKeyPrefix}names`;

/** Of a value, in Cinder. */
const longestValue = 255;

/** What it is to have: what is asked for and what is ours. */
export function withMarks(asked: readonly NameValue[] = [], uid: string): Pairs {
  const names = listed(asked.map(({ name }) => name));
  return {
    ...Object.fromEntries(asked.map(({ name, value }) => [name, value])),
    ...(names !== "" && { [namesKey]: names }),
    [uidKey]: uid,
  };
}

/** As many as there is room for; the others stay when the spec drops them. No name has a comma. */
function listed(names: readonly string[]): string {
  let all = "";
  for (const name of [...names].sort()) {
    const next = all === "" ? name : `${all},${name}`;
    if (next.length <= longestValue) all = next;
  }
  return all;
}

export interface MetadataDifference {
  readonly set: Pairs;
  readonly remove: readonly string[];
}

/** What keeps `now` from being as asked; undefined where nothing does. What others have set stays. */
export function metadataDifference(
  asked: readonly NameValue[] | undefined,
  now: Pairs = {},
  uid: string,
): MetadataDifference | undefined {
  const wanted = withMarks(asked, uid);
  const set = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => now[name] !== value));
  const given = [...(now[namesKey]?.split(",") ?? []), namesKey];
  const remove = given.filter((name) => name in now && !(name in wanted));
  return Object.keys(set).length === 0 && remove.length === 0 ? undefined : { set, remove };
}

/** What {@link metadataDifference} leaves, all in one. */
export function metadataAfter(now: Pairs = {}, { set, remove }: MetadataDifference): Pairs {
  return { ...Object.fromEntries(Object.entries(now).filter(([name]) => !remove.includes(name))), ...set };
}

/** For people; our own are not worth a word. */
export function describedMetadata(noun: string, { set, remove }: MetadataDifference): string {
  const isTheirs = (name: string): boolean => !name.startsWith(ownKeyPrefix);
  const changes = [
    ...Object.entries(set)
      .filter(([name]) => isTheirs(name))
      .map(([name, value]) => `set ${noun} ${name} to ${JSON.stringify(value)}`),
    ...remove.filter(isTheirs).map((name) => `remove ${noun} ${name}`),
  ];
  return changes.length === 0 ? `mark the ${noun} as ours` : changes.join(", ");
}

export interface MetadataChangeOptions<T> {
  readonly home: MetadataHome;
  /** For people: `metadata`. */
  readonly noun: string;
  readonly id: string;
  readonly asked: readonly NameValue[] | undefined;
  readonly now: Pairs | undefined;
  readonly uid: string;
  /** What it is like afterwards. */
  readonly again: (context: Context) => Promise<T>;
}

/** Metadata or extra specs: what is asked for is set, what the spec has dropped is removed, and no other is touched. */
export function metadataChange<T>(options: MetadataChangeOptions<T>): readonly Change<T>[] {
  const { home, noun, id, asked, now, uid, again } = options;
  const difference = metadataDifference(asked, now, uid);
  if (difference === undefined) return [];
  return [
    {
      what: describedMetadata(noun, difference),
      async perform(context) {
        const { cloud, signal } = context;
        if (Object.keys(difference.set).length > 0) await addMetadata(cloud, home, id, difference.set, signal);
        for (const name of difference.remove) await removeMetadata(cloud, home, id, name, signal);
        return again(context);
      },
    },
  ];
}

/** As a status has it: without our own, in the order of names. */
export const observedPairs = (pairs: Pairs = {}): readonly NameValue[] =>
  Object.entries(pairs)
    .filter(([name]) => !name.startsWith(ownKeyPrefix))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => ({ name, value }));

/** Cinder's filter by metadata, which it reads as Python; JSON of strings is that, too. */
export const markFilter = (uid: string): string => JSON.stringify({ [uidKey]: uid });

interface Marked {
  readonly status?: string | undefined;
  readonly metadata?: Pairs | undefined;
}

/**
 * Those that we have made. What is on its way out counts only where nothing has taken its place: whoever deletes waits
 * for its end, and whoever makes does after that.
 */
export function markedAsOurs<T extends Marked>(found: readonly T[], uid: string): readonly T[] {
  const ours = found.filter(({ metadata }) => metadata?.[uidKey] === uid);
  const staying = ours.filter(({ status }) => status !== "deleting");
  return staying.length > 0 ? staying : ours.slice(0, 1);
}

/** After a change. Throws WaitingError where it was deleted meanwhile. */
export async function stillThere<T>(remote: Promise<T | undefined>): Promise<T> {
  const known = await remote;
  if (known === undefined) throw new WaitingError("It was deleted in the cloud just now", 1000);
  return known;
}

interface Stated {
  readonly status?: string | undefined;
  readonly createdAt?: string | undefined;
}

/** How long Cinder may be at something before that is worth a word, in ms. */
const longMs = 600_000;

const words: Readonly<Record<string, string>> = {
  creating: "is being created",
  downloading: "is being filled from its image",
  extending: "is being extended",
  deleting: "is being deleted",
  retyping: "is being moved to another type",
  managing: "is being taken over",
  "restoring-backup": "is being restored from a backup",
};

/** What states of Cinder mean for all that it makes; undefined for those that only its kind knows. */
export function stateOf({ status = "creating", createdAt }: Stated, kind: string, now: Date): State | undefined {
  if (status === "available") return ready;
  const word = words[status];
  if (word === undefined) return undefined;
  const isLate = status === "creating" && createdAt !== undefined && now.getTime() - Date.parse(createdAt) > longMs;
  if (!isLate) return { kind: "waiting", message: `The ${kind} ${word}` };
  return {
    kind: "waiting",
    message: `The ${kind} ${word} since ${createdAt}, which is long: whoever runs the cloud should see whether cinder-scheduler and cinder-volume run; until then it can be neither used nor deleted`,
    pollMs: 15_000,
  };
}

/** How long what Cinder could not make is left as it is before another attempt, in ms. */
const retryMs = 60_000;

export interface Remaking<T> {
  readonly kind: string;
  readonly remote: T & Stated;
  readonly remove: (context: Context) => Promise<unknown>;
}

/**
 * Cinder never tries again what it could not make. What was never usable has no data to lose: it is deleted, and made
 * again a minute after it was begun.
 */
export function remakeChange<T>(
  { now, wasReady }: Moment,
  { kind, remote, remove }: Remaking<T>,
): readonly Change<T>[] {
  if (remote.status !== "error" || wasReady) return [];
  if (remote.createdAt === undefined || now.getTime() - Date.parse(remote.createdAt) < retryMs) return [];
  return [
    {
      what: `delete the ${kind} that Cinder could not make`,
      async perform(context) {
        await remove(context);
        throw new WaitingError(`Cinder could not make the ${kind} (status error): it is deleted and made again`);
      },
    },
  ];
}

/** What to say of status `error`. `command` is the one of the openstack client for the kind: `volume snapshot`. */
export const failedMessage = (kind: string, command: string): string =>
  `Cinder reports status error; "openstack volume message list" may say why. As long as it was never usable, the ${kind} is made again every minute. One that was is left as it is for its data's sake: put it right with "openstack ${command} set --state available", or delete this object`;
