/** Keeps a second server out of a data folder. The embedded store does so itself; this is for servers without one. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

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
