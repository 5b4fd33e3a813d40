import { expect, test } from "vitest";
import { OpenStackError } from "../../openstack/errors.ts";
import type { CloudSurvey } from "../../openstack/session.ts";
import type { Cloud } from "../../crds/openstack/cloud.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { FakeClock } from "../../test/fakes/clock.ts";
import { RecordingLog } from "../../test/fakes/log.ts";
import { CloudReconciler } from "./cloud-reconciler.ts";

const survey: CloudSurvey = { authUrl: "https://keystone/v3", region: undefined, project: undefined, services: [] };
const outage = new OpenStackError({ action: "sign in", meaning: "Unavailable", message: "no answer" });

/** One Cloud, as the cache has it after each write of ours. */
function lab(resyncMs = 600_000) {
  const clock = new FakeClock();
  let cloud: Cloud = {
    ...{ apiVersion: "openstack.stowage.dev/v1alpha1", kind: "Cloud" },
    metadata: { name: "main", uid: "c1", resourceVersion: "1", generation: 1, creationTimestamp: "" },
    spec: { credentials: { secretRef: { namespace: "operator", name: "keys" } }, cloudName: "admin" },
  };
  const world = { asked: 0, secretVersion: "1", answer: survey as CloudSurvey | Error };
  const reconciler = new CloudReconciler({
    client: {
      updateStatus<R extends KubeObject>(_type: unknown, next: unknown): Promise<R> {
        cloud = next as Cloud;
        return Promise.resolve(next as R);
      },
      patch: () => Promise.reject(new Error("nothing is patched")),
    },
    objects: { get: () => cloud, list: () => [cloud], byIndex: () => [] },
    clouds: {
      survey() {
        world.asked++;
        return world.answer instanceof Error ? Promise.reject(world.answer) : Promise.resolve(world.answer);
      },
      secretVersion: () => world.secretVersion,
    },
    usersOf: () => undefined,
    random: () => 0.5,
    ...{ clock, resyncMs },
  });
  const look = async (): Promise<number | undefined> => {
    const outcome = await reconciler.reconcile("main", new AbortController().signal, new RecordingLog());
    return outcome.kind === "settled" ? outcome.resyncAfterMs : undefined;
  };
  return { clock, world, look, available: () => cloud.status?.conditions?.[0] };
}

test("is asked again after the period and up to a fifth of it, and not for our own words", async () => {
  const { clock, world, look, available } = lab();
  expect(await look()).toBe(660_000);
  await clock.pass(1000);
  expect(await look()).toBe(659_000);
  expect(world.asked).toBe(1);
  await clock.pass(659_000);
  world.answer = outage;
  await look();
  expect(world.asked).toBe(2);
  expect(available()).toMatchObject({ status: "False", reason: "TransientError" });
});

test("is asked when it or its Secret changes, and else never where the period is 0", async () => {
  const { world, look } = lab(0);
  expect(await look()).toBeUndefined();
  expect(await look()).toBeUndefined();
  world.secretVersion = "2";
  await look();
  expect(world.asked).toBe(2);
});

test("what fails is asked for ever more seldom, and at least about once a minute", async () => {
  const { clock, world, look, available } = lab();
  world.answer = outage;
  const pauses: number[] = [];
  for (let i = 0; i < 8; i++) {
    pauses.push((await look()) ?? 0);
    await clock.pass(pauses.at(-1) ?? 0);
  }
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1100));
  world.answer = survey;
  expect(await look()).toBe(660_000);
  expect(available()).toMatchObject({ status: "True", reason: "Success" });
});
