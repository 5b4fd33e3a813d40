/** A plain list of machines, hosts.yaml, and the manifests of Hosts and Secrets that it stands for. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { Document } from "yaml";
import { z } from "zod";
import { secretType } from "../crds/core.ts";
import { hosts } from "../crds/host.ts";
import { apiVersionOf } from "../crds/meta.ts";
import { CommandError } from "./errors.ts";
import { parseFieldPath } from "./field-path.ts";
import type { FieldPath } from "./field-path.ts";
import type { Manifest, Problem, ReadManifests } from "./manifests.ts";

/** On all that an import makes: which list it is from. */
export const listLabel = "stowage.dev/hosts-list";
const zoneLabel = "topology.kubernetes.io/zone";

/** As kubectl taint has them: key=value:Effect, or key:Effect. */
const taintText = /^([^=:]+)(?:=([^:]*))?:([A-Za-z]+)$/;

const Entry = z.strictObject({
  name: z.string().min(1),
  endpoint: z.string().min(1),
  labels: z.record(z.string(), z.string()).optional(),
  zone: z.string().min(1).optional(),
  taints: z
    .array(
      z.union([
        z.string().regex(taintText, "expected key=value:Effect or key:Effect"),
        z.strictObject({ key: z.string(), value: z.string().optional(), effect: z.string() }),
      ]),
    )
    .optional(),
  /** Paths of files, seen from the list. */
  tls: z
    .strictObject({ ca: z.string(), cert: z.string(), key: z.string(), serverName: z.string().optional() })
    .optional(),
  ssh: z.strictObject({ key: z.string(), knownHosts: z.string() }).optional(),
  /** Other fields of Host.spec: what has a field of its own here would be lost in it. */
  spec: z
    .looseObject({
      docker: z.never("it is made of endpoint, tls and ssh").optional(),
      taints: z.never("say taints in the entry itself").optional(),
    })
    .optional(),
});
type Entry = z.infer<typeof Entry>;

const List = z.strictObject({
  /** What tells it from other lists. */
  name: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "expected lower-case letters, digits and dashes, at most 63")
    .default("hosts"),
  hosts: z.array(z.unknown()),
});

export interface HostsList extends ReadManifests {
  readonly name: string;
}

export interface ReadHostsOptions {
  /** Where Secrets go. */
  readonly namespace: string;
  readonly cwd: string;
  readonly stdin: Readable;
}

/** `path` may be `-`. Throws CommandError where the list as a whole cannot be read. */
export async function readHostsList(path: string, options: ReadHostsOptions): Promise<HostsList> {
  const file = path === "-" ? "standard input" : path;
  const folder = path === "-" ? options.cwd : dirname(resolve(options.cwd, path));
  const text = path === "-" ? (await buffer(options.stdin)).toString() : await readText(path, options.cwd);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => `${file}: line ${lines.linePos(offset).line}`;
  const [wrong] = document.errors;
  if (wrong !== undefined) throw new CommandError(`${at(wrong.pos[0])}: invalid YAML: ${wrong.message}`);
  const where = (field: FieldPath): string => at(offsetOf(document, field));
  const list = List.safeParse(document.toJS());
  if (!list.success)
    throw new CommandError(
      ...list.error.issues.map(({ path: field, message }) => `${where(stepsOf(field))}: ${nameOf(field)}${message}`),
    );
  const entries = await Promise.all(
    list.data.hosts.map((entry, index) =>
      readEntry(entry, {
        list: list.data.name,
        folder,
        namespace: options.namespace,
        where: (field) => where(["hosts", index, ...field]),
      }),
    ),
  );
  return {
    name: list.data.name,
    manifests: entries.flatMap(({ manifests }) => manifests),
    problems: entries.flatMap(({ problems }) => problems),
  };
}

async function readText(path: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), "utf8");
  } catch (error) {
    throw new CommandError(`Cannot read "${path}": ${whyOf(error)}`);
  }
}

interface Place {
  readonly list: string;
  readonly folder: string;
  readonly namespace: string;
  /** Of a field of the entry. */
  readonly where: (field: FieldPath) => string;
}

async function readEntry(raw: unknown, place: Place): Promise<ReadManifests> {
  const entry = Entry.safeParse(raw);
  const name = (raw as { readonly name?: unknown } | null)?.name;
  const subject = typeof name === "string" && name !== "" ? `Host "${name}": ` : "Host: ";
  const problem = (field: FieldPath, message: string): Problem => ({
    where: place.where(field),
    message: `${subject}${nameOf(field)}${message}`,
  });
  if (!entry.success)
    return {
      manifests: [],
      problems: entry.error.issues.map(({ path, message }) => problem(stepsOf(path), message)),
    };
  const { data, problems } = await credentialsOf(entry.data, place.folder);
  if (problems.length > 0)
    return { manifests: [], problems: problems.map(({ field, message }) => problem(field, message)) };
  const manifests = [
    ...(data === undefined ? [] : [manifestOf(secretOf(entry.data, data, place), place, {})]),
    manifestOf(hostOf(entry.data, place), place, hostFields),
  ];
  return { manifests, problems: [] };
}

