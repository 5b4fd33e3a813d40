/** Tells whether a container on a host was made from the spec that is asked for now, field by field. Pure. */
import { hash } from "node:crypto";
import type { ContainerSpec } from "../crds/container.ts";
import { connectsInside } from "../crds/probes.ts";
import { parseQuantity } from "../crds/quantity.ts";
import type { SecurityContext } from "../crds/security-context.ts";
import { dotted } from "../crds/sysctl.ts";

/**
 * A digest per field whose change needs a new container on a host. Fields that are absent or say the default are left
 * out: when a newer Stowage hashes more fields, nothing that exists differs. Not in it is what a host can change in
 * place (resources, restartPolicy) and what is not part of a container at all (runState, placement, pull policy).
 */
export function specHash(spec: ContainerSpec): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(relevant(spec))
      .filter(([, value]) => !saysNothing(value))
      .map(([field, value]) => [field, hash("sha256", JSON.stringify(value)).slice(0, 12)]),
  );
}

/** Values in a canonical form: what is a map to the API is sorted, so that its order makes no difference. */
function relevant(spec: ContainerSpec): Readonly<Record<string, unknown>> {
  return {
    image: spec.image,
    command: spec.command,
    args: spec.args,
    workingDir: spec.workingDir,
    hostname: spec.hostname,
    env: environment(spec.env ?? []),
    envFrom: (spec.envFrom ?? []).map(({ prefix = "", configMapRef, secretRef }) =>
      canonical([prefix, configMapRef, secretRef]),
    ),
    volumes: sorted(usedVolumes(spec)),
    volumeMounts: sorted(
      (spec.volumeMounts ?? []).map((m) => [
        m.mountPath,
        m.name,
        m.readOnly,
        ...(m.subPath === undefined ? [] : [m.subPath]),
      ]),
    ),
    // A port's name is for readers of the API; no host knows it.
    ports: sorted((spec.ports ?? []).map((p) => [p.containerPort, p.protocol, p.hostPort ?? 0, p.hostIP ?? ""])),
    stopSignal: spec.stopSignal,
    tty: spec.tty,
    stdin: spec.stdin,
    user: spec.user,
    labels: sorted(Object.entries(spec.labels ?? {})),
    runtime: spec.runtime,
    initContainers: canonical(spec.initContainers),
    // What a container needs inside for them is there from its beginning, or never.
    probes: connectsInside(spec),
    ...isolation(spec),
  };
}

/** What keeps a container apart from its host, and what it is given of it. */
function isolation(spec: ContainerSpec): Readonly<Record<string, unknown>> {
  const { dnsConfig, logging } = spec;
  return {
    securityContext: spec.securityContext && security(spec.securityContext),
    hostNetwork: spec.hostNetwork,
    hostPID: spec.hostPID,
    hostIPC: spec.hostIPC,
    ulimits: sorted((spec.ulimits ?? []).map(({ name, soft, hard }) => [name, soft, hard])),
    shmSize: spec.shmSize === undefined ? undefined : parseQuantity(spec.shmSize) || undefined,
    dnsConfig:
      dnsConfig &&
      says([
        ["nameservers", dnsConfig.nameservers],
        ["searches", dnsConfig.searches],
        ["options", (dnsConfig.options ?? []).map(({ name, value }) => [name, value ?? ""])],
      ]),
    hostAliases: sorted((spec.hostAliases ?? []).map(({ ip, hostnames }) => [ip, hostnames])),
    devices: sorted((spec.devices ?? []).map((d) => [d.hostPath, d.containerPath ?? d.hostPath, d.permissions])),
    // Which CPUs can be changed in place; whether there is any bound cannot (drivers/docker/translate.ts).
    cpuset: spec.cpuset !== undefined,
    logging: logging && [logging.driver, sorted(Object.entries(logging.options ?? {}))],
  };
}

function security(context: SecurityContext): readonly unknown[] {
  const { capabilities, seccompProfile, sysctls = [] } = context;
  return says([
    ["privileged", context.privileged],
    ["add", sorted([...new Set(capabilities?.add)])],
    ["drop", sorted([...new Set(capabilities?.drop)])],
    ["readOnlyRootFilesystem", context.readOnlyRootFilesystem],
    ["noNewPrivileges", !context.allowPrivilegeEscalation],
    ["runAsUser", context.runAsUser],
    ["runAsGroup", context.runAsGroup],
    ["runAsNonRoot", context.runAsNonRoot],
    ["supplementalGroups", sorted([...new Set(context.supplementalGroups)])],
    // The Engine's default is what a container has that says nothing.
    ["seccompProfile", seccompProfile?.type === "RuntimeDefault" ? undefined : seccompProfile?.type],
    ["localhostProfile", seccompProfile?.localhostProfile],
    ["sysctls", sorted(sysctls.map(({ name, value }) => [dotted(name), value]))],
  ]);
}

const says = (fields: readonly (readonly [string, unknown])[]): readonly unknown[] =>
  fields.filter(([, value]) => !saysNothing(value));

/** Their order makes a difference where one refers to another. */
function environment(env: NonNullable<ContainerSpec["env"]>): readonly unknown[] {
  const pairs = env.map(({ name, value = "", valueFrom }) =>
    valueFrom === undefined ? [name, value] : [name, canonical(valueFrom)],
  );
  return env.some(({ value }) => value?.includes("$(")) ? pairs : sorted(pairs);
}

/** Names of objects count, not what is in them: that is kept up to date in place. */
function usedVolumes(spec: ContainerSpec): readonly unknown[] {
  const mounted = new Set((spec.volumeMounts ?? []).map(({ name }) => name));
  return (spec.volumes ?? []).filter(({ name }) => mounted.has(name)).map(canonical);
}

/** The same for the same meaning, in whatever order a client wrote it. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => canonical(one) ?? null);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, one]) => [key, canonical(one)]);
}

function sorted<T>(values: readonly T[]): readonly T[] {
  return values
    .map((value) => ({ value, text: JSON.stringify(value) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ value }) => value);
}

function saysNothing(value: unknown): boolean {
  return value === undefined || value === false || (Array.isArray(value) && value.length === 0);
}

/** As a label's value: `args=0123456789ab;image=ba9876543210`. */
export function encodeSpecHash(hash: Readonly<Record<string, string>>): string {
  return Object.entries(hash)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([field, digest]) => `${field}=${digest}`)
    .join(";");
}

/** The opposite of {@link encodeSpecHash}. What cannot be read is left out, and so counts as changed. */
export function decodeSpecHash(label: string | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (label ?? "").split(";").flatMap((pair) => {
      const [, field, digest] = /^([a-zA-Z][a-zA-Z0-9 .-]*)=([0-9a-f]{12})$/.exec(pair) ?? [];
      return field === undefined || digest === undefined ? [] : [[field, digest]];
    }),
  );
}

/** Names of the fields that differ, in alphabetical order. */
export function changedFields(
  wanted: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): readonly string[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])]
    .filter((field) => wanted[field] !== found[field])
    .sort();
}
