/** Cleans up after tests that were killed before they could do it themselves. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./commands.ts";

/** Says in a temporary folder that it belongs to this process. */
export async function claim(folder: string): Promise<void> {
  await writeFile(join(folder, "owner"), await identityOf(process.pid));
}

/** Gives `tearDown` every temporary folder whose name begins with `prefix` and whose owner is no more. */
export async function sweep(prefix: string, tearDown: (folder: string) => Promise<void>): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    if (!entry.startsWith(prefix)) continue;
    const folder = join(tmpdir(), entry);
    const owner = await readFile(join(folder, "owner"), "utf8").catch(() => "");
    // No owner yet: it is being made this moment.
    if (owner === "") continue;
    const [pid = ""] = owner.split(" ");
    if ((await identityOf(Number(pid))) !== owner) await tearDown(folder);
  }
}

/** A pid with its start time, which together are never used twice; the pid alone when there is no such process. */
async function identityOf(pid: number): Promise<string> {
  return `${pid} ${(await statOf(pid))[19] ?? ""}`.trim();
}

/** The fields of /proc/pid/stat after the command's name: state, parent, ... (proc(5)); none when there is no such process. */
export async function statOf(pid: number): Promise<readonly string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Whether there is such a process, and not only its remains that nobody reaped. */
export async function runs(pid: number): Promise<boolean> {
  const [state = "Z"] = await statOf(pid);
  return state !== "Z";
}

/** The processes that a process has started and not yet reaped. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const all = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const parents = await Promise.all(all.map(async (one) => Number((await statOf(one))[1])));
  return all.filter((_, i) => parents[i] === pid);
}

/** SIGKILL, also to what may have ended by itself. */
export function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Unmounts all that is mounted in a folder, also what is in use still. */
export async function unmountAll(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${folder}/`));
  // Others may sweep up the same leftovers at the same time.
  for (const path of mounts.reverse()) await run("umount", ["--lazy", path]).catch(() => undefined);
}
