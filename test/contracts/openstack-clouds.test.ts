/** A Cloud lends its credentials to the namespaces that it admits, and no more of them than is their project's. */
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { AnyExternal } from "../../controllers/openstack/actuator.ts";
import { isNotFound } from "../../api/status.ts";
import { namespaceType, secretType } from "../../crds/core.ts";
import type { Kind } from "../../crds/kind.ts";
import type { Condition, KubeObject } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { Cloud, CloudSpec } from "../../crds/openstack/cloud.ts";
import { clouds as cloudType, projectAnnotation } from "../../crds/openstack/cloud.ts";
import { applicationCredentialKind } from "../../crds/openstack/application-credential.ts";
import { keyPairKind } from "../../crds/openstack/key-pair.ts";
import { networkKind } from "../../crds/openstack/network.ts";
import { routerInterfaceKind } from "../../crds/openstack/router-interface.ts";
import { routerKind } from "../../crds/openstack/router.ts";
import { subnetKind } from "../../crds/openstack/subnet.ts";
import type { CloudName } from "../fakes/openstack/openstack.ts";
import { FakeOpenStack } from "../fakes/openstack/openstack.ts";
import { ApiInProcess } from "../integration/api-in-process.ts";
import { eventually } from "../lab/stowage.ts";
import { conditionOf, messageOf, patienceOf, Stage } from "./openstack/stage.ts";

let fake: FakeOpenStack;
let api: ApiInProcess;
let stage: Stage;

beforeEach(async ({ task }) => {
  fake = await FakeOpenStack.start();
  onTestFinished(() => fake[Symbol.asyncDispose]());
  api = await ApiInProcess.open();
  onTestFinished(() => api[Symbol.asyncDispose]());
  await api.createNamespace("operator");
  const patience = { patienceMs: patienceOf(task), answerTimeoutMs: 500 };
  stage = await Stage.open({ api, cloud: fake, namespace: "shop", everywhere: true, ...patience });
  onTestFinished(async () => {
    fake.faults.clear();
    await stage[Symbol.asyncDispose]();
  });
});

/** Of the Cloud, which nobody in the namespace may read. */
async function giveKeys(cloudsYaml = fake.cloudsYaml): Promise<void> {
  const metadata = { namespace: "operator", name: "keys" };
  const data = { "clouds.yaml": Buffer.from(cloudsYaml).toString("base64") };
  const body = { apiVersion: "v1", kind: "Secret", metadata, ...{ data } };
  await api.client.patch(secretType, metadata, { type: "apply", body, force: true }, { fieldManager: "test" });
}

async function makeCloud(spec: Partial<CloudSpec> = {}): Promise<void> {
  const credentials = { secretRef: { namespace: "operator", name: "keys" } };
  await api.client.create(cloudType, {
    ...{ apiVersion: apiVersionOf(cloudType), kind: "Cloud", metadata: { name: "main" } },
    ...{ spec: { credentials, cloudName: "admin", ...spec } },
  });
}

const changeCloud = (spec: object): Promise<KubeObject> =>
  api.client.patch(cloudType, { name: "main" }, { type: "merge", body: { spec } });

const changeNamespace = (metadata: object): Promise<KubeObject> =>
  api.client.patch(namespaceType, { name: "shop" }, { type: "merge", body: { metadata } });

const bind = (cloud: CloudName): Promise<KubeObject> =>
  changeNamespace({ annotations: { [projectAnnotation]: fake.projectId(cloud) } });

async function untilCloud(what: string, holds: (available: Condition, cloud: Cloud) => boolean): Promise<Cloud> {
  return eventually(`Cloud "main" is ${what}`, async () => {
    const cloud = await api.client.get<Cloud>(cloudType, { name: "main" });
    const [available] = cloud.status?.conditions ?? [];
    return available !== undefined && holds(available, cloud) && cloud;
  });
}
const isGood = ({ status }: Condition): boolean => status === "True";

const lent = { cloudRef: { name: "main" } };
const makeNetwork = (name = "web", spec: object = {}): Promise<AnyExternal> =>
  stage.create(networkKind, name, { ...lent, resource: {}, ...spec });

const says =
  (text: string | RegExp) =>
  (object: AnyExternal | undefined): boolean =>
    messageOf(object).search(text) >= 0;

/** What an administrator does to let the Cloud's user act in another project. */
async function grant(role: string, project: CloudName, method = "PUT"): Promise<void> {
  const user = fake.keystone.users.find(({ name }) => name === "admin")?.id ?? "";
  const id = fake.keystone.roles.find(({ name }) => name === role)?.id ?? "";
  await fake.raw("identity", method, `/v3/projects/${fake.projectId(project)}/users/${user}/roles/${id}`);
}

