/**
 * Issue 5, "Isolation": attempts of project beta to read, reference, import or attach what is alpha's, through objects,
 * references, Secrets and tokens. All fail with 403 or 404, tell nothing, and leave no trace.
 */
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectAnnotation } from "../../crds/openstack/cloud.ts";
import type { External } from "../../crds/openstack/external.ts";
import { capture, eventually } from "../lab/stowage.ts";
import { kubectlMissing } from "./kubectl-user.ts";
import type { Asked, Owned } from "./two-projects.ts";
import {
  alphas,
  apiVersionIn,
  betasAuth,
  cloudsYamlOf,
  credentialsIn,
  externalsIn,
  externalTypes,
  inProject,
  isAvailable,
  openstackPath,
  openstackVersion,
  pathOf,
  secretOf,
  signIn,
  signInWith,
  stowagePath,
  TwoProjects,
} from "./two-projects.ts";

let world: TwoProjects;
let alphaBefore: Readonly<Record<string, string>>;
let cloudBefore: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  world = await TwoProjects.start();
  alphaBefore = await world.alphaInTheApi();
  cloudBefore = world.cloud();
}, 300_000);
afterAll(() => world[Symbol.asyncDispose]());

const reasonOf = (text: string): unknown => (JSON.parse(text) as { readonly reason?: unknown }).reason;

// ------------------------------------------------------------------------------------------------------- requests

/** A request that beta makes; what is known only when the world is there is asked for then. */
interface Attempt {
  readonly what: string;
  /** `GET /api/v1/secrets`. */
  readonly request: string;
  readonly asked?: Asked | ((world: TwoProjects) => Asked);
}

const objectOf = ({ in: base, kind, name }: Owned, namespace = "alpha"): object => ({
  apiVersion: apiVersionIn(base),
  kind,
  metadata: { name, namespace, annotations: { "beta.example/was-here": "yes" } },
});

const onOne = (owned: Owned): readonly Attempt[] => {
  const all = pathOf(owned, "alpha");
  const one = `${all}/${owned.name}`;
  const body = objectOf(owned);
  const attempt = (verb: string, request: string, asked: Asked = {}): Attempt => ({
    what: `${verb} ${owned.plural} of alpha`,
    request,
    asked,
  });
  return [
    attempt("get", `GET ${one}`),
    attempt("list", `GET ${all}`),
    attempt("watch", `GET ${all}?watch=1`),
    attempt("create", `POST ${all}`, { body: { ...body, metadata: { name: "betas", namespace: "alpha" } } }),
    attempt("update", `PUT ${one}`, { body }),
    attempt("patch", `PATCH ${one}`, { body, type: "application/merge-patch+json" }),
    attempt("apply", `PATCH ${one}?fieldManager=beta&force=true`, { body, type: "application/apply-patch+yaml" }),
    attempt("delete", `DELETE ${one}`),
    attempt("deletecollection", `DELETE ${all}`),
    { what: `list ${owned.plural} of everybody`, request: `GET ${owned.in}/${owned.plural}` },
    { what: `watch ${owned.plural} of everybody`, request: `GET ${owned.in}/${owned.plural}?watch=1` },
  ];
};

const web = `${stowagePath}/namespaces/alpha/containers/alpha-web`;
const merge = "application/merge-patch+json";
const rebound = (project: string): object => ({ metadata: { annotations: { [projectAnnotation]: project } } });
const rbac = "/apis/rbac.authorization.k8s.io/v1";

const subresources: readonly Attempt[] = [
  { what: "read a status", request: `GET ${openstackPath}/namespaces/alpha/networks/alpha-net/status` },
  {
    what: "write a status",
    request: `PATCH ${openstackPath}/namespaces/alpha/networks/alpha-net/status`,
    asked: { body: { status: { id: randomUUID() } }, type: merge },
  },
  {
    what: "write a status of its own, to say that what is alpha's is its own",
    request: `PATCH ${openstackPath}/namespaces/beta/images/cirros/status`,
    asked: ({ ids }) => ({ body: { status: { id: ids["alpha-image"] } }, type: merge }),
  },
  { what: "read a log", request: `GET ${web}/log` },
  { what: "follow a log", request: `GET ${web}/log?follow=true` },
  { what: "read figures", request: `GET ${web}/stats` },
  { what: "evict a Container", request: `POST ${web}/eviction`, asked: { body: {} } },
  { what: "run in a Container", request: `POST ${web}/exec?command=sh` },
  { what: "attach to a Container", request: `POST ${web}/attach` },
  { what: "reach a Container by the proxy", request: `GET ${web}/proxy/` },
  { what: "reach a port of a Container", request: `POST ${web}/portforward` },
  { what: "bind a Container", request: `POST ${web}/binding`, asked: { body: {} } },
  { what: "scale a Container", request: `PATCH ${web}/scale`, asked: { body: { spec: { replicas: 0 } }, type: merge } },
  {
    what: "get a token of a ServiceAccount",
    request: "POST /api/v1/namespaces/alpha/serviceaccounts/alpha-robot/token",
    asked: { body: { spec: {} } },
  },
  { what: "read a status of a quota", request: "GET /api/v1/namespaces/alpha/resourcequotas/alpha-most/status" },
];

