/** The folder that a server keeps its files in. */
import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Makes the folder, and those above it, for their owner only. Throws, naming what to do, when it cannot be. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await make(folder);
  } catch (error) {
    throw new Error(`Cannot make the data folder "${folder}": ${(error as Error).message}; give another --data-dir`, {
      cause: error,
    });
  }
}

// Node 24's own recursive mkdir never ends where a file system answers ENOENT although the folder above is there (/proc).
async function make(folder: string): Promise<void> {
  const once = (): Promise<void> => mkdir(folder, { mode: 0o700 });
  try {
    await once();
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await stat(folder)).isDirectory()) return;
    if (codeOf(error) !== "ENOENT" || dirname(folder) === folder) throw error;
    await make(dirname(folder));
    await once();
  }
}

/**
 * Holds the folder until it is disposed of or the process ends, however it ends: SQLite's lock is the operating
 * system's (fcntl), and Node has none of its own. Throws when another process holds it.
 */
export function lockFolder(folder: string): Disposable {
  const database = new DatabaseSync(join(folder, "lock"));
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw new Error(
      `Cannot use "${folder}": another stowage server uses it; stop that one or give another --data-dir`,
      {
        cause: error,
      },
    );
  }
  return {
    [Symbol.dispose]: () => {
      database.close();
    },
  };
}
