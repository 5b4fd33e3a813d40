import { isDeepStrictEqual } from "node:util";
import type { Amounts } from "../../crds/allocation.ts";
import { allocatedOf, allotmentOf, amountsOf, greater, nothing } from "../../crds/allocation.ts";
import type { Container } from "../../crds/container.ts";
import { hasEnded } from "../../crds/disruption.ts";
import type { Host } from "../../crds/host.ts";
import type { Owner } from "../../drivers/driver.ts";
import type { Key } from "../runtime/reconciler.ts";
import { keyOf, keyOfOwner } from "../runtime/reconciler.ts";
import { parseCpuList } from "./cpu-set.ts";
import { portKey } from "./filters/ports.ts";
import { imageKey } from "./image.ts";
import { addTo } from "./counts.ts";
import { HeldTerms, SelectionCounts } from "./selections.ts";
import type { Place } from "./status.ts";
import type { Tenancy, Want } from "./want.ts";
import { wantOf } from "./want.ts";
import type { Candidate, Device, HeldTerm, NumaNode, Selection, Tenant, World } from "./world.ts";

/**
 * Why a Container counts as bound. `seen`: the API says so. `bound`: we wrote it, and the API does not show it yet.
 * `unknown`: we wrote it, and cannot tell whether that came through. `promised`: room is made for it there.
 */
type Certainty = "seen" | "bound" | "unknown" | "promised";

/** What a Container takes of a Host. */
export interface Claim {
  readonly uid: string;
  /** resourceVersion of what it was decided about, or of what was seen. */
  readonly version: string;
  readonly hostName: string;
  readonly want: Want;
  /** As it stands in the status. */
  readonly place: Place;
  /** What is set aside, whatever it asks for by now, and what is not free of it yet: of the CPUs and the devices, too. */
  readonly amounts: Amounts;
  readonly cpus: readonly number[];
  readonly devices: readonly { readonly name: string; readonly ids: readonly string[] }[];
  readonly certainty: Certainty;
}

interface Account {
  host: Host | undefined;
  allocatable: Amounts;
  devices: ReadonlyMap<string, readonly Device[]>;
  numa: readonly NumaNode[];
  images: ReadonlyMap<string, number>;
  taken: Amounts;
  readonly ports: Map<string, string[]>;
  readonly takenDevices: Map<string, Map<string, number>>;
  readonly takenCpus: Map<number, number>;
  readonly tenants: Map<string, Tenant>;
  readonly claims: Map<Key, Claim>;
  readonly containers: number;
  found: Set<Key>;
}

/**
 * What is taken of each Host: by the Containers that the API shows there, and by those that were bound a moment ago and
 * are not shown yet. Each change costs the same, however many Containers there are.
 */
export class Ledger implements World {
  readonly #tenancy: Tenancy;
  readonly #claims = new Map<Key, Claim>();
  readonly #promises = new Set<Key>();
  readonly #accounts = new Map<string, Account>();
  readonly #selections = new SelectionCounts();
  readonly #terms = new HeldTerms();

  /** `tenancy`: of Containers that say nothing about it. */
  constructor(tenancy: Tenancy = "Shared") {
    this.#tenancy = tenancy;
  }

  putHost(host: Host): void {
    const account = this.#account(host.metadata.name);
    account.host = host;
    account.allocatable = amountsOf(host.status?.allocatable ?? {});
    account.devices = devicesOf(host);
    account.numa = (host.status?.numa ?? []).map(({ id, cpus }) => ({ id, cpus: parseCpuList(cpus) ?? [] }));
    account.images = imagesOf(host);
  }

  removeHost(name: string): void {
    const account = this.#account(name);
    account.host = undefined;
    this.#tidy(name, account);
  }

  /** Takes over whose containers a host has. */
  putFound(hostName: string, found: readonly { readonly owner: Owner }[]): void {
    const account = this.#account(hostName);
    account.found = new Set(found.map(({ owner }) => keyOfOwner(owner)));
    this.#tidy(hostName, account);
  }

  /**
   * Takes over what the API shows of a Container; `next` is undefined when it is gone. True where room is free again
   * that was only ours to know of.
   */
  see(old: Container | undefined, next: Container | undefined): boolean {
    const either = next ?? old;
    if (either === undefined) return false;
    const key = keyOf(either);
    const left = old?.status?.hostName;
    // Until the host is listed again: nothing of it is there any more.
    if (left !== undefined && left !== next?.status?.hostName) this.#accounts.get(left)?.found.delete(key);
    const claim = this.#claims.get(key);
    if (next !== undefined && holds(next)) {
      const seen = this.#claimOf(next, "seen");
      this.#set(seen);
      return claim !== undefined && claim.certainty !== "seen" && !takesSame(claim, seen);
    }
    if (claim === undefined || (next !== undefined && isAhead(claim, next))) return false;
    this.forget(key);
    return claim.certainty !== "seen";
  }

