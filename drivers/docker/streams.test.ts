/** What the Engine streams comes in pieces of any size. */
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { EngineRefusal } from "./errors.ts";
import { jsonLines } from "./lines.ts";
import { demultiplex } from "./logs.ts";
import { fullReference } from "../image-reference.ts";
import { pullQuery } from "./pull.ts";

function frame(stream: number, payload: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(payload), 4);
  return Buffer.concat([header, Buffer.from(payload)]);
}

async function* inPieces(all: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

test.each([1, 3, 7, 8, 9, 1000])("output in pieces of %i bytes", async (size) => {
  const all = Buffer.concat([frame(1, "out\n"), frame(2, "err\n"), frame(1, ""), frame(1, "ümlaut".repeat(40))]);
  expect(await text(demultiplex(inPieces(all, size)))).toBe(`out\nerr\n${"ümlaut".repeat(40)}`);
});

// moby pkg/stdcopy, Systemerr: the only way to tell, once the status was sent.
test("trouble that the Engine reports in the stream is thrown after what came before it", async () => {
  const all = Buffer.concat([frame(1, "out"), frame(3, "Error grabbing logs: gone\n")]);
  const seen: string[] = [];
  const read = async (): Promise<void> => {
    for await (const chunk of demultiplex(inPieces(all, 5))) seen.push(Buffer.from(chunk).toString());
  };
  await expect(read()).rejects.toEqual(new EngineRefusal(500, "Error grabbing logs: gone"));
  expect(seen.join("")).toBe("out");
});

test.each([1, 4, 1000])("lines in pieces of %i bytes", async (size) => {
  const values: unknown[] = [];
  for await (const value of jsonLines(inPieces(Buffer.from('{"a":"ü"}\r\n\nno json\n[1]\n{"cut":'), size)))
    values.push(value);
  expect(values).toEqual([{ a: "ü" }, [1]]);
});

const digest = `sha256:${"a".repeat(64)}`;

test.each([
  ["busybox", "busybox", "latest", "busybox:latest"],
  ["busybox:1", "busybox", "1", "busybox:1"],
  ["localhost:5000/a/b", "localhost:5000/a/b", "latest", "localhost:5000/a/b:latest"],
  ["localhost:5000/a/b:c", "localhost:5000/a/b", "c", "localhost:5000/a/b:c"],
  [`a/b@${digest}`, "a/b", digest, `a/b@${digest}`],
  [`a/b:c@${digest}`, "a/b", digest, `a/b:c@${digest}`],
])("image %s", (image, fromImage, tag, full) => {
  expect(pullQuery(image)).toEqual({ fromImage, tag });
  expect(fullReference(image)).toBe(full);
});
