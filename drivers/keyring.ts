/**
 * Which credentials an image is pulled with. Pure.
 * Source of the rules: kubernetes/pkg/credentialprovider/{config,keyring}.go.
 */
import { z } from "zod";
import { repositoryOf } from "./image-reference.ts";

/** What a registry is shown. Never in a step, a message or a log. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  /** What `docker login` got instead of keeping the password. */
  readonly identitytoken?: string;
}

/** Credentials, and the part of the world of registries that they are for: `host[:port][/path]`, host with globs. */
export interface KeyringEntry {
  readonly pattern: string;
  readonly credentials: RegistryCredentials;
}

/** What is said to be a docker configuration is none. The message tells no value. */
export class DockerConfigError extends Error {
  override readonly name = "DockerConfigError";
}

const Entry = z.object({
  username: z.string().optional(),
  password: z.string().optional(),
  auth: z.string().optional(),
  identitytoken: z.string().optional(),
});
const Auths = z.record(z.string(), Entry);
const Config = z.object({ auths: Auths.optional() });

/** The content of ~/.docker/config.json (`.dockerconfigjson`). Throws DockerConfigError. */
export function readDockerConfigJson(content: string): readonly KeyringEntry[] {
  return entriesOf(Config.safeParse(parseJson(content)).data?.auths);
}

/** The content of ~/.dockercfg, which is its `auths` alone. Throws DockerConfigError. */
export function readDockerCfg(content: string): readonly KeyringEntry[] {
  return entriesOf(Auths.safeParse(parseJson(content)).data);
}

function entriesOf(auths: z.infer<typeof Auths> | undefined): readonly KeyringEntry[] {
  if (auths === undefined) throw new DockerConfigError("it is not as `docker login` writes it: an object with auths");
  return Object.entries(auths).map(([registry, entry]) => ({
    pattern: patternOf(registry),
    credentials: credentialsOf(registry, entry),
  }));
}

/** `auth` counts more than username and password, as for the Docker client and upstream. */
function credentialsOf(registry: string, entry: z.infer<typeof Entry>): RegistryCredentials {
  const { identitytoken, auth = "" } = entry;
  const token = identitytoken === undefined || identitytoken === "" ? {} : { identitytoken };
  if (auth === "") return { username: entry.username ?? "", password: entry.password ?? "", ...token };
  const decoded = Buffer.from(auth, "base64").toString();
  const colon = decoded.indexOf(":");
  if (colon < 0) throw new DockerConfigError(`its auth for ${registry} is not user:password in base64`);
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1), ...token };
}

/** Without scheme, and without the version that old clients wrote: `https://index.docker.io/v1/` is `index.docker.io`. */
function patternOf(registry: string): string {
  const [host = "", ...path] = registry.replace(/^https?:\/\//, "").split("/");
  const effective = `/${path.join("/")}`.replace(/^\/v[12]\//, "/");
  return effective === "/" ? host : `${host}${effective}`;
}

/** All that fit, the longest pattern first; two that say the same once. */
export function credentialsFor(image: string, entries: readonly KeyringEntry[]): readonly RegistryCredentials[] {
  const repository = repositoryOf(image);
  const fitting = entries.filter(({ pattern }) => fits(pattern, repository));
  const found = fitting.length > 0 ? fitting : entries.filter(({ pattern }) => fitsDockerHub(pattern, repository));
  const inOrder = found.toSorted((a, b) => compare(b.pattern, a.pattern)).map(({ credentials }) => credentials);
  return inOrder.filter((one, index) => inOrder.findIndex((other) => isSame(one, other)) === index);
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

const isSame = (a: RegistryCredentials, b: RegistryCredentials): boolean =>
  a.username === b.username && a.password === b.password && a.identitytoken === b.identitytoken;

/** What `docker login` calls the registry that images without one come from. */
const fitsDockerHub = (pattern: string, repository: string): boolean =>
  pattern === "index.docker.io" && repository.startsWith("docker.io/");

function fits(pattern: string, repository: string): boolean {
  const [wantedHost, wantedPath] = hostAndPath(pattern);
  const [host, path] = hostAndPath(repository);
  const wanted = partsOf(wantedHost);
  const given = partsOf(host);
  return (
    wanted.port === given.port &&
    wanted.names.length === given.names.length &&
    isBelow(path, wantedPath) &&
    wanted.names.every((glob, index) => globMatches(glob, given.names[index] ?? ""))
  );
}

/** Upstream takes `/team` for the beginning of `/teammate`, too, and so shows it the password of another. */
const isBelow = (path: string, wanted: string): boolean =>
  wanted === "" || path === wanted || path.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`);

function hostAndPath(text: string): readonly [host: string, path: string] {
  const slash = text.indexOf("/");
  return slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash)];
}

function partsOf(host: string): { readonly names: readonly string[]; readonly port: string } {
  const colon = host.lastIndexOf(":");
  const [name, port] = colon < 0 ? [host, ""] : [host.slice(0, colon), host.slice(colon + 1)];
  return { names: name.split("."), port };
}

/** `*` and `?` of Go's path.Match, within one part of a host's name; no pattern can take long. */
function globMatches(glob: string, text: string): boolean {
  const [first = "", ...others] = glob.split(/\*+/);
  if (others.length === 0) return glob.length === text.length && matchesAt(glob, text, 0);
  if (!matchesAt(first, text, 0)) return false;
  const last = others.pop() ?? "";
  let from = first.length;
  for (const part of others) {
    while (from + part.length <= text.length && !matchesAt(part, text, from)) from++;
    from += part.length;
  }
  return from + last.length <= text.length && matchesAt(last, text, text.length - last.length);
}

function matchesAt(part: string, text: string, at: number): boolean {
  return (
    at + part.length <= text.length &&
    Array.from(part).every((letter, index) => letter === "?" || letter === text[at + index])
  );
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    // V8's message would quote what it could not read.
    throw new DockerConfigError("it is not JSON");
  }
}
