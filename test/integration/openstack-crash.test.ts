/** 30 kills of the server while it makes sixty objects in OpenStack true, and 30 while it takes them away. */
import { expect, test } from "vitest";
import { systemClock } from "../../process/clock.ts";
import { connectWith } from "../../openstack/connect.ts";
import { randomFrom } from "../chaos/random.ts";
import { FakeOpenStack } from "../fakes/openstack/openstack.ts";
import { StowageServer } from "../lab/stowage.ts";
import { survivesKills } from "../openstack/crash.ts";

const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

// 62 starts of a server take their time.
test(`nothing is doubled and nothing left behind, CHAOS_SEED=${seed}`, async () => {
  // Slow enough that kills fall between a request and its answer.
  await using openstack = await FakeOpenStack.start({ latencyMs: 30 });
  const { cloudsYaml, cloudName } = openstack;
  await using server = await StowageServer.start({ args: ["--openstack-answer-grace", "1s"] });
  const connect = connectWith({ clock: systemClock, random: Math.random });
  await using cloud = connect({ cloudsYaml, cacert: undefined, cloudName });
  await survivesKills({ server, cloud: cloud.service, cloudsYaml, cloudName }, 30, randomFrom(seed));
  expect(server.log).not.toMatch(/TypeError|ReferenceError|RangeError/);
}, 900_000);