const projectsOfNetworks = (): readonly string[] => fake.neutron.networks.all.map(({ project_id }) => project_id);

describe("a Cloud", () => {
  test("says that its credentials are good, and what there is", async () => {
    await giveKeys();
    await makeCloud();
    const { status } = await untilCloud("Available", isGood);
    expect(status).toMatchObject({ authURL: fake.authUrl, region: "RegionOne", project: { name: "admin" } });
    expect(status?.services).toContainEqual(expect.objectContaining({ type: "network", version: "v2.0" }));
    expect(status?.services).toContainEqual(
      expect.objectContaining({ type: "compute", minMicroversion: expect.any(String) as unknown }),
    );
    expect(JSON.stringify(status)).not.toContain("password");
  });

  test("says what is wrong, and is Available once that is put right", async () => {
    await makeCloud();
    await untilCloud("waiting for its Secret", ({ message }) => message.includes('Waiting for Secret "keys"'));
    await giveKeys(fake.cloudsYaml.replaceAll("password-of-admin", "guessed"));
    const refused = await untilCloud("refused", ({ message }) => /\(401\).*clouds\.yaml/.test(message));
    expect(JSON.stringify(refused)).not.toContain("guessed");
    await giveKeys();
    await untilCloud("Available", isGood);
    await changeCloud({ cloudName: "nowhere" });
    await untilCloud("told of a wrong name", ({ message }) => message.includes('no cloud "nowhere"'));
  });

  test("says that Keystone is away, and is Available when it is back", async () => {
    await giveKeys();
    const outage = fake.outage(503, "identity");
    await makeCloud();
    await untilCloud("in trouble", ({ message, status }) => status === "False" && message.includes("503"));
    outage[Symbol.dispose]();
    await untilCloud("Available", isGood);
  });
});

