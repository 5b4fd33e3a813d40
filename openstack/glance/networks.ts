/** Which addresses an image's data may be read from. */
import { BlockList, isIP } from "node:net";

/** 192.0.2.0/24. */
export interface Cidr {
  readonly address: string;
  /** In bits. */
  readonly prefix: number;
}

/** Whether something may be read from an address, in any notation of it. A name is no address. Pure. */
export type MayReadFrom = (address: string) => boolean;

/** Sources: IANA's registry of special-purpose addresses (RFC 6890); RFC 5771, multicast; RFC 7526, 6to4 relays. */
const privateIPv4: readonly Cidr[] = [
  { address: "0.0.0.0", prefix: 8 },
  { address: "10.0.0.0", prefix: 8 },
  { address: "100.64.0.0", prefix: 10 },
  { address: "127.0.0.0", prefix: 8 },
  { address: "169.254.0.0", prefix: 16 },
  { address: "172.16.0.0", prefix: 12 },
  { address: "192.0.0.0", prefix: 24 },
  { address: "192.0.2.0", prefix: 24 },
  { address: "192.88.99.0", prefix: 24 },
  { address: "192.168.0.0", prefix: 16 },
  { address: "198.18.0.0", prefix: 15 },
  { address: "198.51.100.0", prefix: 24 },
  { address: "203.0.113.0", prefix: 24 },
  { address: "224.0.0.0", prefix: 4 },
  { address: "240.0.0.0", prefix: 4 },
];

/** What of IPv6 can be public at all: global unicast, and what stands for an address of IPv4 (mapped; NAT64, RFC 6052). */
const perhapsPublicIPv6: readonly Cidr[] = [
  { address: "2000::", prefix: 3 },
  { address: "::ffff:0.0.0.0", prefix: 96 },
  { address: "64:ff9b::", prefix: 96 },
];

/** What of those is not. Teredo (of 2001::/23) and 6to4 lead to addresses of IPv4 that nothing here would look at. */
const privateIPv6: readonly Cidr[] = [
  { address: "2001::", prefix: 23 },
  { address: "2001:db8::", prefix: 32 },
  { address: "2002::", prefix: 16 },
  { address: "3fff::", prefix: 20 },
  ...privateIPv4.map(({ address, prefix }) => ({ address: `64:ff9b::${address}`, prefix: 96 + prefix })),
];

/** Public addresses, and those of `allowed`. An address of IPv4 is the same one where it is mapped into IPv6. */
export function publicOr(allowed: readonly Cidr[]): MayReadFrom {
  const isPrivate = [listOf(privateIPv4), listOf(privateIPv6)] as const;
  const perhapsPublic = listOf(perhapsPublicIPv6);
  // Apart: a list compares addresses of IPv4 with networks of IPv6, too.
  const [allowed4, allowed6] = [4, 6].map((version) =>
    listOf(allowed.filter(({ address }) => isIP(address) === version)),
  );
  return (address) => {
    const [bare = ""] = address.split("%");
    switch (isIP(bare)) {
      case 4:
        return allowed4?.check(bare, "ipv4") === true || !isPrivate[0].check(bare, "ipv4");
      case 6:
        if (allowed4?.check(bare, "ipv6") === true || allowed6?.check(bare, "ipv6") === true) return true;
        return perhapsPublic.check(bare, "ipv6") && !isPrivate.some((list) => list.check(bare, "ipv6"));
      default:
        return false;
    }
  };
}

function listOf(networks: readonly Cidr[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix } of networks) list.addSubnet(address, prefix, isIP(address) === 4 ? "ipv4" : "ipv6");
  return list;
}
