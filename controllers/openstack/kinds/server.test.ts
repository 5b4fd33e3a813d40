import { describe, expect, test } from "vitest";
import type { ServerResource } from "../../../crds/openstack/server.ts";
import { OpenStackError } from "../../../openstack/errors.ts";
import { byLine, contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { WaitingError } from "../actuator.ts";
import type { Attached } from "./server.ts";
import { serverActuator } from "./server.ts";

const minimal: ServerResource = { imageRef: "image", flavorRef: "small", ports: [] };
const moment = { now: new Date(0), wasReady: true };
const mark = "stowage.dev:uid=u1";
const asAsked: Attached = {
  id: "s",
  name: "web",
  status: "ACTIVE",
  flavor: { originalName: "small" },
  tags: [mark],
  interfaces: [],
  volumes: [],
};

const context = (answers: Readonly<Record<string, unknown>> = {}) => {
  const cloud = new ScriptedCloud(byLine(answers));
  const known = contextOf(cloud, {
    observedOf: (_type, name) => ({ name }),
    secret: (name, key, encoding = "utf8") => Promise.resolve(`${name}/${key} in ${encoding}`),
  });
  return { ...known, cloud };
};

const changesOf = (resource: Partial<ServerResource>, remote: Partial<Attached> = {}) =>
  serverActuator.changes(context(), { ...minimal, ...resource }, { ...asAsked, ...remote }, moment);

test("what it names is waited for, wherever it stands", () => {
  const resource: ServerResource = {
    imageRef: "image",
    flavorRef: "small",
    userData: { secretRef: "cloud-init" },
    ports: [{ portRef: "a" }, { portRef: "b" }],
    volumes: [{ volumeRef: "data" }],
    keypairRef: "key",
    schedulerHints: { serverGroupRef: "apart", differentHostServerRefs: ["other"] },
  };
  const cloudCredentialsRef = { secretName: "s", cloudName: "c" };
  expect(
    serverActuator
      .references({ cloudCredentialsRef, resource })
      .map(({ field, type, name }) => `${field}: ${type.kind} ${name}`),
  ).toEqual([
    "resource.imageRef: Image image",
    "resource.flavorRef: Flavor small",
    "resource.userData.secretRef: Secret cloud-init",
    "resource.keypairRef: KeyPair key",
    "resource.schedulerHints.serverGroupRef: ServerGroup apart",
    "resource.schedulerHints.differentHostServerRefs: Server other",
    "resource.ports.portRef: Port a",
    "resource.ports.portRef: Port b",
    "resource.volumes.volumeRef: Volume data",
  ]);
  expect(serverActuator.references({ cloudCredentialsRef })).toEqual([]);
});

test("it is made with its mark, with no network where it has no ports", async () => {
  const used = context({ "POST /servers": { server: { id: "s", adminPass: "secret" } } });
  const made = await serverActuator.create(used, minimal);
  expect(made).toEqual({ id: "s", name: "web", status: "BUILD" });
  expect(used.cloud.asked).toEqual([
    {
      method: "POST",
      path: "/servers",
      body: {
        server: {
          name: "web",
          flavorRef: "flavors/small",
          imageRef: "images/image",
          networks: "none",
          tags: [mark],
        },
      },
    },
  ]);
});

test("all that it is to start with is given with its creation", async () => {
  const used = context({ "POST /servers": { server: { id: "s" } } });
  await serverActuator.create(used, {
    name: "db",
    flavorRef: "small",
    bootVolume: { volumeRef: "root", tag: "root" },
    userData: { secretRef: "cloud-init" },
    ports: [{ portRef: "a" }],
    keypairRef: "key",
    availabilityZone: "nova",
    tags: ["one"],
    metadata: [{ key: "k", value: "v" }],
    configDrive: true,
    schedulerHints: {
      serverGroupRef: "apart",
      differentHostServerRefs: ["other"],
      buildNearHostIP: "192.0.2.0/24",
      additionalProperties: { rack: "7" },
    },
  });
  expect(used.cloud.asked[0]?.body).toEqual({
    server: {
      name: "db",
      flavorRef: "flavors/small",
      networks: [{ port: "ports/a" }],
      block_device_mapping_v2: [
        {
          uuid: "volumes/root",
          source_type: "volume",
          destination_type: "volume",
          boot_index: 0,
          delete_on_termination: false,
          tag: "root",
        },
      ],
      user_data: "cloud-init/value in base64",
      key_name: "keypairs/key",
      availability_zone: "nova",
      config_drive: true,
      tags: ["one", mark],
      metadata: { k: "v" },
    },
    "os:scheduler_hints": {
      rack: "7",
      group: "servergroups/apart",
      different_host: ["servers/other"],
      build_near_host_ip: "192.0.2.0",
      cidr: "/24",
    },
  });
});

describe("changes", () => {
  test.each([
    { why: "what is as asked is left alone", resource: {}, remote: {}, want: [] },
    { why: "its name is changed in place", resource: { name: "db" }, remote: {}, want: ['set name to "db"'] },
    {
      why: "our mark is put back; tags of others stay where none are asked for",
      resource: {},
      remote: { tags: ["theirs"] },
      want: [`set tags to theirs, ${mark}`],
    },
    {
      why: "metadata of others stays where none is asked for",
      resource: {},
      remote: { metadata: { theirs: "1" } },
      want: [],
    },
    {
      why: "metadata is as asked for, and no more",
      resource: { metadata: [{ key: "k", value: "v" }] },
      remote: { metadata: { theirs: "1" } },
      want: ['set metadata to {"k":"v"}'],
    },
    {
      why: "ports are detached before others are attached",
      resource: { ports: [{ portRef: "a" }, { portRef: "b" }] },
      remote: { interfaces: [{ portId: "ports/a" }, { portId: "theirs" }] },
      want: ["detach port theirs", "attach port ports/b"],
    },
    {
      why: "volumes of others stay where none are asked for: a CSI driver attaches them",
      resource: {},
      remote: { volumes: [{ id: "theirs" }] },
      want: [],
    },
    {
      why: "the volume that it starts from is none of `volumes`, and stays",
      resource: { imageRef: undefined, bootVolume: { volumeRef: "root" }, volumes: [{ volumeRef: "data" }] },
      remote: { volumes: [{ id: "volumes/root" }, { id: "one" }, { id: "two" }] },
      want: ["detach volumes one, two", "attach volume volumes/data"],
    },
    {
      why: "another flavor resizes it",
      resource: { flavorRef: "large" },
      remote: {},
      want: ["resize from small to large"],
    },
    {
      why: "a resize to what is asked for is ended",
      resource: { flavorRef: "large" },
      remote: { status: "VERIFY_RESIZE", flavor: { originalName: "large" } },
      want: ["confirm resize"],
    },
    {
      why: "a resize to something else is taken back",
      resource: {},
      remote: { status: "VERIFY_RESIZE", flavor: { originalName: "large" } },
      want: ["revert resize"],
    },
    { why: "Nova refuses changes in ERROR", resource: { name: "db" }, remote: { status: "ERROR" }, want: [] },
  ])("$why", ({ resource, remote, want }) => {
    expect(changesOf(resource, remote).map(({ what }) => what)).toEqual(want);
  });

  test("detaching is asked for again until it is done, though Nova refuses meanwhile", async () => {
    const [change] = changesOf({ volumes: [] }, { volumes: [{ id: "v" }] });
    const line = "DELETE /servers/s/os-volume_attachments/v";
    const refused = (meaning: "Conflict" | "NotFound" | "Forbidden") =>
      new OpenStackError({ action: "detach", meaning, message: "no" });
    const remote = { ...asAsked, volumes: [{ id: "v" }] };
    const performed = (answer: unknown) => change?.perform(context({ [line]: answer }), remote);
    await expect(performed({})).rejects.toThrow(WaitingError);
    await expect(performed(refused("Conflict"))).rejects.toThrow("Waiting for volume v to be detached");
    await expect(performed(refused("Forbidden"))).rejects.toThrow("detach: no");
    await expect(performed(refused("NotFound"))).resolves.toEqual({ ...asAsked, volumes: [] });
  });
});

test.each([
  [{ status: "ACTIVE" }, { kind: "ready" }],
  [{ status: "VERIFY_RESIZE" }, { kind: "ready" }],
  [{ status: "BUILD" }, { kind: "waiting", message: "Nova reports status BUILD", pollMs: 1000 }],
  [{ status: "SHUTOFF" }, { kind: "waiting", message: "Nova reports status SHUTOFF, not ACTIVE", pollMs: 15_000 }],
  [
    { status: "ACTIVE", taskState: "deleting" },
    { kind: "waiting", message: "Nova is deleting it", pollMs: 1000 },
  ],
  [
    { status: "ERROR", fault: { message: "No valid host was found." } },
    {
      kind: "failed",
      message: "Nova reports status ERROR: No valid host was found. Delete it in the cloud, and it is made again",
    },
  ],
] as const)("state of %o", (remote, want) => {
  expect(serverActuator.stateOf({ id: "s", ...remote }, new Date(0))).toEqual(want);
});

test("what is shown of it has ORC's names, and is in an order of its own", () => {
  const shown = serverActuator.observe({
    ...asAsked,
    hostId: "h",
    image: { id: "i" },
    metadata: { b: "2", a: "1" },
    configDrive: "True",
    interfaces: [{ portId: "p", netId: "n", fixedIps: [{ ipAddress: "192.0.2.7", subnetId: "s" }] }],
  });
  expect(shown).toMatchObject({
    name: "web",
    hostID: "h",
    imageID: "i",
    configDrive: true,
    metadata: [
      { key: "a", value: "1" },
      { key: "b", value: "2" },
    ],
    interfaces: [{ portID: "p", netID: "n", fixedIPs: [{ ipAddress: "192.0.2.7", subnetID: "s" }] }],
  });
  expect(serverActuator.observe({ ...asAsked, image: "", configDrive: "" })).toMatchObject({
    imageID: undefined,
    configDrive: false,
  });
});

test("what a crash left behind is found by the mark", async () => {
  const used = context({
    "GET /servers/detail": {
      servers: [
        { id: "s", status: "BUILD" },
        { id: "old", status: "SOFT_DELETED" },
      ],
    },
  });
  const found = await serverActuator.leftBehind(used, minimal);
  expect(found.map(({ id }) => id)).toEqual(["s"]);
  expect(used.cloud.asked[0]?.query).toEqual({ tags: mark });
});

test("an import's name is no regular expression", async () => {
  const used = context({
    "GET /servers/detail": {
      servers: [
        { id: "1", name: "a.b", status: "BUILD" },
        { id: "2", name: "axb" },
      ],
    },
  });
  const found = await serverActuator.find(used, { name: "a.b" });
  expect(found.map(({ id }) => id)).toEqual(["1"]);
  expect(used.cloud.asked[0]?.query).toMatchObject({ name: "^a\\.b$" });
});
