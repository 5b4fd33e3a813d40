import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { DownloadError, isRefusedAddress, openDownload } from "./download.ts";

const never = new AbortController().signal;
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function read(url: string, signal = never): Promise<string> {
  await using download = await openDownload(url, signal);
  return await text(download.bytes);
}

test("openDownload() reads what is there, and says how long it is", async () => {
  const origin = await serving((_request, response) => response.end("a disk"));
  await using download = await openDownload(origin, never);
  expect(download.length).toBe(6);
  expect(await text(download.bytes)).toBe("a disk");
});

test("openDownload() follows redirections, but not for ever", async () => {
  const origin = await serving(({ url }, response) => {
    const left = Number(url?.slice(1));
    if (left === 0) response.end("a disk");
    else response.writeHead(302, { location: `/${left - 1}` }).end();
  });
  expect(await read(`${origin}/5`)).toBe("a disk");
  await expect(read(`${origin}/6`)).rejects.toThrow("more than 5 redirections");
});

test.each(["file:///etc/passwd", "ftp://example.org/disk", "gopher://example.org/"])(
  "openDownload() reads nothing from %s, and is not led there",
  async (location) => {
    await expect(read(location)).rejects.toThrow("is neither http: nor https:");
    const origin = await serving((_request, response) => response.writeHead(301, { location }).end());
    await expect(read(origin)).rejects.toThrow("is neither http: nor https:");
  },
);

test("openDownload() reads nothing where clouds keep a machine's credentials", async () => {
  const location = "http://169.254.169.254/latest/meta-data";
  const origin = await serving((_request, response) => response.writeHead(307, { location }).end());
  await expect(read(location)).rejects.toThrow("link-local");
  await expect(read(origin)).rejects.toThrow("link-local");
});

test.each([
  { address: "169.254.169.254", refused: true },
  { address: "fe80::1", refused: true },
  { address: "::ffff:169.254.169.254", refused: true },
  { address: "127.0.0.1", refused: false },
  { address: "192.0.2.1", refused: false },
  { address: "example.org", refused: false },
])("$address is refused: $refused", ({ address, refused }) => {
  expect(isRefusedAddress(address)).toBe(refused);
});

test("openDownload() says where it could not read from, without what signs the link", async () => {
  const origin = await serving((_request, response) => response.writeHead(403).end());
  const refused = read(`${origin}/disk?signature=secret`);
  await expect(refused).rejects.toThrow(DownloadError);
  await expect(refused).rejects.toThrow(
    /^cannot download http:\/\/127\.0\.0\.1:\d+\/disk: 127\.0\.0\.1:\d+ answered 403$/,
  );
});

test("what breaks off is no end", async () => {
  const origin = await serving((_request, response) => {
    response.writeHead(200, { "content-length": 100 });
    response.write("half");
    setImmediate(() => response.destroy());
  });
  await expect(read(origin)).rejects.toThrow(DownloadError);
});

test("openDownload() ends with its signal", async () => {
  const origin = await serving(() => undefined);
  const stop = new AbortController();
  const waiting = read(origin, stop.signal);
  stop.abort(new Error("told to stop"));
  await expect(waiting).rejects.toThrow("told to stop");
});
