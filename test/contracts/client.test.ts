import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HttpClient } from "../../api/client/http.ts";
import { EtcdStore } from "../../api/storage/etcd.ts";
import { ApiOverHttps } from "../integration/api-over-https.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
import { describeClient } from "./client.contract.ts";

const compactOf = (api: ApiOverHttps) => async (): Promise<void> => api.store.compact(await api.store.revision());

describeClient("in process", async () => {
  const api = await ApiOverHttps.open();
  return { client: api.client, compact: compactOf(api), [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
});

if (etcdMissing === undefined)
  describeClient("of a server on etcd", async () => {
    await using stack = new AsyncDisposableStack();
    const etcd = stack.use(await Etcd.start());
    const api = stack.use(
      await ApiOverHttps.open({}, () => EtcdStore.open({ endpoints: [etcd.endpoint], prefix: "/t" })),
    );
    const all = stack.move();
    return { client: api.client, compact: compactOf(api), [Symbol.asyncDispose]: () => all.disposeAsync() };
  });
else console.warn(`The tests of a client of a server on etcd are skipped: ${etcdMissing}`);

describeClient("over the wire", async () => {
  await using stack = new AsyncDisposableStack();
  const api = stack.use(await ApiOverHttps.open());
  const pem = (name: string): Promise<string> => readFile(join(api.dataDir, "pki", name), "utf8");
  const [ca, cert, key] = await Promise.all([pem("ca.crt"), pem("admin.crt"), pem("admin.key")]);
  const client = stack.use(HttpClient.open({ server: api.api.url, ca, cert, key, userAgent: "stowage-test" }));
  const all = stack.move();
  return { client, compact: compactOf(api), [Symbol.asyncDispose]: () => all.disposeAsync() };
});