interface Fault {
  readonly field: FieldPath;
  readonly message: string;
}

/** A Secret's data, in base64. */
interface Credentials {
  readonly data: Readonly<Record<string, string>> | undefined;
  readonly problems: readonly Fault[];
}

async function credentialsOf({ tls, ssh }: Entry, folder: string): Promise<Credentials> {
  const files: readonly (readonly [key: string, path: string, field: FieldPath, begins: string])[] = [
    ...(tls === undefined
      ? []
      : ([
          ["ca.crt", tls.ca, ["tls", "ca"], "-----BEGIN CERTIFICATE-----"],
          ["tls.crt", tls.cert, ["tls", "cert"], "-----BEGIN CERTIFICATE-----"],
          ["tls.key", tls.key, ["tls", "key"], "-----BEGIN "],
        ] as const)),
    ...(ssh === undefined
      ? []
      : ([
          ["ssh-privatekey", ssh.key, ["ssh", "key"], "-----BEGIN "],
          ["known_hosts", ssh.knownHosts, ["ssh", "knownHosts"], ""],
        ] as const)),
  ];
  const problems: Fault[] = [];
  const data: Record<string, string> = {};
  for (const [key, path, field, begins] of files) {
    try {
      const bytes = await readFile(resolve(folder, path));
      if (!bytes.includes(begins))
        problems.push({ field, message: `"${path}" has no line "${begins}...": it is another file` });
      data[key] = bytes.toString("base64");
    } catch (error) {
      problems.push({ field, message: `cannot read "${path}": ${whyOf(error)}` });
    }
  }
  if (tls !== undefined && ssh !== undefined)
    problems.push({ field: ["ssh"], message: "it has tls as well, and an endpoint is of one kind" });
  return { data: files.length === 0 ? undefined : data, problems };
}

const secretName = (entry: Entry): string => `host-${entry.name}`;

function secretOf(
  entry: Entry,
  data: Readonly<Record<string, string>>,
  { list, namespace }: Place,
): Manifest["object"] {
  return {
    apiVersion: apiVersionOf(secretType),
    kind: secretType.kind,
    metadata: { name: secretName(entry), namespace, labels: { [listLabel]: list } },
    type: entry.tls === undefined ? "kubernetes.io/ssh-auth" : "kubernetes.io/tls",
    data,
  };
}

function hostOf(entry: Entry, { list, namespace }: Place): Manifest["object"] {
  const secretRef = { namespace, name: secretName(entry) };
  const { tls, ssh, zone } = entry;
  const taints = entry.taints?.map((taint) => (typeof taint === "string" ? taintOf(taint) : taint));
  return {
    apiVersion: apiVersionOf(hosts),
    kind: hosts.kind,
    metadata: {
      name: entry.name,
      labels: { ...entry.labels, ...(zone === undefined ? {} : { [zoneLabel]: zone }), [listLabel]: list },
    },
    spec: {
      ...entry.spec,
      docker: {
        endpoint: entry.endpoint,
        ...(ssh === undefined ? {} : { ssh: { secretRef } }),
        ...(tls && { tls: { secretRef, ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }) } }),
      },
      ...(taints === undefined ? {} : { taints }),
    },
  };
}

function taintOf(text: string): object {
  const [, key, value, effect] = taintText.exec(text) ?? [];
  return { key, ...(value === undefined || value === "" ? {} : { value }), effect };
}

/** Where the fields of a Host stand in its entry; every other stands in `spec`, under its own name. */
const hostFields: Readonly<Record<string, string>> = {
  "metadata.name": "name",
  "metadata.labels": "labels",
  "spec.docker.endpoint": "endpoint",
  "spec.docker.tls": "tls",
  "spec.docker.ssh": "ssh",
  "spec.taints": "taints",
};

function manifestOf(object: Manifest["object"], { where }: Place, fields: Readonly<Record<string, string>>): Manifest {
  return {
    object,
    where: (field = "") => {
      const known = Object.keys(fields).find((prefix) => field.startsWith(prefix));
      return where(parseFieldPath(known === undefined ? field : `${fields[known] ?? ""}${field.slice(known.length)}`));
    },
  };
}

/** Where the field is, or the nearest around it that is there. */
function offsetOf(document: Document.Parsed, field: FieldPath): number {
  for (let length = field.length; length > 0; length--) {
    const node = document.getIn(field.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}

const stepsOf = (path: readonly PropertyKey[]): FieldPath =>
  path.map((step) => (typeof step === "symbol" ? String(step) : step));

/** `taints[0].effect: `; nothing for the whole. */
const nameOf = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? ""
    : `${path.map((step, i) => (typeof step === "number" ? `[${step}]` : `${i === 0 ? "" : "."}${String(step)}`)).join("")}: `;

function whyOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? "there is no such file" : message;
}
