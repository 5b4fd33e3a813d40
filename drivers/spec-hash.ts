/** Tells whether a container on a host was made from the spec that is asked for now, field by field. Pure. */
import { hash } from "node:crypto";
import type { ContainerSpec } from "../crds/container.ts";

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
    env: sorted((spec.env ?? []).map(({ name, value = "" }) => [name, value])),
    // A port's name is for readers of the API; no host knows it.
    ports: sorted((spec.ports ?? []).map((p) => [p.containerPort, p.protocol, p.hostPort ?? 0, p.hostIP ?? ""])),
    stopSignal: spec.stopSignal,
    tty: spec.tty,
    stdin: spec.stdin,
    user: spec.user,
    labels: sorted(Object.entries(spec.labels ?? {})),
    runtime: spec.runtime,
  };
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
      const [, field, digest] = /^([a-zA-Z]+)=([0-9a-f]{12})$/.exec(pair) ?? [];
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
