import { FakeOpenStack } from "./fakes/openstack/openstack.ts";
import { StowageServer } from "./lab/stowage.ts";
import { folder } from "./openstack/folder.ts";
await using openstack = await FakeOpenStack.start({ latencyMs: 30 });
await using server = await StowageServer.start();
console.log(server.kubeconfig);
const secret = { apiVersion: "v1", kind: "Secret", metadata: { namespace: "default", name: "cloud" }, stringData: { "clouds.yaml": openstack.cloudsYaml } };
console.log(await server.cli(["apply", "-f", "-"], JSON.stringify(secret)));
const text = folder("default", "cloud", "alpha").map((o) => JSON.stringify(o)).join("\n---\n");
const t0 = performance.now();
console.log((await server.cli(["apply", "-f", "-"], text)).stderr);
console.log("applied", performance.now() - t0);
let last = "";
for (let i = 0; i < 300; i++) {
  const out = await server.kubectl(["get", "openstack", "-o", "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.status.conditions[?(@.type=='Available')].status} {.status.conditions[?(@.type=='Progressing')].status} {.status.conditions[?(@.type=='Progressing')].message}{'\\n'}{end}"]);
  const lines = out.stdout.trim().split("\n");
  const bad = lines.filter((l) => !/ True False /.test(l));
  if (out.stderr) console.log(out.stderr);
  if (bad.length === 0 && lines.length >= 60) { console.log("all", performance.now() - t0); break; }
  if (i % 10 === 9) console.log(i, bad.length, bad.slice(0, 5));
}
const byPath = new Map<string, number>();
for (const { method, path } of openstack.requests.all ?? []) { const k = method + " " + path.replace(/[0-9a-f-]{32,36}/g, "ID"); byPath.set(k, (byPath.get(k) ?? 0) + 1); }
console.log([...byPath].sort());
const t1 = performance.now();
console.log((await server.cli(["delete", "-f", "-"], text)).stderr);
console.log("deleted", performance.now() - t1);
console.log(server.log.split("\n").filter((l) => !/OpenStack refused/.test(l)).slice(-30).join("\n"));
