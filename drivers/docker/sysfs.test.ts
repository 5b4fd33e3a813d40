import { expect, test } from "vitest";
import { contents, files, folders, hardwareOf, innerFolders } from "./sysfs.ts";

const pci = "/sys/bus/pci/devices";

/** A machine with two NUMA nodes and one of memory alone, a GPU, a network card with virtual functions, and a GPU with its sound in VFIO. */
const outer = [
  ...["node0", "node1", "node2", "online", "possible"].map((name) => `/sys/devices/system/node/${name}`),
  ...["0000:00:1f.0", "0000:01:00.0", "0000:3b:00.0", "0000:3b:02.0", "0000:3b:02.1", "0000:5e:00.0", "0000:5e:00.1", "0000:07:00.0"].map((name) => `${pci}/${name}`), // prettier-ignore
  ...["1", "12", "40", "41"].map((name) => `/sys/kernel/iommu_groups/${name}`),
];
const inner = [
  "/sys/kernel/iommu_groups/1/devices/0000:00:1f.0",
  "/sys/kernel/iommu_groups/12/devices/0000:5e:00.0",
  "/sys/kernel/iommu_groups/12/devices/0000:5e:00.1",
  "/sys/kernel/iommu_groups/40/devices/0000:3b:02.0",
  "/sys/kernel/iommu_groups/41/devices/0000:3b:02.1",
  `${pci}/0000:01:00.0/drm/card1`,
  `${pci}/0000:01:00.0/drm/renderD128`,
  // The screen of a virtual machine.
  `${pci}/0000:07:00.0/drm/card0`,
];
const uevent = (driver: string, id: string): string =>
  `${driver === "" ? "" : `DRIVER=${driver}\n`}PCI_CLASS=20000\nPCI_ID=${id}\nPCI_SLOT_NAME=x\n`;
const texts: Readonly<Record<string, string>> = {
  "/sys/devices/system/cpu/online": "0-15\n",
  "/sys/devices/system/node/node0/cpulist": "0-3,8-11\n",
  "/sys/devices/system/node/node1/cpulist": "4-7,12-15\n",
  "/sys/devices/system/node/node2/cpulist": "\n",
  [`${pci}/0000:00:1f.0/uevent`]: uevent("", "8086:A1C1"),
  [`${pci}/0000:01:00.0/uevent`]: uevent("amdgpu", "1002:744C"),
  [`${pci}/0000:3b:00.0/uevent`]: uevent("ice", "8086:1592"),
  [`${pci}/0000:3b:02.0/uevent`]: uevent("vfio-pci", "8086:1889"),
  [`${pci}/0000:3b:02.1/uevent`]: uevent("vfio-pci", "8086:1889"),
  [`${pci}/0000:5e:00.0/uevent`]: uevent("vfio-pci", "10DE:1EB8"),
  [`${pci}/0000:5e:00.1/uevent`]: uevent("vfio-pci", "10DE:10F8"),
  [`${pci}/0000:07:00.0/uevent`]: uevent("bochs-drm", "1234:1111"),
};
/** As the toolbox prints it, with what cannot be read left out. */
const printed = (asked: readonly string[]): string =>
  asked.flatMap((path) => (texts[path] === undefined ? [] : [`${path}\n${texts[path]}\n`])).join("");

test("tells the CPUs of each node, and the devices that a container can be given", () => {
  const paths = [...outer, ...inner];
  const asked = files(paths);
  expect(hardwareOf(paths, contents(printed(asked), asked))).toEqual({
    numa: [
      { id: 0, cpus: "0-3,8-11" },
      { id: 1, cpus: "4-7,12-15" },
    ],
    devices: [
      {
        name: "pci.stowage.dev/1002_744c",
        ids: ["0000:01:00.0"],
        paths: { "0000:01:00.0": ["/dev/dri/card1", "/dev/dri/renderD128"] },
      },
      // The sound of the same card goes with it.
      {
        name: "pci.stowage.dev/10de_1eb8",
        ids: ["0000:5e:00.0"],
        paths: { "0000:5e:00.0": ["/dev/vfio/12", "/dev/vfio/vfio"] },
      },
      {
        name: "pci.stowage.dev/8086_1889",
        ids: ["0000:3b:02.0", "0000:3b:02.1"],
        paths: {
          "0000:3b:02.0": ["/dev/vfio/40", "/dev/vfio/vfio"],
          "0000:3b:02.1": ["/dev/vfio/41", "/dev/vfio/vfio"],
        },
      },
    ],
  });
});

test("looks where there is something to see", () => {
  expect(folders).toEqual(["/sys/devices/system/node", pci, "/sys/kernel/iommu_groups"]);
  expect(innerFolders([`${pci}/0000:00:00.0`, "/sys/kernel/iommu_groups/3", "/sys/devices/system/node/node0"])).toEqual(
    [`${pci}/0000:00:00.0/drm`, "/sys/kernel/iommu_groups/3/devices"],
  );
  expect(files([])).toEqual(["/sys/devices/system/cpu/online"]);
});

test("a kernel without NUMA is one node; one that tells nothing has none", () => {
  const online = "/sys/devices/system/cpu/online";
  expect(hardwareOf([], new Map([[online, "0-1"]]))).toEqual({ numa: [{ id: 0, cpus: "0-1" }], devices: [] });
  expect(hardwareOf([], new Map())).toEqual({ numa: [], devices: [] });
});
