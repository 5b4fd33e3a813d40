/** What a Container takes from other objects. Source of the expected: kubernetes/pkg/kubelet/kubelet_pods_test.go. */
import { expect, test } from "vitest";
import type { Container } from "../../../crds/container.ts";
import type { KubeObject } from "../../../crds/meta.ts";
import { containerOf } from "../../../test/fakes/objects.ts";
import { resolve, sourcesOf } from "./inputs.ts";
import type { Resolved } from "./inputs.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const objectOf = (name: string, data: Readonly<Record<string, string>>): KubeObject & { data: typeof data } => ({
  apiVersion: "v1",
  kind: "",
  metadata: { name, namespace: "default", uid: name, resourceVersion: "1", creationTimestamp: "" },
  data,
});

const configMaps: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  one: { A: "1", B: "1", "not-1": "x", "1st": "x" },
  two: { B: "2", "..": "x" },
};
const secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  login: { password: base64("hunter2"), zero: base64("a\0b"), bytes: Buffer.from([0xff, 0xfe]).toString("base64") },
};

function resolved(
  container: Container,
  changed: typeof configMaps = {},
  digestKey: Uint8Array = Buffer.from("key"),
): Resolved {
  const maps = new Map(Object.entries({ ...configMaps, ...changed }));
  return resolve({
    sources: {
      configMap: (name) => (maps.has(name) ? objectOf(name, maps.get(name) ?? {}) : undefined),
      secret: (name) => (Object.hasOwn(secrets, name) ? objectOf(name, secrets[name] ?? {}) : undefined),
    },
    facts: { container, hostName: "east", allocatable: { cpu: "3500m", memory: "8Gi" } },
    digestKey,
    now: new Date("2026-01-02T03:04:05.678Z"),
  });
}

const envOf = (spec: object): Readonly<Record<string, string>> =>
  Object.fromEntries(resolved(containerOf(spec)).inputs?.main.env ?? []);
const missingOf = (spec: object): string | undefined => resolved(containerOf(spec)).missing;
const from = (source: object): object => ({ env: [{ name: "V", valueFrom: source }] });

test("a Container that says all itself needs nothing", () => {
  expect(resolved(containerOf({ env: [{ name: "A", value: "b" }], args: ["x"] }))).toEqual({ skipped: [] });
});

test("later sources count, env counts most, and refers only to what comes before it", () => {
  const spec = {
    envFrom: [
      { configMapRef: { name: "one" } },
      { configMapRef: { name: "two" } },
      { prefix: "P_", configMapRef: { name: "two" } },
    ],
    env: [
      { name: "EARLY", value: "$(LATE) $(B)" },
      { name: "LATE", value: "$(A)$$(A)" },
      { name: "A", value: "own" },
      { name: "EMPTY" },
    ],
  };
  expect(envOf(spec)).toEqual({
    A: "own",
    B: "2",
    P_B: "2",
    "not-1": "x",
    "P_..": "x",
    EARLY: "$(LATE) 2",
    LATE: "1$(A)",
    EMPTY: "",
  });
  expect(resolved(containerOf(spec)).skipped).toEqual([
    "Keys [1st] from the EnvFrom configMap default/one were skipped since they are considered invalid environment variable names.",
    "Keys [..] from the EnvFrom configMap default/two were skipped since they are considered invalid environment variable names.",
  ]);
});

test.each<[object, string]>([
  [{ secretKeyRef: { name: "login", key: "password" } }, "hunter2"],
  [{ fieldRef: { fieldPath: "metadata.uid" } }, "uid-of-web"],
  [{ fieldRef: { fieldPath: "metadata.labels['nosuch']" } }, ""],
  [{ fieldRef: { fieldPath: "spec.nodeName" } }, "east"],
  [{ resourceFieldRef: { resource: "limits.cpu" } }, "4"],
  [{ resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } }, "3500"],
  [{ resourceFieldRef: { resource: "requests.cpu" } }, "0"],
  [{ resourceFieldRef: { resource: "limits.memory", divisor: "1Gi" } }, "8"],
])("%j is %s", (source, value) => {
  expect(envOf(from(source))).toEqual({ V: value });
});

test.each<[object, string | undefined]>([
  [{ secretKeyRef: { name: "x", key: "k" } }, 'secret "x" not found'],
  [{ secretKeyRef: { name: "x", key: "k", optional: true } }, undefined],
  [{ secretKeyRef: { name: "login", key: "k" } }, "couldn't find key k in Secret default/login"],
  [{ configMapKeyRef: { name: "one", key: "constructor" } }, "couldn't find key constructor in ConfigMap default/one"],
  [
    { secretKeyRef: { name: "login", key: "zero" } },
    "key zero of Secret default/login cannot be variable V: it is not UTF-8 text without NUL (mount it as a file)",
  ],
  [
    { secretKeyRef: { name: "login", key: "bytes" } },
    "key bytes of Secret default/login cannot be variable V: it is not UTF-8 text without NUL (mount it as a file)",
  ],
])("%j lacks: %s", (source, message) => {
  expect(missingOf(from(source))).toBe(message);
});

