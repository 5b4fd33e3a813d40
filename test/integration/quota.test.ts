/** ResourceQuota, as a user of kubectl and as many clients at once see it. */
import { expect, test } from "vitest";
import type { Client } from "../../api/client/client.ts";
import { EtcdStore } from "../../api/storage/etcd.ts";
import { resourceQuotaController } from "../../controllers/resource-quota/setup.ts";
import type { ResourceQuota } from "../../controllers/resource-quota/status.ts";
import { containers } from "../../crds/container.ts";
import { configMapType, namespaceType, resourceQuotaType } from "../../crds/core.ts";
import { systemClock } from "../../process/clock.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
import { eventually } from "../lab/stowage.ts";
import { ApiOverHttps } from "./api-over-https.ts";
import { KubectlUser, kubectlMissing } from "./kubectl-user.ts";
import { runControllers } from "./running-controllers.ts";

const quotasOf = (client: Client): AsyncDisposable =>
  runControllers(client, (informers) => [resourceQuotaController({ client, informers, clock: systemClock })]);

async function limit(client: Client, namespace: string, hard: Readonly<Record<string, string>>): Promise<void> {
  await client.create(namespaceType, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await client.create(resourceQuotaType, {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { namespace, name: "limits" },
    ...{ spec: { hard } },
  });
  await used(client, namespace, (now) => Object.keys(hard).every((name) => Object.hasOwn(now, name)));
}

/** What is used once `check` holds of it. */
function used(
  client: Client,
  namespace: string,
  check: (used: Readonly<Record<string, unknown>>) => boolean,
): Promise<Readonly<Record<string, unknown>>> {
  return eventually("the quota says what is used", async () => {
    const { status } = await client.get<ResourceQuota>(resourceQuotaType, { namespace, name: "limits" });
    const now = status?.used ?? {};
    return check(now) && now;
  });
}

const configMap = (namespace: string, name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name },
});

const container = (namespace: string, name: string, resources?: object) => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata: { namespace, name },
  spec: { image: "busybox", ...(resources && { resources }) },
});

/** Creates a hundred at once, with the clients by turns; how many there are then. */
async function createHundred(clients: readonly Client[], namespace: string): Promise<number> {
  const attempts = Array.from({ length: 100 }, async (_, i) => {
    const client = clients[i % clients.length];
    await client?.create(configMapType, configMap(namespace, `c-${i}`));
  });
  const results = await Promise.allSettled(attempts);
  const reasons = results.flatMap((result) => (result.status === "rejected" ? [String(result.reason)] : []));
  for (const reason of reasons) expect(reason).toContain("exceeded quota: limits, requested: count/configmaps=1");
  const [client] = clients;
  return (await client?.list(configMapType, { namespace }))?.items.length ?? 0;
}

test("a hundred creates at once against a quota of ten leave ten, and what is deleted can be used again", async () => {
  await using api = await ApiOverHttps.open();
  const { client } = api;
  await using _controllers = quotasOf(client);
  await limit(client, "shop", { "count/configmaps": "10" });
  expect(await createHundred([client], "shop")).toBe(10);
  const [first] = (await client.list(configMapType, { namespace: "shop" })).items;
  await client.delete(configMapType, { namespace: "shop", name: first?.metadata.name ?? "" });
  await used(client, "shop", (now) => now["count/configmaps"] === "9");
  await client.create(configMapType, configMap("shop", "another"));
});

test.skipIf(etcdMissing !== undefined)("the same with two servers on one etcd", async () => {
  await using etcd = await Etcd.start();
  const open = () => ApiOverHttps.open({}, () => EtcdStore.open({ endpoints: [etcd.endpoint], prefix: "/registry" }));
  await using one = await open();
  await using other = await open();
  await using _controllers = quotasOf(one.client);
  await limit(one.client, "shop", { "count/configmaps": "10" });
  await eventually("the other server knows the quota", async () => {
    const { items } = await other.client.list(resourceQuotaType, { resourceVersion: "0" });
    return (items[0] as ResourceQuota | undefined)?.status?.used !== undefined;
  });
  expect(await createHundred([one.client, other.client], "shop")).toBe(10);
});

