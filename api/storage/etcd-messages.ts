/**
 * The messages of etcd's API, of those only what the store uses. Their form is read from etcd's own protocol files,
 * which the package etcd3 brings along (etcd3/proto/rpc.proto).
 */
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import type { Long, Type } from "protobufjs";
import type { Revision } from "./store.ts";

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** Of the last write. */
  readonly revision: Revision;
  /** How many writes since it was created, that one included. */
  readonly version: number;
}

export interface RangeRequest {
  readonly key: Uint8Array;
  /** Only the one key when absent. */
  readonly rangeEnd?: Uint8Array;
  readonly limit?: number;
  readonly revision?: Revision;
}

export interface RangeResponse {
  /** The newest one of the whole store. */
  readonly revision: Revision;
  readonly kvs: readonly KeyValue[];
  /** How many there are in all. */
  readonly count: number;
}

/** A number of 64 bits: opaque. */
export type LeaseId = Long | number;

export interface PutRequest {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly lease?: LeaseId;
}

export type Operation =
  | { readonly put: PutRequest }
  | { readonly range: RangeRequest }
  | { readonly deleteRange: { readonly key: Uint8Array } };

/** `success` if the last write to the key was at `expected` (0: there is no such key), else `failure`. */
export interface TxnRequest {
  readonly key: Uint8Array;
  readonly expected: Revision;
  readonly success: Operation;
  readonly failure: Operation | undefined;
}

export interface TxnResponse {
  readonly revision: Revision;
  readonly succeeded: boolean;
  /** What the operation read, if it was a range of one key that is there. */
  readonly found: KeyValue | undefined;
}

export interface WatchRequest {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly startRevision: Revision;
}

export interface Event {
  readonly type: "put" | "delete";
  readonly kv: KeyValue;
  /** What was there before. */
  readonly previous: KeyValue | undefined;
}

export interface WatchResponse {
  readonly revision: Revision;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Set when the watch was refused because its start is older than this. */
  readonly compactRevision: Revision;
  readonly cancelReason: string;
  readonly events: readonly Event[];
}

const names = [
  "RangeRequest",
  "RangeResponse",
  "TxnRequest",
  "TxnResponse",
  "CompactionRequest",
  "LeaseGrantRequest",
  "LeaseGrantResponse",
  "WatchRequest",
  "WatchResponse",
] as const;

type Messages = Readonly<Record<(typeof names)[number], Type>>;

let known: Messages | undefined;

/** Read on first use: whoever keeps objects in SQLite has no use for them. */
function messages(): Messages {
  if (known === undefined) {
    const root = protobuf.loadSync(fileURLToPath(import.meta.resolve("etcd3/proto/rpc.proto")));
    const types = names.map((name) => [name, root.lookupType(`etcdserverpb.${name}`)] as const);
    known = Object.fromEntries(types) as Messages;
  }
  return known;
}

const encode = (name: keyof Messages, message: object): Uint8Array => messages()[name].encode(message).finish();

/** As protobufjs shows the message; fields that were not sent have their zero values. */
const decode = (name: keyof Messages, message: Uint8Array): unknown => messages()[name].decode(message);

export const encodeRange = (request: RangeRequest): Uint8Array => encode("RangeRequest", request);

export function encodeTxn({ key, expected, success, failure }: TxnRequest): Uint8Array {
  return encode("TxnRequest", {
    // result EQUAL, target MOD
    compare: [{ result: 0, target: 2, key, modRevision: expected }],
    success: [requestOf(success)],
    failure: failure === undefined ? [] : [requestOf(failure)],
  });
}

function requestOf(operation: Operation): object {
  if ("range" in operation) return { requestRange: operation.range };
  if ("put" in operation) return { requestPut: operation.put };
  return { requestDeleteRange: operation.deleteRange };
}

export const encodeCompaction = (revision: Revision): Uint8Array => encode("CompactionRequest", { revision });

export const encodeLeaseGrant = (ttlSeconds: number): Uint8Array => encode("LeaseGrantRequest", { TTL: ttlSeconds });

/** With the values from before each change, and word of how far it has come where nothing changes. */
export const encodeWatch = (request: WatchRequest): Uint8Array =>
  encode("WatchRequest", { createRequest: { ...request, progressNotify: true, prevKv: true } });

interface RawHeader {
  readonly revision: Long | number;
}

interface RawKeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly modRevision: Long | number;
  readonly version: Long | number;
}

interface RawRange {
  readonly header: RawHeader | null;
  readonly kvs: readonly RawKeyValue[];
  readonly count: Long | number;
}

interface RawTxn {
  readonly header: RawHeader | null;
  readonly succeeded: boolean;
  readonly responses: readonly { readonly responseRange?: RawRange | null }[];
}

interface RawWatch extends Pick<WatchResponse, "created" | "canceled" | "cancelReason"> {
  readonly header: RawHeader | null;
  readonly compactRevision: Long | number;
  readonly events: readonly {
    readonly type: number;
    readonly kv: RawKeyValue;
    readonly prevKv?: RawKeyValue | null;
  }[];
}

export const decodeRange = (message: Uint8Array): RangeResponse =>
  rangeOf(decode("RangeResponse", message) as RawRange);

function rangeOf({ header, kvs, count }: RawRange): RangeResponse {
  return { revision: revisionOf(header), kvs: kvs.map(keyValueOf), count: numberOf(count) };
}

export function decodeTxn(message: Uint8Array): TxnResponse {
  const { header, succeeded, responses } = decode("TxnResponse", message) as RawTxn;
  const range = responses[0]?.responseRange ?? undefined;
  return { revision: revisionOf(header), succeeded, found: range && rangeOf(range).kvs[0] };
}

export const decodeLeaseGrant = (message: Uint8Array): LeaseId =>
  (decode("LeaseGrantResponse", message) as { readonly ID: LeaseId }).ID;

export function decodeWatch(message: Uint8Array): WatchResponse {
  const raw = decode("WatchResponse", message) as RawWatch;
  const { header, created, canceled, cancelReason, compactRevision, events } = raw;
  return {
    revision: revisionOf(header),
    created,
    canceled,
    compactRevision: numberOf(compactRevision) as Revision,
    cancelReason,
    events: events.map(({ type, kv, prevKv }) => ({
      type: type === 1 ? "delete" : "put",
      kv: keyValueOf(kv),
      previous: prevKv ? windowOf(prevKv) : undefined,
    })),
  };
}

const revisionOf = (header: RawHeader | null): Revision => numberOf(header?.revision ?? 0) as Revision;
/** What etcd counts stays below 2^53. Number(long) would go through its decimal digits. */
const numberOf = (value: Long | number): number =>
  typeof value === "number" ? value : value.high * 2 ** 32 + (value.low >>> 0);

/** The value is copied: as a window on a whole answer it would keep all of that. */
function keyValueOf(raw: RawKeyValue): KeyValue {
  const window = windowOf(raw);
  return { ...window, value: window.value.slice() };
}

/** For what nobody keeps: the value from before a change. */
function windowOf({ key, value, modRevision, version }: RawKeyValue): KeyValue {
  return {
    key: Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString(),
    value: new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
    revision: numberOf(modRevision) as Revision,
    version: numberOf(version),
  };
}
