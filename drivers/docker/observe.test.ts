import { expect, test } from "vitest";
import { labels } from "../labels.ts";
import { ContainerList, hostImages, ImageList, Inspect, observed, ownedContainers } from "./observe.ts";

const ours = {
  [labels.instance]: "i",
  [labels.namespace]: "shop",
  [labels.name]: "web",
  [labels.uid]: "u-1",
  [labels.specHash]: "image=0123456789ab",
};

/** As Engine 20.10 shows a container, of the fields that we read. */
const inspect = (state: object, more: object = {}): Inspect =>
  Inspect.parse({
    Id: "abc",
    Name: "/shop_web_u-1",
    Image: "sha256:123",
    RestartCount: 0,
    State: {
      Status: "running",
      OOMKilled: false,
      ExitCode: 0,
      Error: "",
      StartedAt: "2026-01-01T00:00:00.5Z",
      FinishedAt: "0001-01-01T00:00:00Z",
      ...state,
    },
    Config: { Labels: ours, Tty: false },
    HostConfig: { RestartPolicy: { Name: "no" } },
    NetworkSettings: { Networks: { bridge: { IPAddress: "10.0.0.2", GlobalIPv6Address: "", MacAddress: "02:42:0a" } } },
    ...more,
  });

test("empty labels say that there is nothing", () => {
  const Labels = { ...ours, [labels.initContainer]: "", [labels.config]: "", [labels.volumes]: "" };
  expect(observed(inspect({}, { Config: { Labels, Tty: false } }), "i")).toEqual(observed(inspect({}), "i"));
});

test("a running container", () => {
  expect(observed(inspect({}), "i")).toEqual({
    owner: { namespace: "shop", name: "web" },
    uid: "u-1",
    id: "abc",
    hostSideName: "shop_web_u-1",
    state: "running",
    specHash: { image: "0123456789ab" },
    config: {},
    volumes: [],
    inPlace: {
      restartPolicy: "Never",
      cpuLimit: 0,
      cpuShares: 0,
      cpuset: "",
      pidsLimit: 0,
      memoryLimit: 0,
      memoryReservation: 0,
    },
    imageID: "sha256:123",
    addresses: [{ network: "bridge", ip: "10.0.0.2", mac: "02:42:0a" }],
    startedAt: "2026-01-01T00:00:00.5Z",
    oomKilled: false,
    error: "",
    restarts: 0,
  });
});

test.each([
  ["exited", 137, 137],
  ["restarting", 1, 1],
  ["dead", 2, 2],
  // Of a run before this one, or of none: 127 is what the Engine writes where it could not start the program.
  ["running", 0, undefined],
  ["created", 127, undefined],
])("exit code of a container that is %s", (Status, ExitCode, exitCode) => {
  expect(observed(inspect({ Status, ExitCode }), "i")?.exitCode).toBe(exitCode);
});

test.each([
  ["exited", `task ${"af".repeat(32)}: already exists`, true],
  ["exited", "driver failed programming external connectivity: port is already allocated", undefined],
  ["running", "", undefined],
])("one that is %s, with the error %j: whether the Engine can never start it is %s", (Status, Error, expected) => {
  expect(observed(inspect({ Status, Error }), "i")?.isUnstartable).toBe(expected);
});

test("times that never were are absent", () => {
  const never = observed(inspect({ Status: "created", StartedAt: "0001-01-01T00:00:00Z" }), "i");
  expect(never).not.toHaveProperty("startedAt");
  expect(never).not.toHaveProperty("finishedAt");
});

test("both addresses of a network", () => {
  const Networks = { lan: { IPAddress: "10.0.0.2", GlobalIPv6Address: "fd00::2", MacAddress: "02:42" }, none: {} };
  expect(observed(inspect({}, { NetworkSettings: { Networks } }), "i")?.addresses).toEqual([
    { network: "lan", ip: "10.0.0.2", mac: "02:42" },
    { network: "lan", ip: "fd00::2", mac: "02:42" },
  ]);
});

const withoutUid = Object.fromEntries(Object.entries(ours).filter(([label]) => label !== labels.uid));

test.each([
  ["another instance's", { ...ours, [labels.instance]: "j" }],
  ["without uid", withoutUid],
  ["without labels", null],
])("a container %s is not ours", (_, Labels) => {
  expect(observed(inspect({}, { Config: { Labels, Tty: false } }), "i")).toBeUndefined();
  expect(ownedContainers(ContainerList.parse([{ Id: "abc", Names: ["/x"], Labels, State: "running" }]), "i")).toEqual(
    [],
  );
});

test("its own name is the one that is no link's alias", () => {
  const list = ContainerList.parse([{ Id: "abc", Names: ["/other/alias", "/mine"], Labels: ours, State: "exited" }]);
  expect(ownedContainers(list, "i")).toEqual([
    {
      owner: { namespace: "shop", name: "web" },
      uid: "u-1",
      hostName: "",
      id: "abc",
      hostSideName: "mine",
      state: "exited",
    },
  ]);
});

test("images: by tag and digest, the largest first, without those that have no name", () => {
  const list = ImageList.parse([
    { RepoTags: ["web:1", "web:latest"], RepoDigests: ["web@sha256:1"], Size: 10 },
    { RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"], Size: 30 },
    { RepoTags: null, RepoDigests: ["db@sha256:2"], Size: 20 },
  ]);
  expect(hostImages(list)).toEqual([
    { names: ["db@sha256:2"], sizeBytes: 20 },
    { names: ["web:1", "web:latest", "web@sha256:1"], sizeBytes: 10 },
  ]);
  const many = Array.from({ length: 60 }, (_, index) => ({ RepoTags: [`web:${index}`], Size: index }));
  expect(hostImages(ImageList.parse(many)).map(({ sizeBytes }) => sizeBytes)).toEqual(
    Array.from({ length: 50 }, (_, index) => 59 - index),
  );
});
