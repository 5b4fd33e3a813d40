/** Every wrong manifest gets one clear message, that names file, field and value; and nothing happens behind its back. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../../api/client/client.ts";
import { containers } from "../../crds/container.ts";
import { hosts } from "../../crds/host.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { Output } from "../lab/stowage.ts";
import { StowageServer } from "../lab/stowage.ts";

const folder = join(import.meta.dirname, "bad-manifests");

interface BadManifest {
  readonly file: string;
  /** What its one message says, besides the file. */
  readonly says: readonly string[];
}

/** Whose message comes from reading the file: where, and what is wrong there. */
const unreadable: readonly BadManifest[] = [
  { file: "a-list.yaml", says: ["line 1", "expected an object with apiVersion, kind and metadata", "a list"] },
  { file: "a-text.yaml", says: ["line 1", "expected an object", '"please run busybox"'] },
  { file: "alias-bomb.yaml", says: ["line 1", "invalid YAML", "Excessive alias count"] },
  { file: "binary.yaml", says: ["not text in UTF-8"] },
  { file: "byte-order-mark-only.yaml", says: ["there is no object in it"] },
  { file: "comments-only.yaml", says: ["there is no object in it"] },
  { file: "duplicate-keys.yaml", says: ["line 7", 'key "image" stands twice'] },
  { file: "empty.yaml", says: ["there is no object in it"] },
  { file: "invalid-yaml.yaml", says: ["line 8", "invalid YAML at column", "]"] },
  { file: "missing-api-version.yaml", says: ['Container "web"', "apiVersion: Required value"] },
  { file: "missing-kind.yaml", says: ["kind: Required value"] },
  { file: "missing-metadata.yaml", says: ["Container", "metadata.name: Required value"] },
  { file: "missing-name.yaml", says: ["line 4", "Container", "metadata.name: Required value"] },
  { file: "name-is-a-number.yaml", says: ["line 4", "metadata.name: Invalid value: 42", "must be a string"] },
  { file: "tabs.yaml", says: ["line 6", "Tabs are not allowed as indentation"] },
  { file: "trailing-comma.json", says: ["this is not JSON", "line 5"] },
];

/** Whose message comes from what the server knows. */
const refused: readonly BadManifest[] = [
  { file: "bad-annotation-key.yaml", says: ["metadata.annotations", "not a key"] },
  { file: "bad-host-ip.yaml", says: ["line 10", "spec.ports[0].hostIP", "localhost"] },
  { file: "bad-image.yaml", says: ["line 6", "spec.image", "BusyBox: latest"] },
  { file: "bad-name.yaml", says: ["line 4", "metadata.name", "Web_1"] },
  { file: "bad-quantity.yaml", says: ["line 9", "spec.resources.limits.memory", "128mb"] },
  {
    file: "bad-selector-operator.yaml",
    says: ["line 11", "spec.placement.hostSelector.matchExpressions[0].operator", "Equals"],
  },
  { file: "bad-stop-signal.yaml", says: ["line 7", "spec.stopSignal", "please stop"] },
  { file: "command-as-text.yaml", says: ["line 7", "spec.command", "sh -c true", "array"] },
  { file: "container-port-twice.yaml", says: ["spec.ports[1]", "80"] },
  { file: "env-twice.yaml", says: ["spec.env[1]", "Duplicate value", "A"] },
  { file: "env-value-is-a-number.yaml", says: ["line 9", "spec.env[0].value", "8080", "string"] },
  { file: "env-without-name.yaml", says: ["spec.env[0].name", "Required value"] },
  { file: "host-port-twice.yaml", says: ["spec.ports", "8080", "two ports ask for the same hostPort"] },
  { file: "host-without-docker.yaml", says: ['Host "bad"', "spec.docker", "Required value"] },
  { file: "label-is-a-number.yaml", says: ["metadata.labels", "7", "string"] },
  { file: "label-with-spaces.yaml", says: ["metadata.labels", "my web server"] },
  { file: "missing-image.yaml", says: ['Container "web"', "spec.image: Required value"] },
  { file: "missing-namespace.yaml", says: ["line 5", "metadata.namespace", '"nowhere" not found'] },
  { file: "negative-grace-period.yaml", says: ["line 7", "spec.terminationGracePeriodSeconds", "-1"] },
  { file: "negative-port.yaml", says: ["line 8", "spec.ports[0].containerPort", "-80"] },
  { file: "null-image.yaml", says: ["spec.image"] },
  { file: "port-as-text.yaml", says: ["line 8", "spec.ports[0].containerPort", '"80"', "integer"] },
  { file: "port-too-large.yaml", says: ["line 9", "spec.ports[0].hostPort", "70000", "65535"] },
  { file: "port-with-fraction.yaml", says: ["line 8", "spec.ports[0].containerPort", "80.5", "integer"] },
  { file: "reserved-label.yaml", says: ["spec.labels", "stowage.dev/uid", "cannot be set here"] },
  { file: "run-state-in-lower-case.yaml", says: ["line 7", "spec.runState", '"running"', '"Running"'] },
  { file: "spec-is-a-list.yaml", says: ["spec", "object"] },
  { file: "status-only.yaml", says: ['Container "web"', "spec: Required value"] },
  { file: "tls-over-a-socket.yaml", says: ["spec.docker.tls", "a unix socket has none"] },
  { file: "unknown-field.yaml", says: ["line 6", "spec.imagee", "Unknown field", "busybox:1"] },
  {
    file: "unknown-kind.yaml",
    says: ["line 2", 'no kind "Contaner"', "did you mean Container in stowage.dev/v1alpha1?"],
  },
  { file: "unknown-nested-field.yaml", says: ["line 9", "spec.ports[0].hostport", "Unknown field", "8080"] },
  { file: "unknown-restart-policy.yaml", says: ["line 7", "spec.restartPolicy", '"Sometimes"', '"OnFailure"'] },
  {
    file: "wrong-api-version.yaml",
    says: ["line 1", '"stowage.dev/v1"', "did you mean Container in stowage.dev/v1alpha1?"],
  },
  { file: "wrong-type.yaml", says: ["line 6", "spec.image", "string", "busybox"] },
  { file: "yes-as-text.yaml", says: ["line 7", "spec.tty", '"yes"', "boolean"] },
];