const clusterWide: readonly Attempt[] = [
  { what: "list Namespaces", request: "GET /api/v1/namespaces" },
  { what: "watch Namespaces", request: "GET /api/v1/namespaces?watch=1" },
  { what: "watch one Namespace", request: "GET /api/v1/namespaces?watch=1&fieldSelector=metadata.name%3Dalpha" },
  { what: "read alpha's Namespace", request: "GET /api/v1/namespaces/alpha" },
  { what: "read alpha's Namespace's status", request: "GET /api/v1/namespaces/alpha/status" },
  { what: "read a Namespace that is bound to nothing", request: "GET /api/v1/namespaces/kube-system" },
  { what: "delete alpha's Namespace", request: "DELETE /api/v1/namespaces/alpha" },
  { what: "delete its own Namespace", request: "DELETE /api/v1/namespaces/beta" },
  {
    what: "bind alpha's Namespace to its own project",
    request: "PATCH /api/v1/namespaces/alpha",
    asked: ({ betaProject }) => ({ body: rebound(betaProject), type: merge }),
  },
  {
    what: "bind its own Namespace to alpha's project",
    request: "PATCH /api/v1/namespaces/beta",
    asked: ({ alphaProject }) => ({ body: rebound(alphaProject), type: merge }),
  },
  {
    what: "bind its own Namespace to alpha's project by apply",
    request: "PATCH /api/v1/namespaces/beta?fieldManager=beta&force=true",
    asked: ({ alphaProject }) => ({
      body: { apiVersion: "v1", kind: "Namespace", ...rebound(alphaProject) },
      type: "application/apply-patch+yaml",
    }),
  },
  {
    what: "bind its own Namespace to alpha's project by update",
    request: "PUT /api/v1/namespaces/beta",
    asked: ({ alphaProject }) => ({ body: { metadata: { name: "beta", ...rebound(alphaProject) } } }),
  },
  {
    what: "bind its own Namespace to alpha's project by its status",
    request: "PATCH /api/v1/namespaces/beta/status",
    asked: ({ alphaProject }) => ({ body: rebound(alphaProject), type: merge }),
  },
  {
    what: "finalize its own Namespace",
    request: "PUT /api/v1/namespaces/beta/finalize",
    asked: { body: { metadata: { name: "beta" } } },
  },
  {
    what: "label its own Namespace privileged",
    request: "PATCH /api/v1/namespaces/beta",
    asked: { body: { metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } } }, type: merge },
  },
  {
    what: "make a Namespace that is bound to alpha's project",
    request: "POST /api/v1/namespaces",
    asked: ({ alphaProject }) => ({ body: { metadata: { name: "gamma", ...rebound(alphaProject) } } }),
  },
  { what: "list Hosts", request: `GET ${stowagePath}/hosts` },
  { what: "read a Host", request: `GET ${stowagePath}/hosts/local` },
  { what: "look for what could be adopted", request: `GET ${stowagePath}/hosts/local/adoptable` },
  { what: "read figures of a Host", request: `GET ${stowagePath}/hosts/local/stats` },
  { what: "make a Host", request: `POST ${stowagePath}/hosts`, asked: { body: {} } },
  { what: "list Hosts as if they were in its Namespace", request: `GET ${stowagePath}/namespaces/beta/hosts` },
  { what: "ask for a plan", request: `POST ${stowagePath}/plans`, asked: { body: { spec: { delete: [] } } } },
  { what: "list PriorityClasses", request: "GET /apis/scheduling.k8s.io/v1/priorityclasses" },
  { what: "make a PriorityClass", request: "POST /apis/scheduling.k8s.io/v1/priorityclasses", asked: { body: {} } },
  { what: "list ClusterRoles", request: `GET ${rbac}/clusterroles` },
  { what: "make a ClusterRoleBinding", request: `POST ${rbac}/clusterrolebindings`, asked: { body: {} } },
  { what: "list alpha's Roles", request: `GET ${rbac}/namespaces/alpha/roles` },
  { what: "make a RoleBinding at alpha's", request: `POST ${rbac}/namespaces/alpha/rolebindings`, asked: { body: {} } },
  { what: "make a RoleBinding of its own", request: `POST ${rbac}/namespaces/beta/rolebindings`, asked: { body: {} } },
  { what: "list alpha's Events", request: "GET /api/v1/namespaces/alpha/events" },
  { what: "list alpha's newer Events", request: "GET /apis/events.k8s.io/v1/namespaces/alpha/events" },
  { what: "list everybody's Events", request: "GET /api/v1/events" },
  { what: "make an Event at alpha's", request: "POST /api/v1/namespaces/alpha/events", asked: { body: {} } },
  { what: "read what the server signs tokens with", request: "GET /api/v1/namespaces/kube-system/secrets" },
  {
    what: "take the controllers' Lease",
    request: "PUT /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/stowage-controllers",
    asked: { body: {} },
  },
  {
    what: "make a kind",
    request: "POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    asked: { body: {} },
  },
  {
    what: "have every request sent to itself",
    request: "POST /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    asked: { body: {} },
  },
  {
    what: "make a policy",
    request: "POST /apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    asked: { body: {} },
  },
  { what: "have a token looked at", request: "POST /apis/authentication.k8s.io/v1/tokenreviews", asked: { body: {} } },
  {
    what: "ask what alpha's user may do",
    request: "POST /apis/authorization.k8s.io/v1/subjectaccessreviews",
    asked: { body: { spec: { user: "keystone:alpha" } } },
  },
  {
    what: "ask what somebody may do at alpha's",
    request: "POST /apis/authorization.k8s.io/v1/namespaces/alpha/localsubjectaccessreviews",
    asked: { body: { spec: { user: "keystone:alpha" } } },
  },
  { what: "read the server's figures", request: "GET /metrics" },
];

const alphasSecret = "/api/v1/namespaces/alpha/secrets/alpha-cloud";
const betasSecrets = "/api/v1/namespaces/beta/secrets";

