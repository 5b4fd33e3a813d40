/**
 * Which URL of a service speaks the version of its API that we speak, and which microversions it knows. Pure.
 * Source: keystoneauth1/discover.py; asked for only where the catalog does not tell already.
 */
import { z } from "zod";
import type { ServiceType } from "./service.ts";

interface Spoken {
  /** Major version of the API that we speak. */
  readonly major: number;
  /** What follows the service's root where it does not tell. */
  readonly path: string;
  /** What its microversions are called by in the header OpenStack-API-Version. */
  readonly header?: string;
}

const spoken: Readonly<Record<ServiceType, Spoken>> = {
  identity: { major: 3, path: "/v3" },
  network: { major: 2, path: "/v2.0" },
  "block-storage": { major: 3, path: "/v3", header: "volume" },
  image: { major: 2, path: "/v2" },
  compute: { major: 2, path: "/v2.1", header: "compute" },
  // Its API is at its root, under no version.
  placement: { major: 1, path: "", header: "placement" },
};

/** The header that asks for a microversion. */
export function microversionHeaders(service: ServiceType, microversion: string | undefined): Record<string, string> {
  const { header } = spoken[service];
  if (microversion === undefined || header === undefined) return {};
  return { "openstack-api-version": `${header} ${microversion}` };
}

const versionSegment = /^v(\d+)(?:\.(\d+))?$/;

interface Split {
  /** Path before the version, without a slash at its end. */
  readonly root: string;
  readonly version: string | undefined;
  /** After it: a project's id. */
  readonly rest: string;
}

function split(path: string): Split {
  const segments = path.split("/").filter((segment) => segment !== "");
  const at = segments.findLastIndex((segment) => versionSegment.test(segment));
  const joined = (some: readonly string[]): string => some.map((segment) => `/${segment}`).join("");
  if (at === -1) return { root: joined(segments), version: undefined, rest: "" };
  return { root: joined(segments.slice(0, at)), version: segments[at], rest: joined(segments.slice(at + 1)) };
}

/** The URL of a service's requests, without a slash at its end; undefined where the service has to be asked for it. */
export function versionedUrl(service: ServiceType, url: string, projectId: string | undefined): string | undefined {
  const { origin, pathname } = new URL(url);
  if (service === "placement") return `${origin}${trimmed(pathname)}`;
  const { root, version, rest } = split(pathname);
  if (version === undefined || !isSpoken(service, version)) return undefined;
  return `${origin}${root}/${version}${rest === "" ? projectPath(service, projectId) : rest}`;
}

/** Nova's v2 is v2.1 without microversions: its root tells where v2.1 is. */
function isSpoken(service: ServiceType, version: string): boolean {
  return service === "compute" ? version === "v2.1" : majorOf(version) === spoken[service].major;
}

const majorOf = (version: string): number => Number(versionSegment.exec(version)?.[1]);

/** Cinder needs it before microversion 3.67, and takes it after that. */
const projectPath = (service: ServiceType, projectId: string | undefined): string =>
  service === "block-storage" && projectId !== undefined ? `/${projectId}` : "";

const trimmed = (path: string): string => path.replace(/\/+$/, "");

/** Where a service tells which versions it has: its root, with a slash at its end. */
export function rootUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${split(pathname).root}/`;
}

const version = z.object({
  id: z.string(),
  status: z.string().optional(),
  links: z.array(z.object({ rel: z.string(), href: z.string() })).optional(),
  /** Nova, Cinder. */
  version: z.string().nullish(),
  /** Placement, and others of the API working group's word. */
  max_version: z.string().nullish(),
  min_version: z.string().nullish(),
});
type VersionDocument = z.infer<typeof version>;

/** Of the root of most services, of Keystone's, and of one version. */
const documents = z.union([
  z.object({ versions: z.array(version) }).transform(({ versions }) => versions),
  z.object({ versions: z.object({ values: z.array(version) }) }).transform(({ versions }) => versions.values),
  z.object({ version }).transform((one) => [one.version]),
]);

export interface Microversions {
  readonly min: string;
  readonly max: string;
}

export interface Discovered {
  /** Of the requests, without a slash at its end. */
  readonly url: string;
  /** v2.0; undefined: it did not tell. */
  readonly version: string | undefined;
  /** undefined: it did not tell. */
  readonly microversions: Microversions | undefined;
}

/**
 * What a service's answer at `asked` says; where it says nothing that we know, what services have by convention.
 * Hosts and schemes in it are not used: they are often those behind a proxy.
 */
export function discovered(
  service: ServiceType,
  asked: string,
  body: unknown,
  projectId: string | undefined,
): Discovered {
  const { major, path } = spoken[service];
  const { origin, pathname } = new URL(asked);
  const { root } = split(pathname);
  const best = (documents.safeParse(body).data ?? [])
    .filter(({ id, status }) => majorOf(versionName(id)) === major && status?.toUpperCase() !== "EXPERIMENTAL")
    .sort((a, b) => minorOf(b.id) - minorOf(a.id))[0];
  const project = projectPath(service, projectId);
  if (best === undefined)
    return { url: `${origin}${root}${path}${project}`, version: undefined, microversions: undefined };
  return {
    url: `${origin}${pathOf(best, root, asked) ?? `${root}${path}`}${project}`,
    version: versionName(best.id),
    microversions: microversionsOf(best),
  };
}

/** "v3.14", or as Glance had it "v2". */
const versionName = (id: string): string => (id.startsWith("v") ? id : `v${id}`);
const minorOf = (id: string): number => Number(versionSegment.exec(versionName(id))?.[2] ?? 0);

function pathOf({ links = [] }: VersionDocument, root: string, asked: string): string | undefined {
  const href = links.find(({ rel }) => rel === "self")?.href;
  if (href === undefined || !URL.canParse(href, asked)) return undefined;
  const { host, pathname } = new URL(href, asked);
  const path = trimmed(pathname);
  // Told by another host than was asked, only the version in it is worth something.
  if (host !== new URL(asked).host) return `${root}/${path.split("/").at(-1) ?? ""}`;
  // A service behind a proxy may not know the path that it is under.
  return path.startsWith(`${root}/`) ? path : `${root}${path}`;
}

function microversionsOf({
  version: newest,
  max_version: max,
  min_version: min,
}: VersionDocument): Microversions | undefined {
  const highest = max ?? newest;
  return highest && min ? { min, max: highest } : undefined;
}

/** Whether `wanted` ("2.90", "latest") is one of them. */
export function isWithin(wanted: string, { min, max }: Microversions): boolean {
  if (wanted === "latest") return true;
  return compare(min, wanted) <= 0 && compare(wanted, max) <= 0;
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}
