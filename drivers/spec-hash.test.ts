import { expect, test } from "vitest";
import { ContainerSpec } from "../crds/container.ts";
import { changedFields, decodeSpecHash, encodeSpecHash, specHash } from "./spec-hash.ts";

const spec = (fields: object): ContainerSpec => ContainerSpec.parse({ image: "busybox", ...fields });
const changed = (before: object, after: object): readonly string[] =>
  changedFields(specHash(spec(after)), specHash(spec(before)));

const dns = (...nameservers: string[]): object => ({ dnsConfig: { nameservers } });
const limit = (name: string): object => ({ name, soft: 1, hard: 1 });
const volume = (source: object, mountPath = "/v"): object => ({
  volumes: [{ name: "v", ...source }],
  volumeMounts: [{ name: "v", mountPath }],
});

test("a spec of defaults hashes the image alone, so that fields added later replace nothing", () => {
  expect(Object.keys(specHash(spec({})))).toEqual(["image"]);
  expect(specHash(spec({ tty: false, stdin: false, env: [], ports: [], labels: {}, command: [], args: [] }))).toEqual(
    specHash(spec({})),
  );
});

// Containers that exist carry these digests: another way to compute them would replace every one of them.
test("digests stay what they are", () => {
  const hash = specHash(
    spec({
      command: ["sh", "-c"],
      args: ["env"],
      env: [{ name: "B", value: "2" }, { name: "A" }],
      ports: [{ containerPort: 80, hostPort: 8080 }],
      labels: { team: "x" },
      tty: true,
    }),
  );
  expect(encodeSpecHash(hash)).toMatchInlineSnapshot(
    `"args=e9bc673e4762;command=4df6e6a2db73;env=90c1c888fdd2;image=00d7bbc1ffa3;labels=79ea2643b8eb;ports=419ac1ba20ff;tty=b5bea41b6c62"`,
  );
});

test.each<[string, object, object, readonly string[]]>([
  ["image", {}, { image: "busybox:2" }, ["image"]],
  ["a field that appears", {}, { user: "1000" }, ["user"]],
  ["a field that goes", { workingDir: "/srv" }, {}, ["workingDir"]],
  ["several, in order", {}, { tty: true, args: ["x"] }, ["args", "tty"]],
  ["order of arguments", { args: ["a", "b"] }, { args: ["b", "a"] }, ["args"]],
  [
    "source of a variable",
    { env: [{ name: "A", value: "1" }] },
    { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] },
    ["env"],
  ],
  [
    "order of variables that refer to one another",
    {
      env: [
        { name: "A", value: "$(B)" },
        { name: "B", value: "1" },
      ],
    },
    {
      env: [
        { name: "B", value: "1" },
        { name: "A", value: "$(B)" },
      ],
    },
    ["env"],
  ],
  [
    "order of envFrom",
    { envFrom: [{ secretRef: { name: "a" } }, { secretRef: { name: "b" } }] },
    { envFrom: [{ secretRef: { name: "b" } }, { secretRef: { name: "a" } }] },
    ["envFrom"],
  ],
  ["object of a volume", volume({ configMap: { name: "a" } }), volume({ configMap: { name: "b" } }), ["volumes"]],
  ["where a volume is mounted", volume({ emptyDir: {} }), volume({ emptyDir: {} }, "/other"), ["volumeMounts"]],
  ["a volume that nothing mounts", { volumes: [{ name: "v", emptyDir: {} }] }, {}, []],
  ["value of a variable", { env: [{ name: "A", value: "1" }] }, { env: [{ name: "A", value: "2" }] }, ["env"]],
  ["hostPort", { ports: [{ containerPort: 80 }] }, { ports: [{ containerPort: 80, hostPort: 80 }] }, ["ports"]],
  ["a capability", { securityContext: { capabilities: { add: ["CHOWN"] } } }, {}, ["securityContext"]],
  ["privileged", {}, { securityContext: { privileged: true } }, ["securityContext"]],
  ["no_new_privs", {}, { securityContext: { allowPrivilegeEscalation: false } }, ["securityContext"]],
  [
    "user 0 where the image's was meant",
    { securityContext: { runAsUser: 0 } },
    { securityContext: {} },
    ["securityContext"],
  ],
  ["runAsNonRoot", {}, { securityContext: { runAsNonRoot: true } }, ["securityContext"]],
  ["seccomp", {}, { securityContext: { seccompProfile: { type: "Unconfined" } } }, ["securityContext"]],
  [
    "a seccomp profile",
    { securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "{}" } } },
    { securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "{ }" } } },
    ["securityContext"],
  ],
  ["host namespaces", {}, { hostNetwork: true, hostPID: true, hostIPC: true }, ["hostIPC", "hostNetwork", "hostPID"]],
  ["a ulimit", { ulimits: [{ name: "core", soft: 0, hard: 0 }] }, {}, ["ulimits"]],
  ["shmSize", { shmSize: "1Mi" }, { shmSize: "2Mi" }, ["shmSize"]],
  ["order of nameservers", dns("1.1.1.1", "2.2.2.2"), dns("2.2.2.2", "1.1.1.1"), ["dnsConfig"]],
  ["a host's alias", {}, { hostAliases: [{ ip: "1.1.1.1", hostnames: ["a"] }] }, ["hostAliases"]],
  ["a device", {}, { devices: [{ hostPath: "/dev/fuse" }] }, ["devices"]],
  ["a cpuset that goes", { cpuset: "0" }, {}, ["cpuset"]],
  ["logging", {}, { logging: { driver: "local" } }, ["logging"]],
])("tells a change of %s", (_, before, after, fields) => {
  expect(changed(before, after)).toEqual(fields);
});

