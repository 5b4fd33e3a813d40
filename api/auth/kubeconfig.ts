import { join } from "node:path";
import type { Certificates } from "./certificates.ts";
import { writePrivate } from "./certificates.ts";

/** Replaces DIR/admin.kubeconfig at once. Everything is in it; only its owner can read it. Returns its path. */
export async function writeKubeconfig(dataDir: string, url: string, { ca, admin }: Certificates): Promise<string> {
  const path = join(dataDir, "admin.kubeconfig");
  const data = (pem: string): string => Buffer.from(pem).toString("base64");
  await writePrivate(
    path,
    `apiVersion: v1
kind: Config
clusters:
  - name: stowage
    cluster:
      server: ${url}
      certificate-authority-data: ${data(ca)}
users:
  - name: stowage-admin
    user:
      client-certificate-data: ${data(admin.cert)}
      client-key-data: ${data(admin.key)}
contexts:
  - name: stowage
    context:
      cluster: stowage
      user: stowage-admin
current-context: stowage
`,
  );
  return path;
}
