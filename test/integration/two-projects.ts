/** A server and a cloud with two projects that know nothing of each other: alpha, which has things, and beta, which wants them. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { stringify } from "yaml";
import { projectAnnotation } from "../../crds/openstack/cloud.ts";
import type { HttpClient } from "../../api/client/http.ts";
import { containers } from "../../crds/container.ts";
import { eventType, namespaceType, resourceQuotaType } from "../../crds/core.ts";
import { disruptionBudgets } from "../../crds/disruption-budget.ts";
import { externalKinds } from "../../crds/index.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { External } from "../../crds/openstack/external.ts";
import { openstackGroup } from "../../crds/openstack/external.ts";
import { region } from "../fakes/openstack/keystone.ts";
import { FakeOpenStack } from "../fakes/openstack/openstack.ts";
import { makeCertificates } from "../lab/certificates.ts";
import { eventually, StowageServer } from "../lab/stowage.ts";

export const openstackVersion = `${openstackGroup}/v1alpha1`;
export const openstackPath = `/apis/${openstackVersion}`;
export const stowagePath = "/apis/stowage.dev/v1alpha1";

/** One sort of things that alpha has, and the one that it has of it. */
export interface Owned {
  /** Where the kind is served: /api/v1. */
  readonly in: string;
  readonly plural: string;
  readonly kind: string;
  readonly name: string;
}

const core = (plural: string, kind: string, name: string): Owned => ({ in: "/api/v1", plural, kind, name });
const stowage = (plural: string, kind: string, name: string): Owned => ({ in: stowagePath, plural, kind, name });
const external = (plural: string, kind: string, name: string): Owned => ({ in: openstackPath, plural, kind, name });

export const alphas: readonly Owned[] = [
  core("secrets", "Secret", "alpha-cloud"),
  core("configmaps", "ConfigMap", "alpha-settings"),
  core("serviceaccounts", "ServiceAccount", "alpha-robot"),
  core("resourcequotas", "ResourceQuota", "alpha-most"),
  core("limitranges", "LimitRange", "alpha-sizes"),
  { in: "/apis/coordination.k8s.io/v1", plural: "leases", kind: "Lease", name: "alpha-lease" },
  stowage("containers", "Container", "alpha-web"),
  stowage("disruptionbudgets", "DisruptionBudget", "alpha-budget"),
  external("networks", "Network", "alpha-net"),
  external("subnets", "Subnet", "alpha-subnet"),
  external("ports", "Port", "alpha-port"),
  external("routers", "Router", "alpha-router"),
  external("securitygroups", "SecurityGroup", "alpha-group"),
  external("volumes", "Volume", "alpha-data"),
  external("volumesnapshots", "VolumeSnapshot", "alpha-snapshot"),
  external("images", "Image", "alpha-image"),
  external("keypairs", "KeyPair", "alpha-key"),
  external("servergroups", "ServerGroup", "alpha-apart"),
  external("servers", "Server", "alpha-server"),
];

export const apiVersionIn = (path: string): string => path.replace(/^\/apis?\//, "");
export const pathOf = ({ in: base, plural }: Owned, namespace: string): string =>
  `${base}/namespaces/${namespace}/${plural}`;

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Content type of the body; JSON when absent. */
  readonly type?: string;
  /** With a client certificate that another authority gave. */
  readonly foreignCertificate?: boolean;
}

export interface Answer {
  readonly code: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** An application credential. */
export interface Credential {
  readonly id: string;
  readonly secret: string;
}

/** What Keystone is asked for a token with. */
export interface SignIn {
  readonly user: string;
  readonly password: string;
  readonly domain?: string;
  readonly scope: unknown;
}

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDOC0DOBnO0wfHsmi4yVUsZQTjJjPjcXoZzLTZaPkGeh alpha";

export class TwoProjects implements AsyncDisposable {
  readonly openstack: FakeOpenStack;
  readonly server: StowageServer;
  /** The administrator's. */
  readonly client: HttpClient;
  /** Of beta's member. */
  readonly token: string;
  /** In the cloud, of what alpha has there, by its object's name. */
  readonly ids: Readonly<Record<string, string>>;
  readonly alphaProject: string;
  readonly betaProject: string;
  readonly alphaCredential: Credential;
  /** Of alpha's, good for one path of Nova's only. */
  readonly restrictedCredential: Credential;
  readonly #stack: AsyncDisposableStack;
  readonly #agent: Agent;
  readonly #foreigner: Agent;