const oddPaths: readonly Attempt[] = [
  { what: "alpha's name in its own Namespace", request: `GET ${betasSecrets}/alpha-cloud` },
  { what: "up and down again", request: "GET /api/v1/namespaces/beta/../alpha/secrets/alpha-cloud" },
  {
    what: "up and down in the Namespace's name",
    request: "GET /api/v1/namespaces/beta%2F..%2Falpha/secrets/alpha-cloud",
  },
  { what: "up and down in the object's name", request: `GET ${betasSecrets}/..%2F..%2Falpha%2Falpha-cloud` },
  { what: "a slash in the object's name", request: `GET ${betasSecrets}/alpha%2Falpha-cloud` },
  { what: "a slash in what is deleted", request: `DELETE ${betasSecrets}/..%2Falpha%2Falpha-cloud` },
  { what: "two slashes before everything", request: `GET /${alphasSecret}` },
  { what: "two slashes in the middle", request: "GET /api/v1//namespaces/alpha/secrets/alpha-cloud" },
  { what: "capital letters", request: "GET /api/v1/namespaces/ALPHA/secrets/alpha-cloud" },
  { what: "a zero after the name", request: "GET /api/v1/namespaces/alpha%00/secrets/alpha-cloud" },
  { what: "a dot after the name", request: "GET /api/v1/namespaces/alpha./secrets/alpha-cloud" },
  { what: "a Namespace without a name", request: "GET /api/v1/namespaces//secrets/alpha-cloud" },
  { what: "the old path of watches", request: "GET /api/v1/watch/namespaces/alpha/secrets" },
  { what: "the old path of the proxy", request: "GET /api/v1/proxy/namespaces/alpha/secrets/alpha-cloud" },
  { what: "a Namespace in a Namespace", request: "GET /api/v1/namespaces/beta/namespaces/alpha" },
  { what: "everybody's in one name", request: "GET /api/v1/secrets/alpha-cloud" },
  { what: "a star for the Namespace", request: "GET /api/v1/namespaces/*/secrets" },
  { what: "another version", request: "GET /apis/openstack.stowage.dev/v1/namespaces/alpha/networks/alpha-net" },
];

const withHeaders = (what: string, headers: Readonly<Record<string, string>>, request = `GET ${alphasSecret}`) => ({
  what,
  request,
  asked: ({ token }: TwoProjects) => ({ headers: { "x-auth-token": token, ...headers } }),
});
const ownRobot = { "impersonate-user": "system:serviceaccount:beta:default" };

const asSomebodyElse: readonly Attempt[] = [
  withHeaders("as alpha's user", { "impersonate-user": "keystone:alpha" }),
  withHeaders("as an administrator", { "impersonate-user": "stowage-admin", "impersonate-group": "system:masters" }),
  withHeaders("as the server", { "impersonate-user": "system:apiserver" }),
  withHeaders("as a ServiceAccount of alpha's", { "impersonate-user": "system:serviceaccount:alpha:alpha-robot" }),
  withHeaders("as a controller", { "impersonate-user": "system:serviceaccount:kube-system:default" }),
  withHeaders("as its own ServiceAccount", ownRobot),
  withHeaders("as its own ServiceAccount among the masters", { ...ownRobot, "impersonate-group": "system:masters" }),
  withHeaders("as its own ServiceAccount with another uid", { ...ownRobot, "impersonate-uid": randomUUID() }),
  withHeaders("as its own ServiceAccount with an extra", { ...ownRobot, "impersonate-extra-scopes": "alpha" }),
  {
    what: "as its own ServiceAccount in alpha's project",
    request: `GET ${alphasSecret}`,
    asked: ({ token, alphaProject }) => ({
      headers: { "x-auth-token": token, ...ownRobot, "impersonate-group": `keystone:project:${alphaProject}` },
    }),
  },
  {
    what: "with alpha's project in headers that OpenStack's services believe",
    request: `GET ${alphasSecret}`,
    asked: ({ token, alphaProject }) => ({
      headers: {
        ...{ "x-auth-token": token, "x-project-id": alphaProject, "x-tenant-id": alphaProject },
        ...{ "x-roles": "admin", "x-identity-status": "Confirmed", "x-user-id": "alpha" },
        ...{ "x-remote-user": "stowage-admin", "x-remote-group": "system:masters" },
      },
    }),
  },
];

const hostile = (spec: object, annotations: object = {}): Asked => ({
  body: {
    ...{ apiVersion: "stowage.dev/v1alpha1", kind: "Container", metadata: { name: "web", annotations } },
    spec: { image: "busybox", ...spec },
  },
});
const near = (direction: string): object => ({
  placement: {
    affinity: {
      [direction]: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: "zone", namespaces: ["alpha"], labelSelector: { matchLabels: { app: "web" } } },
        ],
      },
    },
  },
});
const betasContainers = `POST ${stowagePath}/namespaces/beta/containers`;
const volumes = (source: object): object => ({ volumes: [{ name: "data", ...source }] });

const throughTheHosts: readonly Attempt[] = [
  {
    what: "mount a volume of alpha's Containers",
    request: betasContainers,
    asked: hostile(volumes({ dockerVolume: { name: "alpha.data" } })),
  },
  {
    what: "mount a volume that belongs to no Namespace",
    request: betasContainers,
    asked: hostile(volumes({ dockerVolume: { name: "data" } })),
  },
  {
    what: "mount a folder of the Host as a volume",
    request: betasContainers,
    asked: hostile(
      volumes({ dockerVolume: { name: "beta.data", driverOptions: { type: "none", o: "bind", device: "/" } } }),
    ),
  },
  { what: "mount the Host", request: betasContainers, asked: hostile(volumes({ hostPath: { path: "/" } })) },
  { what: "see the Host's processes", request: betasContainers, asked: hostile({ hostPID: true }) },
  { what: "use the Host's network", request: betasContainers, asked: hostile({ hostNetwork: true }) },
  {
    what: "be root of the Host",
    request: betasContainers,
    asked: hostile({ securityContext: { privileged: true } }),
  },
  { what: "use a disk of the Host", request: betasContainers, asked: hostile({ devices: [{ hostPath: "/dev/sda" }] }) },
  {
    what: "take the place of alpha's Containers",
    request: betasContainers,
    asked: hostile({ priorityClassName: "system-cluster-critical" }),
  },
  { what: "find alpha's Containers", request: betasContainers, asked: hostile(near("containerAffinity")) },
  { what: "keep alpha's Containers out", request: betasContainers, asked: hostile(near("containerAntiAffinity")) },
  {
    what: "adopt a container of alpha's",
    request: betasContainers,
    asked: hostile({ placement: { hostName: "local" } }, { "stowage.dev/adopt": "0".repeat(64) }),
  },
];

