import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { standIn } from "../../test/fakes/engine.ts";
import { HostUnreachableError } from "../driver.ts";
import { DockerDriver } from "./docker-driver.ts";

const { signal } = new AbortController();

/** An Engine that never answers a start and has no containers; `started` hears of every start. */
const hangingEngine = (started: EventTarget, paths: string[]) =>
  standIn((request, response) => {
    paths.push(request.url ?? "");
    if (request.url?.includes("/start") === true) started.dispatchEvent(new Event("start"));
    else response.end("[]");
  });

test("a step that hangs keeps no probe waiting, or one container could make its Host look lost", async () => {
  const started = new EventTarget();
  await using engine = await hangingEngine(started, []);
  await using driver = DockerDriver.open({
    hostName: "h",
    instance: "i",
    endpoint: engine.endpoint,
    concurrency: 1,
  });
  const starts = once(started, "start");
  const hanging = driver.perform({ do: "start", id: "a" }, signal);
  hanging.catch(() => undefined);
  await starts;
  expect(await driver.owners(signal)).toEqual([]);
});

test("once closed, what waited for its turn does not reach the Engine: the Host may name another one by now", async () => {
  const started = new EventTarget();
  const paths: string[] = [];
  await using engine = await hangingEngine(started, paths);
  const driver = DockerDriver.open({ hostName: "h", instance: "i", endpoint: engine.endpoint, concurrency: 1 });
  const starts = once(started, "start");
  const steps = ["a", "b"].map((id) => driver.perform({ do: "start", id }, signal));
  const ended = Promise.allSettled(steps);
  await starts;
  await driver[Symbol.asyncDispose]();
  for (const result of await ended)
    expect(result).toMatchObject({ status: "rejected", reason: expect.any(HostUnreachableError) as Error });
  expect(paths).toEqual(["/v1.41/containers/a/start?"]);
});

test("an image that was found while it was being removed is looked for anew", async () => {
  let there = true;
  await using engine = await standIn((request, response) => {
    const isRemoval = request.method === "DELETE";
    response.statusCode = there ? 200 : 404;
    if (isRemoval) {
      // Found by somebody else before the Engine answers.
      void driver.hasImage("spare:1", signal).then(() => {
        there = false;
        response.end("[]");
      });
    } else response.end(JSON.stringify({ Id: "sha256:1", message: "none" }));
  });
  await using driver = DockerDriver.open({ hostName: "h", instance: "i", endpoint: engine.endpoint });
  await driver.removeImage({ id: "sha256:1", names: ["spare:1"], used: false, sizeBytes: 1 }, signal);
  expect(await driver.hasImage("spare:1", signal)).toBe(false);
});

test("an image that the Engine broke off in the middle is not taken for whole", async () => {
  const archive = Buffer.alloc(4096);
  const broken = Buffer.concat([
    archive,
    Buffer.from('{"errorDetail":{"message":"no space left"},"error":"no space left"}'),
  ]);
  await using engine = await standIn((request, response) => {
    response.end(request.url?.includes("/whole:1/get") === true ? archive : broken);
  });
  await using driver = DockerDriver.open({ hostName: "h", instance: "i", endpoint: engine.endpoint });
  expect(await buffer(driver.saveImage("whole:1", signal))).toEqual(archive);
  await expect(buffer(driver.saveImage("broken:1", signal))).rejects.toMatchObject({
    reason: "SaveError",
    message: expect.stringContaining('Cannot save image "broken:1": the Engine broke off') as string,
  });
});
