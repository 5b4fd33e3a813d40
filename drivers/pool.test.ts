import { expect, test } from "vitest";
import type { Host } from "../crds/host.ts";
import { HostSpec } from "../crds/host.ts";
import { RefusedCredentialsError } from "./driver.ts";
import type { ReadSecret } from "./pool.ts";
import { DriverPool } from "./pool.ts";

const host = (docker: object, name = "a"): Host => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Host",
  metadata: { name, uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: HostSpec.parse({ docker }),
});
const plain = { endpoint: "unix:///docker.sock" };
const secured = { endpoint: "tcp://h:2376", tls: { secretRef: { namespace: "infra", name: "docker" } } };
const secret =
  (data: Record<string, string>): ReadSecret =>
  async () =>
    data;
const noSecret: ReadSecret = async () => {
  throw new Error("nobody should ask for a Secret");
};
const overSsh = { endpoint: "ssh://h", ssh: { secretRef: { namespace: "infra", name: "docker" } } };
const keys = { "ca.crt": "Y2E=", "tls.crt": "Y3J0", "tls.key": "a2V5" };
const sshKeys = { "ssh-privatekey": "a2V5", known_hosts: "aA==" };

test("hands out one driver per Host for as long as nothing about it changes", async () => {
  await using pool = new DriverPool({ instance: "i" });
  expect(pool.get("a")).toBeUndefined();
  const driver = await pool.ensure(host(plain), noSecret);
  expect(await pool.ensure(host({ ...plain }), noSecret)).toBe(driver);
  expect(pool.get("a")).toBe(driver);
  expect(await pool.ensure(host(plain, "b"), noSecret)).not.toBe(driver);
});

test.each<[string, object, object, Record<string, string>]>([
  ["endpoint", plain, { endpoint: "unix:///other.sock" }, keys],
  ["server name", secured, { ...secured, tls: { ...secured.tls, serverName: "x" } }, keys],
  ["Secret's content", secured, secured, { ...keys, "tls.key": "b3RoZXI=" }],
  ["key for SSH", overSsh, overSsh, { ...sshKeys, "ssh-privatekey": "b3RoZXI=" }],
])("opens another driver when the %s changes", async (_, before, after, data) => {
  await using pool = new DriverPool({ instance: "i" });
  const driver = await pool.ensure(host(before), secret({ ...keys, ...sshKeys }));
  const next = await pool.ensure(host(after), secret(data));
  expect(next).not.toBe(driver);
  expect(pool.get("a")).toBe(next);
});

test("two that open the same Host at once get the same driver", async () => {
  await using pool = new DriverPool({ instance: "i" });
  const [one, two] = await Promise.all([1, 2].map(() => pool.ensure(host(secured), secret(keys))));
  expect(one).toBe(two);
});

test("forgets a Host that is removed", async () => {
  await using pool = new DriverPool({ instance: "i" });
  await pool.ensure(host(plain), noSecret);
  await pool.remove("a");
  await pool.remove("never opened");
  expect(pool.get("a")).toBeUndefined();
});

test.each<[string, object, Record<string, string> | undefined, string]>([
  ["one key less", secured, { "ca.crt": "Y2E=", "tls.crt": "Y3J0" }, "lacks tls.key: add it"],
  ["no key at all", overSsh, {}, "lacks ssh-privatekey, known_hosts: add it"],
  ["no Secret", overSsh, undefined, "does not exist: create it with the keys ssh-privatekey, known_hosts"],
])("says what to do where there is %s", async (_, docker, data, says) => {
  await using pool = new DriverPool({ instance: "i" });
  const ensure = pool.ensure(host(docker), () => Promise.resolve(data));
  await expect(ensure).rejects.toThrow(RefusedCredentialsError);
  await expect(ensure).rejects.toThrow(`Cannot connect: Secret "infra/docker", which the Host names, ${says}`);
  expect(pool.get("a")).toBeUndefined();
});
