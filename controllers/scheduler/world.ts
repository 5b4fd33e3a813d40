/** What the filters and scores see: the Hosts, and what is bound to them. */
import type { Amounts } from "../../crds/allocation.ts";
import type { Host } from "../../crds/host.ts";
import type { LabelSelector } from "../../crds/schema.ts";
import type { Key } from "../runtime/reconciler.ts";
import type { Want } from "./want.ts";

export interface World {
  /** Every Host that there is. */
  candidates(): Iterable<Candidate>;
  candidate(hostName: string): Candidate | undefined;
  /** How many bound Containers `selection` selects, by Host; Hosts without any are left out. */
  counts(selection: Selection): ReadonlyMap<string, number>;
  /** Terms of bound Containers that select the Container that wants a place. */
  termsAbout(want: Want): Iterable<HeldTerm>;
}

/** A Host, and what is taken of it. */
export interface Candidate {
  readonly host: Host;
  readonly allocatable: Amounts;
  readonly taken: Amounts;
  /** Addresses on which a port is taken, by `TCP/80`. */
  readonly ports: ReadonlyMap<string, readonly string[]>;
  /** By the resource's name: those of Host.spec.devices, and those that the host reports. */
  readonly devices: ReadonlyMap<string, readonly Device[]>;
  /** How many hold a device, by the resource's name and the id: two only while one makes room for the other. */
  readonly takenDevices: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly numa: readonly NumaNode[];
  /** How many hold a CPU as their own. */
  readonly takenCpus: ReadonlyMap<number, number>;
  /** Whose Containers are bound to it. */
  readonly tenants: ReadonlyMap<string, Tenant>;
  /** Bytes, by the full reference. */
  readonly images: ReadonlyMap<string, number>;
  /** How many Containers are bound to it. */
  readonly containers: number;
  /** Whose containers it had when it was last listed, bound to it or not. */
  readonly found: ReadonlySet<Key>;
}

export interface Device {
  readonly id: string;
  /** What a container sees of it: paths under /dev. */
  readonly paths: readonly string[];
}

export interface NumaNode {
  readonly id: number;
  readonly cpus: readonly number[];
}

export interface Tenant {
  readonly containers: number;
  /** How many of them want all neighbours to be of their tenant. */
  readonly exclusive: number;
}

/** Containers by their labels. */
export interface ContainerSelector {
  readonly namespaces: readonly string[];
  /** Selects nothing when undefined, and everything when empty, as metav1.LabelSelector does. */
  readonly selector: LabelSelector | undefined;
}

/** The Containers that each of `all` selects. */
export interface Selection {
  readonly all: readonly [ContainerSelector, ...ContainerSelector[]];
  /** Leave out what is about to go. */
  readonly staying?: boolean;
}

/** A term of the affinity of bound Containers. */
export interface HeldTerm extends ContainerSelector {
  readonly topologyKey: string;
  readonly holds:
    /** Whoever it selects stays away. */
    | { readonly away: true }
    /** How much better a Host is for whom it selects; below 0 how much worse. */
    | { readonly away: false; readonly weight: number };
  /** How many of those that are bound hold it, by Host. */
  readonly holders: ReadonlyMap<string, number>;
}

export const labelsOf = ({ host }: Candidate): Readonly<Record<string, string>> => host.metadata.labels ?? {};

/** The sums of `byHost` by the value of a label of the Hosts; those without the label are left out. */
export function byTopology(
  world: World,
  topologyKey: string,
  byHost: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [hostName, count] of byHost) {
    const candidate = world.candidate(hostName);
    const value = candidate && labelsOf(candidate)[topologyKey];
    if (value !== undefined) sums.set(value, (sums.get(value) ?? 0) + count);
  }
  return sums;
}