/** What would get at the host, or at what is others', or means nothing to any Engine. */
const hostile: readonly BadManifest[] = [
  { file: "sub-path-goes-up.yaml", says: ["spec.volumeMounts[0].subPath", ".."] },
  { file: "sub-path-goes-up-inside.yaml", says: ["spec.volumeMounts[0].subPath", ".."] },
  { file: "sub-path-absolute.yaml", says: ["spec.volumeMounts[0].subPath", "relative path"] },
  { file: "mount-at-root.yaml", says: ["spec.volumeMounts[0].mountPath", "other than /"] },
  { file: "mount-at-root-in-disguise.yaml", says: ["spec.volumeMounts[0].mountPath", "other than /"] },
  { file: "mount-goes-up.yaml", says: ["spec.volumeMounts[0].mountPath", "without '..'"] },
  { file: "mount-relative.yaml", says: ["spec.volumeMounts[0].mountPath", "data"] },
  { file: "mount-with-colon.yaml", says: ["spec.volumeMounts[0].mountPath", "/data:ro"] },
  { file: "mount-over-the-toolbox.yaml", says: ["spec.volumeMounts[0].mountPath", "/.stowage", "choose another path"] },
  { file: "mount-below-the-toolbox.yaml", says: ["spec.volumeMounts[0].mountPath", "choose another path"] },
  { file: "mount-twice.yaml", says: ["spec.volumeMounts[1]", "Duplicate value", "/data"] },
  { file: "mount-of-nothing.yaml", says: ["spec.volumeMounts", "needs a volume of its name"] },
  { file: "volume-twice.yaml", says: ["spec.volumes[1]", "Duplicate value", "data"] },
  { file: "volume-without-source.yaml", says: ["spec.volumes[0]", "exactly one of emptyDir, hostPath"] },
  { file: "volume-with-two-sources.yaml", says: ["spec.volumes[0]", "exactly one of emptyDir, hostPath"] },
  { file: "volume-name-goes-up.yaml", says: ["spec.volumes[0].name", "../../etc"] },
  { file: "host-path-goes-up.yaml", says: ["spec.volumes[0].hostPath.path", "must not contain '..'"] },
  { file: "host-path-relative.yaml", says: ["spec.volumes[0].hostPath.path", "etc"] },
  { file: "docker-volume-name-is-a-path.yaml", says: ["spec.volumes[0].dockerVolume.name", "../../etc"] },
  { file: "item-path-goes-up.yaml", says: ["items[0].path", ".."] },
  { file: "item-path-absolute.yaml", says: ["items[0].path", "relative path"] },
  { file: "projected-item-goes-up.yaml", says: ["items[0].path", ".."] },
  { file: "secret-name-is-a-path.yaml", says: ["spec.volumes[0].secret.secretName", "../keys"] },
  { file: "file-mode-too-large.yaml", says: ["defaultMode", "4095"] },
  { file: "env-name-with-equals.yaml", says: ["spec.env[0].name", "A=B"] },
  { file: "env-value-and-source.yaml", says: ["spec.env[0]", "not both"] },
  { file: "env-two-sources.yaml", says: ["spec.env[0].valueFrom", "exactly one of secretKeyRef"] },
  { file: "env-key-is-a-path.yaml", says: ["key", "../a"] },
  { file: "env-unknown-field.yaml", says: ["fieldPath", "spec.secrets"] },
  { file: "capability-in-lower-case.yaml", says: ["capabilities.add[0]", "net_admin"] },
  { file: "privileged-as-text.yaml", says: ["spec.securityContext.privileged", '"yes"', "boolean"] },
  {
    file: "privileged-without-escalation.yaml",
    says: ["spec.securityContext", "cannot set allowPrivilegeEscalation to false and privileged to true"],
  },
  { file: "sys-admin-without-escalation.yaml", says: ["spec.securityContext", "add the capability SYS_ADMIN"] },
  { file: "run-as-user-by-name.yaml", says: ["spec.securityContext.runAsUser", "root", "integer"] },
  { file: "run-as-user-negative.yaml", says: ["spec.securityContext.runAsUser", "-1"] },
  { file: "user-twice.yaml", says: ["spec.user", "give one of them"] },
  { file: "seccomp-without-profile.yaml", says: ["seccompProfile", "localhostProfile is for type Localhost"] },
  { file: "seccomp-profile-for-nothing.yaml", says: ["seccompProfile", "localhostProfile is for type Localhost"] },
  { file: "seccomp-unknown-type.yaml", says: ["seccompProfile.type", "Unconfined"] },
  { file: "sysctl-is-a-path.yaml", says: ["sysctls[0].name", "../../etc/passwd"] },
  { file: "sysctl-twice.yaml", says: ["sysctls[1]", "Duplicate value"] },
  { file: "sysctl-of-the-hosts-network.yaml", says: ["spec.securityContext.sysctls", "would be the host"] },
  { file: "sysctl-of-the-hosts-ipc.yaml", says: ["spec.securityContext.sysctls", "would be the host"] },
  { file: "host-network-port-moved.yaml", says: ["spec.ports", "hostPort must be the same as containerPort"] },
  { file: "ulimit-unknown.yaml", says: ["spec.ulimits[0].name", "files", "nofile"] },
  { file: "ulimit-soft-above-hard.yaml", says: ["spec.ulimits[0]", "soft must not be more than hard"] },
  { file: "ulimit-twice.yaml", says: ["spec.ulimits[1]", "Duplicate value"] },
  { file: "shm-size-without-unit.yaml", says: ["spec.shmSize", "lots"] },
  { file: "nameserver-by-name.yaml", says: ["spec.dnsConfig.nameservers[0]", "dns.example"] },
  { file: "nameservers-too-many.yaml", says: ["spec.dnsConfig.nameservers", "3"] },
  { file: "search-domain-with-a-line.yaml", says: ["spec.dnsConfig.searches[0]", "a.test"] },
  { file: "resolver-option-with-spaces.yaml", says: ["spec.dnsConfig.options[0].name", "ndots 3"] },
  { file: "host-alias-without-ip.yaml", says: ["spec.hostAliases[0].ip", "localhost"] },
  { file: "host-alias-with-a-line.yaml", says: ["spec.hostAliases[0].hostnames[0]"] },
  { file: "device-outside-dev.yaml", says: ["spec.devices[0].hostPath", "/etc/passwd"] },
  { file: "device-goes-up.yaml", says: ["spec.devices[0].hostPath", "must not contain '..'"] },
  { file: "device-permissions.yaml", says: ["spec.devices[0].permissions", "rwx"] },
  { file: "cpuset-syntax.yaml", says: ["spec.cpuset", "0..3"] },
  { file: "pids-limit-zero.yaml", says: ["spec.pidsLimit", "0"] },
  { file: "pull-secret-is-a-path.yaml", says: ["spec.imagePullSecrets[0].name", "../registry"] },
  { file: "update-policy-of-a-digest.yaml", says: ["spec.imageUpdatePolicy", "never moves"] },
  { file: "update-policy-never-pulls.yaml", says: ["spec.imageUpdatePolicy", "give one of them"] },
  { file: "update-policy-too-often.yaml", says: ["spec.imageUpdatePolicy.intervalSeconds", "10"] },
  { file: "probe-with-two-actions.yaml", says: ["spec.livenessProbe", "exactly one of exec, httpGet, tcpSocket"] },
  { file: "probe-without-action.yaml", says: ["spec.readinessProbe", "exactly one of exec, httpGet, tcpSocket"] },
  { file: "init-container-without-image.yaml", says: ["spec.initContainers[0].image", "Required value"] },
  {
    file: "baseline-privileged.yaml",
    says: ['violates PodSecurity "baseline:latest"', 'container "web" must not set securityContext.privileged=true'],
  },
  {
    file: "baseline-init-privileged.yaml",
    says: ["violates PodSecurity", 'container "init" must not set securityContext.privileged=true'],
  },
  { file: "baseline-capability.yaml", says: ["violates PodSecurity", 'must not include "SYS_ADMIN"'] },
  { file: "baseline-host-path.yaml", says: ["violates PodSecurity", 'hostPath volumes (volume "data")'] },
  {
    file: "baseline-host-path-in-disguise.yaml",
    says: ["violates PodSecurity", "must not set dockerVolume.driverOptions"],
  },
  {
    file: "baseline-host-namespaces.yaml",
    says: ["violates PodSecurity", "host namespaces (hostPID=true, hostIPC=true)"],
  },
  { file: "baseline-host-port.yaml", says: ["violates PodSecurity", 'container "web" uses hostPort 8080'] },
  { file: "baseline-device.yaml", says: ["violates PodSecurity", 'must not use devices "/dev/sda"'] },
  { file: "baseline-sysctl.yaml", says: ["violates PodSecurity", "forbidden sysctls (kernel.msgmax)"] },
  {
    file: "baseline-seccomp.yaml",
    says: ["violates PodSecurity", 'must not set securityContext.seccompProfile.type to "Unconfined"'],
  },
  { file: "baseline-logging.yaml", says: ["violates PodSecurity", 'must not use logging driver "syslog"'] },
  {
    file: "namespace-with-unknown-level.yaml",
    says: ["metadata.labels[pod-security.kubernetes.io/enforce]", "must be one of privileged, baseline, restricted"],
  },
];

