import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { DownloadError, openDownload, RefusedAddressError } from "./download.ts";
import { publicOr } from "./networks.ts";

const never = new AbortController().signal;
const fromLoopback = publicOr([{ address: "127.0.0.0", prefix: 8 }]);
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function serving(listener: RequestListener, onConnection?: () => void): Promise<string> {
  const server = createServer(listener);
  if (onConnection !== undefined) server.on("connection", onConnection);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function read(url: string, { signal = never, mayReadFrom = fromLoopback } = {}): Promise<string> {
  await using download = await openDownload(url, mayReadFrom, signal);
  return await text(download.bytes);
}

test("openDownload() reads what is there, and says how long it is", async () => {
  const origin = await serving((_request, response) => response.end("a disk"));
  await using download = await openDownload(origin, fromLoopback, never);
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

describe("what is not public", () => {
  const mayReadFrom = publicOr([]);

  /** Where a server listens, by its name and in other ways to write its address. */
  async function listening(): Promise<{ readonly port: string; readonly connections: () => number }> {
    let connections = 0;
    const origin = await serving(
      (_request, response) => response.end("a secret"),
      () => connections++,
    );
    return { port: new URL(origin).port, connections: () => connections };
  }

  test.each(["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "0"])(
    "is not read from, nor connected to, by %s",
    async (host) => {
      const { port, connections } = await listening();
      const reading = read(`http://${host}:${port}/disk?signature=secret`, { mayReadFrom });
      await expect(reading).rejects.toThrow(RefusedAddressError);
      await expect(reading).rejects.toThrow(/^cannot download http:\/\/\S+\/disk: \S+ is not a public address$/);
      expect(connections()).toBe(0);
    },
  );

  test("is not said more of a name than that", async () => {
    const { port } = await listening();
    await expect(read(`http://localhost:${port}/`, { mayReadFrom })).rejects.not.toThrow(/127\.0\.0\.1|::1/);
  });

  test.each([
    { location: "http://169.254.169.254/latest/meta-data" },
    { location: "http://[::1]/" },
    { location: "//10.0.0.1/" },
  ])("is not read from where a redirection leads to $location", async ({ location }) => {
    const origin = await serving((_request, response) => response.writeHead(307, { location }).end());
    await expect(read(`${origin}/disk`)).rejects.toThrow(RefusedAddressError);
  });

  test("is not read from where a redirection leads to a name of it", async () => {
    const { port, connections } = await listening();
    const location = `http://localhost:${port}/`;
    const origin = await serving((_request, response) => response.writeHead(302, { location }).end());
    // Asked first about where the redirection comes from.
    const answers = [true];
    const reading = read(origin, { mayReadFrom: () => answers.shift() ?? false });
    await expect(reading).rejects.toThrow(RefusedAddressError);
    expect(connections()).toBe(0);
  });
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
  const waiting = read(origin, { signal: stop.signal });
  stop.abort(new Error("told to stop"));
  await expect(waiting).rejects.toThrow("told to stop");
});
