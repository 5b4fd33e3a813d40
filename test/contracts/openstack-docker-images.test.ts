/** Images that a Host has go to Glance as `docker save` writes them: see spec.resource.content.dockerImage of Image. */
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { AnyExternal } from "../../controllers/openstack/actuator.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { Host } from "../../crds/host.ts";
import { hosts, HostSpec } from "../../crds/host.ts";
import { imageKind } from "../../crds/openstack/image.ts";
import { DriverPool } from "../../drivers/pool.ts";
import { FakeDockerEngine } from "../fakes/docker-engine.ts";
import { FakeOpenStack } from "../fakes/openstack/openstack.ts";
import { ApiInProcess } from "../integration/api-in-process.ts";
import { messageOf, patienceOf, Stage } from "./openstack/stage.ts";

const image = "team/web:1";

let fake: FakeOpenStack;
let engine: FakeDockerEngine;
let drivers: DriverPool;
let stage: Stage;

beforeEach(async ({ task }) => {
  const used = <T extends AsyncDisposable>(resource: T): T => {
    onTestFinished(() => resource[Symbol.asyncDispose]());
    return resource;
  };
  fake = used(await FakeOpenStack.start());
  engine = used(await FakeDockerEngine.start({ images: [image] }));
  drivers = used(new DriverPool({ instance: "i" }));
  const api = used(await ApiInProcess.open());
  stage = used(await Stage.open({ api, cloud: fake, namespace: "shop", patienceMs: patienceOf(task), drivers }));
});

/** As the controller of Hosts does. */
const connect = (name: string) => drivers.ensure(hostOf(name), async () => undefined);

const hostOf = (name: string): Host => ({
  apiVersion: apiVersionOf(hosts),
  kind: hosts.kind,
  metadata: { name, uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: HostSpec.parse({ docker: { endpoint: engine.endpoint } }),
});

const make = (hostName: string, name = image): Promise<AnyExternal> => {
  const content = { containerFormat: "docker", diskFormat: "raw", dockerImage: { hostName, image: name } };
  return stage.create(imageKind, "web", stage.specOf(imageKind, { content }));
};

const waitsWith = (message: RegExp): Promise<AnyExternal | undefined> =>
  stage.until(imageKind, "web", `waiting: ${String(message)}`, (object) => message.test(messageOf(object)));

test("an image of a Host is in Glance as it is saved, and its hash is recorded", async () => {
  const driver = await connect("lab");
  const archive = await buffer(driver.saveImage(image, new AbortController().signal));
  await make("lab");
  const object = await stage.untilUp(imageKind, "web");
  expect(object.status?.resource).toMatchObject({
    containerFormat: "docker",
    diskFormat: "raw",
    sizeB: archive.length,
    hash: { algorithm: "sha512", value: createHash("sha512").update(archive).digest("hex") },
  });
  expect(fake.unknown).toEqual([]);
  expect(engine.unknown).toEqual([]);
});

test("what the Host does not have is said, and nothing is made of it", async () => {
  await connect("lab");
  await make("lab", "team/other:1");
  await waitsWith(/^Host "lab": Cannot save image "team\/other:1": .*it is tried again$/);
  expect(fake.glance.images.all.map(({ status }) => status)).toEqual(["queued"]);
});

test("a Host that nobody is connected to is waited for", async () => {
  await make("other");
  await waitsWith(/^Waiting for the connection to Host "other"$/);
});
