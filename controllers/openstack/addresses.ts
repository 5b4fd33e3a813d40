/** IP addresses by what they mean, however they are written: services write them their own way. */
import { isIPv4, isIPv6 } from "node:net";

/** Neighbouring addresses of one version of IP, first and last included. */
export interface AddressRange {
  readonly version: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** What an address or a network (192.0.2.0/24) stands for; undefined where it is none. */
export function addressRange(text: string): AddressRange | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const version = isIPv4(address) ? 4 : isIPv6(address) && !address.includes("%") ? 6 : undefined;
  if (version === undefined || rest.length > 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  if (length !== undefined && !/^[0-9]{1,3}$/.test(length)) return undefined;
  const fixed = length === undefined ? bits : Number(length);
  if (fixed > bits) return undefined;
  const size = 1n << BigInt(bits - fixed);
  const value = version === 4 ? ipv4Value(address) : ipv6Value(address);
  const first = value - (value % size);
  return { version, first, last: first + size - 1n };
}

/** The same for all that is written of the same addresses; `text` itself where it is none. */
export function addressKey(text: string): string {
  const range = addressRange(text);
  return range === undefined ? text : `IPv${range.version} ${range.first}-${range.last}`;
}

/** Whether two addresses, or networks, are the same. */
export const isSameAddress = (one: string, other: string): boolean => addressKey(one) === addressKey(other);

/** Whether every address of `network` is in one of `networks`, or in several together. */
export function covers(networks: readonly string[], network: string): boolean {
  const wanted = addressRange(network);
  if (wanted === undefined) return networks.includes(network);
  const ranges = networks
    .map(addressRange)
    .filter((range) => range?.version === wanted.version)
    .filter((range) => range !== undefined)
    .sort((one, other) => (one.first < other.first ? -1 : 1));
  let next = wanted.first;
  for (const { first, last } of ranges) if (first <= next && last >= next) next = last + 1n;
  return next > wanted.last;
}

const ipv4Value = (address: string): bigint =>
  address.split(".").reduce((value, part) => value * 256n + BigInt(part), 0n);

function ipv6Value(address: string): bigint {
  const [left = "", right] = address.split("::");
  const before = groups(left);
  const after = right === undefined ? [] : groups(right);
  const zeros = Array<bigint>(8 - before.length - after.length).fill(0n);
  return [...before, ...zeros, ...after].reduce((value, group) => value * 65536n + group, 0n);
}

/** Sixteen bits each; the last of them may be written as IPv4: ::ffff:192.0.2.1. */
function groups(text: string): readonly bigint[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => {
    if (!part.includes(".")) return [BigInt(`0x${part}`)];
    const value = ipv4Value(part);
    return [value / 65536n, value % 65536n];
  });
}

/** The first address after that of the network itself: what Neutron gives to a gateway that nobody chose. */
export function firstAddress(network: string): string {
  const range = addressRange(network);
  if (range === undefined) throw new TypeError(`"${network}" is no network`);
  const { version, first } = range;
  const value = first + 1n;
  const parts = (count: number, bits: bigint): readonly bigint[] =>
    Array.from({ length: count }, (_, at) => (value >> (bits * BigInt(count - 1 - at))) % (1n << bits));
  return version === 4
    ? parts(4, 8n).join(".")
    : parts(8, 16n)
        .map((group) => group.toString(16))
        .join(":");
}

/** Whether an IPv6 address is the one that its network makes of a MAC address. Source: RFC 4291, appendix A. */
export function isMadeOfMac(address: string, mac: string): boolean {
  const range = addressRange(address);
  const bytes = mac.split(":");
  if (range?.version !== 6 || bytes.length !== 6) return false;
  const [first = "", ...rest] = bytes;
  const flipped = (parseInt(first, 16) ^ 2).toString(16).padStart(2, "0");
  const made = BigInt(`0x${[flipped, ...rest.slice(0, 2), "fffe", ...rest.slice(2)].join("")}`);
  return range.first % (1n << 64n) === made;
}
