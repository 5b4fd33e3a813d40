/** What goes wrong in a cloud is said in conditions, and over when it is: nobody has to do anything. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import type { AnyExternal } from "../../controllers/openstack/actuator.ts";
import { applicationCredentialKind } from "../../crds/openstack/application-credential.ts";
import { floatingIPKind } from "../../crds/openstack/floating-ip.ts";
import { networkKind } from "../../crds/openstack/network.ts";
import { subnetKind } from "../../crds/openstack/subnet.ts";
import { volumeKind } from "../../crds/openstack/volume.ts";
import { FakeOpenStack } from "../fakes/openstack/openstack.ts";
import { ApiInProcess } from "../integration/api-in-process.ts";
import { conditionOf, isUp, messageOf, patienceOf, secretName, Stage } from "./openstack/stage.ts";

const networksPath = "/network/v2.0/networks";
const creation = `POST ${networksPath}`;
const range = { ipVersion: 4, cidr: "192.0.2.0/24" };

let api: ApiInProcess;
let fake: FakeOpenStack;
let stage: Stage;
let opened = 0;

beforeAll(async () => {
  api = await ApiInProcess.open();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

// Each test breaks a cloud of its own.
beforeEach(async ({ task }) => {
  fake = await FakeOpenStack.start();
  onTestFinished(() => fake[Symbol.asyncDispose]());
  const namespace = `shop-${++opened}`;
  const patience = { patienceMs: patienceOf(task), answerTimeoutMs: 500, graceMs: 3000 };
  stage = await Stage.open({ api, cloud: fake, namespace, ...patience });
  onTestFinished(async () => {
    fake.faults.clear();
    await stage[Symbol.asyncDispose]();
  });
});

const makeNetwork = (name = "web", resource: object = {}, more: object = {}): Promise<AnyExternal> =>
  stage.create(networkKind, name, stage.specOf(networkKind, resource, more));

/** Waits until it says that something went wrong, and that it goes on. */
async function trouble(name: string, says: RegExp, kind = networkKind): Promise<AnyExternal | undefined> {
  return stage.until(
    kind,
    name,
    `in trouble: ${String(says)}`,
    (object) => conditionOf(object, "Progressing")?.reason === "TransientError" && says.test(messageOf(object)),
  );
}

const count = (request: string): number => fake.requests.count(request);

describe("Neutron", () => {
  test.each([
    { does: 500, says: /internal server error.*\(500\)/ },
    { does: 503, says: /\(503\)/ },
    { does: "reset", says: /the connection to .* broke/ },
    { does: "hang", says: /no answer of .* in time/ },
  ] as const)("answers $does: that is said, and the network is there once it is over", async ({ does, says }) => {
    const outage = fake.outage(does, "network");
    await makeNetwork();
    const object = await trouble("web", says);
    expect(conditionOf(object, "Available")?.status).toBe("False");
    outage[Symbol.dispose]();
    await stage.untilUp(networkKind, "web");
    expect(fake.neutron.networks.all).toHaveLength(1);
  });

  test("is away when what is there is to be changed: it stays Available, and is changed later", async () => {
    await makeNetwork();
    await stage.untilUp(networkKind, "web");
    const outage = fake.outage(503, "network");
    await stage.change(networkKind, "web", { mtu: 1300 });
    const object = await trouble("web", /503/);
    expect(conditionOf(object, "Available")?.status).toBe("True");
    outage[Symbol.dispose]();
    await stage.untilUp(networkKind, "web");
    expect(fake.neutron.networks.all[0]).toHaveProperty("mtu", 1300);
  });

  test("makes it, and the answer is lost: it is found again, and nothing doubled", async () => {
    fake.faults.add({ match: (method, path) => `${method} ${path}` === creation, does: "lost", times: 1 });
    await makeNetwork();
    const object = await stage.untilUp(networkKind, "web");
    expect(fake.neutron.networks.all.map(({ id }) => id)).toEqual([object.status?.id]);
    expect(count(creation)).toBe(1);
  });

  test("has one of the same name that somebody else made: it is never ours", async () => {
    await fake.raw("network", "POST", "/v2.0/networks", { network: { name: "web" } });
    const outage = fake.outage(500, "network");
    await makeNetwork();
    await trouble("web", /\(500\)/);
    outage[Symbol.dispose]();
    await stage.untilUp(networkKind, "web");
    expect(fake.neutron.networks.all).toHaveLength(2);
    await stage.delete(networkKind, "web");
    await stage.untilGone(networkKind, "web");
    expect(fake.neutron.networks.all.map(({ tags }) => tags)).toEqual([[]]);
  });

  test("deletes it, and the answer is lost: the object goes", async () => {
    await makeNetwork();
    await stage.untilUp(networkKind, "web");
    fake.faults.add({ match: (method) => method === "DELETE", does: "lost", times: 1 });
    await stage.delete(networkKind, "web");
    await stage.untilGone(networkKind, "web");
    expect(fake.neutron.networks.all).toEqual([]);
  });

  test("is left in peace: a failure is tried again ever more seldom", async () => {
    using _outage = fake.outage(500, "network");
    await makeNetwork();
    await trouble("web", /500/);
    const asked = (): number => fake.requests.all.filter(({ path }) => path.startsWith("/network/")).length;
    const before = asked();
    const secondsLater = Date.now() + 3000;
    await expect.poll(() => Date.now() >= secondsLater, { timeout: 10_000, interval: 200 }).toBe(true);
    // After 0.5, 1, 2 and 4 seconds, each up to a fifth later.
    expect(asked() - before).toBeLessThanOrEqual(4);
  });

  test("says when to come again, and is asked then", async () => {
    const soon = { "retry-after": "1" };
    fake.faults.add({ match: (method, path) => `${method} ${path}` === creation, does: 503, times: 1, headers: soon });
    await makeNetwork();
    await stage.untilUp(networkKind, "web");
    expect(fake.neutron.networks.all).toHaveLength(1);
  });
});

