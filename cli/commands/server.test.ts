import { expect, test } from "vitest";
import type { ServerFlags } from "./server.ts";
import { serverOptions } from "./server.ts";

const given: ServerFlags = {
  ...{ dataDir: "./.stowage", listen: "127.0.0.1:7443", store: "sqlite", etcdPrefix: "/registry", controllers: "*" },
  ...{
    defaultTenancy: "Shared",
    openstackResyncPeriod: "10m",
    openstackAnswerGrace: "1m",
    logFormat: "text",
    logLevel: "info",
  },
};

test("fills in what is not said", () => {
  expect(serverOptions(given, "/home/me")).toEqual({
    dataDir: "/home/me/.stowage",
    listen: { host: "127.0.0.1", port: 7443 },
    tlsSan: [],
    store: { type: "sqlite" },
    ...{ controllers: "*", docker: undefined, instance: undefined, logFormat: "text", logLevel: "info" },
    defaultTenancy: "Shared",
    openstackResyncMs: 600_000,
    imageDownloadNetworks: [],
    openstackGraceMs: 60_000,
  });
});

test("takes names for its certificate", () => {
  const { tlsSan } = serverOptions({ ...given, tlsSan: "api.example,192.0.2.7,::1" }, "/");
  expect(tlsSan).toEqual(["api.example", "192.0.2.7", "::1"]);
});

test("takes networks that Images may be downloaded from", () => {
  const imageDownloadNetworks = "10.1.0.0/16,fd00:1::/32";
  expect(serverOptions({ ...given, imageDownloadNetworks }, "/").imageDownloadNetworks).toEqual([
    { address: "10.1.0.0", prefix: 16 },
    { address: "fd00:1::", prefix: 32 },
  ]);
});

test("takes an IPv6 address, and etcd with several endpoints", () => {
  const options = { ...given, listen: "[::1]:0", store: "etcd", etcdEndpoints: "http://a:2379,http://b:2379" } as const;
  expect(serverOptions(options, "/")).toMatchObject({
    listen: { host: "::1", port: 0 },
    store: { type: "etcd", endpoints: ["http://a:2379", "http://b:2379"], prefix: "/registry" },
  });
});

test.each([
  { why: "no port", change: { listen: "localhost" }, want: '--listen "localhost" is not HOST:PORT' },
  { why: "no such port", change: { listen: "localhost:70000" }, want: "--listen" },
  { why: "a name that is none", change: { tlsSan: "api.example,https://x" }, want: '--tls-san "https://x"' },
  { why: "etcd without endpoints", change: { store: "etcd" }, want: "--store etcd needs --etcd-endpoints" },
  {
    why: "endpoints without etcd",
    change: { etcdEndpoints: "http://a:1" },
    want: "--etcd-endpoints is for --store etcd",
  },
  {
    why: "half a client certificate",
    change: { store: "etcd", etcdEndpoints: "https://a:1", etcdCafile: "ca", etcdCertfile: "crt" },
    want: "--etcd-certfile and --etcd-keyfile go together",
  },
  {
    why: "an endpoint that is no URL",
    change: { store: "etcd", etcdEndpoints: "a:2379" },
    want: '--etcd-endpoints "a:2379"',
  },
  {
    why: "a prefix without a slash",
    change: { store: "etcd", etcdEndpoints: "http://a:1", etcdPrefix: "x" },
    want: '--etcd-prefix "x"',
  },
  {
    why: "an engine that is no endpoint",
    change: { docker: "localhost" },
    want: '--docker "localhost" is not an Engine',
  },
  { why: "a period that is none", change: { openstackResyncPeriod: "soon" }, want: '--openstack-resync-period "soon"' },
  {
    why: "an address without a prefix",
    change: { imageDownloadNetworks: "10.0.0.1" },
    want: '--image-download-networks "10.0.0.1" is not a network',
  },
  {
    why: "a prefix that is too long",
    change: { imageDownloadNetworks: "::1/128,10.0.0.0/33" },
    want: '--image-download-networks "10.0.0.0/33"',
  },
  {
    why: "a name for a network",
    change: { imageDownloadNetworks: "localhost/8" },
    want: '--image-download-networks "localhost/8"',
  },
  { why: "a grace that is none", change: { openstackAnswerGrace: "-1s" }, want: '--openstack-answer-grace "-1s"' },
  { why: "an instance that is no label", change: { instance: "a b" }, want: '--instance "a b"' },
] satisfies { why: string; change: Partial<ServerFlags>; want: string }[])(
  "names the option that makes no sense: $why",
  ({ change, want }) => {
    expect(() => serverOptions({ ...given, ...change }, "/")).toThrow(want);
  },
);