  /**
   * Takes over what we write of a Container, with the status that it will have. While nobody can tell whether that came
   * through, what it has on the same Host already counts as well.
   */
  assume(container: Container, certainty: "bound" | "unknown" | "promised"): void {
    const claim = this.#claimOf(container, certainty);
    const held = this.#claims.get(claim.want.key);
    this.#set(certainty === "unknown" && held?.hostName === claim.hostName ? withHeld(claim, held) : claim);
  }

  /** For {@link restore}. */
  held(key: Key): Claim | undefined {
    return this.#claims.get(key);
  }

  /** Returns what it held, for {@link restore}. */
  forget(key: Key): Claim | undefined {
    const claim = this.#claims.get(key);
    if (claim === undefined) return undefined;
    this.#claims.delete(key);
    this.#promises.delete(key);
    this.#count(claim, -1);
    return claim;
  }

  restore(claim: Claim): void {
    this.#set(claim);
  }

  /** Where we may have bound it: nobody can tell yet, and only the same again is safe. */
  unsurePlace(container: Container): Place | undefined {
    const claim = this.#claims.get(keyOf(container));
    return claim?.certainty === "unknown" && isAhead(claim, container) ? claim.place : undefined;
  }

  /** Whether we have bound it, though the API does not show that yet. */
  hasBound(container: Container): boolean {
    const claim = this.#claims.get(keyOf(container));
    return claim?.certainty === "bound" && claim.uid === container.metadata.uid;
  }

  /** Takes back what is promised to Containers of less than `priority`. Returns what they held, for {@link restore}. */
  takeBackPromises(priority: number): readonly Claim[] {
    return [...this.#promises].flatMap((key) => {
      const below = (this.#claims.get(key)?.want.priority ?? 0) < priority;
      return (below ? this.forget(key) : undefined) ?? [];
    });
  }

  /** Where it has room. */
  hostOf(key: Key): string | undefined {
    return this.#claims.get(key)?.hostName;
  }

  *claimsOn(hostName: string): Iterable<Claim> {
    yield* this.#accounts.get(hostName)?.claims.values() ?? [];
  }

  candidate(hostName: string): Candidate | undefined {
    const account = this.#accounts.get(hostName);
    return account !== undefined && isOpen(account) ? account : undefined;
  }

  *candidates(): Iterable<Candidate> {
    for (const account of this.#accounts.values()) if (isOpen(account)) yield account;
  }

  counts(selection: Selection): ReadonlyMap<string, number> {
    return this.#selections.counts(selection, () => this.#claims.values());
  }

  termsAbout(want: Want): Iterable<HeldTerm> {
    return this.#terms.about(want);
  }

  #claimOf(container: Container, certainty: Certainty): Claim {
    const { hostName = "", priority = 0, cpuset = "", devices = [], releasing = {} } = container.status ?? {};
    return {
      uid: container.metadata.uid,
      version: container.metadata.resourceVersion,
      hostName,
      place: { hostName, priority, ...allotmentOf(container.status) },
      want: wantOf(container, { priority, tenancy: this.#tenancy }),
      amounts: greater(allocatedOf(container), amountsOf(releasing.allocatedResources ?? {})),
      cpus: [cpuset, releasing.cpuset ?? ""].flatMap((list) => parseCpuList(list) ?? []),
      devices: [...devices, ...(releasing.devices ?? [])],
      certainty,
    };
  }

  #set(claim: Claim): void {
    const { key } = claim.want;
    this.forget(key);
    this.#claims.set(key, claim);
    if (claim.certainty === "promised") this.#promises.add(key);
    this.#count(claim, 1);
  }

  #count(claim: Claim, sign: 1 | -1): void {
    const { hostName, want, amounts } = claim;
    const account = this.#account(hostName);
    if (sign > 0) account.claims.set(want.key, claim);
    else account.claims.delete(want.key);
    const { milliCpu, memory, storage } = amounts;
    account.taken = {
      milliCpu: account.taken.milliCpu + sign * milliCpu,
      memory: account.taken.memory + sign * memory,
      storage: account.taken.storage + sign * storage,
    };
    countPorts(account.ports, want, sign);
    countTenant(account.tenants, want, sign);
    countOwn(account, claim, sign);
    this.#selections.take(hostName, want, sign);
    this.#terms.take(hostName, want, sign);
    this.#tidy(hostName, account);
  }

