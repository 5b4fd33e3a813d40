/** @kubernetes/client-node's own informer follows Containers through 1,000 changes: nothing lost, nothing doubled. */
import { CoreV1Api, CustomObjectsApi, KubeConfig, makeInformer } from "@kubernetes/client-node";
import type { KubernetesListObject, KubernetesObject } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const group = { group: "stowage.dev", version: "v1alpha1", namespace: "default", plural: "containers" };

const body = (name: string, change: number): object => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata: { name, labels: { change: String(change) } },
  spec: { image: "informer:1", runState: "Stopped" },
});

test("the official informer sees each of 1,000 changes once and in order", async () => {
  await using server = await StowageServer.start({ args: ["--controllers", "none"] });
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  const api = config.makeApiClient(CustomObjectsApi);
  expect((await config.makeApiClient(CoreV1Api).listNamespace()).items.map((item) => item.metadata?.name)).toContain(
    "default",
  );

  const told: string[] = [];
  const tell = (verb: string) => (object: KubernetesObject) => {
    told.push(`${verb} ${object.metadata?.name ?? ""} ${object.metadata?.labels?.["change"] ?? ""}`);
  };
  const list = (): Promise<KubernetesListObject<KubernetesObject>> =>
    api.listNamespacedCustomObject(group) as Promise<KubernetesListObject<KubernetesObject>>;
  const informer = makeInformer(config, "/apis/stowage.dev/v1alpha1/namespaces/default/containers", list);
  informer.on("add", tell("add"));
  informer.on("update", tell("update"));
  informer.on("delete", tell("delete"));
  const errors: unknown[] = [];
  informer.on("error", (error) => errors.push(error));
  await informer.start();

  const expected: string[] = [];
  for (let change = 0; change < 1000; change++) {
    const name = `c${change % 20}`;
    const round = Math.floor(change / 20) % 5; // created, changed three times, deleted, and again
    if (round === 0) {
      await api.createNamespacedCustomObject({ ...group, body: body(name, change) });
      expected.push(`add ${name} ${change}`);
    } else if (round === 4) {
      await api.deleteNamespacedCustomObject({ ...group, name });
      expected.push(`delete ${name} ${change - 20}`);
    } else {
      const current = (await api.getNamespacedCustomObject({ ...group, name })) as { metadata: object };
      const next = { ...body(name, change), metadata: { ...current.metadata, labels: { change: String(change) } } };
      await api.replaceNamespacedCustomObject({ ...group, name, body: next });
      expected.push(`update ${name} ${change}`);
    }
  }
  await eventually("the informer has told of as many changes as were made", async () => told.length >= expected.length);
  await informer.stop();
  expect(errors).toEqual([]);
  expect(told).toEqual(expected);
});