  private constructor(
    stack: AsyncDisposableStack,
    parts: Pick<
      TwoProjects,
      "openstack" | "server" | "client" | "token" | "ids" | "alphaCredential" | "restrictedCredential"
    > & {
      readonly agent: Agent;
      readonly foreigner: Agent;
    },
  ) {
    this.#stack = stack;
    this.openstack = parts.openstack;
    this.server = parts.server;
    this.client = parts.client;
    this.token = parts.token;
    this.ids = parts.ids;
    this.alphaCredential = parts.alphaCredential;
    this.restrictedCredential = parts.restrictedCredential;
    this.alphaProject = parts.openstack.projectId("alpha");
    this.betaProject = parts.openstack.projectId("beta");
    this.#agent = parts.agent;
    this.#foreigner = parts.foreigner;
  }

  static async start(): Promise<TwoProjects> {
    await using stack = new AsyncDisposableStack();
    const openstack = stack.use(await FakeOpenStack.start());
    const server = stack.use(await StowageServer.start({ args: ["--keystone-auth-url", openstack.authUrl] }));
    const client = stack.use(await server.client());
    const ca = await readFile(join(server.dataDir, "pki", "ca.crt"), "utf8");
    const folder = await mkdtemp(join(tmpdir(), "stowage-foreign-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const { cert, key } = await makeCertificates(folder);
    const agent = new Agent({ allowH2: false, connect: { ca } });
    const foreigner = new Agent({ allowH2: false, connect: { ca, cert, key } });
    stack.defer(() => agent.close());
    stack.defer(() => foreigner.close());
    const shared = await makeShared(openstack);
    const alphaCredential = await makeCredential(openstack, { name: "stowage" });
    const rule = { service: "compute", method: "GET", path: "/v2.1/servers" };
    const restrictedCredential = await makeCredential(openstack, { name: "restricted", access_rules: [rule] });
    await apply(server, [
      ...alphasObjects(openstack, alphaCredential, await makeAlphaImage(openstack)),
      ...betasObjects(openstack, shared),
    ]);
    await eventually("what both have is Available", async () => {
      const waiting = (await externalsIn(client, "alpha", "beta")).filter((one) => !isAvailable(one) || !isAtRest(one));
      if (waiting.length === 0) return true;
      throw new Error(JSON.stringify(waiting.map(({ metadata, status }) => [metadata.name, status?.conditions])));
    });
    await eventually("the others of alpha's are looked at", async () => {
      const lists = await Promise.all(
        [containers, disruptionBudgets, resourceQuotaType].map((type) =>
          client.list<KubeObject & { readonly status?: object }>(type, { namespace: "alpha" }),
        ),
      );
      return lists.every(({ items }) => items.every(({ status }) => Object.keys(status ?? {}).length > 0));
    });
    // Neutron makes it for whoever looks first.
    await openstack.raw("network", "GET", "/v2.0/security-groups", undefined, "beta");
    const externals = await externalsIn(client, "alpha");
    const ids = Object.fromEntries(externals.map(({ metadata, status }) => [metadata.name, status?.id ?? ""]));
    const password = "password-of-beta";
    const token = await signIn(openstack, { user: "beta", password, scope: inProject("beta") });
    const credentials = { alphaCredential, restrictedCredential };
    return new TwoProjects(stack.move(), { openstack, server, client, token, ids, ...credentials, agent, foreigner });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  /** As beta, where the headers name nobody else; the path goes as it is. */
  async ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const { body, type = "application/json", foreignCertificate = false } = asked;
    const headers = asked.headers ?? { "x-auth-token": this.token };
    const { statusCode, ...answer } = await (foreignCertificate ? this.#foreigner : this.#agent).request({
      origin: this.server.url,
      method,
      path,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": type }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { code: statusCode, text: await answer.body.text(), headers: answer.headers };
  }

  /** All that alpha has in the API, to the byte; events are told apart from it. */
  async alphaInTheApi(): Promise<Readonly<Record<string, string>>> {
    const types = (await this.client.discover()).filter(
      ({ namespaced, verbs, plural }) => namespaced && verbs.includes("list") && plural !== "events",
    );
    const lists = await Promise.all(
      types.map(async (type) => {
        const { items } = await this.client.list<KubeObject>(type, { namespace: "alpha" });
        return items.map((item) => [`${type.plural}/${item.metadata.name}`, JSON.stringify(item)] as const);
      }),
    );
    const namespace = await this.client.get<KubeObject>(namespaceType, { name: "alpha" });
    return Object.fromEntries([["namespace", JSON.stringify(namespace)], ...lists.flat()]);
  }

  async eventsOfAlpha(): Promise<string> {
    return JSON.stringify(await this.client.list<KubeObject>(eventType, { namespace: "alpha" }));
  }

  /** All that there is in the cloud, whoever has it. */
  cloud(): Readonly<Record<string, unknown>> {
    const { neutron, cinder, glance, nova, keystone } = this.openstack;
    const tables = {
      networks: neutron.networks,
      subnets: neutron.subnets,
      ports: neutron.ports,
      routers: neutron.routers,
      securityGroups: neutron.securityGroups,
      rules: neutron.rules,
      floatingIps: neutron.floatingIps,
      trunks: neutron.trunks,
      addressScopes: neutron.addressScopes,
      subnetPools: neutron.subnetPools,
      volumes: cinder.volumes,
      snapshots: cinder.snapshots,
      backups: cinder.backups,
      volumeTypes: cinder.types,
      images: glance.images,
      flavors: nova.flavors,
      keyPairs: nova.keyPairs,
      serverGroups: nova.serverGroups,
      servers: nova.servers,
      domains: keystone.domains,
      projects: keystone.projects,
      users: keystone.users,
      groups: keystone.groups,
      roles: keystone.roles,
      assignments: keystone.assignments,
      applicationCredentials: keystone.applicationCredentials,
    };
    return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, structuredClone(table.all)]));
  }
}

export const inProject = (name: string, domain = "Default"): object => ({
  project: { name, domain: { name: domain } },
});

/** A token of Keystone. Throws where it gives none. */
export async function signIn(
  { authUrl }: FakeOpenStack,
  { user, password, domain = "Default", scope }: SignIn,
): Promise<string> {
  return tokenFor(
    authUrl,
    { methods: ["password"], password: { user: { name: user, password, domain: { name: domain } } } },
    scope,
  );
}

/** With an application credential. */
export async function signInWith({ authUrl }: FakeOpenStack, id: string, secret: string): Promise<string> {
  return tokenFor(authUrl, { methods: ["application_credential"], application_credential: { id, secret } }, undefined);
}

async function tokenFor(authUrl: string, identity: object, scope: unknown): Promise<string> {
  const auth = { identity, ...(scope === undefined ? {} : { scope }) };
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ auth }),
  });
  const token = answer.headers.get("x-subject-token");
  if (token === null) throw new Error(`Keystone gives no token: ${answer.status} ${await answer.text()}`);
  return token;
}