test("a create that fails after it was charged is given back", async () => {
  await using api = await ApiOverHttps.open();
  const { client } = api;
  await using _controllers = quotasOf(client);
  await limit(client, "shop", { configmaps: "3" });
  await client.create(configMapType, configMap("shop", "a"));
  await expect(client.create(configMapType, configMap("shop", "a"))).rejects.toThrow("already exists");
  await used(client, "shop", (now) => now["configmaps"] === "1");
});

test("Containers' resources are summed up; an update that asks for more is charged, or refused", async () => {
  await using api = await ApiOverHttps.open();
  const { client } = api;
  await using _controllers = quotasOf(client);
  await limit(client, "shop", { "requests.cpu": "1", "limits.memory": "1Gi", "count/containers.stowage.dev": "5" });
  const resources = { requests: { cpu: "400m" }, limits: { memory: "256Mi" } };
  await client.create(containers, container("shop", "web", resources));
  await expect(client.create(containers, container("shop", "bare"))).rejects.toThrow(
    'containers.stowage.dev "bare" is forbidden: failed quota: limits: must specify limits.memory for: bare; requests.cpu for: bare',
  );
  await expect(
    client.create(containers, container("shop", "big", { ...resources, requests: { cpu: "700m" } })),
  ).rejects.toThrow(
    'containers.stowage.dev "big" is forbidden: exceeded quota: limits, requested: requests.cpu=700m, used: requests.cpu=400m, limited: requests.cpu=1',
  );
  const ask = (cpu: string) =>
    client.patch(
      containers,
      { namespace: "shop", name: "web" },
      {
        type: "merge",
        body: { spec: { resources: { requests: { cpu } } } },
      },
    );
  await ask("900m");
  expect(await used(client, "shop", (now) => now["requests.cpu"] === "900m")).toEqual({
    "requests.cpu": "900m",
    "limits.memory": "256Mi",
    "count/containers.stowage.dev": "1",
  });
  await expect(ask("1100m")).rejects.toThrow("requested: requests.cpu=200m, used: requests.cpu=900m");
  await ask("100m");
  await used(client, "shop", (now) => now["requests.cpu"] === "100m");
});

test("a dry run is refused like any other write, and charged nothing", async () => {
  await using api = await ApiOverHttps.open();
  const { client } = api;
  await using _controllers = quotasOf(client);
  await limit(client, "shop", { configmaps: "1" });
  for (const name of ["a", "b", "c"]) await client.create(configMapType, configMap("shop", name), { dryRun: true });
  await client.create(configMapType, configMap("shop", "a"));
  await expect(client.create(configMapType, configMap("shop", "b"), { dryRun: true })).rejects.toThrow(
    "exceeded quota",
  );
});

test.skipIf(kubectlMissing !== undefined)("kubectl creates, shows and describes quotas", async () => {
  await using user = await KubectlUser.start();
  expect(await user.ok("create quota small --hard=count/secrets=2,requests.cpu=1,limits.memory=1024Mi")).toBe(
    "resourcequota/small created",
  );
  await user.ok("wait quota/small --for=jsonpath={.status.used}");
  await user.ok("create secret generic one");
  await user.ok("create secret generic two");
  expect(await user.fails("create secret generic three")).toContain(
    'secrets "three" is forbidden: exceeded quota: small, requested: count/secrets=1, used: count/secrets=2, limited: count/secrets=2',
  );
  expect(await user.ok("describe quota small")).toMatch(
    /Name: +small\nNamespace: +default\nResource +Used +Hard\n-+ +-+ +-+\ncount\/secrets +2 +2\nlimits\.memory +0 +1Gi\nrequests\.cpu +0 +1$/,
  );
  expect(await user.ok("get quota")).toMatch(
    /^NAME +AGE +REQUEST +LIMIT *\nsmall +\d+s +count\/secrets: 2\/2, requests\.cpu: 0\/1 +limits\.memory: 0\/1Gi$/,
  );
  expect(await user.fails("create quota wrong --hard=gold=1")).toContain(
    'spec.hard[gold]: Invalid value: "gold": must be a standard resource type or fully qualified',
  );
});
