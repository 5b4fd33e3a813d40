/**
 * The embedded store: one SQLite file, one process. SQLite is called synchronously, so whatever happens between two
 * awaits is atomic for everybody else in the process.
 *
 * All writes that come while the disk is flushed share the next transaction, and with it the next flush. A flush takes
 * 0.3 ms on an idle disk and many times that on a busy one, so it is not SQLite that does it, in the middle of the
 * event loop (synchronous=FULL), but a thread beside it: at synchronous=NORMAL a commit only appends to the write-ahead
 * log, and what makes it last is to flush that file (https://sqlite.org/wal.html#performance_considerations).
 * Until then nobody is answered, nothing is watched and nothing is read.
 */
import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import { systemClock } from "../../process/clock.ts";
import type { Clock } from "../../process/clock.ts";
import {
  AlreadyExistsError,
  CompactedError,
  ConflictError,
  FutureRevisionError,
  NotFoundError,
  StorageError,
  TooLargeError,
  UnavailableError,
} from "./errors.ts";
import { listStart, prefixEnd } from "./key-range.ts";
import type { ListOptions, Page, Revision, Store, Stored, StoreEvent, WriteOptions } from "./store.ts";
import { revisionOf, WatchHub } from "./watch-hub.ts";
import type { Change } from "./watch-hub.ts";

export interface SqliteOptions {
  /** The database file, made when it is not there; or ":memory:". */
  readonly path: string;
  readonly clock?: Clock;
}

/** Kept in PRAGMA user_version. */
const schemaVersion = 1;

/**
 * `history` has every write since the last compaction and the newest one of each key, `objects` the keys that exist.
 * `compacted.asked` is the oldest revision that can be read, `compacted.done` how far forgotten rows are gone.
 * TEXT compares bytewise (BINARY collation over UTF-8).
 */
const schema = `
  CREATE TABLE history (
    revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, previous INTEGER,
    deleted INTEGER NOT NULL GENERATED ALWAYS AS (value IS NULL) VIRTUAL
  ) STRICT;
  CREATE INDEX history_by_key ON history (key, revision, deleted);
  CREATE TABLE objects (key TEXT PRIMARY KEY, revision INTEGER NOT NULL, expires INTEGER) STRICT, WITHOUT ROWID;
  CREATE INDEX objects_by_expiry ON objects (expires) WHERE expires IS NOT NULL;
  CREATE TABLE compacted (asked INTEGER NOT NULL, done INTEGER NOT NULL) STRICT;
  INSERT INTO compacted VALUES (0, 0);
  PRAGMA user_version = ${schemaVersion};
`;

/** As etcd (--max-request-bytes), so that what the embedded store takes, the other one takes too. */
const largestValue = 1.5 * 1024 * 1024;
/** etcd counts from 1 as well; 0 has a meaning of its own in Kubernetes' API ("any version"). */
const firstRevision = 1;
/** A page of history for one watcher. */
const replayRows = 256;
const replayBytes = 2 * 1024 * 1024;
const expiryRows = 256;
/** After how long a deletion that the disk did not take is tried again. */
const expiryRetryMs = 1000;
/** Node fires longer timers at once; one that comes too early finds nothing expired and is set again. */
const longestTimerMs = 2 ** 31 - 1;
/** Revisions per transaction while forgetting, so that other work gets its turn. */
const pruneRevisions = 2048;

const busy = 5; // SQLITE_BUSY, https://sqlite.org/rescode.html

interface Row {
  readonly revision: Revision;
  readonly key: string;
  readonly value: Uint8Array;
}

interface ChangeRow {
  readonly revision: Revision;
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly previousRevision: Revision | null;
  readonly previousValue: Uint8Array | null;
}

