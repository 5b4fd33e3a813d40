/** The real protocols over real sockets; the driver's part is in test/contracts. */
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ConnectError } from "../../../drivers/driver.ts";
import { systemClock } from "../../../process/clock.ts";
import { makeCertificates } from "../../../test/lab/certificates.ts";
import { check } from "./check.ts";
import type { Inside } from "./check.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener, tls?: { readonly key: string; readonly cert: string }): Promise<number> {
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const inside = (fields: Partial<Inside> = {}): Inside => ({
  id: "a",
  ports: [],
  clock: systemClock,
  signal: new AbortController().signal,
  driver: {
    exec: async () => ({ exitCode: 0, output: "" }),
    connect: async (_, port) => {
      const socket = connect(port, "127.0.0.1");
      try {
        await once(socket, "connect");
      } catch {
        throw new ConnectError(`dial tcp 127.0.0.1:${port}: connection refused`);
      }
      return socket;
    },
  },
  ...fields,
});

const http = { path: "/", scheme: "HTTP" } as const;

describe("httpGet", () => {
  test.each([
    [200, true],
    [399, true],
    [400, false],
    [500, false],
  ])("status %i is success: %s", async (status, ok) => {
    const port = await serve((_, response) => response.writeHead(status).end());
    const checked = await check({ httpGet: { ...http, port } }, 10_000, inside());
    expect(checked.ok).toBe(ok);
    if (!ok) expect(checked.message).toBe(`HTTP probe failed with statuscode: ${status}`);
  });

  test("says who asks, and lets headers be set, the host's too", async () => {
    const seen: Record<string, unknown>[] = [];
    const port = await serve((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    const httpHeaders = [
      { name: "host", value: "web.test" },
      { name: "X-A", value: "1" },
    ];
    await check({ httpGet: { ...http, port } }, 10_000, inside());
    await check({ httpGet: { ...http, port, httpHeaders } }, 10_000, inside());
    expect(seen[0]).toMatchObject({
      host: `127.0.0.1:${port}`,
      "user-agent": expect.stringMatching(/^stowage-probe\//) as string,
    });
    expect(seen[1]).toMatchObject({ host: "web.test", "x-a": "1" });
  });

  test("follows redirects inside, and takes one that leads out for a success worth a word", async () => {
    const port = await serve((request, response) => {
      if (request.url === "/inside") response.writeHead(302, { location: "/end" });
      else if (request.url === "/outside") response.writeHead(302, { location: "http://example.com/" });
      else if (request.url === "/circle") response.writeHead(302, { location: "/circle" });
      else response.writeHead(500);
      response.end();
    });
    const get = (path: string) => check({ httpGet: { ...http, port, path } }, 10_000, inside());
    expect(await get("/inside")).toMatchObject({ ok: false, message: "HTTP probe failed with statuscode: 500" });
    expect(await get("/outside")).toMatchObject({ ok: true, warning: "Probe terminated redirects" });
    expect(await get("/circle")).toMatchObject({ ok: false, message: "stopped after 10 redirects" });
  });

  test("HTTPS checks no certificate", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "stowage-probe-"));
    const { cert, key } = await makeCertificates(folder.path);
    const port = await serve((_, response) => response.end(), { key, cert });
    expect(await check({ httpGet: { path: "/", scheme: "HTTPS", port } }, 10_000, inside())).toMatchObject({
      ok: true,
    });
  });

  test("reads no more of an answer than 10 KiB, and waits no longer than it may", async () => {
    const endless = await serve((_, response) => {
      response.write("x".repeat(100_000));
    });
    const { ok, message } = await check({ httpGet: { ...http, port: endless } }, 10_000, inside());
    expect({ ok, length: message.length }).toEqual({ ok: true, length: 10_240 });
    const silent = await serve(() => undefined);
    expect(await check({ httpGet: { ...http, port: silent } }, 200, inside())).toEqual({
      ok: false,
      message: `Get "http://127.0.0.1:${silent}/": no answer within 0.2s`,
    });
  });
});

test("ports have names", async () => {
  const containerPort = await serve((_, response) => response.end());
  const ports = [{ containerPort, name: "web", protocol: "TCP" }] as const;
  expect(await check({ tcpSocket: { port: "web" } }, 10_000, inside({ ports: [...ports] }))).toMatchObject({
    ok: true,
  });
  expect(await check({ tcpSocket: { port: "nosuch" } }, 10_000, inside())).toMatchObject({ ok: false });
});

test.each([
  [0, "fine\n", { ok: true, message: "fine" }],
  [2, "ill\n", { ok: false, message: "ill" }],
  [2, "", { ok: false, message: "command ended with exit code 2" }],
  [undefined, "", { ok: false, message: "command timed out after 1s" }],
])("a command that ends with %s and writes %j", async (exitCode, output, expected) => {
  const { driver } = inside();
  const checked = check(
    { exec: { command: ["x"] } },
    1000,
    inside({ driver: { ...driver, exec: async () => ({ exitCode, output }) } }),
  );
  expect(await checked).toEqual(expected);
});