describe("a namespace", () => {
  beforeEach(() => giveKeys());

  test("uses a Cloud as soon as that admits it by name", async () => {
    await makeNetwork();
    await stage.until(networkKind, "web", "without a Cloud", says('Waiting for a Cloud "main" that admits'));
    await makeCloud({ namespaces: ["bank"] });
    await untilCloud("Available", isGood);
    expect(fake.neutron.networks.all).toEqual([]);
    await changeCloud({ namespaces: ["bank", "shop"] });
    await stage.untilUp(networkKind, "web");
    expect(projectsOfNetworks()).toEqual([fake.projectId("admin")]);
  });

  test("uses it as soon as its labels are right, and no longer than they are", async () => {
    await makeCloud({ namespaceSelector: { matchLabels: { tier: "gold" } } });
    await makeNetwork();
    await stage.until(networkKind, "web", "not admitted", says("that admits"));
    await changeNamespace({ labels: { tier: "gold" } });
    await stage.untilUp(networkKind, "web");
    await changeNamespace({ labels: { tier: "tin" } });
    const lost = await stage.until(networkKind, "web", "not admitted any more", says("that admits"));
    expect(conditionOf(lost, "Available")?.status).toBe("True");
    await changeNamespace({ labels: { tier: "gold" } });
    await stage.untilUp(networkKind, "web");
  });

  test("that is bound to a project acts in that one, once the Cloud's user has a role there", async () => {
    await bind("alpha");
    await makeCloud({ namespaces: ["shop"] });
    await makeNetwork();
    const refused = /for project .*\(401\).*Give the credentials' user the role/;
    await stage.until(networkKind, "web", "without a role", says(refused));
    await grant("member", "alpha");
    const made = await stage.untilUp(networkKind, "web");
    expect(made.status?.projectID).toBe(fake.projectId("alpha"));
    expect(projectsOfNetworks()).toEqual([fake.projectId("alpha")]);
  });

  test("that is bound gets no administrator's power", async () => {
    await bind("alpha");
    await grant("admin", "alpha");
    await makeCloud({ namespaces: ["shop"] });
    await makeNetwork();
    await stage.until(networkKind, "web", "told of too much power", says('role "admin" there, which reaches beyond'));
    expect(fake.neutron.networks.all).toEqual([]);
    await grant("admin", "alpha", "DELETE");
    await grant("member", "alpha");
    await stage.untilUp(networkKind, "web");
  });

  test("that is bound reaches nothing that is another project's, or the user's", async () => {
    await bind("alpha");
    await grant("member", "alpha");
    await grant("member", "beta");
    await makeCloud({ namespaces: ["shop"] });
    await fake.raw("network", "POST", "/v2.0/networks", { network: { name: "secret" } }, "beta");
    const [theirs] = fake.neutron.networks.all;
    const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGeIR7JJQuEPXKeqrH8WxbTwpkANAHKKdP7JgKvTQ7bc";
    await fake.raw("compute", "POST", "/v2.1/os-keypairs", { keypair: { name: "admin-key", public_key: publicKey } });

    const imported = (of: object): object => ({ ...lent, managementPolicy: "unmanaged", import: of });
    const attempts: readonly (readonly [Kind, string, object, RegExp])[] = [
      [networkKind, "by-id", imported({ id: theirs?.id }), /There is no Network/],
      [keyPairKind, "key", imported({ id: "admin-key" }), /may be another project's/],
      [keyPairKind, "key-by-name", imported({ filter: { name: "admin-key" } }), /may be another project's/],
      [
        applicationCredentialKind,
        "mine",
        { ...lent, resource: { secretRef: "chosen" } },
        /nothing is asked of Keystone/,
      ],
    ];
    await stage.giveSecret("chosen", { value: "chosen-by-me" });
    for (const [kind, name, spec, why] of attempts) {
      await stage.create(kind, name, spec);
      const object = await stage.until(kind, name, "refused", says(why));
      expect(object?.status?.id).toBeUndefined();
    }
    expect(fake.keystone.applicationCredentials.all).toEqual([]);
  });

  test("has a RouterInterface made as its Router is, also when the Cloud is admitted later", async () => {
    await makeNetwork();
    const subnet = { networkRef: "web", ipVersion: 4, cidr: "192.0.2.0/24" };
    await stage.create(subnetKind, "web", { ...lent, resource: subnet });
    await stage.create(routerKind, "edge", { ...lent, resource: {} });
    await stage.create(routerInterfaceKind, "web", { type: "Subnet", routerRef: "edge", subnetRef: "web" });
    await makeCloud({ namespaces: ["shop"] });
    await stage.untilUp(routerInterfaceKind, "web");
  });
});

describe("cloudRef", () => {
  const both = { cloudCredentialsRef: { secretName: "cloud", cloudName: "admin" }, ...lent };

  test("stands for cloudCredentialsRef: exactly one of both", async () => {
    const want = "exactly one of cloudCredentialsRef and cloudRef";
    await expect(makeNetwork("web", both)).rejects.toThrow(want);
    await expect(stage.create(networkKind, "web", { resource: {} })).rejects.toThrow(want);
  });

  test("may take the place of cloudCredentialsRef, and stays then", async () => {
    await giveKeys();
    await makeCloud({ namespaces: ["shop"] });
    await stage.create(networkKind, "web", stage.specOf(networkKind, {}));
    const { status } = await stage.untilUp(networkKind, "web");
    const change = (spec: object): Promise<KubeObject> =>
      api.client.patch(networkKind.type, { namespace: "shop", name: "web" }, { type: "merge", body: { spec } });
    await change({ cloudCredentialsRef: null, ...lent });
    expect((await stage.untilUp(networkKind, "web")).status?.id).toBe(status?.id);
    const refusal = "cloudRef cannot be changed: make another object";
    await expect(change({ cloudRef: { name: "other" } })).rejects.toThrow(refusal);
    await expect(change({ ...both, cloudRef: null })).rejects.toThrow(refusal);
  });
});

describe("a Cloud that is to be deleted", () => {
  const isGone = (promise: Promise<unknown>): Promise<boolean> => promise.then(() => false, isNotFound);

  test("stays with its Secret until nothing uses it any more", async () => {
    await giveKeys();
    await makeCloud({ namespaces: ["shop"] });
    await makeNetwork();
    await stage.untilUp(networkKind, "web");
    await api.client.delete(cloudType, { name: "main" });
    await api.client.delete(secretType, { namespace: "operator", name: "keys" });
    await untilCloud("in use", ({ message }) => message === 'Waiting to be deleted: used by Network "shop/web"');
    await stage.delete(networkKind, "web");
    await stage.untilGone(networkKind, "web");
    expect(fake.neutron.networks.all).toEqual([]);
    await eventually("the Cloud is gone", () => isGone(api.client.get(cloudType, { name: "main" })));
    const secret = { namespace: "operator", name: "keys" };
    await eventually("its Secret is gone", () => isGone(api.client.get(secretType, secret)));
  });

  test("is not held by who was never admitted", async () => {
    await giveKeys();
    await makeCloud({ namespaces: ["bank"] });
    await makeNetwork();
    await stage.until(networkKind, "web", "not admitted", says("that admits"));
    await api.client.delete(cloudType, { name: "main" });
    await eventually("the Cloud is gone", () => isGone(api.client.get(cloudType, { name: "main" })));
  });
});