const attempts: readonly Attempt[] = [
  ...alphas.flatMap(onOne),
  ...subresources,
  ...clusterWide,
  ...oddPaths,
  ...asSomebodyElse,
  ...throughTheHosts,
];

test("a hundred attempts at least, no two alike", () => {
  const all = attempts.map(({ what, request }) => `${what}: ${request}`);
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBeGreaterThanOrEqual(100);
});

const askedOf = ({ asked = {} }: Attempt): Asked => (typeof asked === "function" ? asked(world) : asked);
const make = (attempt: Attempt): ReturnType<TwoProjects["ask"]> => {
  const [method = "", path = ""] = attempt.request.split(" ");
  return world.ask(method, path, askedOf(attempt));
};

describe("beta is refused", () => {
  test.each(attempts)("$what: $request", async (attempt) => {
    const { code, text } = await make(attempt);
    expect({ code, text }).toEqual({ code: expect.toBeOneOf([403, 404]) as number, text });
    expect(reasonOf(text)).toBe(code === 403 ? "Forbidden" : "NotFound");
  });

  test.each(alphas)("and alpha is not: get $plural", async (owned) => {
    const token = await signIn(world.openstack, {
      ...{ user: "alpha", password: "password-of-alpha" },
      scope: inProject("alpha"),
    });
    const { code } = await world.ask("GET", `${pathOf(owned, "alpha")}/${owned.name}`, {
      headers: { "x-auth-token": token },
    });
    expect(code).toBe(200);
  });

  test("and not of what is its own", async () => {
    const codes = await Promise.all(
      ["/api/v1/namespaces/beta", `${betasSecrets}/cloud`, `${openstackPath}/namespaces/beta/images/cirros`].map(
        async (path) => (await world.ask("GET", path)).code,
      ),
    );
    expect(codes).toEqual([200, 200, 200]);
  });
});

describe("answers that beta gets have nothing of alpha's", () => {
  const from = (start: string): string =>
    Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: -1, start })).toString("base64url");
  test.each([
    { what: "a selector that names alpha's Namespace", query: "fieldSelector=metadata.namespace%3Dalpha" },
    { what: "a selector that names alpha's object", query: "fieldSelector=metadata.name%3Dalpha-cloud" },
    { what: "a next page that begins at alpha's", query: `continue=${from("alpha/a")}` },
    { what: "a next page that begins above", query: `continue=${from("../alpha/a")}` },
    { what: "a next page that begins before everything", query: `continue=${from("a")}` },
    { what: "an older state", query: "resourceVersion=1&resourceVersionMatch=NotOlderThan" },
  ])("$what", async ({ query }) => {
    const { code, text } = await world.ask("GET", `${betasSecrets}?${query}`);
    expect(code).toBeOneOf([200, 400]);
    expect(text).not.toMatch(/alpha-cloud|application_credential/);
  });

  test.each([
    { resource: "secrets", verb: "get", name: "alpha-cloud", group: "" },
    { resource: "secrets", verb: "list", group: "" },
    { resource: "*", verb: "*", group: "*" },
    { resource: "networks", verb: "delete", group: "openstack.stowage.dev" },
    { resource: "containers", subresource: "log", verb: "get", group: "stowage.dev" },
    { resource: "serviceaccounts", verb: "impersonate", group: "" },
    { resource: "namespaces", verb: "get", name: "alpha", group: "" },
  ])("may I $verb $resource there?", async (attributes) => {
    for (const namespace of ["alpha", ""]) {
      const { code, text } = await world.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
        body: { spec: { resourceAttributes: { ...attributes, namespace } } },
      });
      expect({ code, status: (JSON.parse(text) as { status: unknown }).status }).toEqual({
        code: 201,
        status: { allowed: false },
      });
    }
  });

  test("what may I do there? What I may everywhere", async () => {
    const rulesIn = async (namespace: string): Promise<unknown> => {
      const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
      const { text } = await world.ask("POST", path, { body: { spec: { namespace } } });
      return (JSON.parse(text) as { status: unknown }).status;
    };
    expect(await rulesIn("alpha")).toEqual(await rulesIn("no-such-namespace"));
    expect(await rulesIn("alpha")).not.toEqual(await rulesIn("beta"));
  });
});

// --------------------------------------------------------------------------------------------------------- tokens

/** Gives what is presented as a token. */
type Forge = (world: TwoProjects) => Promise<string>;

const alphasToken: Forge = ({ openstack }) =>
  signIn(openstack, { user: "alpha", password: "password-of-alpha", scope: inProject("alpha") });

const revoked: Forge = async (them) => {
  const token = await alphasToken(them);
  const headers = { "x-auth-token": token, "x-subject-token": token };
  await fetch(`${them.openstack.authUrl}/auth/tokens`, { method: "DELETE", headers });
  return token;
};

/** A domain of somebody else's with a project and a user that are called as alpha's are. */
const namesakes: Forge = async ({ openstack }) => {
  const domain = "another";
  const made = async (path: string, kind: string, fields: object): Promise<string> => {
    const answer = (await openstack.raw("identity", "POST", path, { [kind]: fields })) as Record<
      string,
      { id: string }
    >;
    return answer[kind]?.id ?? "";
  };
  const domain_id = await made("/v3/domains", "domain", { name: domain });
  const project = await made("/v3/projects", "project", { name: "alpha", domain_id });
  const user = await made("/v3/users", "user", { name: "alpha", domain_id, password: "a password" });
  const role = openstack.keystone.roles.find(({ name }) => name === "admin")?.id ?? "";
  await openstack.raw("identity", "PUT", `/v3/projects/${project}/users/${user}/roles/${role}`);
  return signIn(openstack, { user: "alpha", password: "a password", domain, scope: inProject("alpha", domain) });
};

