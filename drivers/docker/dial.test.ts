import { once } from "node:events";
import { createServer, Agent } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addressOf, dial } from "./dial.ts";
import type { EngineRequest, Target } from "./dial.ts";

let server: Server;
let target: Target;
const { signal } = new AbortController();

beforeAll(async () => {
  const socketPath = join(tmpdir(), `stowage-dial-${process.pid}.sock`);
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method, url, headers } = request;
      response.writeHead(418).end(JSON.stringify({ method, url, body, type: headers["content-type"], length: headers["content-length"], chunks: headers["transfer-encoding"] })); // prettier-ignore
    });
  });
  server.on("upgrade", (_, socket: Duplex) => {
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst,");
    socket.on("data", (data: Buffer) => socket.end(data.toString().toUpperCase()));
  });
  server.listen(socketPath);
  await once(server, "listening");
  target = { agent: new Agent({ keepAlive: true }), secure: false, address: addressOf(`unix://${socketPath}`) };
});
afterAll(() => {
  target.agent.destroy();
  server.close();
});

test.each<{ why: string; asked: Omit<EngineRequest, "signal">; seen: object }>([
  {
    why: "nothing but a path",
    asked: { method: "GET", path: "/info" },
    seen: { method: "GET", url: "/info", body: "" },
  },
  {
    why: "objects of a query as JSON",
    asked: { method: "GET", path: "/events", query: { all: true, t: 3, filters: { label: ["a=b c"] } } },
    seen: { method: "GET", url: "/events?all=true&t=3&filters=%7B%22label%22%3A%5B%22a%3Db+c%22%5D%7D", body: "" },
  },
  {
    why: "a body as JSON",
    asked: { method: "POST", path: "/a", body: { Image: "ü" } },
    seen: { method: "POST", url: "/a", body: '{"Image":"ü"}', type: "application/json", length: "14" },
  },
  {
    why: "no body, and that is said",
    asked: { method: "POST", path: "/a" },
    seen: { method: "POST", url: "/a", body: "", length: "0" },
  },
  {
    why: "an archive",
    asked: { method: "PUT", path: "/a", archive: Buffer.from("tar") },
    seen: { method: "PUT", url: "/a", body: "tar", type: "application/x-tar", length: "3" },
  },
])("sends $why", async ({ asked, seen }) => {
  const answer = (await dial(target, { ...asked, signal })) as IncomingMessage;
  expect(answer.statusCode).toBe(418);
  expect(JSON.parse(await text(answer))).toEqual(seen);
});

test("gives the connection where it is asked for, with what came at once", async () => {
  const socket = (await dial(target, { method: "POST", path: "/attach", upgrade: true, signal })) as Duplex;
  socket.write("second");
  expect(await text(socket)).toBe("first,SECOND");
});

test("an endpoint is a socket or an address", () => {
  expect(addressOf("unix:///var/run/docker.sock")).toEqual({ socketPath: "/var/run/docker.sock" });
  expect(addressOf("tcp://[::1]:2375")).toEqual({ host: "::1", port: "2375" });
});
