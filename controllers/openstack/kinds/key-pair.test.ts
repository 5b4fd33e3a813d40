import { expect, test } from "vitest";
import { OpenStackError } from "../../../openstack/errors.ts";
import { byLine, contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { keyPairActuator } from "./key-pair.ts";

const publicKey = "ssh-ed25519 AAAA someone";
const moment = { now: new Date(0), wasReady: true };
const line = "GET /os-keypairs/web";
const mine = { keypair: { name: "web", type: "ssh", public_key: `${publicKey}\n` } };
const none = new OpenStackError({ action: "get", meaning: "NotFound", message: "no" });

test("its name is its id", async () => {
  expect(keyPairActuator.idOf({ name: "web" })).toBe("web");
  const cloud = new ScriptedCloud(byLine({ "POST /os-keypairs": mine }));
  await keyPairActuator.create(contextOf(cloud), { publicKey });
  expect(cloud.asked).toEqual([
    { method: "POST", path: "/os-keypairs", body: { keypair: { name: "web", public_key: publicKey } } },
  ]);
});

test.each([
  {
    why: "what came to be after our attempt began, with our key, is ours",
    answer: mine,
    beside: [],
    want: ["web"],
  },
  { why: "what was there before is somebody else's", answer: mine, beside: ["web"], want: [] },
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
  const cloud = new ScriptedCloud(byLine({ [line]: answer }));
  const found = await keyPairActuator.leftBehind(contextOf(cloud, { beside }), { publicKey });
  expect(found.map(({ name }) => name)).toEqual(want);
});

test("what has the name already is written down before one is created", async () => {
  const alike = (answer: unknown) =>
    keyPairActuator.alike?.(contextOf(new ScriptedCloud(byLine({ [line]: answer }))), { publicKey });
  expect(await alike(mine)).toEqual(["web"]);
  expect(await alike(none)).toEqual([]);
});

test("one that was replaced outside is told of, and left as it is", async () => {
  const context = contextOf(new ScriptedCloud(byLine({})));
  expect(keyPairActuator.changes(context, { publicKey }, { name: "web", publicKey }, moment)).toEqual([]);
  const remote = { name: "web", type: "ssh", publicKey: "ssh-rsa BBBB" };
  const [change] = keyPairActuator.changes(context, { publicKey }, remote, moment);
  await expect(change?.perform(context, remote)).rejects.toThrow(
    "KeyPair web was replaced in the cloud by one with other values of publicKey",
  );
});
