import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lockFolder } from "./folder-lock.ts";

test("a folder is held against other processes until its holder is killed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stowage-lock-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const module = new URL("folder-lock.ts", import.meta.url).href;
  const program = `import { lockFolder } from "${module}"; lockFolder(${JSON.stringify(folder)}); console.log("held"); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  expect(() => lockFolder(folder)).toThrow(/another stowage server uses it/);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  lockFolder(folder)[Symbol.dispose]();
});