describe("a creation whose answer never comes", () => {
  const isWaiting = (object: AnyExternal | undefined): boolean =>
    messageOf(object).includes("may still be carried out");
  const untilWaiting = (): Promise<AnyExternal | undefined> =>
    stage.until(networkKind, "web", "waiting for what may come late", isWaiting);
  const isSettled = (object: AnyExternal | undefined): boolean =>
    isUp(object) && object.status?.unansweredUntil === undefined;
  const ids = (): readonly string[] => fake.neutron.networks.all.map(({ id }) => id);

  beforeEach(() => {
    fake.faults.add({ match: (method, path) => `${method} ${path}` === creation, does: "late", times: 1 });
  });

  test("is carried out after we looked: it is found, and nothing doubled", async () => {
    await makeNetwork();
    await untilWaiting();
    await fake.carryOut();
    const object = await stage.untilUp(networkKind, "web");
    expect(ids()).toEqual([object.status?.id]);
    expect(count(creation)).toBe(1);
  });

  test("is carried out after the server was killed, too", async () => {
    await stage.killedBefore(({ status }) => status?.unansweredUntil !== undefined, makeNetwork);
    stage.start();
    await untilWaiting();
    await fake.carryOut();
    const object = await stage.untilUp(networkKind, "web");
    expect(ids()).toEqual([object.status?.id]);
    expect(count(creation)).toBe(1);
  });

  test("is carried out after another was made: the late one is deleted", async () => {
    await makeNetwork();
    const { status } = await stage.untilUp(networkKind, "web");
    await fake.carryOut();
    expect(ids()).toHaveLength(2);
    await stage.until(networkKind, "web", "sure that it is the only one", isSettled);
    expect(ids()).toEqual([status?.id]);
  });

  test("is carried out after another was made, and used by somebody: that is said, and it stays until it is free", async () => {
    await makeNetwork();
    const { status } = await stage.untilUp(networkKind, "web");
    await fake.carryOut();
    const late = ids().find((id) => id !== status?.id);
    const subnet = { network_id: late, ip_version: 4, cidr: "192.0.2.0/24" };
    await fake.raw("network", "POST", "/v2.0/subnets", { subnet });
    const object = await stage.until(networkKind, "web", "told that it is in use", (now) =>
      messageOf(now).includes(`Network ${String(late)} was made late`),
    );
    expect(conditionOf(object, "Available")?.status).toBe("True");
    expect(ids()).toHaveLength(2);
    for (const { id } of fake.neutron.subnets.all) await fake.raw("network", "DELETE", `/v2.0/subnets/${id}`);
    await stage.change(networkKind, "web", { description: "looked at again" });
    await stage.until(networkKind, "web", "sure that it is the only one", isSettled);
    expect(ids()).toEqual([status?.id]);
  });

  test("is carried out after its object was deleted: it goes, too", async () => {
    await makeNetwork();
    await untilWaiting();
    await stage.delete(networkKind, "web");
    const isGoing = (object: AnyExternal | undefined): boolean => object?.metadata.deletionTimestamp !== undefined;
    await stage.until(networkKind, "web", "waiting to go", (object) => isWaiting(object) && isGoing(object));
    await fake.carryOut();
    await stage.untilGone(networkKind, "web");
    expect(ids()).toEqual([]);
  });

  test("is never carried out: it is made again after a while", async () => {
    await makeNetwork();
    await untilWaiting();
    const { status } = await stage.untilUp(networkKind, "web");
    expect(ids()).toEqual([status?.id]);
  });
});

