/** What the toolbox finds out of the machine that an Engine runs on. */
import { z } from "zod";
import type { Disks, FileSystem, Hardware } from "../driver.ts";
import { HostUnreachableError, UnsupportedHostError } from "../driver.ts";
import type { Connection } from "./connection.ts";
import { EngineRefusal } from "./errors.ts";
import * as sysfs from "./sysfs.ts";
import type { Toolbox } from "./toolbox/toolbox.ts";

const Root = z.object({ DockerRootDir: z.string() });

/** Where the toolbox sees the Engine's own folder. Its root file system lies where images do. */
const dataFolder = "/data";

export async function disks(connection: Connection, toolbox: Toolbox, signal: AbortSignal): Promise<Disks> {
  const { DockerRootDir } = await connection.read({ method: "GET", path: "/info", signal }, Root);
  const mount = {
    Type: "bind",
    Source: DockerRootDir,
    Target: dataFolder,
    ReadOnly: true,
    BindOptions: { NonRecursive: true },
  } as const;
  const lines = (await output(toolbox, ["statfs", dataFolder, "/"], signal, [mount])).split("\n");
  const [data, images] = lines.map(fileSystem);
  if (data === undefined || images === undefined)
    throw new UnsupportedHostError(`Cannot tell how full the disk at ${connection.endpoint} is: ${lines.join(" ")}`);
  return { data, images };
}

function fileSystem(line: string): FileSystem | undefined {
  const [capacity, , available, inodes, inodesFree] = line.split(" ").map(Number);
  if (capacity === undefined || available === undefined || inodes === undefined || inodesFree === undefined)
    return undefined;
  return { capacity, available, inodes, inodesFree };
}

/** Rarely asked, and so a good time to take away what runs that were cut short left behind. */
export async function hardware(toolbox: Toolbox, signal: AbortSignal): Promise<Hardware> {
  await toolbox.sweep(signal);
  const list = async (folders: readonly string[]): Promise<readonly string[]> =>
    folders.length === 0 ? [] : (await output(toolbox, ["ls", ...folders], signal)).split("\n");
  const outer = await list(sysfs.folders);
  const paths = [...outer, ...(await list(sysfs.innerFolders(outer)))];
  const files = sysfs.files(paths);
  return sysfs.hardwareOf(paths, sysfs.contents(await output(toolbox, ["cat", ...files], signal), files));
}

async function output(
  toolbox: Toolbox,
  words: readonly string[],
  signal: AbortSignal,
  mounts: Parameters<Toolbox["run"]>[1] = [],
): Promise<string> {
  try {
    const ran = await toolbox.run(words, mounts, signal);
    if (ran.exitCode === 0) return ran.output.toString().trimEnd();
    throw new UnsupportedHostError(`Cannot look at the host: the toolbox ended with exit code ${ran.exitCode}`);
  } catch (error) {
    if (!(error instanceof EngineRefusal)) throw error;
    throw new HostUnreachableError(`Cannot look at the host: ${error.message}`, { cause: error });
  }
}