  #account(name: string): Account {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const claims = new Map<Key, Claim>();
    const account: Account = {
      host: undefined,
      allocatable: nothing,
      devices: new Map(),
      numa: [],
      images: new Map(),
      taken: nothing,
      ports: new Map(),
      takenDevices: new Map(),
      takenCpus: new Map(),
      tenants: new Map(),
      claims,
      get containers() {
        return claims.size;
      },
      found: new Set(),
    };
    this.#accounts.set(name, account);
    return account;
  }

  #tidy(name: string, account: Account): void {
    if (account.host === undefined && account.claims.size === 0) this.#accounts.delete(name);
  }
}

/**
 * Whether we know more than what the API shows. We write on top of exactly the version that was decided about: another
 * version is what we wrote, or comes after it, or came instead of it. A promise holds for whatever version.
 */
function isAhead({ certainty, uid, version }: Claim, { metadata }: Container): boolean {
  if (uid !== metadata.uid || metadata.deletionTimestamp !== undefined) return false;
  return certainty === "promised" || (certainty !== "seen" && version === metadata.resourceVersion);
}

/** What either of two claims of a Container takes of the same Host. */
function withHeld(claim: Claim, held: Claim): Claim {
  return {
    ...claim,
    amounts: greater(claim.amounts, held.amounts),
    cpus: [...claim.cpus, ...held.cpus],
    devices: [...claim.devices, ...held.devices],
  };
}

const takesSame = (a: Claim, b: Claim): boolean =>
  isDeepStrictEqual([a.hostName, a.amounts, a.cpus, a.devices], [b.hostName, b.amounts, b.cpus, b.devices]);

/** Bound Containers whose Host is gone are kept account of, but cannot be chosen. */
const isOpen = (account: Account): account is Account & { host: Host } => account.host !== undefined;

function countPorts(ports: Map<string, string[]>, want: Want, sign: 1 | -1): void {
  for (const port of want.ports) {
    const key = portKey(port);
    const ips = ports.get(key) ?? [];
    const next = sign > 0 ? [...ips, port.ip] : ips.toSpliced(ips.indexOf(port.ip), 1);
    if (next.length === 0) ports.delete(key);
    else ports.set(key, next);
  }
}

function countTenant(tenants: Map<string, Tenant>, { tenant, tenancy }: Want, sign: 1 | -1): void {
  const { containers, exclusive } = tenants.get(tenant) ?? { containers: 0, exclusive: 0 };
  const next = {
    containers: containers + sign,
    exclusive: exclusive + (tenancy === "Exclusive" ? sign : 0),
  };
  if (next.containers === 0) tenants.delete(tenant);
  else tenants.set(tenant, next);
}

/** What nobody else has at the same time. */
function countOwn(
  { takenCpus, takenDevices }: Pick<Account, "takenCpus" | "takenDevices">,
  { cpus, devices }: Claim,
  sign: 1 | -1,
): void {
  for (const cpu of cpus) addTo(takenCpus, cpu, sign);
  for (const { name, ids } of devices) {
    const taken = takenDevices.get(name) ?? new Map<string, number>();
    for (const id of ids) addTo(taken, id, sign);
    if (taken.size === 0) takenDevices.delete(name);
    else takenDevices.set(name, taken);
  }
}

function devicesOf({ spec, status }: Host): ReadonlyMap<string, readonly Device[]> {
  const declared = (spec.devices ?? []).map(({ name, paths }) => ({
    name,
    devices: paths.map((path) => ({ id: path, paths: [path] })),
  }));
  const reported = (status?.devices ?? []).map(({ name, ids, paths }) => ({
    name,
    devices: ids.map((id) => ({ id, paths: paths[id] ?? [] })),
  }));
  const all = new Map<string, Map<string, Device>>();
  for (const { name, devices } of [...declared, ...reported]) {
    const known = all.get(name) ?? new Map<string, Device>();
    for (const device of devices) if (!known.has(device.id)) known.set(device.id, device);
    all.set(name, known);
  }
  return new Map([...all].map(([name, devices]) => [name, [...devices.values()]]));
}

function imagesOf({ status }: Host): ReadonlyMap<string, number> {
  return new Map(
    (status?.images ?? []).flatMap(({ names, sizeBytes = 0 }) => names.map((name) => [imageKey(name), sizeBytes])),
  );
}

/**
 * Whether it takes room on a Host. What has ended takes none any more, unless it was given some to run again, or its spec
 * changed since: then it may. What is stopped keeps its room: it can be started at any time.
 */
function holds(container: Container): boolean {
  const { status, metadata } = container;
  if (status?.hostName === undefined) return false;
  const given = Object.keys(allotmentOf(status)).length > 0;
  return !hasEnded(container) || given || status.observedGeneration !== metadata.generation;
}