describe("Keystone", () => {
  test("revokes every token: new ones are got, and nobody notices", async () => {
    await makeNetwork("first");
    await stage.untilUp(networkKind, "first");
    fake.keystone.revokeTokens();
    await makeNetwork("second");
    const second = await stage.untilUp(networkKind, "second");
    expect(second.status?.conditions?.map(({ reason }) => reason)).toEqual(["Success", "Success"]);
    expect(count("POST /identity/v3/auth/tokens")).toBeLessThanOrEqual(4);
  });

  test("is away: that is said, and over when it is back", async () => {
    const outage = fake.outage(503, "identity");
    await makeNetwork();
    await trouble("web", /sign in to cloud "admin"|503/);
    outage[Symbol.dispose]();
    await stage.untilUp(networkKind, "web");
  });

  test("does not allow it: the role is asked for, and it is made once it is there", async () => {
    const fault = fake.faults.add({ match: (method, path) => `${method} ${path}` === creation, does: 403 });
    await makeNetwork();
    await trouble("web", /role that this needs/);
    fault[Symbol.dispose]();
    await stage.untilUp(networkKind, "web");
  });
});

test("access rules that Keystone made with an application credential go with it, and no others", async () => {
  const kind = applicationCredentialKind;
  const user = fake.keystone.users.find(({ name }) => name === "admin")?.id ?? "";
  const theirs = { path: "/v2.0/ports", method: "GET", service: "network" };
  const body = { application_credential: { name: "theirs", access_rules: [theirs] } };
  await fake.raw("identity", "POST", `/v3/users/${user}/application_credentials`, body);
  for (const { id } of fake.keystone.applicationCredentials.all)
    await fake.raw("identity", "DELETE", `/v3/users/${user}/application_credentials/${id}`);
  await stage.giveSecret("key", { value: "as long as it takes" });
  const ours = { ...theirs, path: "/v2.0/networks" };
  await stage.create(kind, "door", stage.specOf(kind, { secretRef: "key", accessRules: [theirs, ours] }));
  await stage.untilUp(kind, "door");
  expect(fake.keystone.accessRules.all).toHaveLength(2);
  await stage.delete(kind, "door");
  await stage.untilGone(kind, "door");
  expect(fake.keystone.accessRules.all).toMatchObject([theirs]);
});

