import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lockFolder, makeFolder } from "./data-folder.ts";

test("a folder is held against other processes until its holder is killed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stowage-lock-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const module = new URL("data-folder.ts", import.meta.url).href;
  const program = `import { lockFolder, makeFolder } from "${module}"; lockFolder(${JSON.stringify(folder)}); console.log("held"); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  expect(() => lockFolder(folder)).toThrow(/another stowage server uses it/);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  lockFolder(folder)[Symbol.dispose]();
});

test("a folder is made with those above it, for its owner only, and may be there already", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stowage-make-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const deep = join(folder, "a", "b");
  await makeFolder(deep);
  await makeFolder(deep);
  expect((await stat(deep)).mode & 0o777).toBe(0o700);
});

test("a folder that cannot be made is refused with what to do", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stowage-make-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "file");
  await writeFile(file, "");
  const refusal = /^Cannot make the data folder ".*": .*; give another --data-dir$/;
  await expect(makeFolder(file)).rejects.toThrow(refusal);
  await expect(makeFolder(join(file, "below"))).rejects.toThrow(refusal);
});

test.skipIf(process.platform !== "linux")(
  "where the file system makes no folders it gives up (Linux only: /proc)",
  async () => {
    await expect(makeFolder("/proc/nope/deeper")).rejects.toThrow(/give another --data-dir/);
  },
);
