import { expect, test } from "vitest";
import { standIn } from "../../test/fakes/engine.ts";
import { HostUnreachableError, RefusedCredentialsError, StepError, UnsupportedHostError } from "../driver.ts";
import { Connection } from "./connection.ts";
import { EngineRefusal } from "./errors.ts";
import { exec } from "./exec.ts";
import type { Toolbox } from "./toolbox/toolbox.ts";

const { signal } = new AbortController();

/** Kills a command that never ends, on an Engine that says what `told` is of it, with a toolbox that does this. */
async function killing(runAmong: Toolbox["runAmong"], told: string | number): Promise<void> {
  await using engine = await standIn(({ url = "" }, response) => {
    if (url.includes("/start")) return;
    if (typeof told === "number" && url.includes("/json")) response.statusCode = told;
    response.end(url.includes("/json") ? String(told) : JSON.stringify({ Id: "e" }));
  });
  using connection = new Connection(engine.endpoint);
  const { kill } = await exec(connection, { runAmong }, "c", ["sleep"], { timeoutMs: 20, maxOutput: 0 }, signal);
  await kill?.(signal);
}

const running = JSON.stringify({ Running: true });

test.each([
  [new UnsupportedHostError("no toolbox for riscv64"), StepError],
  [new EngineRefusal(500, "no space left on device"), StepError],
  [new EngineRefusal(503, "shutting down"), HostUnreachableError],
  [new HostUnreachableError("cut"), HostUnreachableError],
  [new DOMException("no answer", "TimeoutError"), HostUnreachableError],
  [new RefusedCredentialsError("certificate has expired"), RefusedCredentialsError],
])("a toolbox that could not run for %s: %o", async (error, type) => {
  await expect(killing(() => Promise.reject(error), running)).rejects.toThrow(type);
});

test("a toolbox that failed has not killed the command", async () => {
  const failed = killing(async () => ({ exitCode: 13, output: Buffer.alloc(0) }), running);
  await expect(failed).rejects.toThrow(new StepError("ExecError", 'Cannot end a command in container "c": the toolbox ended with exit code 13')); // prettier-ignore
});

test("what the Engine has forgotten has ended; one in trouble tells nothing", async () => {
  const unused = (): Promise<never> => Promise.reject(new Error("nothing to kill"));
  await expect(killing(unused, 404)).resolves.toBeUndefined();
  await expect(killing(unused, 503)).rejects.toThrow(HostUnreachableError);
});