const cloudAdmin = { user: "admin", password: "password-of-admin" };
const adminsRole = async ({ openstack }: TwoProjects, where: string): Promise<void> => {
  const user = openstack.keystone.users.find(({ name }) => name === "admin")?.id ?? "";
  const role = openstack.keystone.roles.find(({ name }) => name === "admin")?.id ?? "";
  await openstack.raw("identity", "PUT", `/v3/${where}/users/${user}/roles/${role}`);
};

describe("tokens that are good, and for something else", () => {
  const tokens: readonly { readonly what: string; readonly forge: Forge }[] = [
    { what: "of beta", forge: ({ token }) => Promise.resolve(token) },
    {
      what: "of alpha's own user, for nothing in particular",
      forge: ({ openstack }) => signIn(openstack, { user: "alpha", password: "password-of-alpha", scope: "unscoped" }),
    },
    { what: "of a project that is called alpha too, as its administrator", forge: namesakes },
    {
      what: "of the cloud's administrator, for another project",
      forge: ({ openstack }) => signIn(openstack, { ...cloudAdmin, scope: inProject("admin") }),
    },
    {
      what: "of the cloud's administrator, for the system",
      forge: async (them) => {
        await adminsRole(them, "system");
        return signIn(them.openstack, { ...cloudAdmin, scope: { system: { all: true } } });
      },
    },
    {
      what: "of the cloud's administrator, for alpha's domain",
      forge: async (them) => {
        await adminsRole(them, "domains/default");
        return signIn(them.openstack, { ...cloudAdmin, scope: { domain: { id: "default" } } });
      },
    },
  ];
  test.each(tokens)("$what", async ({ forge }) => {
    const token = await forge(world);
    for (const headers of [{ "x-auth-token": token }, { authorization: `Bearer ${token}` }])
      for (const path of [alphasSecret, `${openstackPath}/namespaces/alpha/networks`])
        expect((await world.ask("GET", path, { headers })).code).toBe(403);
  });

  test("with a certificate of another authority", async () => {
    expect((await world.ask("GET", alphasSecret, { foreignCertificate: true })).code).toBe(403);
    expect((await world.ask("GET", alphasSecret, { foreignCertificate: true, headers: {} })).code).toBe(401);
  });
});

describe("tokens that are not good are nobody's", () => {
  test.each<{ what: string; headers: (token: Forge) => Promise<Readonly<Record<string, string>>> }>([
    { what: "alpha's, revoked", headers: async () => ({ "x-auth-token": await revoked(world) }) },
    { what: "alpha's, revoked, as Bearer", headers: async () => ({ authorization: `Bearer ${await revoked(world)}` }) },
    { what: "alpha's, cut off", headers: async () => ({ "x-auth-token": (await alphasToken(world)).slice(0, -1) }) },
    { what: "alpha's, and more", headers: async () => ({ "x-auth-token": `${await alphasToken(world)}A` }) },
    { what: "alpha's, as Basic", headers: async () => ({ authorization: `Basic ${await alphasToken(world)}` }) },
    { what: "alpha's, as X-Subject-Token", headers: async () => ({ "x-subject-token": await alphasToken(world) }) },
    { what: "alpha's, as X-Service-Token", headers: async () => ({ "x-service-token": await alphasToken(world) }) },
    { what: "alpha's project's id", headers: async () => ({ "x-auth-token": world.alphaProject }) },
    { what: "alpha's credential's id", headers: async () => ({ "x-auth-token": world.alphaCredential.id }) },
    { what: "made up", headers: async () => ({ "x-auth-token": `gAAAAA${"0".repeat(64)}` }) },
    { what: "a path in it", headers: async () => ({ "x-auth-token": "../../v3/users" }) },
    { what: "the word null", headers: async () => ({ authorization: "Bearer null" }) },
    { what: "a JWT that nobody signed", headers: async () => ({ authorization: `Bearer ${unsigned()}` }) },
    { what: "none", headers: async () => ({}) },
    {
      what: "of alpha's credential that is for one path of Nova's only",
      headers: async () => {
        const { id, secret } = world.restrictedCredential;
        return { "x-auth-token": await signInWith(world.openstack, id, secret) };
      },
    },
  ])("$what", async ({ headers }) => {
    const { code, text } = await world.ask("GET", alphasSecret, { headers: await headers(alphasToken) });
    expect({ code, reason: reasonOf(text) }).toEqual({ code: 401, reason: "Unauthorized" });
  });

  test("beta's counts before alpha's revoked one", async () => {
    const headers = { authorization: `Bearer ${world.token}`, "x-auth-token": await revoked(world) };
    expect((await world.ask("GET", alphasSecret, { headers })).code).toBe(403);
  });
});

const userId = (name: string): string => world.openstack.keystone.users.find((user) => user.name === name)?.id ?? "";

function unsigned(): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    iss: "https://kubernetes.default.svc.cluster.local",
    ...{ sub: "system:serviceaccount:kube-system:default", aud: ["https://kubernetes.default.svc.cluster.local"] },
    exp: 4_000_000_000,
  };
  return `${part({ alg: "none" })}.${part(claims)}.`;
}

// ----------------------------------------------------------------------------------------------------- references

/**
 * Objects of beta's that name `it`, which is something of alpha's and then something that is nowhere. Both come to the
 * same: nothing is Available, and conditions tell them apart by no word.
 */
interface Reference {
  readonly what: string;
  readonly it: (world: TwoProjects) => readonly [real: string, madeUp: string];
  readonly objects: (it: string, name: string, world: TwoProjects) => readonly object[];
}