test.each<[string, object, object]>([
  [
    "order of env",
    { env: [{ name: "A" }, { name: "B", value: "1" }] },
    { env: [{ name: "B", value: "1" }, { name: "A" }] },
  ],
  [
    "order of env with dollars that stand for nothing",
    { env: [{ name: "B", value: "$5" }, { name: "A" }] },
    { env: [{ name: "A" }, { name: "B", value: "$5" }] },
  ],
  ["order of labels", { labels: { a: "1", b: "2" } }, { labels: { b: "2", a: "1" } }],
  ["name of a port", { ports: [{ containerPort: 80 }] }, { ports: [{ containerPort: 80, name: "web" }] }],
  ["resources", {}, { resources: { limits: { cpu: "1" } } }],
  ["restartPolicy", {}, { restartPolicy: "Never" }],
  ["runState", {}, { runState: "Stopped" }],
  ["grace period", {}, { terminationGracePeriodSeconds: 1 }],
  ["placement", {}, { placement: { hostName: "a" } }],
  ["imagePullPolicy", {}, { imagePullPolicy: "Never" }],
  ["imagePullSecrets", {}, { imagePullSecrets: [{ name: "a" }] }],
  ["which CPUs", { cpuset: "0" }, { cpuset: "1" }],
  ["pidsLimit", {}, { pidsLimit: 10 }],
  ["an empty securityContext", {}, { securityContext: {} }],
  [
    "a securityContext of defaults",
    {},
    {
      securityContext: {
        privileged: false,
        capabilities: { add: [], drop: [] },
        readOnlyRootFilesystem: false,
        allowPrivilegeEscalation: true,
        runAsNonRoot: false,
        supplementalGroups: [],
        seccompProfile: { type: "RuntimeDefault" },
        sysctls: [],
      },
    },
  ],
  ["empty fields", {}, { dnsConfig: { searches: [] }, ulimits: [], hostAliases: [], devices: [], hostPID: false }],
  ["no bytes of shmSize: the Engine's default", {}, { shmSize: "0" }],
  ["the way to write shmSize", { shmSize: "1Mi" }, { shmSize: 1048576 }],
  [
    "order of capabilities",
    { securityContext: { capabilities: { drop: ["CHOWN", "KILL"] } } },
    { securityContext: { capabilities: { drop: ["KILL", "CHOWN"] } } },
  ],
  [
    "the way to write a sysctl",
    { securityContext: { sysctls: [{ name: "net.ipv4.ip_forward", value: "1" }] } },
    { securityContext: { sysctls: [{ name: "net/ipv4/ip_forward", value: "1" }] } },
  ],
  [
    "what a device says by default",
    { devices: [{ hostPath: "/dev/fuse" }] },
    { devices: [{ hostPath: "/dev/fuse", containerPath: "/dev/fuse", permissions: "rwm" }] },
  ],
  ["order of ulimits", { ulimits: [limit("core"), limit("nofile")] }, { ulimits: [limit("nofile"), limit("core")] }],
])("a change of %s needs no new container", (_, before, after) => {
  expect(changed(before, after)).toEqual([]);
});

test("survives the way through a label", () => {
  const hash = specHash(spec({ args: ["x"], tty: true }));
  expect(decodeSpecHash(encodeSpecHash(hash))).toEqual(hash);
});

// Labels can be written by anyone with access to the Engine.
test.each([undefined, "", ";;;", "image", "image=zz;=;x=y", "\u0000=0123456789ab"])(
  "reads label %j as nothing",
  (label) => {
    expect(decodeSpecHash(label)).toEqual({});
  },
);