/** A write waiting for the next transaction. */
interface PendingWrite {
  readonly key: string;
  /** Writes, adding what changed to `changes`; a StorageError is an answer, and means that nothing was written. */
  readonly apply: (changes: Change[]) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const storedOf = ({ key, value, revision }: Row): Stored => ({ key, value, revision });

function changeOf({ key, revision, value, previousRevision, previousValue }: ChangeRow): Change {
  const previous =
    previousRevision === null || previousValue === null
      ? undefined
      : { key, value: previousValue, revision: previousRevision };
  if (value !== null) return { type: "put", object: { key, value, revision }, previous };
  if (previous === undefined) throw new Error(`The store's history is damaged: revision ${revision} deletes nothing`);
  return { type: "delete", key, previous, revision };
}

/** Upper bound for a prefix that has none: in SQLite every BLOB sorts after every TEXT. */
const afterAllText = new Uint8Array(0);
const endOf = (prefix: string): string | Uint8Array => prefixEnd(prefix) ?? afterAllText;

function prepareAll(db: DatabaseSync) {
  const prepare = (sql: string): StatementSync => db.prepare(sql);
  const inRange = "key >= ? AND key < ?";
  // With max(), the other columns are those of its row: https://sqlite.org/lang_select.html#bareagg. The index has all.
  const latest = `SELECT key, max(revision) AS revision, deleted FROM history WHERE ${inRange} AND revision <= ? GROUP BY key`;
  return {
    begin: prepare("BEGIN"),
    commit: prepare("COMMIT"),
    rollback: prepare("ROLLBACK"),
    get: prepare("SELECT key, revision, value FROM objects JOIN history USING (key, revision) WHERE key = ?"),
    list: prepare(
      `SELECT key, revision, value FROM objects JOIN history USING (key, revision) WHERE ${inRange} ORDER BY key LIMIT ?`,
    ),
    count: prepare(`SELECT count(*) AS count FROM objects WHERE ${inRange}`),
    listAt: prepare(
      `SELECT key, revision, value FROM (SELECT key, revision FROM (${latest}) WHERE NOT deleted ORDER BY key LIMIT ?)
       JOIN history USING (key, revision) ORDER BY key`,
    ),
    countAt: prepare(`SELECT count(*) AS count FROM (${latest}) WHERE NOT deleted`),
    // `+key`: by revision, not by the index on keys.
    replay: prepare(
      `SELECT h.revision, h.key, h.value, p.revision AS previousRevision, p.value AS previousValue
       FROM history h LEFT JOIN history p ON p.revision = h.previous
       WHERE h.revision > ? AND h.revision <= ? AND +h.key >= ? AND +h.key < ? ORDER BY h.revision LIMIT ?`,
    ),
    record: prepare("INSERT INTO history (revision, key, value, previous) VALUES (?, ?, ?, ?)"),
    point: prepare(
      `INSERT INTO objects (key, revision, expires) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, expires = excluded.expires`,
    ),
    unpoint: prepare("DELETE FROM objects WHERE key = ?"),
    nextExpiry: prepare("SELECT min(expires) AS expires FROM objects WHERE expires IS NOT NULL"),
    expired: prepare(
      `SELECT key, revision, value FROM objects JOIN history USING (key, revision) WHERE expires <= ? ORDER BY expires LIMIT ?`,
    ),
    compacted: prepare("SELECT asked, done, (SELECT max(revision) FROM history) AS newest FROM compacted"),
    compact: prepare("UPDATE compacted SET asked = ?"),
    pruneReplaced: prepare(
      `DELETE FROM history WHERE revision IN (SELECT previous FROM history WHERE revision > ? AND revision <= ?)`,
    ),
    pruneDeletions: prepare("DELETE FROM history WHERE revision > ? AND revision <= ? AND value IS NULL"),
    pruned: prepare("UPDATE compacted SET done = ?"),
  };
}

/** Opens the file for this process alone and brings its schema up. */
function openDatabase(path: string): DatabaseSync {
  // SQLite would make the file readable for all, and it holds Secrets.
  if (path !== ":memory:") closeSync(openSync(path, "a", 0o600));
  const db = new DatabaseSync(path, { allowExtension: false });
  try {
    // Exclusive: the lock is taken once and held; the kernel lets go of it when the process ends, however it ends.
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const version = (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
    if (version > schemaVersion) {
      throw new Error(`its schema is version ${version}, this stowage knows ${schemaVersion}: run a newer stowage`);
    }
    if (version === 0) db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
    else db.exec("BEGIN IMMEDIATE; COMMIT");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function refuse(writes: readonly PendingWrite[], error: unknown): void {
  for (const { key, reject } of writes) {
    const why = (error as Error).message;
    reject(new UnavailableError(key, `Cannot write key "${key}": SQLite says "${why}"`, { cause: error }));
  }
}

export class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #sql: ReturnType<typeof prepareAll>;
  readonly #clock: Clock;
  readonly #hub: WatchHub;
  /** The write-ahead log, to flush it; undefined in memory. It is one file for as long as the database is open. */
  readonly #log: number | undefined;
  #pending: PendingWrite[] = [];
  /** Resolves when what the last transaction wrote is on disk and answered; undefined when all is. */
  #flushing: Promise<void> | undefined;
  #revision: Revision;
  #compacted: Revision;
  #pruning: Promise<void> = Promise.resolve();
  #pruned: number;
  #expiry: { readonly at: number; readonly timer: Disposable } | undefined;
  #closed = false;

  private constructor(db: DatabaseSync, log: number | undefined, clock: Clock) {
    this.#db = db;
    this.#log = log;
    this.#clock = clock;
    this.#sql = prepareAll(db);
    const { asked, done, newest } = this.#sql.compacted.get() as { asked: number; done: number; newest: number | null };
    this.#compacted = asked as Revision;
    this.#pruned = done;
    // What compaction forgot was never newer than what it was asked for, so a deletion that is gone still counts.
    this.#revision = Math.max(firstRevision, asked, newest ?? 0) as Revision;
    this.#hub = new WatchHub(this.#revision, (prefix, after, upTo) => this.#replay(prefix, after, upTo));
    this.#armExpiry();
    this.#prune().catch(() => undefined); // left over from an earlier run; the next compaction makes up for it
  }

  /** Throws when another process has it open, when it is no store, or when a newer stowage wrote it. */
  static async open(options: SqliteOptions): Promise<SqliteStore> {
    try {
      const db = openDatabase(options.path);
      const log = options.path === ":memory:" ? undefined : openSync(`${options.path}-wal`, "r");
      return new SqliteStore(db, log, options.clock ?? systemClock);
    } catch (error) {
      const why =
        (error as { errcode?: number }).errcode === busy
          ? `another stowage server uses ${dirname(options.path)}: stop it, or use another folder`
          : (error as Error).message;
      throw new Error(`Cannot open store "${options.path}": ${why}`, { cause: error });
    }
  }

  async create(key: string, value: Uint8Array, options: WriteOptions = {}): Promise<Stored> {
    return this.#write(key, value, (changes) => {
      if (this.#read(key) !== undefined) throw new AlreadyExistsError(key);
      return this.#put(changes, key, value, undefined, options);
    });
  }

  async get(key: string): Promise<Stored | undefined> {
    await this.#flushing;
    this.#assertOpen(key);
    return this.#read(key);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    await this.#flushing;
    this.#assertOpen(prefix);
    const revision = options.revision ?? this.#revision;
    this.#assertKept(prefix, revision);
    const start = listStart(prefix, options.after);
    const limit = options.limit ?? -1; // negative: SQLite's word for no limit
    const [list, count, range] =
      revision === this.#revision
        ? [this.#sql.list, this.#sql.count, [start, endOf(prefix)]]
        : [this.#sql.listAt, this.#sql.countAt, [start, endOf(prefix), revision]];
    const items = (list.all(...range, limit) as unknown as Row[]).map(storedOf);
    const all = items.length === limit ? (count.get(...range) as { count: number }).count : items.length;
    return { items, revision, remaining: all - items.length };
  }

  async update(key: string, value: Uint8Array, expected: Revision, options: WriteOptions = {}): Promise<Stored> {
    return this.#write(key, value, (changes) => {
      const current = this.#readExpected(key, expected);
      if (Buffer.compare(current.value, value) === 0) return current;
      return this.#put(changes, key, value, current, options);
    });
  }

  async delete(key: string, expected: Revision): Promise<Revision> {
    return this.#write(key, undefined, (changes) => this.#remove(changes, this.#readExpected(key, expected)));
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    this.#assertOpen(prefix);
    this.#assertKept(prefix, from);
    yield* this.#hub.watch(prefix, from, signal);
  }

  async revision(): Promise<Revision> {
    await this.#flushing;
    this.#assertOpen("");
    return this.#revision;
  }

  async requestProgress(prefix: string, revision: Revision): Promise<void> {
    await this.#flushing;
    this.#assertOpen("");
    if (revision > this.#revision) throw new FutureRevisionError("", revision, this.#revision);
    this.#hub.progress(prefix, this.#revision);
  }

  get compacted(): Revision {
    return this.#compacted;
  }

  /** Resolves once the revisions can no longer be read and the space is free for others. */
  async compact(revision: Revision): Promise<void> {
    this.#assertOpen("");
    if (revision > this.#revision) throw new FutureRevisionError("", revision, this.#revision);
    if (revision <= this.#compacted) return this.#pruning;
    try {
      this.#sql.compact.run(revision);
      this.#compacted = revision;
      await this.#prune();
    } catch (error) {
      throw new UnavailableError("", `Cannot compact the store: SQLite says "${(error as Error).message}"`, {
        cause: error,
      });
    }
  }

  /** Writes that it was given are written and answered. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flushing;
    if (this.#closed) return;
    const finish = this.#commit();
    if (finish !== undefined && this.#log !== undefined) fdatasyncSync(this.#log);
    finish?.();
    this.#closed = true;
    this.#expiry?.timer[Symbol.dispose]();
    this.#hub.close();
    await this.#pruning;
    this.#db.close();
    if (this.#log !== undefined) closeSync(this.#log);
  }

  #assertOpen(key: string): void {
    if (this.#closed) throw new UnavailableError(key, "Cannot use the store: it is closed");
  }

  #assertKept(key: string, revision: Revision): void {
    if (revision > this.#revision) throw new FutureRevisionError(key, revision, this.#revision);
    if (revision < this.#compacted) throw new CompactedError(key, revision, this.#compacted);
  }

  #read(key: string): Stored | undefined {
    const row = this.#sql.get.get(key) as unknown as Row | undefined;
    return row === undefined ? undefined : storedOf(row);
  }

  #readExpected(key: string, expected: Revision): Stored {
    const current = this.#read(key);
    if (current === undefined) throw new NotFoundError(key);
    if (current.revision !== expected) throw new ConflictError(key, expected, current);
    return current;
  }

  #write<T>(key: string, value: Uint8Array | undefined, apply: (changes: Change[]) => T): Promise<T> {
    this.#assertOpen(key);
    if (value !== undefined && value.byteLength > largestValue) {
      const why = `it has ${value.byteLength} bytes, and ${largestValue} is the most`;
      throw new TooLargeError(key, `Cannot write key "${key}": ${why}`);
    }
    return new Promise((resolve, reject) => {
      let answer: T;
      this.#pending.push({
        key,
        apply: (changes) => {
          answer = apply(changes);
        },
        resolve: () => {
          resolve(answer);
        },
        reject,
      });
      if (this.#pending.length === 1 && this.#flushing === undefined) this.#flushSoon();
    });
  }

  /** Those that come in this turn of the event loop come along. */
  #flushSoon(): void {
    setImmediate(() => {
      this.#flush();
    });
  }

  /** One transaction for all that is waiting; nobody is answered and nothing is watched before it is on disk. */
  #flush(): void {
    const finish = this.#commit();
    const log = this.#log;
    if (finish === undefined || log === undefined) {
      finish?.();
      return;
    }
    this.#flushing = new Promise((resolve) => {
      fdatasync(log, (error) => {
        this.#flushing = undefined;
        finish(error);
        if (this.#pending.length > 0) this.#flushSoon();
        resolve();
      });
    });
  }

  /** Returns what is to be done once it is on disk, or cannot be; undefined when nothing was written. */
  #commit(): ((error?: Error | null) => void) | undefined {
    const writes = this.#pending;
    if (writes.length === 0) return undefined;
    this.#pending = [];
    const before = this.#revision;
    const changes: Change[] = [];
    const answers: (() => void)[] = [];
    try {
      this.#transaction(() => {
        for (const write of writes) answers.push(this.#answer(write, changes));
      });
    } catch (error) {
      this.#revision = before;
      refuse(writes, error);
      return undefined;
    }
    return (error) => {
      // What did not reach the disk is written all the same, as far as this process can tell: nobody may rely on it.
      this.#hub.publish(changes, this.#revision);
      if (error instanceof Error) refuse(writes, error);
      else for (const answer of answers) answer();
      this.#armExpiry();
    };
  }

