import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { z } from "zod";
import { standIn } from "../../test/fakes/engine.ts";
import { HostUnreachableError, UnsupportedHostError } from "../driver.ts";
import { Connection } from "./connection.ts";
import { EngineRefusal } from "./errors.ts";

const { signal } = new AbortController();

const get = { method: "GET", path: "/info", signal } as const;

// dockerode's own methods would wait for ever: docker-modem 5.0.7 hears only of a body's end.
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

// An unhandled rejection would fail the run.
test("who has left already is not told what became of it", async () => {
  await using server = await standIn(() => undefined);
  const connection = new Connection(server.endpoint);
  connection[Symbol.dispose]();
  await expect(connection.call({ ...get, signal: AbortSignal.abort(new Error("left")) })).rejects.toThrow("left");
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
  expect(paths).toEqual(["/v1.41/info?", "/v1.41/info?", "/v1.45/info?"]);
});

/** As the Engine does: moby api/server/middleware/version.go. */
const refusing =
  (range: () => readonly [min: string, max: string]): RequestListener =>
  ({ url = "" }, response) => {
    const version = /^\/v([0-9.]+)\//.exec(url)?.[1] ?? "";
    const minor = (text: string): number => Number(text.split(".")[1]);
    const [min, max] = range();
    const refuse = (how: string, limit: string): unknown =>
      response
        .writeHead(400)
        .end(
          JSON.stringify({ message: `client version ${version} is too ${how}. ${limit}, please upgrade your client` }),
        );
    if (minor(version) < minor(min)) refuse("old", `Minimum supported API version is ${min}`);
    else if (minor(version) > minor(max)) refuse("new", `Maximum supported API version is ${max}`);
    else response.end(JSON.stringify({ version }));
  };

test.each([
  ["20.10", ["1.12", "1.41"], "1.41"],
  ["29", ["1.44", "1.52"], "1.51"],
] as const)("Engine %s is spoken to in the newest version that both know", async (_, range, version) => {
  const [min, max] = range;
  await using server = await standIn(refusing(() => range), () => max, () => min); // prettier-ignore
  using connection = new Connection(server.endpoint);
  expect(await connection.call(get)).toMatchObject({ body: { version } });
});

test("an Engine that is too old is named, with what it speaks and what to do", async () => {
  await using server = await standIn(refusing(() => ["1.12", "1.39"]), () => "1.39"); // prettier-ignore
  using connection = new Connection(server.endpoint);
  const call = connection.call(get);
  await expect(call).rejects.toThrow(UnsupportedHostError);
  await expect(call).rejects.toThrow("it speaks API 1.12 to 1.39, Stowage 1.40 to 1.51 (update the Engine)");
});

test("an Engine that was updated behind a proxy, which cut no connection, is asked again", async () => {
  let range: readonly [string, string] = ["1.12", "1.41"];
  await using server = await standIn(refusing(() => range), () => range[1], () => range[0]); // prettier-ignore
  using connection = new Connection(server.endpoint);
  expect(await connection.call(get)).toMatchObject({ body: { version: "1.41" } });
  range = ["1.44", "1.52"];
  expect(await connection.call(get)).toMatchObject({ body: { version: "1.51" } });
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
