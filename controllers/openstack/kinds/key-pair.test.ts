import { expect, test } from "vitest";
import { OpenStackError } from "../../../openstack/errors.ts";
import { byLine, contextOf, recordedService } from "../../../test/fakes/actuator-context.ts";
import { keyPairActuator } from "./key-pair.ts";

const publicKey = "ssh-ed25519 AAAA someone";
const moment = { now: new Date(0), wasReady: true };
const line = "GET /os-keypairs/subject";
const mine = { keypair: { name: "subject", type: "ssh", public_key: `${publicKey}\n` } };
const none = new OpenStackError({ action: "get", meaning: "NotFound", message: "no" });

test("its name is its id", async () => {
  expect(keyPairActuator.idOf({ name: "subject" })).toBe("subject");
  const cloud = recordedService(byLine({ "POST /os-keypairs": mine }));
  await keyPairActuator.create(contextOf(cloud), { publicKey });
  expect(cloud.asked).toEqual([
    { method: "POST", path: "/os-keypairs", body: { keypair: { name: "subject", public_key: publicKey } } },
  ]);
});

test.each([
  {
    why: "what came to be after our attempt began, with our key, is ours",
    answer: mine,
    beside: [],
    want: ["subject"],
  },
  { why: "what was there before is somebody else's", answer: mine, beside: ["subject"], want: [] },
  {
    why: "what has another key is somebody else's",
    answer: { keypair: { ...mine.keypair, public_key: "ssh-rsa BBBB" } },
    beside: [],
    want: [],
  },
  {
    why: "what is of another type is somebody else's",
    answer: { keypair: { ...mine.keypair, type: "x509" } },
    beside: [],
    want: [],
  },
  { why: "there is none", answer: none, beside: [], want: [] },
])("$why", async ({ answer, beside, want }) => {
  const cloud = recordedService(byLine({ [line]: answer }));
  const found = await keyPairActuator.leftBehind(contextOf(cloud, { beside }), { publicKey });
  expect(found.map(({ name }) => name)).toEqual(want);
});

test("what has the name already is written down before one is created", async () => {
  const alike = (answer: unknown) =>
    keyPairActuator.alike?.(contextOf(recordedService(byLine({ [line]: answer }))), { publicKey });
  expect(await alike(mine)).toEqual(["subject"]);
  expect(await alike(none)).toEqual([]);
});

test("one that was replaced outside is told of, and left as it is", async () => {
  const context = contextOf(recordedService(byLine({})));
  expect(keyPairActuator.changes(context, { publicKey }, { name: "subject", publicKey }, moment)).toEqual([]);
  const remote = { name: "subject", type: "ssh", publicKey: "ssh-rsa BBBB" };
  const [change] = keyPairActuator.changes(context, { publicKey }, remote, moment);
  await expect(change?.perform(context, remote)).rejects.toThrow(
    "KeyPair subject was replaced in the cloud by one with other values of publicKey",
  );
});