const object = (kind: string, name: string, spec: object): object => ({
  ...{ apiVersion: openstackVersion, kind, metadata: { name, namespace: "beta" } },
  spec,
});
const managed = (kind: string, name: string, resource: object, secretName = "cloud"): object =>
  object(kind, name, { ...credentialsIn(secretName), resource });
const imported = (kind: string, name: string, by: object): object =>
  object(kind, name, { ...credentialsIn("cloud"), managementPolicy: "unmanaged", import: by });

const known =
  (name: string) =>
  ({ ids }: TwoProjects): readonly [string, string] => [ids[name] ?? "", randomUUID()];
const hex = (): string => randomUUID().replaceAll("-", "");

const importable = alphas.filter(({ in: base }) => base === openstackPath);

const byId: readonly Reference[] = [
  ...importable.map(({ kind, name }) => ({
    what: `import alpha's ${kind} by id`,
    it: known(name),
    objects: (it: string, as: string) => [imported(kind, as, { id: it })],
  })),
  {
    what: "import alpha's Project by id",
    it: ({ alphaProject }) => [alphaProject, hex()],
    objects: (it, as) => [imported("Project", as, { id: it })],
  },
  {
    what: "import alpha's User by id",
    it: () => [userId("alpha"), hex()],
    objects: (it, as) => [imported("User", as, { id: it })],
  },
  {
    what: "import alpha's ApplicationCredential by id",
    it: ({ alphaCredential }) => [alphaCredential.id, hex()],
    objects: (it, as) => [imported("ApplicationCredential", as, { id: it })],
  },
];

const byFilter: readonly Reference[] = [
  ...importable.map(({ kind, name }) => ({
    what: `import alpha's ${kind} by its name`,
    it: () => [name, "no-such-name"] as const,
    objects: (it: string, as: string) => [imported(kind, as, { filter: { name: it } })],
  })),
  {
    what: "import alpha's Project by its name",
    it: () => ["alpha", "no-such-name"],
    objects: (it, as) => [imported("Project", as, { filter: { name: it } })],
  },
  {
    what: "import alpha's User by its name",
    it: () => ["alpha", "no-such-name"],
    objects: (it, as) => [imported("User", as, { filter: { name: it } })],
  },
  {
    what: "import a snapshot of alpha's Volume",
    it: known("alpha-data"),
    objects: (it, as) => [imported("VolumeSnapshot", as, { filter: { volumeID: it } })],
  },
];

const byName: readonly Reference[] = [
  {
    what: "speak to the cloud with alpha's Secret",
    it: () => ["alpha-cloud", "no-such-name"],
    objects: (it, as) => [managed("Network", as, {}, it)],
  },
  {
    what: "make a Port on alpha's Network by its name",
    it: () => ["alpha-net", "no-such-name"],
    objects: (it, as) => [managed("Port", as, { networkRef: it })],
  },
  {
    what: "make a Port in alpha's SecurityGroup by its name",
    it: () => ["alpha-group", "no-such-name"],
    objects: (it, as) => [managed("Port", as, { networkRef: "none", securityGroupRefs: [it] })],
  },
  {
    what: "make a Server with alpha's Port by its name",
    it: () => ["alpha-port", "no-such-name"],
    objects: (it, as) => [managed("Server", as, { imageRef: "cirros", flavorRef: "small", ports: [{ portRef: it }] })],
  },
  {
    what: "make an interface of alpha's Router with alpha's credentials",
    it: () => ["alpha-router", "no-such-name"],
    objects: (it, as) => [object("RouterInterface", as, { type: "Subnet", routerRef: it, subnetRef: "alpha-subnet" })],
  },
  {
    what: "give a guest alpha's Secret",
    it: () => ["alpha-cloud", "no-such-name"],
    objects: (it, as) => [
      managed("Server", as, {
        ...{ imageRef: "cirros", flavorRef: "small", ports: [], userData: { secretRef: it } },
      }),
    ],
  },
  {
    what: "make an ApplicationCredential whose secret is alpha's",
    it: () => ["alpha-cloud", "no-such-name"],
    objects: (it, as) => [managed("ApplicationCredential", as, { secretRef: it })],
  },
];

/** Through an import of what is alpha's. */
const attach = (
  what: string,
  kind: string,
  of: string,
  by: (ref: string) => readonly [kind: string, resource: object],
) => ({
  what,
  it: known(of),
  objects: (it: string, as: string) => {
    const ref = `${as}-import`;
    return [imported(kind, ref, { id: it }), managed(by(ref)[0], as, by(ref)[1])];
  },
});
const guest = { imageRef: "cirros", flavorRef: "small", ports: [] };