/** Of alpha's member. */
async function makeCredential(openstack: FakeOpenStack, application_credential: object): Promise<Credential> {
  const user = openstack.keystone.users.find(({ name }) => name === "alpha")?.id ?? "";
  const path = `/v3/users/${user}/application_credentials`;
  const made = (await openstack.raw("identity", "POST", path, { application_credential }, "alpha")) as {
    readonly application_credential: Credential;
  };
  return made.application_credential;
}

/** An image and a flavor that everybody may use. */
async function makeShared(openstack: FakeOpenStack): Promise<{ readonly image: string; readonly flavor: string }> {
  const asked = { name: "cirros", disk_format: "raw", container_format: "bare", visibility: "public" };
  const image = (await openstack.raw("image", "POST", "/v2/images", asked)) as { readonly id: string };
  await openstack.raw("image", "PUT", `/v2/images/${image.id}/file`, Buffer.from("an image"));
  const small = { flavor: { name: "small", ram: 64, vcpus: 1, disk: 1 } };
  const made = (await openstack.raw("compute", "POST", "/v2.1/flavors", small)) as {
    readonly flavor: { readonly id: string };
  };
  return { image: image.id, flavor: made.flavor.id };
}

async function makeAlphaImage(openstack: FakeOpenStack): Promise<string> {
  const asked = { name: "alpha-image", disk_format: "raw", container_format: "bare", visibility: "private" };
  const { id } = (await openstack.raw("image", "POST", "/v2/images", asked, "alpha")) as { readonly id: string };
  await openstack.raw("image", "PUT", `/v2/images/${id}/file`, Buffer.from("alpha's own"), "alpha");
  return id;
}

export const cloudsYamlOf = (auth: object, more: object = {}): string =>
  stringify({ clouds: { mine: { auth, region_name: region, identity_api_version: 3, ...more } } });

export const credentialsIn = (secretName: string): object => ({
  cloudCredentialsRef: { secretName, cloudName: "mine" },
});

export const secretOf = (namespace: string, name: string, cloudsYaml: string): object => ({
  ...{ apiVersion: "v1", kind: "Secret", metadata: { namespace, name } },
  stringData: { "clouds.yaml": cloudsYaml },
});

const namespaceOf = (openstack: FakeOpenStack, name: "alpha" | "beta"): object => ({
  ...{ apiVersion: "v1", kind: "Namespace" },
  metadata: { name, annotations: { [projectAnnotation]: openstack.projectId(name) } },
});

