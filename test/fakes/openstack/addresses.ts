/** IP addresses as numbers: what Neutron reckons with. */
import { isIP } from "node:net";

export type Version = 4 | 6;

export interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

export interface Cidr {
  readonly version: Version;
  readonly network: bigint;
  readonly length: number;
}

const bitsOf = (version: Version): number => (version === 4 ? 32 : 128);

/** undefined for what is no address. */
export function parseAddress(text: string): { readonly version: Version; readonly value: bigint } | undefined {
  const version = isIP(text);
  if (version === 4) return { version, value: text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) };
  if (version !== 6) return undefined;
  const [head = "", tail] = text.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return {
    version: 6,
    value: [...left, ...zeros, ...right].reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n),
  };
}

export function formatAddress(version: Version, value: bigint): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString()).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  const zeros = /(?:^|:)0(?::0)+(?=:|$)/g;
  const longest = [...groups.join(":").matchAll(zeros)].sort((a, b) => b[0].length - a[0].length)[0];
  if (longest === undefined) return groups.join(":");
  const text = groups.join(":");
  const end = longest.index + longest[0].length;
  return `${text.slice(0, longest.index)}::${text.slice(end + 1)}`;
}

/** undefined for what is no network; `network` has no bits outside of its mask. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", length] = text.split("/");
  const parsed = parseAddress(address);
  if (parsed === undefined || (length !== undefined && !/^\d+$/.test(length))) return undefined;
  const bits = bitsOf(parsed.version);
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return undefined;
  const host = BigInt(bits - prefix);
  return { version: parsed.version, network: (parsed.value >> host) << host, length: prefix };
}

export const formatCidr = ({ version, network, length }: Cidr): string =>
  `${formatAddress(version, network)}/${length}`;

/** The fewest networks that have the same addresses, in order: Neutron keeps a pool's prefixes so (netaddr's IPSet). */
export function joined(cidrs: readonly Cidr[]): readonly Cidr[] {
  const done: Cidr[] = [];
  const inOrder = cidrs.toSorted((a, b) =>
    a.network < b.network ? -1 : a.network > b.network ? 1 : a.length - b.length,
  );
  for (let next of inOrder) {
    for (let last = done.at(-1); last !== undefined; last = done.at(-1)) {
      if (contains(last, next.network)) {
        next = last;
      } else {
        const both: Cidr = { ...last, length: last.length - 1 };
        if (last.length !== next.length || last.network % sizeOf(both) !== 0n || !contains(both, next.network)) break;
        next = both;
      }
      done.pop();
    }
    done.push(next);
  }
  return done;
}

const sizeOf = ({ version, length }: Cidr): bigint => 1n << BigInt(bitsOf(version) - length);

export function rangeOf({ version, network, length }: Cidr): Range {
  return { start: network, end: network + sizeOf({ version, network, length }) - 1n };
}

export const contains = (cidr: Cidr, value: bigint): boolean => isWithin(rangeOf(cidr), value);

export const isWithin = ({ start, end }: Range, value: bigint): boolean => start <= value && value <= end;

export const overlap = (a: Range, b: Range): boolean => a.start <= b.end && b.start <= a.end;

/** All hosts of a network but the gateway, as Neutron makes pools of them. Source: neutron/ipam/utils.py, generate_pools. */
export function poolsOf(cidr: Cidr, gateway: bigint | undefined): readonly Range[] {
  const { start, end } = rangeOf(cidr);
  const hosts = bitsOf(cidr.version) - cidr.length;
  const first = hosts <= 1 ? start : start + 1n;
  const last = cidr.version === 4 && hosts > 1 ? end - 1n : end;
  if (gateway === undefined || !isWithin({ start: first, end: last }, gateway)) return [{ start: first, end: last }];
  return [
    { start: first, end: gateway - 1n },
    { start: gateway + 1n, end: last },
  ].filter((range) => range.start <= range.end);
}

/** The first network of `length` within `prefixes` that meets none of `taken`. */
export function freeCidr(prefixes: readonly Cidr[], length: number, taken: readonly Cidr[]): Cidr | undefined {
  for (const prefix of prefixes) {
    const size = 1n << BigInt(bitsOf(prefix.version) - length);
    const { start, end } = rangeOf(prefix);
    for (let network = start; network + size - 1n <= end; network += size) {
      const clash = taken.find((one) => overlap(rangeOf(one), { start: network, end: network + size - 1n }));
      if (clash === undefined) return { version: prefix.version, network, length };
      const after = rangeOf(clash).end + 1n;
      // Goes on behind what is taken, on its own grid.
      if (after > network + size) network = ((after + size - 1n) / size) * size - size;
    }
  }
  return undefined;
}
