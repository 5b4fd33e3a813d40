/** Runs other programs, and says which are missing. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a command to its end and returns its standard output. Rejects with its standard error when it fails. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  return (await execute(command, args, { maxBuffer: 64 * 2 ** 20 })).stdout;
}

/** Says which command is not on the PATH, and which Debian package has it; undefined when all are. */
export function missingCommand(packages: Readonly<Record<string, string>>): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(":");
  const missing = Object.keys(packages).find((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return missing === undefined ? undefined : `${missing} is not installed (Debian: ${packages[missing] ?? ""})`;
}

/** How to start a program so that it is killed when this process ends, however it ends: see prctl(2), PR_SET_PDEATHSIG. */
export function endingWithUs(
  command: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  return { command: "setpriv", args: ["--pdeathsig", "KILL", command, ...args] };
}

/** A loopback TCP port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether something listens on a TCP port of this machine, on loopback where no address says otherwise. */
export async function listens(port: number, address = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    const tell = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => {
      tell(true);
    });
    socket.once("error", () => {
      tell(false);
    });
  });
}
