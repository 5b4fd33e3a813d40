import { X509Certificate } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { userOf } from "./authentication.ts";
import { ensureCertificates } from "./certificates.ts";

const now = new Date("2026-01-01T00:00:00Z");
const later = (days: number): Date => new Date(now.getTime() + days * 24 * 60 * 60 * 1000);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-pki-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("ensureCertificates", () => {
  test("makes an authority, a server that answers to all its names, and an administrator", async () => {
    const { ca, server, admin } = await ensureCertificates(folder, "192.0.2.7", now);
    const authority = new X509Certificate(ca);
    expect(authority.ca).toBe(true);
    const certificate = new X509Certificate(server.cert);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    for (const address of ["127.0.0.1", "::1", "192.0.2.7"]) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkHost("localhost")).toBe("localhost");
    const [name, group] = new X509Certificate(admin.cert).subject.split("\n");
    expect([name, group]).toEqual(["CN=stowage-admin", "O=system:masters"]);
  });

  test("leaves files that only their owner can read, and no others", async () => {
    await ensureCertificates(folder, "127.0.0.1", now);
    const files = await readdir(join(folder, "pki"));
    expect(files.toSorted()).toEqual(["admin.crt", "admin.key", "ca.crt", "ca.key", "server.crt", "server.key"]);
    for (const file of files) expect((await stat(join(folder, "pki", file))).mode & 0o777).toBe(0o600);
  });

  test("keeps what fits", async () => {
    const first = await ensureCertificates(folder, "127.0.0.1", now);
    expect(await ensureCertificates(folder, "127.0.0.1", later(300))).toEqual(first);
  });

  test("makes a new server certificate for another address, and leaves the clients alone", async () => {
    const first = await ensureCertificates(folder, "127.0.0.1", now);
    const second = await ensureCertificates(folder, "192.0.2.9", now);
    expect(second).toMatchObject({ ca: first.ca, admin: first.admin });
    expect(new X509Certificate(second.server.cert).checkIP("192.0.2.9")).toBe("192.0.2.9");
  });

  test("makes a new server certificate for a name that was added", async () => {
    await ensureCertificates(folder, "127.0.0.1", now);
    const { server } = await ensureCertificates(folder, "127.0.0.1", now, ["api.example"]);
    expect(new X509Certificate(server.cert).checkHost("api.example")).toBe("api.example");
  });

  test("signs with the authority that was copied from another server, whose clients it then knows", async () => {
    const first = await ensureCertificates(folder, "127.0.0.1", now);
    const other = await mkdtemp(join(tmpdir(), "stowage-pki-"));
    onTestFinished(() => rm(other, { recursive: true, force: true }));
    await mkdir(join(other, "pki"));
    for (const file of ["ca.crt", "ca.key"]) await copyFile(join(folder, "pki", file), join(other, "pki", file));
    const second = await ensureCertificates(other, "127.0.0.1", now);
    expect(second.ca).toBe(first.ca);
    expect(new X509Certificate(second.server.cert).verify(new X509Certificate(first.ca).publicKey)).toBe(true);
  });

  test("refuses an authority's certificate without its key, which no crash leaves, and touches nothing", async () => {
    const { ca } = await ensureCertificates(folder, "127.0.0.1", now);
    await rm(join(folder, "pki", "ca.key"));
    await expect(ensureCertificates(folder, "127.0.0.1", now)).rejects.toThrow(
      /its key is missing; copy ca.key there too/,
    );
    expect(await readFile(join(folder, "pki", "ca.crt"), "utf8")).toBe(ca);
  });

  test("replaces what is about to expire, the authority with all that it signed", async () => {
    const first = await ensureCertificates(folder, "127.0.0.1", now);
    const second = await ensureCertificates(folder, "127.0.0.1", later(340));
    expect(second.ca).toBe(first.ca);
    expect(second.admin.cert).not.toBe(first.admin.cert);
    const third = await ensureCertificates(folder, "127.0.0.1", later(3640));
    expect(third.ca).not.toBe(first.ca);
    expect(new X509Certificate(third.admin.cert).verify(new X509Certificate(third.ca).publicKey)).toBe(true);
  });

  test("replaces what a crash left half written", async () => {
    const first = await ensureCertificates(folder, "127.0.0.1", now);
    await truncate(join(folder, "pki", "server.key"), 10);
    const second = await ensureCertificates(folder, "127.0.0.1", now);
    expect(second.ca).toBe(first.ca);
    expect(second.server.key).toContain("BEGIN PRIVATE KEY");
  });
});

test.each([
  { why: "one organization", subject: { CN: "a", O: "g" }, want: { name: "a", groups: ["g", "system:authenticated"] } },
  {
    why: "several",
    subject: { CN: "a", O: ["g", "h"] },
    want: { name: "a", groups: ["g", "h", "system:authenticated"] },
  },
  { why: "none", subject: { CN: "a" }, want: { name: "a", groups: ["system:authenticated"] } },
  { why: "no name is nobody", subject: { O: "system:masters" }, want: undefined },
])("userOf: $why", ({ subject, want }) => {
  expect(userOf({ subject })).toEqual(want);
});
