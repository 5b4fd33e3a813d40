import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { z } from "zod";
import { standIn } from "../../test/fakes/engine.ts";
import { HostUnreachableError, UnsupportedHostError } from "../driver.ts";
import { Connection } from "./connection.ts";
import { EngineRefusal } from "./errors.ts";

const { signal } = new AbortController();

const get = { method: "GET", path: "/info", signal } as const;

// Who listens for a body's end only would wait for ever, as docker-modem 5.0.7 does.
test("an answer that is cut in its middle is a lost connection", async () => {
  await using server = await standIn((_, response) => {
    response.writeHead(200, { "content-length": "100" }).write('{"half":', () => response.destroy());
  });
  using connection = new Connection(server.endpoint);
  await expect(connection.call(get)).rejects.toThrow(HostUnreachableError);
});

test("no answer within the time limit is a host that does not answer", async () => {
  await using server = await standIn(() => undefined);
  using connection = new Connection(server.endpoint);
  const call = connection.call({ ...get, timeoutMs: 20 });
  await expect(call).rejects.toThrow(HostUnreachableError);
  await expect(call).rejects.toThrow("did not answer in time");
});

test("a caller's time limit is no other thing, whereas a caller that gives up gets its own reason", async () => {
  await using server = await standIn(() => undefined);
  using connection = new Connection(server.endpoint);
  await expect(connection.call({ ...get, signal: AbortSignal.timeout(20) })).rejects.toThrow(HostUnreachableError);
  const leaving = new AbortController();
  const call = connection.call({ ...get, signal: leaving.signal });
  leaving.abort(new Error("left"));
  await expect(call).rejects.toThrow("left");
});

test("after a loss it asks again which version to speak: the Engine may have been updated", async () => {
  const versions = ["1.41", "1.45"];
  const paths: (string | undefined)[] = [];
  await using server = await standIn(
    (request, response) => {
      paths.push(request.url);
      if (paths.length === 2) response.destroy();
      else response.end("{}");
    },
    () => versions.shift() ?? "unasked",
  );
  using connection = new Connection(server.endpoint);
  await connection.call(get);
  await expect(connection.call(get)).rejects.toThrow(HostUnreachableError);
  await connection.call(get);
  expect(paths).toEqual(["/v1.41/info", "/v1.41/info", "/v1.45/info"]);
});

test("a refusal carries the Engine's words, whatever form they have", async () => {
  await using server = await standIn((request, response) => {
    const json = request.url?.includes("json") === true;
    response.writeHead(418).end(json ? '{"message":"in JSON"}' : "in plain text\n");
  });
  using connection = new Connection(server.endpoint);
  await expect(connection.call({ ...get, path: "/json" })).rejects.toEqual(new EngineRefusal(418, "in JSON"));
  await expect(connection.call(get)).rejects.toEqual(new EngineRefusal(418, "in plain text"));
});

test("an answer that is not understood says where and what", async () => {
  await using server = await standIn((_, response) => response.end('{"NCPU":"many"}'));
  using connection = new Connection(server.endpoint);
  const read = connection.read(get, z.object({ NCPU: z.number() }));
  await expect(read).rejects.toThrow(UnsupportedHostError);
  await expect(read).rejects.toThrow(/GET \/info is not understood: .*expected number.*NCPU/s);
});

test.each([
  ["some other server", '{"hello":"world"}', "it is not a Docker Engine"],
  ["a page of a proxy", "<html>", "it is not a Docker Engine"],
])("%s is no Engine", async (_, body, words) => {
  const server = createServer((_request, response) => response.end(body)).listen(0, "127.0.0.1");
  await once(server, "listening");
  using connection = new Connection(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const call = connection.call(get);
  await expect(call).rejects.toThrow(UnsupportedHostError);
  await expect(call).rejects.toThrow(words);
  server.close();
});
