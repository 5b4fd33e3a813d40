/** One request and its answer, on a real connection and a clock that passes when told to. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { FakeClock } from "../../test/fakes/clock.ts";
import { Exchange } from "./exchange.ts";

/** What a server that answers with `serve` sends, and how it ends. */
async function ask(request: string, serve: (exchange: Exchange, clock: FakeClock) => Promise<void>) {
  const clock = new FakeClock();
  const served = Promise.withResolvers<undefined>();
  const server = createServer((incoming, response) => {
    serve(new Exchange(incoming, response, clock), clock).then(() => {
      served.resolve(undefined);
    }, served.reject);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write(request);
  return { socket, served: served.promise };
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("a client that takes nothing for 30 s is cut off, and whoever writes to it goes on", async () => {
  const { socket, served } = await ask(get, async (exchange, clock) => {
    exchange.begin("application/json");
    const full = exchange.write(Buffer.alloc(64 << 20));
    await clock.pass(31_000);
    await full;
    expect(exchange.abandoned).toBe(true);
    await exchange.write(Buffer.alloc(1));
  });
  socket.pause();
  await served;
  expect((await text(socket)).length).toBeLessThan(64 << 20);
});

test("a large answer comes in pieces, whole", async () => {
  const bytes = Buffer.from("0123456789".repeat(300_000));
  const { socket, served } = await ask(get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), (exchange) =>
    exchange.reply(200, "text/plain", bytes),
  );
  const answer = await text(socket);
  await served;
  expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toBe(bytes.toString());
});

test("a request whose time is over gets the refusal, and nothing after it", async () => {
  const { socket } = await ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", async (exchange, clock) => {
    const body = exchange.body();
    await exchange.expire(() => exchange.reply(504, "text/plain", Buffer.from("late")));
    await expect(body).rejects.toThrow("broke off");
    await exchange.reply(200, "text/plain", Buffer.from("done"));
    await clock.pass(1_000);
  });
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1.1 504 .*late$/s);
});

test("an answer that has begun when time is over breaks off", async () => {
  const { socket, served } = await ask(get, async (exchange) => {
    exchange.begin("text/plain");
    await exchange.write(Buffer.from("beg"));
    await exchange.expire(() => Promise.reject(new Error("too late for that")));
  });
  await served;
  expect(await text(socket)).not.toContain("\r\n0\r\n");
});

test("an answer that is complete when time is over arrives all the same", async () => {
  const bytes = Buffer.alloc(900_000, "x");
  const { socket, served } = await ask(get, async (exchange, clock) => {
    await exchange.reply(200, "text/plain", bytes);
    await exchange.expire(() => Promise.reject(new Error("too late for that")));
    await clock.pass(29_000);
  });
  await served;
  let length = 0;
  socket.on("data", (chunk: Buffer) => (length += chunk.length));
  await expect.poll(() => length).toBeGreaterThan(bytes.length);
});
