import { Writer } from "protobufjs/minimal.js";
import { describe, expect, test } from "vitest";
import { decodeProtobuf } from "./protobuf.ts";
import { ApiError } from "./status.ts";

/** runtime.Unknown around a message, as Go's serializer writes it. */
function envelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const type = Writer.create().uint32(10).string(apiVersion).uint32(18).string(kind).finish();
  const unknown = Writer.create().uint32(10).bytes(type).uint32(18).bytes(raw).uint32(26).string("").finish();
  return Buffer.concat([Buffer.from("k8s\0"), unknown]);
}

describe("decodeProtobuf()", () => {
  test("reads what `kubectl create namespace shop` sends, byte for byte", () => {
    const sent = Buffer.from(
      "6b3873000a0f0a02763112094e616d657370616365121c0a140a0473686f7012001a0022002a003200380042001200" +
        "1a020a001a002200",
      "hex",
    );
    expect(decodeProtobuf(sent)).toEqual({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  });

  test("keeps the bytes of a Secret, and drops what Go sends empty", () => {
    const entry = Writer.create().uint32(10).string("password").uint32(18).bytes(Buffer.from("test-only")).finish();
    const meta = Writer.create().uint32(10).string("login").uint32(18).string("").finish();
    const raw = Writer.create().uint32(10).bytes(meta).uint32(18).bytes(entry).uint32(26).string("Opaque").finish();
    expect(decodeProtobuf(envelope("v1", "Secret", raw))).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "login" },
      data: { password: Buffer.from("test-only").toString("base64") },
      type: "Opaque",
    });
  });

  test("a grace period of zero means something, so it is kept", () => {
    const raw = Writer.create().uint32(8).int64(0).finish();
    expect(decodeProtobuf(envelope("v1", "DeleteOptions", raw))).toMatchObject({ gracePeriodSeconds: 0 });
  });

  test("map keys cannot reach an object's prototype", () => {
    const entry = Writer.create().uint32(10).string("__proto__").uint32(18).string("x").finish();
    const raw = Writer.create().uint32(18).bytes(entry).finish();
    const { data } = decodeProtobuf(envelope("v1", "ConfigMap", raw));
    expect(Object.keys(data as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test.each([
    { why: "no magic number", bytes: Buffer.from("{}") },
    { why: "a kind that is not read as protobuf", bytes: envelope("apps/v1", "Deployment", Buffer.alloc(0)) },
    { why: "cut short", bytes: envelope("v1", "Secret", Buffer.from([10, 200])) },
    { why: "a group of wire types that nobody writes", bytes: envelope("v1", "Secret", Buffer.from([127])) },
  ])("refuses $why as a bad request", ({ bytes }) => {
    expect(() => decodeProtobuf(bytes)).toThrow(ApiError);
  });
});