/** With more than one object: all are told, and then that nothing was done. */
const several: readonly (BadManifest & { readonly lines: number })[] = [
  {
    file: "one-of-two.yaml",
    lines: 1,
    says: ["document 2, line 14", 'Container "bad"', "spec.restartPolicy", "Sometimes"],
  },
  {
    file: "both-of-two.yaml",
    lines: 2,
    says: ["document 1, line 7", "spec.runState", "document 2", 'Container "second"', "spec.image"],
  },
  {
    file: "same-object-twice.yaml",
    lines: 1,
    says: ["document 2", "metadata.name", '"web"', "document 1", "same object"],
  },
  { file: "stray-list-item.yaml", lines: 1, says: ['Container "other"', "spec.user", "a b"] },
];

let server: StowageServer;
let client: Client & AsyncDisposable;
beforeAll(async () => {
  server = await StowageServer.start();
  client = await server.client();
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function messagesOf({ code, stdout, stderr }: Output): readonly string[] {
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).not.toMatch(/\n\s+at |node:internal|Error:/);
  return stderr.trimEnd().split("\n");
}

async function nothingExists(): Promise<void> {
  const found = await Promise.all([containers, hosts].map((type) => client.list<KubeObject>(type)));
  expect(found.flatMap(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual([]);
}

const apply = (path: string): Promise<Output> => server.cli(["apply", "-f", path]);

test.each([...unreadable, ...refused, ...hostile])("$file", async ({ file, says }) => {
  const path = join(folder, file);
  const messages = messagesOf(await apply(path));
  expect(messages).toHaveLength(1);
  for (const words of [`error: ${path}: `, ...says]) expect(messages[0]).toContain(words);
  await nothingExists();
});

test.each(several)("$file", async ({ file, says, lines }) => {
  const messages = messagesOf(await apply(join(folder, file)));
  expect(messages).toHaveLength(lines + 1);
  for (const words of says) expect(messages.join("\n")).toContain(words);
  expect(messages.at(-1)).toBe("error: nothing was applied, because not all of it is right");
  await nothingExists();
});

test("every file in the folder is in a table above", async () => {
  const tested = [...unreadable, ...refused, ...hostile, ...several].map(({ file }) => file);
  expect((await readdir(folder)).sort()).toEqual(tested.sort());
});

const head = "apiVersion: stowage.dev/v1alpha1\nkind: Container\nmetadata:\n  name: web\n";

test.each([
  {
    why: "an object of 10 MB",
    text: `${head}spec:\n  image: busybox:1\n  env:\n    - name: BIG\n      value: ${"x".repeat(10 << 20)}\n`,
    says: ['Container "web"', "Request entity too large", "3145728", "spec.env"],
  },
  {
    why: "an annotation of 300 kB",
    text: `${head}  annotations:\n    note: ${"x".repeat(300_000)}\nspec:\n  image: busybox:1\n`,
    says: ['Container "web"', "metadata.annotations", "262144"],
  },
])("$why", async ({ text, says }) => {
  const place = await mkdtemp(join(tmpdir(), "stowage-bad-"));
  try {
    const path = join(place, "large.yaml");
    await writeFile(path, text);
    const messages = messagesOf(await apply(path));
    expect(messages).toHaveLength(1);
    for (const words of [`error: ${path}: `, ...says]) expect(messages[0]).toContain(words);
    expect(messages[0]?.length).toBeLessThan(1000);
  } finally {
    await rm(place, { recursive: true });
  }
  await nothingExists();
});