describe("a quota", () => {
  test("of networks that is used up and raised", async () => {
    const project = fake.projectId("admin");
    fake.neutron.setQuota(project, { network: 1 });
    await makeNetwork("first");
    await stage.untilUp(networkKind, "first");
    await makeNetwork("second");
    await trouble("second", /Raise the project's quota/);
    fake.neutron.setQuota(project, { network: 2 });
    await stage.untilUp(networkKind, "second");
  });

  test("of volumes that is used up, and gets free", async () => {
    fake.cinder.setQuota(fake.projectId("admin"), { volumes: 1 });
    await stage.create(volumeKind, "first", stage.specOf(volumeKind, { size: 1 }));
    await stage.untilUp(volumeKind, "first");
    await stage.create(volumeKind, "second", stage.specOf(volumeKind, { size: 1 }));
    await trouble("second", /Raise the project's quota/, volumeKind);
    await stage.delete(volumeKind, "first");
    await stage.untilUp(volumeKind, "second");
  });
});

describe("a volume", () => {
  const make = (): Promise<AnyExternal> => stage.create(volumeKind, "data", stage.specOf(volumeKind, { size: 1 }));

  test("that is stuck in creating is waited for", async () => {
    fake.cinder.fate = "creating";
    await make();
    const stuck = await stage.until(volumeKind, "data", "being created", (object) =>
      messageOf(object).includes("is being created"),
    );
    expect(conditionOf(stuck, "Available")?.status).toBe("False");
    expect(conditionOf(stuck, "Progressing")?.status).toBe("True");
    fake.cinder.unstick();
    await stage.untilUp(volumeKind, "data");
    expect(fake.cinder.volumes.all).toHaveLength(1);
  });

  test("that comes to nothing is said to, and made when the cause is gone", async () => {
    fake.cinder.fate = "error";
    await make();
    const lost = await stage.until(volumeKind, "data", "in error", (object) => messageOf(object).includes("error"));
    expect(conditionOf(lost, "Available")?.status).toBe("False");
    fake.cinder.fate = "available";
    for (const { id } of fake.cinder.volumes.filter(({ status }) => status === "error"))
      await stage.behind.request({
        ...{ service: "block-storage", method: "POST", path: `/volumes/${id}/action`, action: "reset the status" },
        body: { "os-reset_status": { status: "available" } },
        schema: z.unknown(),
      });
    await stage.untilUp(volumeKind, "data");
  });
});

test("a cloud that never answers keeps nobody waiting who is about another", async ({ task }) => {
  const silent = await FakeOpenStack.start();
  onTestFinished(() => silent[Symbol.asyncDispose]());
  const api = await ApiInProcess.open();
  onTestFinished(() => api[Symbol.asyncDispose]());
  // It waits a minute for an answer, which is longer than this test: what is held stays so until we hang up.
  const patient = await Stage.open({ api, cloud: fake, namespace: "shop", patienceMs: patienceOf(task) });
  onTestFinished(async () => {
    silent.faults.clear();
    silent.hangUp();
    await patient[Symbol.asyncDispose]();
  });
  silent.faults.add({ match: (method, path) => `${method} ${path}` === creation, does: "hang" });
  await patient.giveSecret("silent", { "clouds.yaml": silent.cloudsYaml });
  const elsewhere = { cloudCredentialsRef: { secretName: "silent", cloudName: silent.cloudName } };
  const unanswered = (): number => silent.requests.all.filter(({ status }) => status === "hang").length;
  // More than there are workers.
  const names = Array.from({ length: 100 }, (_, at) => `silent-${at}`);
  await Promise.all(names.map((name) => patient.create(networkKind, name, patient.specOf(networkKind, {}, elsewhere))));
  await expect.poll(unanswered, { timeout: 20_000 }).toBe(4);
  await patient.create(networkKind, "first", patient.specOf(networkKind, {}));
  await patient.untilUp(networkKind, "first");
  expect(unanswered()).toBe(4);

  // Of those that it has worked on already, four more ask it.
  silent.hangUp();
  await expect.poll(unanswered, { timeout: 20_000 }).toBe(8);
  await patient.create(networkKind, "second", patient.specOf(networkKind, {}));
  await patient.untilUp(networkKind, "second");
  expect(unanswered()).toBe(8);
});

describe("the Secret", () => {
  test("that is missing, wrong and then right", async () => {
    const more = { cloudCredentialsRef: { secretName: "other", cloudName: "admin" } };
    await makeNetwork("web", {}, more);
    const says = (text: string) => (object: AnyExternal | undefined) => messageOf(object).includes(text);
    await stage.until(networkKind, "web", "waiting for the Secret", says('Waiting for Secret "other" to be created'));
    await stage.giveSecret("other", { wrong: "" });
    await stage.until(networkKind, "web", "waiting for clouds.yaml", says('Secret "other" has no key clouds.yaml'));
    await stage.giveSecret("other", { "clouds.yaml": "clouds: [" });
    await stage.until(networkKind, "web", "told that it is no YAML", (object) =>
      /Secret "other": /.test(messageOf(object)),
    );
    await stage.giveSecret("other", { "clouds.yaml": fake.cloudsYaml.replaceAll("password-of-admin", "guessed") });
    const refused = await trouble("web", /clouds\.yaml/);
    expect(JSON.stringify(refused)).not.toContain("guessed");
    await stage.giveSecret("other", { "clouds.yaml": fake.cloudsYaml });
    await stage.untilUp(networkKind, "web");
  });

  test("for another project takes nothing for gone: nothing is made there, and nothing let go", async () => {
    const { clouds } = parse(fake.cloudsYaml) as { readonly clouds: Readonly<Record<string, unknown>> };
    const give = (name: string): Promise<unknown> =>
      stage.giveSecret("mine", { "clouds.yaml": stringify({ clouds: { mine: clouds[name] } }) });
    await give("alpha");
    await makeNetwork("web", {}, { cloudCredentialsRef: { secretName: "mine", cloudName: "mine" } });
    const made = await stage.untilUp(networkKind, "web");
    await give("beta");
    const lost = (object: AnyExternal | undefined): boolean => messageOf(object).includes("was made in project");
    const object = await stage.until(networkKind, "web", "told that it is elsewhere", lost);
    expect(object?.status?.id).toBe(made.status?.id);
    await stage.delete(networkKind, "web");
    await trouble("web", /was made in project/);
    expect(fake.neutron.networks.all).toHaveLength(1);
    await give("alpha");
    await stage.untilGone(networkKind, "web");
    expect(fake.neutron.networks.all).toEqual([]);
  });

  test("for another cloud takes nothing for gone, though the project there has the same id", async () => {
    const other = await FakeOpenStack.start();
    onTestFinished(() => other[Symbol.asyncDispose]());
    const give = ({ cloudsYaml }: FakeOpenStack): Promise<unknown> =>
      stage.giveSecret("mine", { "clouds.yaml": cloudsYaml });
    await give(fake);
    await makeNetwork("web", {}, { cloudCredentialsRef: { secretName: "mine", cloudName: "alpha" } });
    const made = await stage.untilUp(networkKind, "web");
    expect(other.projectId("alpha")).toBe(made.status?.projectID);
    await give(other);
    const object = await stage.until(networkKind, "web", "told that it is elsewhere", (now) =>
      messageOf(now).includes("was made in the cloud at"),
    );
    expect(object?.status?.id).toBe(made.status?.id);
    await stage.delete(networkKind, "web");
    await trouble("web", /was made in the cloud at/);
    expect(other.neutron.networks.all).toEqual([]);
    await give(fake);
    await stage.untilGone(networkKind, "web");
    expect(fake.neutron.networks.all).toEqual([]);
  });

  test("stays as long as it is needed to clean up", async () => {
    await makeNetwork();
    await stage.untilUp(networkKind, "web");
    await stage.deleteSecret(secretName);
    await stage.delete(networkKind, "web");
    await stage.untilGone(networkKind, "web");
    expect(fake.neutron.networks.all).toEqual([]);
    await stage.untilSecretGone(secretName);
  });
});

test("what is asked for and can never be is said once, and tried again when it is corrected", async () => {
  await makeNetwork("web", { mtu: 9000 });
  const object = await stage.until(
    networkKind,
    "web",
    "given up",
    (now) => conditionOf(now, "Progressing")?.status === "False",
  );
  expect(conditionOf(object, "Progressing")?.reason).toBe("InvalidConfiguration");
  expect(messageOf(object)).toContain("MTU");
  expect(count(creation)).toBe(1);
  await stage.change(networkKind, "web", { mtu: 1400 });
  await stage.until(networkKind, "web", "up", isUp);
});

test("what is refused for what it names is tried again when that is corrected", async () => {
  await makeNetwork("outside", { external: false });
  await stage.create(subnetKind, "outside", stage.specOf(subnetKind, { networkRef: "outside", ...range }));
  await stage.untilUp(subnetKind, "outside");
  await stage.create(floatingIPKind, "door", stage.specOf(floatingIPKind, { floatingNetworkRef: "outside" }));
  const refused = await stage.until(
    floatingIPKind,
    "door",
    "given up",
    (now) => conditionOf(now, "Progressing")?.status === "False",
  );
  expect(messageOf(refused)).toContain("is not a valid external network");
  await stage.change(networkKind, "outside", { external: true });
  await stage.untilUp(floatingIPKind, "door");
});
