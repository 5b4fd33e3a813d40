import type { Container } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import type { Key } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import type { Amounts, Candidate, Want } from "./filters.ts";
import { amountsOf, portKey, wantOf } from "./filters.ts";

/**
 * Why a Container counts as bound. `seen`: the API says so. `bound`: we wrote it, and the API does not show it yet.
 * `unknown`: we wrote it, and cannot tell whether that came through.
 */
type Certainty = "seen" | "bound" | "unknown";

interface Claim {
  readonly uid: string;
  readonly hostName: string;
  readonly want: Want;
  readonly certainty: Certainty;
}

interface Account {
  host: Host | undefined;
  allocatable: Amounts;
  taken: Amounts;
  readonly ports: Map<string, string[]>;
  containers: number;
  found: ReadonlySet<Key>;
}

/**
 * What is taken of each Host: by the Containers that the API shows there, and by those that were bound a moment ago and
 * are not shown yet. Each change costs the same, however many Containers there are.
 */
export class Ledger {
  readonly #claims = new Map<Key, Claim>();
  readonly #accounts = new Map<string, Account>();

  putHost(host: Host): void {
    const account = this.#account(host.metadata.name);
    account.host = host;
    account.allocatable = amountsOf(host.status?.allocatable ?? {});
  }

  removeHost(name: string): void {
    const account = this.#account(name);
    account.host = undefined;
    this.#tidy(name, account);
  }

  /** Takes over whose containers a host has. */
  putFound(hostName: string, found: ReadonlySet<Key>): void {
    const account = this.#account(hostName);
    account.found = found;
    this.#tidy(hostName, account);
  }

  /** Takes over what the API shows of a Container; `next` is undefined when it is gone. */
  see(old: Container | undefined, next: Container | undefined): void {
    const either = next ?? old;
    if (either === undefined) return;
    const key = keyOf(either);
    const claim = this.#claims.get(key);
    if (next !== undefined && holds(next)) {
      this.#set(key, { ...claimOf(next, next.status?.hostName ?? ""), certainty: "seen" });
      return;
    }
    // It may have been shown before it was bound: what we wrote since is newer.
    const ahead = claim !== undefined && claim.certainty !== "seen" && claim.uid === next?.metadata.uid;
    if (!ahead) this.forget(key);
  }

  assume(container: Container, hostName: string, certainty: "bound" | "unknown"): void {
    this.#set(keyOf(container), { ...claimOf(container, hostName), certainty });
  }

  forget(key: Key): void {
    const claim = this.#claims.get(key);
    if (claim === undefined) return;
    this.#claims.delete(key);
    this.#count(claim, -1);
  }

  /** Whether we have bound it, though the API does not show that yet. */
  hasBound(container: Container): boolean {
    const claim = this.#claims.get(keyOf(container));
    return claim?.certainty === "bound" && claim.uid === container.metadata.uid;
  }

  candidate(hostName: string): Candidate | undefined {
    const account = this.#accounts.get(hostName);
    return account !== undefined && isOpen(account) ? account : undefined;
  }

  *candidates(): Iterable<Candidate> {
    for (const account of this.#accounts.values()) if (isOpen(account)) yield account;
  }

  #set(key: Key, claim: Claim): void {
    this.forget(key);
    this.#claims.set(key, claim);
    this.#count(claim, 1);
  }

  #count({ hostName, want }: Claim, sign: 1 | -1): void {
    const account = this.#account(hostName);
    account.containers += sign;
    account.taken = {
      milliCpu: account.taken.milliCpu + sign * want.requests.milliCpu,
      memory: account.taken.memory + sign * want.requests.memory,
    };
    for (const port of want.ports) {
      const key = portKey(port);
      const ips = account.ports.get(key) ?? [];
      if (sign > 0) account.ports.set(key, [...ips, port.ip]);
      else account.ports.set(key, ips.toSpliced(ips.indexOf(port.ip), 1));
      if (account.ports.get(key)?.length === 0) account.ports.delete(key);
    }
    this.#tidy(hostName, account);
  }

  #account(name: string): Account {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const nothing = { milliCpu: 0, memory: 0 };
    const account: Account = {
      host: undefined,
      allocatable: nothing,
      taken: nothing,
      ports: new Map(),
      containers: 0,
      found: new Set(),
    };
    this.#accounts.set(name, account);
    return account;
  }

  #tidy(name: string, account: Account): void {
    if (account.host === undefined && account.containers === 0) this.#accounts.delete(name);
  }
}

/** Bound Containers whose Host is gone are kept account of, but cannot be chosen. */
const isOpen = (account: Account): account is Account & { host: Host } => account.host !== undefined;

const claimOf = (container: Container, hostName: string): Omit<Claim, "certainty"> => ({
  uid: container.metadata.uid,
  hostName,
  want: wantOf(container),
});

/**
 * Whether it takes room on a Host. What has ended takes none any more, unless its spec changed since: then it may run
 * again. What is stopped keeps its room: it can be started at any time.
 */
function holds({ status, metadata }: Container): boolean {
  if (status?.hostName === undefined) return false;
  const ended = status.phase === "Succeeded" || status.phase === "Failed";
  return !ended || status.observedGeneration !== metadata.generation;
}