const byAttaching: readonly Reference[] = [
  attach("a Subnet to alpha's Network", "Network", "alpha-net", (networkRef) => [
    "Subnet",
    { networkRef, ipVersion: 4, cidr: "198.51.100.0/24" },
  ]),
  attach("a Port to alpha's Network", "Network", "alpha-net", (networkRef) => ["Port", { networkRef }]),
  attach("a Router to alpha's Network", "Network", "alpha-net", (networkRef) => [
    "Router",
    { externalGateways: [{ networkRef }] },
  ]),
  attach("a floating IP to alpha's Port", "Port", "alpha-port", (portRef) => [
    "FloatingIP",
    { floatingNetworkRef: "none", portRef },
  ]),
  attach("a Trunk to alpha's Port", "Port", "alpha-port", (portRef) => ["Trunk", { portRef }]),
  attach("a Server to alpha's Port", "Port", "alpha-port", (portRef) => ["Server", { ...guest, ports: [{ portRef }] }]),
  attach("a Server to alpha's Volume", "Volume", "alpha-data", (volumeRef) => [
    "Server",
    { ...guest, volumes: [{ volumeRef }] },
  ]),
  attach("a Server to alpha's ServerGroup", "ServerGroup", "alpha-apart", (serverGroupRef) => [
    "Server",
    { ...guest, serverGroupRef },
  ]),
  attach("a Server beside alpha's", "Server", "alpha-server", (name) => [
    "Server",
    { ...guest, schedulerHints: { sameHostServerRefs: [name] } },
  ]),
  attach("a Server of alpha's Image", "Image", "alpha-image", (imageRef) => ["Server", { ...guest, imageRef }]),
  attach("a Volume of alpha's Image", "Image", "alpha-image", (imageRef) => ["Volume", { size: 1, imageRef }]),
  attach("a Volume of alpha's snapshot", "VolumeSnapshot", "alpha-snapshot", (snapshotRef) => [
    "Volume",
    { size: 1, snapshotRef },
  ]),
  attach("a snapshot of alpha's Volume", "Volume", "alpha-data", (volumeRef) => ["VolumeSnapshot", { volumeRef }]),
  attach("a backup of alpha's Volume", "Volume", "alpha-data", (volumeRef) => ["VolumeBackup", { volumeRef }]),
  {
    what: "a Network to alpha's project",
    it: ({ alphaProject }) => [alphaProject, hex()],
    objects: (it, as) => [
      imported("Project", `${as}-import`, { id: it }),
      managed("SecurityGroup", as, { projectRef: `${as}-import` }),
    ],
  },
  {
    what: "its own user to alpha's project",
    it: ({ alphaProject }) => [alphaProject, hex()],
    objects: (it, as, { openstack }) => [
      imported("Project", `${as}-import`, { id: it }),
      imported("User", `${as}-me`, { id: openstack.keystone.users.find(({ name }) => name === "beta")?.id ?? "" }),
      managed("RoleAssignment", as, { roleRef: "member", userRef: `${as}-me`, projectRef: `${as}-import` }),
    ],
  },
];

const bySecret = (
  what: string,
  it: Reference["it"],
  auth: (it: string, world: TwoProjects) => object,
  more: object = {},
): Reference => ({
  what,
  it,
  objects: (named, as, them) => [
    secretOf("beta", as, cloudsYamlOf(auth(named, them), more)),
    managed("Network", as, {}, as),
  ],
});

const byCredentials: readonly Reference[] = [
  bySecret(
    "its own user in alpha's project",
    ({ alphaProject }) => [alphaProject, hex()],
    (project_id, { openstack }) => {
      const { project_name: _name, project_domain_name: _domain, ...auth } = betasAuth(openstack);
      return { ...auth, project_id };
    },
  ),
  bySecret(
    "its own user in the project that is called alpha",
    () => ["alpha", "no-such-name"],
    (project_name, { openstack }) => ({ ...betasAuth(openstack), project_name }),
  ),
  bySecret(
    "alpha's user with its own password",
    () => ["alpha", "no-such-name"],
    (username, { openstack }) => ({ ...betasAuth(openstack), username }),
  ),
  bySecret(
    "alpha's application credential with a secret that is guessed",
    ({ alphaCredential }) => [alphaCredential.id, hex()],
    (application_credential_id, { openstack }) => ({
      ...{ auth_url: openstack.authUrl, application_credential_id, application_credential_secret: "guessed" },
    }),
    { auth_type: "v3applicationcredential" },
  ),
  bySecret(
    "its own application credential's secret with alpha's id",
    ({ alphaCredential }) => [alphaCredential.id, hex()],
    (application_credential_id, { openstack }) => ({
      ...{ auth_url: openstack.authUrl, application_credential_id, application_credential_secret: "password-of-beta" },
    }),
    { auth_type: "v3applicationcredential" },
  ),
];

describe("what beta names of alpha's stays out of its reach", () => {
  const references = [...byId, ...byFilter, ...byName, ...byAttaching, ...byCredentials];
  test.each(references.map((reference, at) => ({ ...reference, at })))("$what", async ({ it, objects, at }) => {
    const pair = it(world).map((named, which) => ({ named, name: `try-${at}-${which}` }));
    for (const { named, name } of pair)
      for (const one of objects(named, name, world)) {
        const { code, text } = await create(one);
        expect({ code, text }).toEqual({ code: 201, text });
      }
    const look = () => Promise.all(pair.map(({ named, name }) => said(name, named)));
    const alike = async () => {
      const [real, madeUp] = await look();
      return isDeepStrictEqual(real, madeUp) ? [real, madeUp] : undefined;
    };
    const [real, madeUp] = await eventually("both come to the same", alike, 200).catch(look);
    expect(real).toEqual(madeUp);
    expect(real).toMatchObject({ available: "False", id: undefined, resource: undefined });
  });

  test.each([
    { what: "alpha/name", named: "alpha/alpha-net" },
    { what: "up and down", named: "../alpha/alpha-net" },
    { what: "a dot and a name", named: ".alpha-net" },
    { what: "a percent sign", named: "..%2Falpha%2Falpha-net" },
    { what: "a star", named: "*" },
    { what: "a line of its own", named: "a\nalpha" },
    { what: "nothing", named: "" },
  ])("a reference with $what is none", async ({ named }) => {
    for (const one of [managed("Port", "odd", { networkRef: named }), managed("Network", "odd", {}, named)]) {
      const { code, text } = await create(one);
      expect({ code, reason: reasonOf(text) }).toEqual({ code: 422, reason: "Invalid" });
    }
  });

  test("an object that says that it is alpha's is refused", async () => {
    const network = managed("Network", "odd", {}) as { readonly metadata: object };
    const body = { ...network, metadata: { ...network.metadata, namespace: "alpha" } };
    const { code } = await world.ask("POST", `${openstackPath}/namespaces/beta/networks`, { body });
    expect(code).toBe(400);
  });

  test("an owner that is alpha's takes nothing with it", async () => {
    const { metadata } = JSON.parse(alphaBefore["networks/alpha-net"] ?? "{}") as External;
    const owner = { apiVersion: openstackVersion, kind: "Network", name: "alpha-net", uid: metadata.uid };
    const body = { metadata: { name: "owned", ownerReferences: [{ ...owner, blockOwnerDeletion: true }] } };
    const path = "/api/v1/namespaces/beta/configmaps";
    expect((await world.ask("POST", path, { body })).code).toBe(201);
    // Nothing of that uid is in beta, so that its owner is gone.
    await eventually("it is collected", async () => (await world.ask("GET", `${path}/owned`)).code === 404);
  });
});

