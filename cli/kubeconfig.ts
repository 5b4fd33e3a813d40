/**
 * Where the server is and who we are, from kubeconfig files.
 * Source of the format and of how several files become one: k8s.io/client-go/tools/clientcmd (loader.go, api/v1/types.go).
 */
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { CommandError } from "./errors.ts";
import type { GlobalOptions, Terminal } from "./terminal.ts";

const Cluster = z.looseObject({
  server: z.string(),
  "certificate-authority": z.string().optional(),
  "certificate-authority-data": z.string().optional(),
  "insecure-skip-tls-verify": z.boolean().optional(),
  "tls-server-name": z.string().optional(),
});
const User = z.looseObject({
  "client-certificate": z.string().optional(),
  "client-certificate-data": z.string().optional(),
  "client-key": z.string().optional(),
  "client-key-data": z.string().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
});
type User = z.infer<typeof User>;
const Context = z.looseObject({ cluster: z.string(), user: z.string().optional(), namespace: z.string().optional() });

const listOf = <T extends z.ZodType>(type: T) =>
  z
    .array(type)
    .nullish()
    .transform((list) => list ?? []);
const Kubeconfig = z.looseObject({
  "current-context": z.string().nullish(),
  clusters: listOf(z.looseObject({ name: z.string(), cluster: Cluster })),
  users: listOf(z.looseObject({ name: z.string(), user: User.nullish().transform((user) => user ?? {}) })),
  contexts: listOf(z.looseObject({ name: z.string(), context: Context })),
});
type Kubeconfig = z.infer<typeof Kubeconfig>;

/** What a client needs to know; certificates as PEM. */
export interface ConnectionSettings {
  readonly server: string;
  readonly namespace: string | undefined;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
  readonly serverName: string | undefined;
  readonly insecure: boolean;
}

interface Candidates {
  readonly files: readonly string[];
  /** Whether they were asked for: then one of them must exist. */
  readonly asked: boolean;
}

/** --kubeconfig, $KUBECONFIG (files with colons between them), ./.stowage/admin.kubeconfig, ~/.kube/config. */
function candidates(options: GlobalOptions, terminal: Pick<Terminal, "env" | "cwd" | "home">): readonly Candidates[] {
  if (options.kubeconfig !== undefined) return [{ files: [resolve(terminal.cwd, options.kubeconfig)], asked: true }];
  const variable = (terminal.env["KUBECONFIG"] ?? "").split(":").filter((file) => file !== "");
  if (variable.length > 0) return [{ files: variable.map((file) => resolve(terminal.cwd, file)), asked: true }];
  return [
    { files: [join(terminal.cwd, ".stowage", "admin.kubeconfig")], asked: false },
    { files: [join(terminal.home, ".kube", "config")], asked: false },
  ];
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CommandError(`Cannot read kubeconfig ${file}: ${(error as Error).message}`);
  }
}

function parseKubeconfig(file: string, text: string): Kubeconfig {
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (error) {
    throw new CommandError(`Cannot read kubeconfig ${file}: ${(error as Error).message.split("\n")[0] ?? ""}`);
  }
  const result = Kubeconfig.safeParse(content);
  if (result.success) return absolute(result.data, dirname(file));
  const [issue] = result.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new CommandError(`Cannot read kubeconfig ${file}: ${where}${issue?.message ?? "it is malformed"}`);
}

const fileFields = ["certificate-authority", "client-certificate", "client-key", "tokenFile"];

/** File names in a kubeconfig are relative to its folder. */
function absolute(config: Kubeconfig, folder: string): Kubeconfig {
  const resolved = <T extends object>(entry: T): T =>
    Object.fromEntries(
      Object.entries(entry).map(([name, value]: [string, unknown]) => [
        name,
        fileFields.includes(name) && typeof value === "string" && !isAbsolute(value) ? join(folder, value) : value,
      ]),
    ) as T;
  return {
    ...config,
    clusters: config.clusters.map((entry) => ({ ...entry, cluster: resolved(entry.cluster) })),
    users: config.users.map((entry) => ({ ...entry, user: resolved(entry.user) })),
  };
}

/** The first file that says something about a name wins. */
function merged(configs: readonly Kubeconfig[]): Kubeconfig {
  return {
    "current-context": configs.map((config) => config["current-context"]).find((name) => (name ?? "") !== ""),
    clusters: configs.flatMap(({ clusters }) => clusters),
    users: configs.flatMap(({ users }) => users),
    contexts: configs.flatMap(({ contexts }) => contexts),
  };
}

