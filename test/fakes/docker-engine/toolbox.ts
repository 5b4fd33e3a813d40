/** What Stowage's toolbox finds on the machine of a fake Engine: one NUMA node, no devices, a disk that is half full. */
import { toolboxImage } from "../../../drivers/docker/toolbox/toolbox.ts";

export const isToolbox = (image: string): boolean => image.startsWith(`${toolboxImage}:`);

const GiB = 2 ** 30;
const files: Readonly<Record<string, (cpu: number) => string>> = {
  "/sys/devices/system/cpu/online": (cpu) => `0-${cpu - 1}\n`,
  "/sys/devices/system/node/node0/cpulist": (cpu) => `0-${cpu - 1}\n`,
};

/** What it writes when it is run with these words. See drivers/docker/toolbox/toolbox.c. */
export function toolboxOutput([verb = "", ...paths]: readonly string[], cpu: number): string {
  switch (verb) {
    case "statfs":
      return paths.map(() => `${1000 * GiB} ${500 * GiB} ${500 * GiB} 1000000 900000\n`).join("");
    case "ls":
      return paths.includes("/sys/devices/system/node") ? "/sys/devices/system/node/node0\n" : "";
    case "cat":
      return paths.flatMap((path) => (files[path] ? [`${path}\n${files[path](cpu)}\n`] : [])).join("");
    default:
      return "";
  }
}

/** As the Engine shows what a container wrote to standard output. */
export function framed(output: string): Buffer {
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(output), 4);
  return Buffer.concat([header, Buffer.from(output)]);
}
