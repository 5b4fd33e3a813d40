import { json } from "node:stream/consumers";
import { expect, test } from "vitest";
import { standIn } from "../../../test/fakes/engine.ts";
import { Connection } from "../connection.ts";
import { Toolbox } from "./toolbox.ts";

const { signal } = new AbortController();

test("the volume with the program is made anew where somebody pruned it", async () => {
  const volumes = new Set<string>();
  let made = 0;
  await using engine = await standIn((request, response) => {
    const { method, url = "" } = request;
    const name = /\/volumes\/(stowage-[^?]+)/.exec(url)?.[1] ?? "";
    if (method === "POST" && url.includes("/volumes/create")) made++;
    if (method === "GET" && name !== "" && !volumes.has(name)) response.statusCode = 404;
    if (url.includes("/info")) response.end(JSON.stringify({ SystemTime: "2026-01-01T00:00:00Z" }));
    else if (method === "GET" && url.includes("/containers/json")) response.end("[]");
    else response.end(JSON.stringify({ Id: "a" }));
  });
  using connection = new Connection(engine.endpoint);
  const toolbox = new Toolbox(connection, "i");
  const name = await toolbox.volume(signal);
  volumes.add(name);
  expect(await toolbox.volume(signal)).toBe(name);
  expect(made).toBe(1);
  volumes.clear();
  expect(await toolbox.volume(signal)).toBe(name);
  expect(made).toBe(2);
});

test("no profile of the host keeps it from the processes of a privileged container", async () => {
  const created: unknown[] = [];
  await using engine = await standIn((request, response) => {
    const { url = "" } = request;
    if (url.includes("/containers/create"))
      void json(request).then((body) => created.push((body as { HostConfig: unknown }).HostConfig));
    if (url.includes("/info")) response.end(JSON.stringify({ SystemTime: "2026-01-01T00:00:00Z" }));
    else if (url.includes("/containers/json")) response.end("[]");
    else if (url.includes("/logs")) response.end();
    else response.end(JSON.stringify({ Id: "a", StatusCode: 0 }));
  });
  using connection = new Connection(engine.endpoint);
  await new Toolbox(connection, "i").runAmong("c", ["kill", "A=b"], signal);
  expect(created).toMatchObject([
    { PidMode: "container:c", SecurityOpt: ["apparmor=unconfined", "label=disable"], CapAdd: ["SYS_PTRACE"] },
  ]);
});