async function load(options: GlobalOptions, terminal: Terminal): Promise<{ config: Kubeconfig; from: string }> {
  const all = candidates(options, terminal);
  for (const { files, asked } of all) {
    const texts = await Promise.all(files.map(async (file) => ({ file, text: await readOptional(file) })));
    const found = texts.flatMap(({ file, text }) => (text === undefined ? [] : [parseKubeconfig(file, text)]));
    if (found.length > 0) return { config: merged(found), from: files.join(":") };
    if (asked)
      throw new CommandError(`No kubeconfig at ${files.join(" or ")}: "stowage server" writes one when it starts`);
  }
  throw new CommandError(
    `No kubeconfig at ${all.flatMap(({ files }) => files).join(" or ")}: start a server here with "stowage server", or name a file with --kubeconfig or $KUBECONFIG`,
  );
}

/** Throws CommandError, with what to do, when there is no usable kubeconfig. */
export async function connectionSettings(options: GlobalOptions, terminal: Terminal): Promise<ConnectionSettings> {
  const { config, from } = await load(options, terminal);
  const contextName = options.context ?? config["current-context"] ?? "";
  const context = config.contexts.find(({ name }) => name === contextName)?.context;
  if (context === undefined) {
    const known = config.contexts.map(({ name }) => name).join(", ") || "none";
    throw new CommandError(
      contextName === ""
        ? `Kubeconfig ${from} has no current-context: name one with --context (it has: ${known})`
        : `Kubeconfig ${from} has no context "${contextName}" (it has: ${known})`,
    );
  }
  const cluster = config.clusters.find(({ name }) => name === context.cluster)?.cluster;
  if (cluster === undefined)
    throw new CommandError(
      `Kubeconfig ${from}: context "${contextName}" names cluster "${context.cluster}", which it does not have`,
    );
  if (!/^https?:\/\/[^/]/.test(cluster.server) || !URL.canParse(cluster.server))
    throw new CommandError(
      `Kubeconfig ${from}: server "${cluster.server}" is not a URL such as https://127.0.0.1:7443`,
    );
  const user = config.users.find(({ name }) => name === context.user)?.user ?? {};
  const credentials = isPlain(user) ? await plainCredentials(user) : await otherCredentials(config, contextName);
  return {
    server: cluster.server,
    namespace: context.namespace,
    ca: await pem("certificate-authority", cluster["certificate-authority-data"], cluster["certificate-authority"]),
    serverName: cluster["tls-server-name"],
    insecure: cluster["insecure-skip-tls-verify"] === true,
    ...credentials,
  };
}

type Credentials = Pick<ConnectionSettings, "cert" | "key" | "token">;

const isPlain = (user: User): boolean => Object.keys(user).every((field) => field in User.shape);

async function plainCredentials(user: User): Promise<Credentials> {
  return {
    cert: await pem("client-certificate", user["client-certificate-data"], user["client-certificate"]),
    key: await pem("client-key", user["client-key-data"], user["client-key"]),
    token: user.token ?? (user.tokenFile === undefined ? undefined : (await readNamed(user.tokenFile)).trim()),
  };
}

/** Programs that print credentials, and other ways that the official client knows. It takes 500 ms to load. */
async function otherCredentials(config: Kubeconfig, context: string): Promise<Credentials> {
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const official = new KubeConfig();
  official.loadFromString(stringify({ ...config, "current-context": context }));
  const options: RequestOptions = {};
  try {
    await official.applyToHTTPSOptions(options);
  } catch (error) {
    throw new CommandError(`Cannot get credentials for context "${context}": ${(error as Error).message.trim()}`);
  }
  const headers = (options.headers ?? {}) as Readonly<Record<string, string | undefined>>;
  const text = (value: unknown): string | undefined =>
    value === undefined ? undefined : Buffer.isBuffer(value) ? value.toString() : (value as string);
  return {
    cert: text(options.cert),
    key: text(options.key),
    token: headers["Authorization"]?.replace(/^Bearer /, ""),
  };
}

async function pem(field: string, data: string | undefined, file: string | undefined): Promise<string | undefined> {
  const embedded = data !== undefined && data !== "";
  if (!embedded && (file === undefined || file === "")) return undefined;
  const text = embedded ? Buffer.from(data, "base64").toString() : await readNamed(file ?? "");
  if (text.includes("-----BEGIN ")) return text;
  throw new CommandError(`The kubeconfig's ${field} is not PEM: ${embedded ? `${field}-data` : (file ?? "")} has no "-----BEGIN" in it`); // prettier-ignore
}

async function readNamed(file: string): Promise<string> {
  const text = await readOptional(file);
  if (text === undefined) throw new CommandError(`The kubeconfig names ${file}, which does not exist`);
  return text;
}
