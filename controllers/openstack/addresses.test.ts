import { describe, expect, test } from "vitest";
import { addressKey, addressRange, covers, firstAddress, isMadeOfMac, isSameAddress } from "./addresses.ts";

describe("addressRange()", () => {
  test("knows addresses and networks of both versions", () => {
    expect(addressRange("192.0.2.1")).toEqual({ version: 4, first: 0xc0000201n, last: 0xc0000201n });
    expect(addressRange("192.0.2.77/24")).toEqual({ version: 4, first: 0xc0000200n, last: 0xc00002ffn });
    expect(addressRange("::/0")).toEqual({ version: 6, first: 0n, last: (1n << 128n) - 1n });
  });

  test.each(["", "192.0.2", "192.0.2.0/33", "192.0.2.0/24/1", "fe80::1%eth0", "2001:db8::/129", "192.0.2.0/x"])(
    "%j is none",
    (text) => {
      expect(addressRange(text)).toBeUndefined();
    },
  );
});

test.each([
  { one: "2001:0DB8:0:0::/32", other: "2001:db8::/32", same: true },
  { one: "192.0.2.9/24", other: "192.0.2.0/24", same: true },
  { one: "::ffff:192.0.2.1", other: "::ffff:c000:201", same: true },
  { one: "0.0.0.1", other: "::1", same: false },
  { one: "192.0.2.0/24", other: "192.0.2.0/25", same: false },
])("isSameAddress() of $one and $other is $same", ({ one, other, same }) => {
  expect(isSameAddress(one, other)).toBe(same);
});

test("addressKey() leaves what is no address as it is", () => {
  expect(addressKey("everywhere")).toBe("everywhere");
});

test.each([
  { why: "it is one of them", networks: ["198.51.100.0/24", "192.0.2.0/24"], network: "192.0.2.0/24", is: true },
  { why: "it is within one", networks: ["10.0.0.0/8"], network: "10.1.0.0/16", is: true },
  { why: "two make it up", networks: ["10.0.1.0/24", "10.0.0.0/24"], network: "10.0.0.0/23", is: true },
  { why: "its middle is missing", networks: ["10.0.0.0/24", "10.0.2.0/23"], network: "10.0.0.0/22", is: false },
  { why: "there is none", networks: [], network: "10.0.0.0/24", is: false },
  { why: "the other version of IP is another space", networks: ["::/0"], network: "10.0.0.0/24", is: false },
])("covers() is $is where $why", ({ networks, network, is }) => {
  expect(covers(networks, network)).toBe(is);
});

test.each([
  ["192.0.2.0/24", "192.0.2.1"],
  ["10.255.255.128/25", "10.255.255.129"],
  ["2001:db8::/64", "2001:db8:0:0:0:0:0:1"],
  ["2001:db8::1:0:0:ff00/120", "2001:db8:0:0:1:0:0:ff01"],
])("the first address of %s is %s", (network, first) => {
  expect(firstAddress(network)).toBe(first);
});

test.each([
  {
    why: "flips the bit that says who gave it",
    address: "2001:db8::f816:3eff:fe12:3456",
    mac: "fa:16:3e:12:34:56",
    is: true,
  },
  { why: "another host", address: "2001:db8::f816:3eff:fe12:3457", mac: "fa:16:3e:12:34:56", is: false },
  { why: "IPv4 makes none", address: "192.0.2.1", mac: "fa:16:3e:12:34:56", is: false },
  { why: "a MAC address that is not known", address: "2001:db8::1", mac: "", is: false },
])("an address of a MAC address: $why", ({ address, mac, is }) => {
  expect(isMadeOfMac(address, mac)).toBe(is);
});
