/** A data folder serves one server at a time, whichever store it uses; the embedded store's own lock is in test/contracts. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
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
