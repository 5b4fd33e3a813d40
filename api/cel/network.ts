/** IP addresses and networks in CEL. Source: k8s.io/apiserver/pkg/cel/library/{ip,cidr}.go and net/netip. */
import { isIP } from "node:net";
import type { Environment } from "@marcbachmann/cel-js";
import { EvaluationError } from "@marcbachmann/cel-js";
import { namespaced, pure } from "./registering.ts";

class Address {
  readonly bits: 32 | 128;
  readonly value: bigint;

  constructor(bits: 32 | 128, value: bigint) {
    this.bits = bits;
    this.value = value;
  }
}

class Network {
  readonly address: Address;
  readonly prefixLength: number;

  constructor(address: Address, prefixLength: number) {
    this.address = address;
    this.prefixLength = prefixLength;
  }
}

const joined = (parts: readonly bigint[], size: bigint): bigint =>
  parts.reduce((sum, part) => (sum << size) | part, 0n);

/** Zones and IPv4 within IPv6 are refused, as upstream refuses them. */
function parseAddress(text: string): Address | undefined {
  const version = /^[0-9a-fA-F:.]+$/.test(text) ? isIP(text) : 0;
  if (version === 4) return new Address(32, joined(text.split(".").map(BigInt), 8n));
  if (version === 0 || text.includes(".")) return undefined;
  const [head = "", tail] = text.split("::");
  const words = (part: string): readonly bigint[] =>
    part === "" ? [] : part.split(":").map((word) => BigInt(`0x${word}`));
  const [before, after] = [words(head), tail === undefined ? [] : words(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0n);
  const value = joined([...before, ...zeros, ...after], 16n);
  return value >> 32n === 0xffffn ? undefined : new Address(128, value);
}

function parseNetwork(text: string): Network | undefined {
  const [, host = "", length = ""] = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const address = parseAddress(host);
  return address === undefined || Number(length) > address.bits ? undefined : new Network(address, Number(length));
}

function format({ bits, value }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const words = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(":");
  // RFC 5952: the longest run of two or more zeros, the first of them, is left out.
  const runs = Array.from(words.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g), ([run]) => run);
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return words;
  const at =
    runs.indexOf(longest) === 0 ? words.search(new RegExp(`(?:^|:)${longest}(?::|$)`)) : words.lastIndexOf(longest);
  const [left, right] = [words.slice(0, at), words.slice(at).replace(/^:/, "").slice(longest.length)];
  return `${left.replace(/:$/, "")}::${right.replace(/^:/, "")}`;
}

const hostBits = ({ address, prefixLength }: Network): bigint => BigInt(address.bits - prefixLength);
const networkOf = ({ value }: Address, bits: bigint): bigint => value >> bits;

function containsAddress(network: Network, address: Address): boolean {
  const bits = hostBits(network);
  return network.address.bits === address.bits && networkOf(network.address, bits) === networkOf(address, bits);
}

const containsNetwork = (network: Network, other: Network): boolean =>
  other.prefixLength >= network.prefixLength && containsAddress(network, other.address);

function required<T>(parsed: T | undefined, what: string, text: string): T {
  if (parsed === undefined)
    throw new EvaluationError(`${what} ${JSON.stringify(text)} parse error during conversion from string`);
  return parsed;
}

/** Whether the leading bits of an address are `value`: separately for IPv4 and IPv6. */
function startsWith(
  { bits, value }: Address,
  four: readonly [number, bigint],
  six: readonly [number, bigint],
): boolean {
  const [length, start] = bits === 32 ? four : six;
  return value >> BigInt(bits - length) === start;
}

const isMulticastLinkLocal = (ip: Address): boolean => startsWith(ip, [24, 0xe00000n], [16, 0xff02n]);
const isLinkLocal = (ip: Address): boolean => startsWith(ip, [16, 0xa9fen], [10, 0x3fan]);
const isMulticast = (ip: Address): boolean => startsWith(ip, [4, 0xen], [8, 0xffn]);
const isLoopback = (ip: Address): boolean => startsWith(ip, [8, 127n], [128, 1n]);
const isBroadcast = ({ bits, value }: Address): boolean => bits === 32 && value === 0xffffffffn;

/** ip(), isIP(), cidr(), isCIDR(), and what can be asked of them. */
export function registerNetwork(environment: Environment): void {
  const [ip, cidr] = ["net.IP", "net.CIDR"];
  const address = (text: string): Address => required(parseAddress(text), "IP Address", text);
  const network = (text: string): Network => required(parseNetwork(text), "network address", text);
  environment.registerType(ip, Address).registerType(cidr, Network);
  environment.registerOperator(`${ip} == ${ip}`, (a: Address, b: Address) => a.bits === b.bits && a.value === b.value);
  environment.registerOperator(
    `${cidr} == ${cidr}`,
    (a: Network, b: Network) =>
      a.prefixLength === b.prefixLength && a.address.value === b.address.value && a.address.bits === b.address.bits,
  );
  namespaced(environment, "ip", { "isCanonical(string): bool": (text: string) => format(address(text)) === text });
  pure(environment, {
    [`ip(string): ${ip}`]: address,
    "isIP(string): bool": (text: string) => parseAddress(text) !== undefined,
    [`string(${ip}): string`]: format,
    [`${ip}.family(): int`]: ({ bits }: Address) => (bits === 32 ? 4n : 6n),
    [`${ip}.isUnspecified(): bool`]: ({ value }: Address) => value === 0n,
    [`${ip}.isLoopback(): bool`]: isLoopback,
    [`${ip}.isLinkLocalMulticast(): bool`]: isMulticastLinkLocal,
    [`${ip}.isLinkLocalUnicast(): bool`]: isLinkLocal,
    [`${ip}.isGlobalUnicast(): bool`]: (one: Address) =>
      one.value !== 0n && ![isLoopback, isLinkLocal, isMulticast, isBroadcast].some((is) => is(one)),
    [`cidr(string): ${cidr}`]: network,
    "isCIDR(string): bool": (text: string) => parseNetwork(text) !== undefined,
    [`string(${cidr}): string`]: (one: Network) => `${format(one.address)}/${one.prefixLength}`,
    [`${cidr}.containsIP(${ip}): bool`]: containsAddress,
    [`${cidr}.containsIP(string): bool`]: (one: Network, other: string) => containsAddress(one, address(other)),
    [`${cidr}.containsCIDR(${cidr}): bool`]: containsNetwork,
    [`${cidr}.containsCIDR(string): bool`]: (one: Network, other: string) => containsNetwork(one, network(other)),
    [`${cidr}.ip(): ${ip}`]: (one: Network) => one.address,
    [`${cidr}.masked(): ${cidr}`]: (one: Network) => {
      const bits = hostBits(one);
      return new Network(new Address(one.address.bits, networkOf(one.address, bits) << bits), one.prefixLength);
    },
    [`${cidr}.prefixLength(): int`]: (one: Network) => BigInt(one.prefixLength),
  });
}