function alphasObjects(openstack: FakeOpenStack, { id, secret }: Credential, imageId: string): readonly object[] {
  const at = (kind: string, name: string, rest: object, apiVersion = openstackVersion): object => ({
    ...{ apiVersion, kind, metadata: { namespace: "alpha", name } },
    ...rest,
  });
  const managed = (kind: string, name: string, resource: object): object =>
    at(kind, name, { spec: { ...credentialsIn("alpha-cloud"), resource } });
  const imported = (kind: string, name: string, by: object): object =>
    at(kind, name, { spec: { ...credentialsIn("alpha-cloud"), managementPolicy: "unmanaged", import: by } });
  const cloud = cloudsYamlOf(
    { auth_url: openstack.authUrl, application_credential_id: id, application_credential_secret: secret },
    { auth_type: "v3applicationcredential" },
  );
  return [
    namespaceOf(openstack, "alpha"),
    secretOf("alpha", "alpha-cloud", cloud),
    at("ConfigMap", "alpha-settings", { data: { a: "alpha's own" } }, "v1"),
    at("ServiceAccount", "alpha-robot", {}, "v1"),
    at("ResourceQuota", "alpha-most", { spec: { hard: { "count/configmaps": "100" } } }, "v1"),
    at("LimitRange", "alpha-sizes", { spec: { limits: [{ type: "Container", max: { memory: "1Gi" } }] } }, "v1"),
    at("Lease", "alpha-lease", { spec: { holderIdentity: "alpha" } }, "coordination.k8s.io/v1"),
    at("Container", "alpha-web", { spec: { image: "busybox" } }, "stowage.dev/v1alpha1"),
    at(
      "DisruptionBudget",
      "alpha-budget",
      { spec: { selector: { matchLabels: { app: "web" } }, maxUnavailable: 1 } },
      "stowage.dev/v1alpha1",
    ),
    managed("Network", "alpha-net", {}),
    managed("Subnet", "alpha-subnet", { networkRef: "alpha-net", ipVersion: 4, cidr: "192.0.2.0/24" }),
    managed("SecurityGroup", "alpha-group", {}),
    managed("Port", "alpha-port", { networkRef: "alpha-net", securityGroupRefs: ["alpha-group"] }),
    managed("Router", "alpha-router", {}),
    managed("Volume", "alpha-data", { size: 1 }),
    managed("VolumeSnapshot", "alpha-snapshot", { volumeRef: "alpha-data" }),
    managed("KeyPair", "alpha-key", { publicKey }),
    managed("ServerGroup", "alpha-apart", { policy: "soft-anti-affinity" }),
    imported("Image", "alpha-image", { id: imageId }),
    imported("Flavor", "alpha-flavor", { filter: { name: "small" } }),
    managed("Server", "alpha-server", {
      ...{ imageRef: "alpha-image", flavorRef: "alpha-flavor", ports: [{ portRef: "alpha-port" }] },
      ...{ keypairRef: "alpha-key", serverGroupRef: "alpha-apart" },
    }),
  ];
}

function betasObjects(
  openstack: FakeOpenStack,
  { image, flavor }: { readonly image: string; readonly flavor: string },
): readonly object[] {
  const imported = (kind: string, name: string, id: string): object => ({
    ...{ apiVersion: openstackVersion, kind, metadata: { namespace: "beta", name } },
    spec: { ...credentialsIn("cloud"), managementPolicy: "unmanaged", import: { id } },
  });
  return [
    namespaceOf(openstack, "beta"),
    secretOf("beta", "cloud", cloudsYamlOf(betasAuth(openstack))),
    imported("Image", "cirros", image),
    imported("Flavor", "small", flavor),
  ];
}

/** How beta's user signs in. */
export const betasAuth = ({ authUrl }: FakeOpenStack): Readonly<Record<string, string>> => ({
  ...{ auth_url: authUrl, username: "beta", password: "password-of-beta", project_name: "beta" },
  ...{ user_domain_name: "Default", project_domain_name: "Default" },
});

async function apply(server: StowageServer, objects: readonly object[]): Promise<void> {
  const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  const { code, stderr } = await server.cli(["apply", "-f", "-"], text);
  if (code !== 0) throw new Error(`cannot apply what the projects have: ${stderr}`);
}

export const externalTypes = externalKinds.map(({ type }) => type);

export async function externalsIn(client: HttpClient, ...namespaces: readonly string[]): Promise<readonly External[]> {
  const lists = await Promise.all(
    namespaces.flatMap((namespace) => externalTypes.map((type) => client.list<External>(type, { namespace }))),
  );
  return lists.flatMap(({ items }) => items);
}

const says =
  (wanted: string, value: string) =>
  ({ status }: External): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === wanted && is === value) === true;

export const isAvailable = says("Available", "True");
const isAtRest = says("Progressing", "False");
