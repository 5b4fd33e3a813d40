/** Where a service of a cloud is, by what Keystone tells with a token. Pure. */
import type { CloudConfig } from "./cloud-config.ts";
import { OpenStackError } from "./errors.ts";
import type { ServiceType } from "./service.ts";

export interface CatalogEndpoint {
  readonly interface?: string | undefined;
  readonly region?: string | undefined;
  readonly regionId?: string | undefined;
  readonly url?: string | undefined;
}

export interface CatalogEntry {
  readonly type: string;
  readonly endpoints: readonly CatalogEndpoint[];
}

/**
 * What catalogs call a service, best first: its official type, then what it was called before.
 * Source: service-types-authority, https://service-types.openstack.org/service-types.json. Of those of block storage
 * volumev2 comes last, because that API is gone; a catalog with nothing else still says where Cinder is.
 */
export const serviceTypeNames: Readonly<Record<ServiceType, readonly string[]>> = {
  identity: ["identity"],
  network: ["network"],
  "block-storage": ["block-storage", "volumev3", "block-store", "volume", "volumev2"],
  image: ["image"],
  compute: ["compute"],
  placement: ["placement"],
};

/** Keystone v2 called them publicURL and so on, and some catalogs still do. */
export const interfaceName = (text: string): string => text.replace(/URL$/, "");

/** The URL as the catalog or clouds.yaml has it. Throws OpenStackError that says what the catalog has instead. */
export function endpointUrl(
  service: ServiceType,
  catalog: readonly CatalogEntry[],
  config: Pick<CloudConfig, "name" | "region" | "interface" | "services">,
  projectId: string | undefined,
): string {
  const choice = config.services[service] ?? {};
  if (choice.url !== undefined) return choice.url.replace(/[%$]\((?:project|tenant)_id\)s/g, projectId ?? "");
  const face = choice.interface ?? config.interface;
  const region = choice.region ?? config.region;
  const names = serviceTypeNames[service];
  const entries = catalog
    .filter(({ type }) => names.includes(type))
    .sort((a, b) => names.indexOf(a.type) - names.indexOf(b.type));
  for (const entry of entries) {
    const url = chosen(entry, face, region)?.url;
    if (url !== undefined && URL.canParse(url)) return url;
  }
  const offers = entries.flatMap(({ endpoints }) =>
    endpoints.map((one) => `${interfaceName(one.interface ?? "?")} in ${one.regionId ?? one.region ?? "no region"}`),
  );
  const wanted = `${service} endpoint with interface ${face}${region === undefined ? "" : ` in region ${region}`}`;
  // Not NotFound: what is asked of a service that is not there is not gone.
  throw new OpenStackError({
    action: `find ${service} of cloud "${config.name}"`,
    meaning: "Unavailable",
    message: `its catalog has no ${wanted}; ${offers.length === 0 ? "it has none of that service" : `it has ${offers.join(", ")}`}`,
  });
}

const chosen = ({ endpoints }: CatalogEntry, face: string, region: string | undefined): CatalogEndpoint | undefined =>
  endpoints.find(
    (one) =>
      interfaceName(one.interface ?? "") === face &&
      (region === undefined || one.regionId === region || one.region === region),
  );

/** A service of a catalog, at the endpoint that is spoken to. */
export interface Offer {
  /** As the catalog calls it. */
  readonly type: string;
  /** undefined where it is none that we speak to. */
  readonly service: ServiceType | undefined;
  readonly url: string;
  readonly region: string | undefined;
}

/** What a catalog has for the interface and the region; of what is there by several names, what is spoken to. */
export function offered(
  catalog: readonly CatalogEntry[],
  config: Pick<CloudConfig, "name" | "region" | "interface" | "services">,
  projectId: string | undefined,
): readonly Offer[] {
  const services = Object.keys(serviceTypeNames) as readonly ServiceType[];
  const offers = new Map<string, Offer>();
  for (const entry of catalog) {
    const service = services.find((one) => serviceTypeNames[one].includes(entry.type));
    const choice = (service && config.services[service]) ?? {};
    const endpoint = chosen(entry, choice.interface ?? config.interface, choice.region ?? config.region);
    if (endpoint?.url === undefined || !URL.canParse(endpoint.url)) continue;
    const url = service === undefined ? endpoint.url : endpointUrl(service, catalog, config, projectId);
    if (service !== undefined && choice.url === undefined && url !== endpoint.url) continue;
    const region = endpoint.regionId ?? endpoint.region;
    offers.set(service ?? entry.type, { type: entry.type, service, url, region });
  }
  return [...offers.values()];
}
