import { expect, test } from "vitest";
import { publicOr } from "./networks.ts";

const isPublic = publicOr([]);

test.each([
  { what: "this host", addresses: ["0.0.0.0", "0.1.2.3", "::"] },
  { what: "loopback", addresses: ["127.0.0.1", "127.255.255.254", "::1"] },
  { what: "private networks", addresses: ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"] },
  { what: "unique local addresses", addresses: ["fc00::1", "fd12:3456::1", "fd00:ec2::254"] },
  { what: "carriers' NAT", addresses: ["100.64.0.1", "100.127.255.255"] },
  { what: "link-local addresses", addresses: ["169.254.169.254", "fe80::1", "fe80::1%eth0", "febf::1"] },
  { what: "site-local addresses", addresses: ["fec0::1"] },
  { what: "documentation", addresses: ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"] },
  { what: "benchmarks and protocols", addresses: ["198.18.0.1", "198.19.255.255", "192.0.0.170", "2001:2::1"] },
  { what: "multicast and broadcast", addresses: ["224.0.0.1", "239.1.2.3", "255.255.255.255", "240.0.0.1", "ff02::1"] },
  {
    what: "IPv4 mapped into IPv6",
    addresses: ["::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:a00:1"],
  },
  { what: "IPv4 within IPv6", addresses: ["::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1"] },
  { what: "NAT64", addresses: ["64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808"] },
  { what: "6to4 and Teredo", addresses: ["2002:a00:1::", "2002:808:808::1", "192.88.99.1", "2001:0:808:808::1"] },
  { what: "what is no address", addresses: ["", "example.org", "127.1", "0x7f.1", "2130706433", "[::1]"] },
])("nothing is read from $what", ({ addresses }) => {
  expect(addresses.filter(isPublic)).toEqual([]);
});

test("public addresses are read from, whatever stands for them", () => {
  const addresses = [
    ...["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
    ...["128.0.0.1", "169.253.0.1", "172.15.0.1", "172.32.0.1", "192.167.0.1", "198.17.0.1", "198.20.0.1", "223.0.0.1"],
    ...["2001:4860:4860::8888", "2606:4700::1111", "2a00::1", "2003::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
  ];
  expect(addresses.filter((address) => !isPublic(address))).toEqual([]);
});

test("what is allowed is read from too, and nothing beside it", () => {
  const mayReadFrom = publicOr([
    { address: "10.1.0.0", prefix: 16 },
    { address: "127.0.0.1", prefix: 32 },
    { address: "fd00:1::", prefix: 32 },
  ]);
  const allowed = ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "::ffff:7f00:1", "fd00:1::2", "8.8.8.8", "2a00::1"];
  expect(allowed.filter((address) => !mayReadFrom(address))).toEqual([]);
  const others = ["10.2.0.1", "127.0.0.2", "::1", "fd00:2::2", "64:ff9b::10.1.2.3", "169.254.169.254"];
  expect(others.filter(mayReadFrom)).toEqual([]);
});
