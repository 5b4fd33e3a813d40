/** Bytes that are nearly HTTP, and bytes that are not. */
import fc from "fast-check";

export interface RawBytes {
  readonly protocol: "http/1.1" | "h2";
  /** Written one after the other. */
  readonly pieces: readonly Buffer[];
}

const bytes = fc.uint8Array({ maxLength: 400 }).map((data) => Buffer.from(data));

const requests = [
  "GET /api/v1/namespaces HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET http://a/api/v1?limit=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  'POST /api/v1/namespaces/fuzz/configmaps HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"kind":"ConfigMap"}',
  'POST /api/v1/namespaces/fuzz/configmaps HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n2;x=y\r\n1}\r\n0\r\nTrailer: a\r\n\r\n',
  "PUT /api/v1/namespaces/fuzz HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
  "GET /version HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAA\r\n\r\n",
  "GET /api/v1/namespaces HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: a\r\n\r\n",
  "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET / HTTP/1.0\r\n\r\n",
  "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

/** With some of its bytes replaced, left out or said twice. */
function mutated(text: string): fc.Arbitrary<Buffer> {
  const change = fc.record({ at: fc.nat(text.length), cut: fc.nat(4), put: fc.uint8Array({ maxLength: 4 }) });
  return fc.array(change, { maxLength: 3 }).map((changes) => {
    let data = Buffer.from(text);
    for (const { at, cut, put } of changes) data = Buffer.concat([data.subarray(0, at), put, data.subarray(at + cut)]);
    return data;
  });
}

const http1 = fc.oneof(fc.constantFrom(...requests).chain(mutated), bytes).map((data) => [data]);

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** HPACK for GET https a /version with nothing but indexed and literal fields: RFC 7541, C.2 and C.3. */
const someHeaders = Buffer.from([0x82, 0x87, 0x44, 0x08, ...Buffer.from("/version"), 0x41, 0x01, 0x61]);

const frame = fc
  .record({
    type: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), fc.nat(255)),
    flags: fc.nat(255),
    stream: fc.oneof(fc.constantFrom(0, 1, 3, 5, 2), fc.nat(2 ** 31 - 1)),
    payload: fc.oneof(fc.constant(someHeaders), fc.constant(Buffer.alloc(0)), bytes),
    /** What the frame says of its length, where that is not so. */
    lie: fc.option(fc.nat(2 ** 24 - 1), { freq: 10 }),
  })
  .map(({ type, flags, stream, payload, lie }) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(lie ?? payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, payload]);
  });
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const http2 = fc.array(frame, { maxLength: 30 }).map((frames) => [preface, settings, ...frames]);

export const rawBytes: fc.Arbitrary<RawBytes> = fc.oneof(
  http1.map((pieces): RawBytes => ({ protocol: "http/1.1", pieces })),
  http2.map((pieces): RawBytes => ({ protocol: "h2", pieces })),
);