const mounted = (volume: object, mount: object = {}): object => ({
  volumes: [{ name: "v", ...volume }],
  volumeMounts: [{ name: "v", mountPath: "/v", ...mount }],
});

test.each<[object, object, string]>([
  [{ configMap: { name: "x" } }, {}, 'MountVolume.SetUp failed for volume "v" : configmap "x" not found'],
  [
    { secret: { secretName: "login", items: [{ key: "k", path: "k" }] } },
    {},
    'MountVolume.SetUp failed for volume "v" : references non-existent secret key: k',
  ],
  [
    {
      configMap: {
        name: "one",
        items: [
          { key: "A", path: "a" },
          { key: "B", path: "a/b" },
        ],
      },
    },
    {},
    'MountVolume.SetUp failed for volume "v" : "a" would be both a file and the folder of "a/b"',
  ],
  [
    { configMap: { name: "one" } },
    { subPath: "nosuch" },
    'subPath "nosuch" of volume "v" names none of its files and folders',
  ],
])("%j %j is refused", (volume, mount, message) => {
  expect(missingOf(mounted(volume, mount))).toBe(message);
});

test("what lacks something keeps no other volume from its updates", () => {
  const container = containerOf({
    volumes: [
      { name: "good", configMap: { name: "one" } },
      { name: "bad", configMap: { name: "x" } },
    ],
    volumeMounts: [
      { name: "good", mountPath: "/good" },
      { name: "bad", mountPath: "/bad" },
    ],
  });
  const { inputs, missing } = resolved(container);
  expect(missing).toContain('volume "bad"');
  expect([...(inputs?.volumes.keys() ?? [])]).toEqual(["good"]);
});

test("digests tell of what is used, of nothing else, and nothing to those who lack the key", () => {
  const container = containerOf(from({ configMapKeyRef: { name: "one", key: "A" } }));
  const digest = (changed: typeof configMaps = {}, key?: Buffer): string =>
    resolved(container, changed, key).inputs?.config["ConfigMap one"] ?? "";
  expect(digest()).toMatch(/^[0-9a-f]{12}$/);
  expect(digest({ one: { A: "1", C: "new" } })).toBe(digest());
  expect(digest({ one: { A: "2" } })).not.toBe(digest());
  expect(digest({}, Buffer.from("another"))).not.toBe(digest());
});

test("the folder of files is named after the time and what is in it", () => {
  const content = resolved(containerOf(mounted({ configMap: { name: "one" } }))).inputs?.volumes.get("v");
  expect(content?.folder).toBe(`..2026_01_02_03_04_05.678-${content?.digest ?? ""}`);
  expect([...(content?.files.keys() ?? [])]).toEqual(["1st", "A", "B", "not-1"]);
});

test("only what is used is a source", () => {
  const container = containerOf({
    ...mounted({ projected: { sources: [{ secret: { name: "s" } }, { configMap: { name: "c" } }] } }),
    envFrom: [{ secretRef: { name: "e" } }],
    initContainers: [{ name: "i", image: "i:1", ...from({ secretKeyRef: { name: "k", key: "k" } }) }],
  });
  expect(
    sourcesOf(container)
      .map(({ kind, name }) => `${kind} ${name}`)
      .sort(),
  ).toEqual(["ConfigMap c", "Secret e", "Secret k", "Secret s"]);
  expect(sourcesOf(containerOf({ volumes: [{ name: "v", configMap: { name: "c" } }] }))).toEqual([]);
});

test("the digest of what is used of an object is the same in whatever order it is used", () => {
  const ref = (name: string, key: string): object => ({ name, valueFrom: { configMapKeyRef: { name: "one", key } } });
  const configOf = (...env: readonly object[]) => resolved(containerOf({ env })).inputs?.config;
  expect(configOf(ref("X", "A"), ref("Y", "B"))).toEqual(configOf(ref("Y", "B"), ref("X", "A")));
  expect(configOf(ref("X", "A"), ref("Y", "B"))).not.toEqual(configOf(ref("X", "B")));
});

test("what its Secrets have is known, so that it can be left out of what is told", () => {
  expect(resolved(containerOf(from({ secretKeyRef: { name: "login", key: "password" } }))).secrets).toContain(
    "hunter2",
  );
  expect(resolved(containerOf(from({ configMapKeyRef: { name: "one", key: "A" } }))).secrets).toBeUndefined();
});
