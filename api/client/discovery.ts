/**
 * Which kinds a server has, from its discovery documents. Sources: k8s.io/api/apidiscovery/v2/types.go (one document for
 * all groups) and metav1.APIGroupList, APIResourceList (one per group and version).
 */
import type { DiscoveredType } from "./client.ts";

/** Accept header that asks for the one document, and takes the old ones. The order of its parameters matters. */
export const aggregatedDiscovery =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

interface AggregatedList {
  readonly kind: "APIGroupDiscoveryList";
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind: { readonly kind: string };
        readonly scope: "Namespaced" | "Cluster";
        readonly singularResource?: string;
        readonly verbs: readonly string[];
        readonly shortNames?: readonly string[];
        readonly categories?: readonly string[];
      }[];
    }[];
  }[];
}

interface CoreVersions {
  readonly kind: "APIVersions";
  readonly versions: readonly string[];
}

interface GroupList {
  readonly kind: "APIGroupList";
  readonly groups: readonly {
    readonly name: string;
    readonly versions: readonly { readonly version: string }[];
    readonly preferredVersion?: { readonly version: string };
  }[];
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly singularName: string;
    readonly verbs: readonly string[];
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  }[];
}

/** Of each resource the first: versions are listed in order of preference. */
export function preferred(all: readonly DiscoveredType[]): readonly DiscoveredType[] {
  const seen = new Map<string, DiscoveredType>();
  for (const type of all) {
    const key = `${type.plural}.${type.group}`;
    if (!seen.has(key)) seen.set(key, type);
  }
  return [...seen.values()];
}

/** Undefined when one of the documents (of /api and of /apis) is not of the aggregated form. */
export function aggregatedTypes(documents: readonly unknown[]): readonly DiscoveredType[] | undefined {
  const lists = documents as readonly AggregatedList[];
  if (lists.some((list) => (list as { readonly kind: string }).kind !== "APIGroupDiscoveryList")) return undefined;
  return lists.flatMap(({ items }) =>
    items.flatMap(({ metadata, versions }) =>
      versions.flatMap(({ version, resources = [] }) =>
        resources.map((resource) => ({
          group: metadata.name ?? "",
          version,
          plural: resource.resource,
          kind: resource.responseKind.kind,
          namespaced: resource.scope === "Namespaced",
          verbs: resource.verbs,
          singular: singularOf(resource.singularResource, resource.responseKind.kind),
          shortNames: resource.shortNames ?? [],
          categories: resource.categories ?? [],
        })),
      ),
    ),
  );
}

/** The old way: `fetch` gets one document for every group and version. */
export async function legacyTypes(
  documents: readonly unknown[],
  fetch: (path: string) => Promise<unknown>,
): Promise<readonly DiscoveredType[]> {
  const versions = (documents as readonly (CoreVersions | GroupList)[]).flatMap((document) =>
    document.kind === "APIVersions"
      ? document.versions.map((version) => ({ group: "", version, path: `/api/${version}` }))
      : document.groups.flatMap(({ name, versions, preferredVersion }) =>
          versions
            .map(({ version }) => ({ group: name, version, path: `/apis/${name}/${version}` }))
            .sort((a, b) => rank(a.version, preferredVersion?.version) - rank(b.version, preferredVersion?.version)),
        ),
  );
  const lists = await Promise.all(
    versions.map(async ({ group, version, path }) => {
      const { resources } = (await fetch(path)) as ResourceList;
      return resources
        .filter(({ name }) => !name.includes("/")) // subresources
        .map(({ name, kind, namespaced, singularName, verbs, shortNames = [], categories = [] }) => ({
          group,
          version,
          plural: name,
          kind,
          namespaced,
          verbs,
          singular: singularOf(singularName, kind),
          shortNames,
          categories,
        }));
    }),
  );
  return lists.flat();
}

const rank = (version: string, preferred: string | undefined): number => (version === preferred ? 0 : 1);

const singularOf = (singular: string | undefined, kind: string): string =>
  singular === undefined || singular === "" ? kind.toLowerCase() : singular;
