/**
 * What the server serves, as clients ask for it: the documents of /api and /apis, and both at once.
 * Source of the shapes: apimachinery/pkg/apis/meta/v1/types.go and k8s.io/api/apidiscovery/v2/types.go.
 */
import { createHash } from "node:crypto";
import { apiVersionOf } from "../../crds/meta.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { groupsOf, subresourcesOf } from "./versions.ts";

type Definitions = readonly ResourceDefinition[];

/** GET /api. */
export function apiVersions(): JsonObject {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    // Clients reach the server as they reached it for this.
    serverAddressByClientCIDRs: [],
  };
}

/** GET /apis. */
export function apiGroupList(definitions: Definitions): JsonObject {
  const groups = [...groupsOf(definitions)].filter(([group]) => group !== "");
  return {
    kind: "APIGroupList",
    apiVersion: "v1",
    groups: groups.map(([group, versions]) => groupEntry(group, [...versions.keys()])),
  };
}

/** GET /apis/GROUP; undefined when nothing is served there. */
export function apiGroup(definitions: Definitions, group: string): JsonObject | undefined {
  const versions = group === "" ? undefined : groupsOf(definitions).get(group);
  if (versions === undefined) return undefined;
  return { kind: "APIGroup", apiVersion: "v1", ...groupEntry(group, [...versions.keys()]) };
}

function groupEntry(group: string, versions: readonly string[]): JsonObject {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
}

/** GET /api/v1 and /apis/GROUP/VERSION; undefined when nothing is served there. */
export function apiResourceList(definitions: Definitions, group: string, version: string): JsonObject | undefined {
  const members = groupsOf(definitions).get(group)?.get(version);
  if (members === undefined) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf({ group, version }),
    resources: byName(members).flatMap(resourceEntries),
  };
}

const byName = (members: Definitions): Definitions => members.toSorted((a, b) => (a.plural < b.plural ? -1 : 1));

function resourceEntries(definition: ResourceDefinition): readonly JsonObject[] {
  const { plural, singular, namespaced, kind } = definition;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: sortedVerbs(definition),
      ...names(definition),
      ...(definition.isAnswered ? {} : { storageVersionHash: storageVersionHash(definition) }),
    },
    ...subresourcesOf(definition).map(([name, subresource]) => ({
      name: `${plural}/${name}`,
      singularName: "",
      namespaced,
      ...(subresource.kind ?? { kind }),
      verbs: subresource.verbs,
    })),
  ];
}

const sortedVerbs = ({ verbs }: ResourceDefinition): readonly string[] => verbs.toSorted();

function names({ shortNames, categories }: ResourceDefinition): JsonObject {
  return {
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  };
}

/** Of the version that is stored. Source: apiserver/pkg/endpoints/discovery/storageversionhash.go. */
function storageVersionHash({ group, version, storageVersion = version, kind }: ResourceDefinition): string {
  return createHash("sha256").update(`${group}/${storageVersion}/${kind}`).digest().subarray(0, 8).toString("base64");
}

/** Everything at once, for /api ("core") or /apis ("groups"); `version` is v2 or v2beta1, which look alike. */
export function aggregatedDiscovery(definitions: Definitions, which: "core" | "groups", version: string): JsonObject {
  const groups = [...groupsOf(definitions)].filter(([group]) => (group === "") === (which === "core"));
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: { ...(group === "" ? {} : { name: group }), creationTimestamp: null },
      versions: [...versions].map(([name, members]) => ({
        version: name,
        resources: byName(members).map(resourceDiscovery),
        freshness: "Current",
      })),
    })),
  };
}

function resourceDiscovery(definition: ResourceDefinition): JsonObject {
  const { group, version, kind, plural, singular, namespaced } = definition;
  const subresources = subresourcesOf(definition).map(([name, subresource]) => ({
    subresource: name,
    responseKind: subresource.kind ?? { group, version, kind },
    verbs: subresource.verbs,
  }));
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: sortedVerbs(definition),
    ...names(definition),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
