import type { Revision, Stored } from "./store.ts";

/** What a Store can answer other than success. HTTP is nowhere here: api/status.ts maps these. */
export abstract class StorageError extends Error {
  readonly key: string;
  constructor(key: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.key = key;
  }
}

export class AlreadyExistsError extends StorageError {
  override readonly name = "AlreadyExistsError";
  constructor(key: string) {
    super(key, `Cannot create key "${key}": it already exists`);
  }
}

export class NotFoundError extends StorageError {
  override readonly name = "NotFoundError";
  constructor(key: string) {
    super(key, `Cannot find key "${key}"`);
  }
}

export class ConflictError extends StorageError {
  override readonly name = "ConflictError";
  /** What is there instead. */
  readonly current: Stored;
  constructor(key: string, expected: Revision, current: Stored) {
    super(key, `Cannot write key "${key}" at revision ${expected}: it is at revision ${current.revision}`);
    this.current = current;
  }
}

export class CompactedError extends StorageError {
  override readonly name = "CompactedError";
  /** The oldest revision that can still be read. */
  readonly oldest: Revision;
  constructor(key: string, asked: Revision, oldest: Revision) {
    super(key, `Cannot read "${key}" at revision ${asked}: the oldest one kept is ${oldest}`);
    this.oldest = oldest;
  }
}

/** The revision asked for has not happened yet. */
export class FutureRevisionError extends StorageError {
  override readonly name = "FutureRevisionError";
  readonly current: Revision;
  constructor(key: string, asked: Revision, current: Revision) {
    super(key, `Cannot read "${key}" at revision ${asked}: the newest one is ${current}`);
    this.current = current;
  }
}

/** The store cannot answer now, and nothing was written. Trying again may help. */
export class UnavailableError extends StorageError {
  override readonly name = "UnavailableError";
}

/** The store was asked to write and did not answer: it may have been done. Trying again may do it twice. */
export class UnknownOutcomeError extends StorageError {
  override readonly name = "UnknownOutcomeError";
}

/** The value is larger than the store takes (etcd: 1.5 MiB unless configured). */
export class TooLargeError extends StorageError {
  override readonly name = "TooLargeError";
}
