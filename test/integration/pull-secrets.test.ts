/** Containers whose images want a password, with a Secret that is corrected. No time passes for them: no wait ends by itself. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../../api/client/client.ts";
import { containerController } from "../../controllers/container/setup.ts";
import type { Informer } from "../../controllers/runtime/reconciler.ts";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import { secretType } from "../../crds/core.ts";
import type { Host } from "../../crds/host.ts";
import { hosts } from "../../crds/host.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { HostFeed } from "../../drivers/host-feed.ts";
import { DriverPool } from "../../drivers/pool.ts";
import { FakeClock } from "../fakes/clock.ts";
import { FakeDockerEngine, fakeRegistryUser } from "../fakes/docker-engine.ts";
import { containerOf, hostOf } from "../fakes/objects.ts";
import { eventually } from "../lab/stowage.ts";
import { ApiInProcess } from "./api-in-process.ts";

const registry = "127.0.0.1:5001";
const image = `${registry}/team/secret:v1`;
const namespace = "default";

const parts = new AsyncDisposableStack();
let api: ApiInProcess;
/** Runs once what is in it, when a Secret has been read and before what was read is used. */
const onRead: (() => Promise<void>)[] = [];
/** Names of Secrets, one for each pull. */
const reads: string[] = [];
let secrets: Informer<KubeObject>;

beforeAll(async () => {
  const engine = parts.use(await FakeDockerEngine.start({ images: [], registry: { [image]: "secret" } }));
  api = parts.use(await ApiInProcess.open());
  const drivers = parts.use(new DriverPool({ instance: "test" }));
  const { status, ...host } = hostOf("local", { spec: { docker: { endpoint: engine.endpoint } } });
  const made = await api.client.create<Host>(hosts, { ...host, metadata: { name: "local" } });
  const ready: Host = { ...made, status: status ?? {} };
  await api.client.updateStatus<Host>(hosts, ready);
  await drivers.ensure(made, () => Promise.reject(new Error("not used")));
  api.run(({ informers, events }) => {
    secrets = informers.for(secretType);
    const get: Client["get"] = async (type, name) => {
      const read = await api.client.get(type, name);
      if (type === secretType) {
        reads.push(name.name);
        await onRead.pop()?.();
      }
      return read as never;
    };
    const client = {
      get,
      patch: api.client.patch.bind(api.client),
      updateStatus: api.client.updateStatus.bind(api.client),
    };
    const options = { client, informers, drivers, events, log: api.log, feed: new HostFeed() };
    return [containerController({ ...options, clock: new FakeClock(), random: () => 0, digestKey: Buffer.from("k") })];
  });
});
afterAll(() => parts.disposeAsync());

const secretOf = (name: string, password: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace, name },
  type: "kubernetes.io/dockerconfigjson",
  stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [registry]: { ...fakeRegistryUser, password } } }) },
});

const correct = (name: string): Promise<KubeObject> => {
  const { stringData } = secretOf(name, fakeRegistryUser.password);
  return api.client.patch(secretType, { namespace, name }, { type: "merge", body: { stringData } });
};

const isSeen = async ({ metadata }: KubeObject): Promise<void> => {
  await eventually("the controller has seen it", () =>
    Promise.resolve(
      secrets.get(`${namespace}/${metadata.name}`)?.metadata.resourceVersion === metadata.resourceVersion,
    ),
  );
};

/** On the Host already. */
async function pull(name: string): Promise<void> {
  const { spec } = containerOf({ image, imagePullPolicy: "Always", imagePullSecrets: [{ name }] });
  const draft = { apiVersion: "stowage.dev/v1alpha1", kind: "Container", metadata: { namespace, name }, spec };
  const made = await api.client.create<Container>(containers, draft);
  const bound: Container = { ...made, status: { hostName: "local" } };
  await api.client.updateStatus<Container>(containers, bound);
}

const comesTo = (name: string, summary: string): Promise<ContainerStatus> =>
  eventually(`${name} is ${summary}`, async () => {
    const status = (await api.client.get<Container>(containers, { namespace, name })).status ?? {};
    return status.summary === summary ? status : undefined;
  });

test("a Secret that is corrected ends the wait of those that are pulled with it", async () => {
  await api.client.create(secretType, secretOf("corrected", "guessed"));
  await pull("corrected");
  await comesTo("corrected", "ErrImagePull");
  await correct("corrected");
  await comesTo("corrected", "Running");
});

test("so does one that was missing", async () => {
  await pull("missing");
  await comesTo("missing", "ErrImagePull");
  await api.client.create(secretType, secretOf("missing", fakeRegistryUser.password));
  await comesTo("missing", "Running");
});

test("a pull that began with what was wrong is tried once more", async () => {
  await api.client.create(secretType, secretOf("meanwhile", "guessed"));
  onRead.push(async () => isSeen(await correct("meanwhile")));
  await pull("meanwhile");
  await comesTo("meanwhile", "Running");
});

test("a change of what is not its data does not", async () => {
  await api.client.create(secretType, secretOf("labelled", "guessed"));
  await pull("labelled");
  await comesTo("labelled", "ErrImagePull");
  const body = { metadata: { labels: { team: "a" } } };
  const labelled = await api.client.patch(secretType, { namespace, name: "labelled" }, { type: "merge", body });
  await isSeen(labelled);
  await correct("labelled");
  await comesTo("labelled", "Running");
  expect(reads.filter((name) => name === "labelled")).toHaveLength(2);
});
