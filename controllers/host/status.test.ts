import { expect, test } from "vitest";
import type { HostStatus } from "../../crds/host.ts";
import { formatTime } from "../../crds/meta.ts";
import type { OwnedContainer, OwnedVolume } from "../../drivers/driver.ts";
import { containerOf, hostOf } from "../../test/fakes/objects.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Probe } from "./status.ts";
import { orphanVolumes, statusOf, straysOf } from "./status.ts";
import type { Survey } from "./survey.ts";

const now = new Date("2026-01-01T00:01:00Z");
const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);

const answers: Probe = {
  ready: true,
  info: {
    engine: { type: "docker", version: "28.2.2", apiVersion: "1.50" },
    operatingSystem: "Debian",
    kernelVersion: "6.1",
    architecture: "amd64",
    cpu: 4,
    memory: 8 * 2 ** 30,
    runtimes: ["runc"],
    defaultRuntime: "runc",
    images: [{ names: ["web:1"], sizeBytes: 1_000_000 }],
  },
  containers: 2,
  orphans: [],
  stale: [],
};
const silent: Probe = { ready: false, reason: "EngineUnreachable", message: "nothing listens there" };

const after = (status: HostStatus | undefined, probe: Probe, at: Date): HostStatus =>
  statusOf({ host: hostOf("a", status === undefined ? {} : { status }), probe, bound: [], now: at });

const first = after(undefined, answers, now);

test("says what the host is and how much can be asked of it", () => {
  expect(first).toMatchObject({
    observedGeneration: 1,
    engine: { version: "28.2.2", apiVersion: "1.50" },
    capacity: { cpu: "4", memory: "8Gi" },
    allocatable: { cpu: "4", memory: "8Gi" },
    images: [{ names: ["web:1"], sizeBytes: 1_000_000 }],
    containers: 2,
    lastHeartbeatTime: "2026-01-01T00:01:00Z",
  });
  expect(findCondition(first.conditions, "Ready")).toMatchObject({ status: "True", reason: "EngineReachable" });
});

const GiB = 2 ** 30;
const surveyOf = (available: number): Survey => {
  const fs = { capacity: 100 * GiB, available: available * GiB, inodes: 0, inodesFree: 0 };
  return {
    disks: { data: fs, images: fs },
    hardware: {
      numa: [{ id: 0, cpus: "0-3" }],
      devices: [
        { name: "pci.stowage.dev/10de_1eb8", ids: ["0000:5e:00.0"], paths: { "0000:5e:00.0": ["/dev/vfio/12"] } },
      ],
    },
  };
};

test("says what a close look found: disk, CPUs and devices; and keeps it until there is a newer one", () => {
  const status = after(first, { ...answers, survey: surveyOf(40) }, later(1));
  const found = {
    capacity: { cpu: "4", memory: "8Gi", "ephemeral-storage": "100Gi" },
    allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "90Gi" },
    disks: [{ name: "data", capacity: "100Gi", usedPercent: 60 }],
    numa: [{ id: 0, cpus: "0-3" }],
    devices: [
      { name: "pci.stowage.dev/10de_1eb8", ids: ["0000:5e:00.0"], paths: { "0000:5e:00.0": ["/dev/vfio/12"] } },
    ],
  };
  expect(status).toMatchObject(found);
  expect(findCondition(status.conditions, "DiskPressure")).toMatchObject({ status: "False" });
  expect(after(status, answers, later(2))).toMatchObject(found);
});

test("a disk that is too full keeps Containers away, also while nobody has looked again", () => {
  const full = after(first, { ...answers, survey: surveyOf(5) }, later(1));
  const taints = [{ key: "stowage.dev/disk-pressure", effect: "NoSchedule", timeAdded: formatTime(later(1)) }];
  expect(full.taints).toEqual(taints);
  expect(findCondition(full.conditions, "DiskPressure")).toMatchObject({
    status: "True",
    reason: "HostHasDiskPressure",
  });
  expect(after(full, answers, later(2)).taints).toEqual(taints);
  expect(after(full, { ...answers, survey: surveyOf(40) }, later(3)).taints).toBeUndefined();
});

test("a disk that hovers about its threshold keeps Containers away until it has had room for five minutes", () => {
  const pressureAt = (status: HostStatus): unknown =>
    findCondition(status.conditions, "DiskPressure") ?? "no such condition";
  const full = after(first, { ...answers, survey: { ...surveyOf(5), pressedAt: now } }, now);
  const roomy: Probe = { ...answers, survey: { ...surveyOf(40), pressedAt: now } };
  const soon = after(full, roomy, later(1));
  expect(pressureAt(soon)).toMatchObject({
    status: "True",
    lastTransitionTime: formatTime(now),
    message: "There is room on its disk again: further Containers come once that has lasted for 5 minutes",
  });
  expect(soon.taints).toEqual(full.taints);
  expect(after(soon, roomy, later(299)).conditions).toEqual(soon.conditions);
  const over = after(soon, roomy, later(300));
  expect(pressureAt(over)).toMatchObject({ status: "False", lastTransitionTime: formatTime(later(300)) });
  expect(over.taints).toBeUndefined();
  expect(pressureAt(after(full, roomy, later(-3600)))).toMatchObject({ status: "False" });
});

test("what is reserved is not for Containers", () => {
  const host = hostOf("a", { spec: { reserved: { cpu: "500m", memory: "1Gi", "ephemeral-storage": "200Gi" } } });
  const status = statusOf({ host, probe: { ...answers, survey: surveyOf(40) }, bound: [], now });
  expect(status.allocatable).toEqual({ cpu: "3500m", memory: "7Gi", "ephemeral-storage": "0" });
});