function create(one: object): ReturnType<TwoProjects["ask"]> {
  const { kind } = one as { readonly kind: string };
  const plural = externalTypes.find((type) => type.kind === kind)?.plural;
  const path = plural === undefined ? betasSecrets : `${openstackPath}/namespaces/beta/${plural}`;
  return world.ask("POST", path, { body: one });
}

/** What beta's object says once it was looked at, without what beta itself wrote, and without ids of requests. */
async function said(name: string, named: string) {
  const { status } = await eventually(`${name} is looked at`, async () => {
    const found = (await externalsIn(world.client, "beta")).find(({ metadata }) => metadata.name === name);
    return found?.status?.conditions === undefined ? undefined : found;
  });
  const conditions = status?.conditions ?? [];
  return {
    conditions: conditions.map(({ type, status: is, reason, message }) => ({
      ...{ type, is, reason },
      message: message
        .replaceAll(named, "IT")
        .replaceAll(name, "NAME")
        .replaceAll(/req-[0-9a-f-]+/g, "REQUEST"),
    })),
    available: conditions.find(({ type }) => type === "Available")?.status,
    id: status?.id,
    resource: status?.resource,
  };
}

// --------------------------------------------------------------------------------------------------------- kubectl

describe.skipIf(kubectlMissing !== undefined)("kubectl tells beta no more", () => {
  const kubectl = async (...args: readonly string[]) => {
    const kubeconfig = join(world.server.dataDir, "beta.kubeconfig");
    const cluster = { server: world.server.url, "certificate-authority": join(world.server.dataDir, "pki", "ca.crt") };
    await writeFile(
      kubeconfig,
      JSON.stringify({
        ...{ apiVersion: "v1", kind: "Config", "current-context": "beta" },
        clusters: [{ name: "here", cluster }],
        users: [{ name: "beta", user: { token: world.token } }],
        contexts: [{ name: "beta", context: { cluster: "here", user: "beta", namespace: "beta" } }],
      }),
    );
    return capture("kubectl", ["--kubeconfig", kubeconfig, ...args], {
      env: { ...process.env, HOME: world.server.dataDir },
    });
  };

  test.each([
    "auth can-i get secrets -n alpha",
    "auth can-i * * -n alpha",
    "auth can-i list secrets --all-namespaces",
    "auth can-i get containers.stowage.dev --subresource=log -n alpha",
  ])("%s", async (command) => {
    const { code, stdout } = await kubectl(...command.split(" "));
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 1, stdout: "no" });
  });

  test.each([
    "get secrets -n alpha",
    "get networks.openstack.stowage.dev --all-namespaces",
    "describe network.openstack.stowage.dev alpha-net -n alpha",
    "get namespaces",
    "get secrets -n alpha --as keystone:alpha",
  ])("%s", async (command) => {
    const { code, stdout, stderr } = await kubectl(...command.split(" "));
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("orbidden") as string,
    });
  });

  test("and shows beta its own Namespace", async () => {
    expect((await kubectl("get", "namespace", "beta", "-o", "name")).stdout.trim()).toBe("namespace/beta");
  });
});

// ----------------------------------------------------------------------------------------------------- afterwards

describe("afterwards", () => {
  // What a test of ours made in Keystone is none of beta's.
  const withoutNamesakes = (cloud: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
    const { domains: _d, projects: _p, users: _u, assignments: _a, ...rest } = cloud;
    return rest;
  };
  const nothingHappened = async (): Promise<void> => {
    expect(await world.alphaInTheApi()).toEqual(alphaBefore);
    const now = world.cloud();
    expect(withoutNamesakes(now)).toEqual(withoutNamesakes(cloudBefore));
    for (const table of ["projects", "users", "assignments"] as const)
      expect(now[table]).toEqual(expect.arrayContaining(cloudBefore[table] as unknown[]) as unknown);
    const beta = userId("beta");
    const rightsOfBeta = (cloud: Readonly<Record<string, unknown>>): readonly unknown[] =>
      (cloud["assignments"] as readonly { readonly actor: { readonly id: string } }[]).filter(
        ({ actor }) => actor.id === beta,
      );
    expect(rightsOfBeta(now)).toEqual(rightsOfBeta(cloudBefore));
  };

  test("all that is alpha's is as it was, and beta has made nothing in the cloud", async () => {
    await nothingHappened();
    expect(await world.eventsOfAlpha()).not.toContain("beta");
    const usable = (await externalsIn(world.client, "beta")).filter(isAvailable).map(({ metadata }) => metadata.name);
    // What is everybody's, and beta's own user.
    expect(usable.filter((name) => !name.endsWith("-me")).toSorted()).toEqual(["cirros", "small"]);
  });

  test("and it is so when beta takes away what it tried with", async () => {
    for (const { plural } of externalTypes)
      expect((await world.ask("DELETE", `${openstackPath}/namespaces/beta/${plural}`)).code).toBe(200);
    await eventually("beta has nothing", async () => (await externalsIn(world.client, "beta")).length === 0);
    await nothingHappened();
    expect(world.openstack.unknown).toEqual([]);
    expect(world.server.log).not.toMatch(/TypeError|ReferenceError|RangeError/);
    expect(world.server.log).not.toContain(world.token);
  });
});
