/** Reads of /sys which CPUs and PCI devices a machine has. Pure. Sources: Documentation/ABI/ of the Linux kernel. */
import type { Hardware } from "../driver.ts";

const nodes = "/sys/devices/system/node";
const online = "/sys/devices/system/cpu/online";
const pci = "/sys/bus/pci/devices";
const groups = "/sys/kernel/iommu_groups";

/** What is in these tells which {@link innerFolders} and {@link files} there are. */
export const folders: readonly string[] = [nodes, pci, groups];

/** Which devices the groups have, and under which names programs open a GPU. `paths`: of what is in {@link folders}. */
export function innerFolders(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    if (path.startsWith(`${groups}/`)) return [`${path}/devices`];
    return path.startsWith(`${pci}/`) ? [`${path}/drm`] : [];
  });
}

/** Files that {@link hardwareOf} reads. */
export function files(paths: readonly string[]): readonly string[] {
  const inside = paths.flatMap((path) => {
    if (/\/node[0-9]+$/.test(path) && path.startsWith(nodes)) return [`${path}/cpulist`];
    return path.startsWith(`${pci}/`) && !path.includes("/drm/") ? [`${path}/uevent`] : [];
  });
  return [online, ...inside];
}

/** What `toolbox cat` prints: each file after a line with its path, and a line end after it. */
export function contents(printed: string, asked: readonly string[]): ReadonlyMap<string, string> {
  const wanted = new Set(asked);
  const found = new Map<string, string>();
  let path: string | undefined;
  for (const line of printed.split("\n")) {
    if (wanted.delete(line)) path = line;
    else if (path !== undefined) found.set(path, `${found.get(path) ?? ""}${line}\n`);
  }
  return new Map([...found].map(([name, text]) => [name, text.trim()]));
}

/** `paths`: of what is in {@link folders} and {@link innerFolders}; `texts`: of {@link files}. */
export function hardwareOf(paths: readonly string[], texts: ReadonlyMap<string, string>): Hardware {
  return { numa: numaOf(texts), devices: devicesOf(paths, texts) };
}

/** A kernel without NUMA is one node. */
function numaOf(texts: ReadonlyMap<string, string>): Hardware["numa"] {
  const found = [...texts].flatMap(([path, cpus]) => {
    const [, id] = /\/node([0-9]+)\/cpulist$/.exec(path) ?? [];
    // A node of memory alone has no CPUs.
    return id === undefined || cpus === "" ? [] : [{ id: Number(id), cpus }];
  });
  if (found.length > 0) return found.toSorted((a, b) => a.id - b.id);
  const cpus = texts.get(online);
  return cpus === undefined || cpus === "" ? [] : [{ id: 0, cpus }];
}

/**
 * Devices that can be handed to a container as files below /dev: what the driver vfio-pci holds, virtual functions of
 * SR-IOV above all, and GPUs with a kernel driver. The rest of a machine's devices are the machine's.
 */
function devicesOf(paths: readonly string[], texts: ReadonlyMap<string, string>): Hardware["devices"] {
  const group = groupsOf(paths);
  const taken = new Set<string>();
  const byName = new Map<string, { ids: string[]; paths: Record<string, readonly string[]> }>();
  const addresses = paths.flatMap((path) => (parentOf(path) === pci ? [path.slice(pci.length + 1)] : [])).sort();
  for (const address of addresses) {
    const facts = factsOf(texts.get(`${pci}/${address}/uevent`) ?? "");
    const files = facts.driver === "vfio-pci" ? vfioFiles(group.get(address), taken) : drmFiles(paths, address);
    if (files.length === 0 || facts.id === undefined) continue;
    const name = `pci.stowage.dev/${facts.id}`;
    const known = byName.get(name) ?? { ids: [], paths: {} };
    known.ids.push(address);
    known.paths[address] = files;
    byName.set(name, known);
  }
  return [...byName].map(([name, found]) => ({ name, ...found })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Facts {
  readonly driver: string | undefined;
  /** Vendor and device: 10de_1eb8. */
  readonly id: string | undefined;
}

function factsOf(uevent: string): Facts {
  const fields = new Map(uevent.split("\n").map((line) => line.split("=") as [string, string | undefined]));
  return { driver: fields.get("DRIVER"), id: fields.get("PCI_ID")?.toLowerCase().replace(":", "_") };
}

/** IOMMU groups, by the addresses of their devices. */
function groupsOf(paths: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    paths.flatMap((path) => {
      const [, id, address] = /^\/sys\/kernel\/iommu_groups\/([^/]+)\/devices\/([^/]+)$/.exec(path) ?? [];
      return id === undefined || address === undefined ? [] : [[address, id]];
    }),
  );
}

/** A group can be opened by one program only, so that it goes as a whole, with the first of its devices. */
function vfioFiles(group: string | undefined, taken: Set<string>): readonly string[] {
  if (group === undefined || taken.has(group)) return [];
  taken.add(group);
  return [`/dev/vfio/${group}`, "/dev/vfio/vfio"];
}

function drmFiles(paths: readonly string[], address: string): readonly string[] {
  const names = paths.flatMap((path) => {
    const name = path.slice(`${pci}/${address}/drm/`.length);
    return path.startsWith(`${pci}/${address}/drm/`) && /^(card|renderD)[0-9]+$/.test(name) ? [name] : [];
  });
  // Without a render node it only draws, as the screen of a virtual machine does.
  return names.some((name) => name.startsWith("renderD")) ? names.sort().map((name) => `/dev/dri/${name}`) : [];
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