  #answer(write: PendingWrite, changes: Change[]): () => void {
    try {
      write.apply(changes);
      return write.resolve;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return () => {
        write.reject(error);
      };
    }
  }

  #put(changes: Change[], key: string, value: Uint8Array, previous: Stored | undefined, options: WriteOptions): Stored {
    const revision = (this.#revision + 1) as Revision;
    const expires = options.ttlSeconds === undefined ? null : this.#clock.now().getTime() + options.ttlSeconds * 1000;
    this.#sql.record.run(revision, key, value, previous?.revision ?? null);
    this.#sql.point.run(key, revision, expires);
    this.#revision = revision;
    const object: Stored = { key, value, revision };
    changes.push({ type: "put", object, previous });
    return object;
  }

  #remove(changes: Change[], previous: Stored): Revision {
    const revision = (this.#revision + 1) as Revision;
    this.#sql.record.run(revision, previous.key, null, previous.revision);
    this.#sql.unpoint.run(previous.key);
    this.#revision = revision;
    changes.push({ type: "delete", key: previous.key, previous, revision });
    return revision;
  }

  async *#replay(prefix: string, after: Revision, upTo: Revision): AsyncIterable<readonly Change[]> {
    let seen = after;
    while (seen < upTo && !this.#closed) {
      this.#assertKept(prefix, seen);
      const changes = this.#changesAfter(prefix, seen, upTo);
      const last = changes.at(-1);
      if (last === undefined) return;
      yield changes;
      seen = revisionOf(last);
    }
  }

  /** The first of them, as many as may be in memory at a time. */
  #changesAfter(prefix: string, after: Revision, upTo: Revision): readonly Change[] {
    const changes: Change[] = [];
    let bytes = 0;
    for (const row of this.#sql.replay.iterate(after, upTo, prefix, endOf(prefix), replayRows)) {
      const change = row as unknown as ChangeRow;
      changes.push(changeOf(change));
      bytes += (change.value?.byteLength ?? 0) + (change.previousValue?.byteLength ?? 0);
      if (bytes > replayBytes) break;
    }
    return changes;
  }

  /** Wakes {@link #expire} when the next key expires, but not before `soonestMs`. */
  #armExpiry(soonestMs = 0): void {
    const { expires } = this.#sql.nextExpiry.get() as { expires: number | null };
    if (expires === null || expires === this.#expiry?.at) return;
    this.#expiry?.timer[Symbol.dispose]();
    const ms = Math.max(soonestMs, expires - this.#clock.now().getTime());
    const timer = this.#clock.after(Math.min(ms, longestTimerMs), () => {
      this.#expiry = undefined;
      this.#expire();
    });
    this.#expiry = { at: expires, timer };
  }

  /** Deletes what has expired, if anything; the end of the transaction arms the timer again. */
  #expire(): void {
    this.#write("", undefined, (changes) => {
      const rows = this.#sql.expired.all(this.#clock.now().getTime(), expiryRows) as unknown as Row[];
      for (const row of rows) this.#remove(changes, storedOf(row));
    }).catch(() => {
      this.#armExpiry(expiryRetryMs);
    });
  }

  /** Drops what only revisions before `#compacted` show, a bounded piece per turn of the event loop. */
  #prune(): Promise<void> {
    const run = this.#pruning.then(async () => {
      while (this.#pruned < this.#compacted && !this.#closed) {
        const upTo = Math.min(this.#compacted, this.#pruned + pruneRevisions);
        this.#transaction(() => {
          this.#sql.pruneReplaced.run(this.#pruned, upTo);
          this.#sql.pruneDeletions.run(this.#pruned, upTo);
          this.#sql.pruned.run(upTo);
        });
        this.#pruned = upTo;
        await new Promise(setImmediate);
      }
    });
    // One at a time, and one that failed (the disk is full) is made up for by the next.
    this.#pruning = run.catch(() => undefined);
    return run;
  }

  #transaction(work: () => void): void {
    this.#sql.begin.run();
    try {
      work();
      this.#sql.commit.run();
    } catch (error) {
      // Some errors end the transaction by themselves: https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
      if (this.#db.isTransaction) this.#sql.rollback.run();
      throw error;
    }
  }
}