test("a heartbeat alone is written once a minute, any news at once", () => {
  expect(after(first, answers, later(59))).toEqual(first);
  expect(after(first, answers, later(60)).lastHeartbeatTime).toBe("2026-01-01T00:02:00Z");
  const news = after(first, { ...answers, containers: 3 }, later(5));
  expect(news).toMatchObject({ containers: 3, lastHeartbeatTime: "2026-01-01T00:01:05Z" });
});

test("a host that is away keeps what is known of it, and its last heartbeat", () => {
  const lost = after(first, silent, later(5));
  expect(lost).toMatchObject({ capacity: { cpu: "4" }, lastHeartbeatTime: first.lastHeartbeatTime });
  expect(findCondition(lost.conditions, "Ready")).toMatchObject({ status: "False", reason: "EngineUnreachable" });
  expect(findCondition(lost.conditions, "EngineSupported")?.status).toBe("True");
  expect(after(lost, silent, later(600))).toEqual(lost);
});

test("a Secret that is wrong keeps further Containers away, and moves none", () => {
  const refused: Probe = { ready: false, reason: "InvalidCredentials", message: "the Secret does not exist" };
  const away = after(first, refused, later(5));
  expect(findCondition(away.conditions, "Ready")).toMatchObject({ status: "False", reason: "InvalidCredentials" });
  const taint = { key: "stowage.dev/not-ready", effect: "NoSchedule", timeAdded: formatTime(later(5)) };
  expect(away.taints).toEqual([taint]);
  expect(after(away, refused, later(600)).taints).toEqual([taint]);
});

test("a host that is silent once its Secret is right again is lost since then, not since it answered last", () => {
  const refused: Probe = { ready: false, reason: "InvalidCredentials", message: "the Secret does not exist" };
  const away = after(first, refused, later(5));
  const host = hostOf("a", { status: away });
  const lost = statusOf({ host, probe: silent, answeredAt: now, bound: [], now: later(600) });
  const taints = [{ key: "stowage.dev/unreachable", effect: "NoExecute", timeAdded: formatTime(later(600)) }];
  expect(lost.taints).toEqual(taints);
  expect(after(lost, silent, later(700)).taints).toEqual(taints);
});

test("an Engine that cannot be driven is neither ready nor supported", () => {
  const status = after(first, { ready: false, reason: "EngineUnsupported", message: "too old" }, later(5));
  expect(status.conditions?.map(({ type, status: is }) => [type, is])).toEqual([
    ["Ready", "False"],
    ["EngineSupported", "False"],
  ]);
});

test("a deleted host names what keeps it", () => {
  const bound = ["c", "b"].map((name) => containerOf({}, { metadata: { name } }));
  const status = statusOf({
    host: hostOf("a", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }),
    probe: answers,
    bound,
    now,
  });
  expect(findCondition(status.conditions, "Deletable")).toMatchObject({
    status: "False",
    reason: "ContainersBound",
    message: expect.stringContaining("default/b, default/c") as string,
  });
});

test("strays belong to no object, or were left behind by one that moved", () => {
  const found = ["here", "elsewhere", "alias", "unbound", "going", "nowhere"].map((name): OwnedContainer => ({
    owner: { namespace: "default", name },
    uid: "u",
    hostName: name === "alias" ? "b" : "a",
    id: name,
    hostSideName: name,
    state: "running",
  }));
  const objects = new Map([
    ["default/here", containerOf({}, { status: { hostName: "a" } })],
    ["default/elsewhere", containerOf({}, { status: { hostName: "b" } })],
    // Two Hosts, one Engine: it runs where it is bound, and is seen from here.
    ["default/alias", containerOf({}, { status: { hostName: "b" } })],
    ["default/unbound", containerOf({}, { status: { formerHosts: ["a"] } })],
    [
      "default/going",
      containerOf({}, { metadata: { deletionTimestamp: formatTime(now) }, status: { formerHosts: ["a"] } }),
    ],
  ]);
  const { orphans, stale } = straysOf("a", found, objects);
  expect(orphans.map(({ id }) => id)).toEqual(["alias", "nowhere"]);
  expect(stale.map(({ id }) => id)).toEqual(["elsewhere", "going"]);
});

test("a volume is an orphan when neither a container nor an object nor a Host is left that it could belong to", () => {
  const volume = (name: string, fields: Partial<OwnedVolume> = {}): OwnedVolume => ({
    owner: { namespace: "default", name },
    uid: `uid-of-${name}`,
    hostName: "renamed",
    name,
    ...fields,
  });
  const volumes = [
    volume("gone"),
    volume("made-again", { uid: "another" }),
    volume("wanted"),
    volume("used"),
    volume("of-this-host", { hostName: "a" }),
  ];
  const found: readonly OwnedContainer[] = [
    {
      owner: { namespace: "default", name: "used" },
      uid: "uid-of-used",
      hostName: "renamed",
      id: "1",
      hostSideName: "used",
      state: "exited",
    },
  ];
  const objects = new Map(
    ["made-again", "wanted"].map((name) => [`default/${name}`, containerOf({}, { metadata: { name } })]),
  );
  expect(orphanVolumes(volumes, found, objects, new Map([["a", hostOf("a")]]))).toEqual(["gone", "made-again"]);
  const probe: Probe = { ...answers, orphans: ["stray"], survey: { volumes: ["gone"] } };
  expect(after(first, probe, later(1)).orphans).toEqual(["stray", "volume gone"]);
});
