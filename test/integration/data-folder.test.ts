/** A data folder serves one server at a time, whichever store it uses, and survives kill -9; the embedded store's own lock is in test/contracts. */
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { ensureCertificates } from "../../api/auth/certificates.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
import { spawnProcess } from "../lab/process.ts";
import { StowageServer } from "../lab/stowage.ts";

test.skipIf(etcdMissing)(
  `a second server on the same folder leaves the first one's kubeconfig alone${etcdMissing ? `: skipped, ${etcdMissing}` : ""}`,
  async () => {
    await using etcd = await Etcd.start();
    const args = ["--store", "etcd", "--etcd-endpoints", etcd.endpoint];
    await using server = await StowageServer.start({ args });
    const kubeconfig = await readFile(server.kubeconfig, "utf8");
    const where = ["--data-dir", server.dataDir, "--listen", "127.0.0.1:0", "--docker", "none"];
    const second = await server.cli(["server", ...where, ...args]);
    expect(second).toMatchObject({ code: 1, stdout: "" });
    expect(second.stderr).toContain("another stowage server uses it");
    expect(await readFile(server.kubeconfig, "utf8")).toBe(kubeconfig);
  },
);

test("kill -9 while certificates are made leaves nothing that the next start cannot use", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stowage-pki-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const module = new URL("../../api/auth/certificates.ts", import.meta.url).href;
  const made = join(folder, "made");
  const program = `
    import { ensureCertificates } from ${JSON.stringify(module)};
    for (let i = 0; ; i++) {
      await ensureCertificates(${JSON.stringify(made)} + "/" + process.pid + "-" + i, "127.0.0.1", new Date());
      console.log("made");
    }`;
  for (let kill = 0; kill < 8; kill++) {
    const logFile = join(folder, `${kill}.log`);
    const maker = await spawnProcess({
      command: process.execPath,
      args: ["--input-type=module", "-e", program],
      logFile,
      ready: async () => (await readFile(logFile, "utf8")).includes("made"),
    });
    await pause(Math.random() * 30);
    await maker.end("SIGKILL");
  }
  const folders = await readdir(made);
  expect(folders.length).toBeGreaterThan(8);
  for (const name of folders) {
    const { ca, server, admin } = await ensureCertificates(join(made, name), "127.0.0.1", new Date());
    const authority = new X509Certificate(ca);
    for (const { cert } of [server, admin]) expect(new X509Certificate(cert).verify(authority.publicKey)).toBe(true);
    expect(await readdir(join(made, name, "pki"))).toHaveLength(6);
  }
});
