/** Keystone of the fake. Source: Identity API v3, and Debian's keystone 22 (Zed) for its words. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Answer, Call, FakeService, Identity, Json } from "./http.ts";
import { bodyOf, created, hexId, isAdmin, noContent, ok, pageOf, Refusal, Routes, Table, textOf } from "./http.ts";
import type { Later } from "./later.ts";

interface Domain {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
  readonly options: Json;
}

interface Project extends Domain {
  readonly domain_id: string;
  readonly parent_id: string;
  readonly is_domain: boolean;
}

interface User {
  readonly id: string;
  readonly name: string;
  readonly domain_id: string;
  readonly enabled: boolean;
  readonly description?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly default_project_id?: string | null | undefined;
  readonly password: string | undefined;
  readonly password_expires_at: string | null;
  readonly options: Json;
}

interface Group {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly domain_id: string;
}

interface Role {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly domain_id: string | null;
  readonly options: Json;
}

interface Assignment {
  readonly id: string;
  readonly role: string;
  readonly actor: { readonly kind: "user" | "group"; readonly id: string };
  readonly scope: Scope;
}

type Scope =
  { readonly kind: "project" | "domain"; readonly id: string } | { readonly kind: "system"; readonly id: "all" };

interface ApplicationCredential {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly user_id: string;
  readonly project_id: string;
  readonly roles: readonly string[];
  readonly unrestricted: boolean;
  readonly expires_at: string | null;
  readonly secret: string;
  /** Ids. */
  readonly access_rules: readonly string[] | undefined;
}

interface AccessRule {
  readonly id: string;
  readonly user_id: string;
  readonly path: string;
  readonly method: string;
  readonly service: string;
}

interface Token {
  readonly value: string;
  readonly methods: readonly string[];
  readonly userId: string;
  readonly scope: Scope | undefined;
  readonly roles: readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly applicationCredentialId: string | undefined;
}

export interface Endpoint {
  readonly type: string;
  readonly name: string;
  /** Where the project's id goes in: `{project}`. */
  readonly url: string;
}

export const region = "RegionOne";

const problem = (code: number, title: string, message: string): Refusal =>
  new Refusal(code, { error: { code, message, title } });

const unauthorized: Json = {
  error: { code: 401, message: "The request you have made requires authentication.", title: "Unauthorized" },
};

const missing = (kind: string, id: string): Refusal => problem(404, "Not Found", `Could not find ${kind}: ${id}.`);

const forbidden = (action: string): Refusal =>
  problem(403, "Forbidden", `You are not authorized to perform the requested action: ${action}.`);

/** Source: keystone/exception.py, SchemaValidationError and what jsonschema says. */
function invalid(issue: z.core.$ZodIssue | undefined): Refusal {
  const field = issue?.path.join(".") ?? "";
  if (issue?.code === "unrecognized_keys")
    return problem(
      400,
      "Bad Request",
      `Additional properties are not allowed ('${issue.keys.join("', '")}' was unexpected)`,
    );
  return problem(400, "Bad Request", `Invalid input for field '${field}': ${issue?.message ?? "it is missing"}`);
}

const conflict = (kind: string, message: string): Refusal =>
  problem(409, "Conflict", `Conflict occurred attempting to store ${kind} - ${message}.`);

const reference = z.object({ id: z.string().optional(), name: z.string().optional() });
const inDomain = reference.extend({ domain: reference.optional() });

const AuthRequest = z.object({
  identity: z.object({
    methods: z.array(z.string()),
    password: z.object({ user: inDomain.extend({ password: z.string() }) }).optional(),
    token: z.object({ id: z.string() }).optional(),
    application_credential: z
      .object({
        id: z.string().optional(),
        name: z.string().optional(),
        secret: z.string(),
        user: inDomain.optional(),
      })
      .optional(),
  }),
  scope: z
    .union([
      z.literal("unscoped"),
      z.object({
        project: inDomain.optional(),
        domain: reference.optional(),
        system: z.object({ all: z.boolean() }).optional(),
        unscoped: z.unknown().optional(),
      }),
    ])
    .optional(),
});

const name = z.string().min(1).max(255);
const tags = z.array(z.string().min(1).max(255)).max(80);
const options = z.record(z.string(), z.unknown());

const DomainBody = z.looseObject({
  name: name.max(64),
  description: z.string().nullish(),
  enabled: z.boolean().default(true),
  tags: tags.default([]),
  options: options.default({}),
});
const ProjectBody = DomainBody.extend({
  domain_id: z.string().nullish(),
  parent_id: z.string().nullish(),
  is_domain: z.boolean().default(false),
});
const UserBody = z.looseObject({
  name,
  domain_id: z.string().optional(),
  enabled: z.boolean().default(true),
  password: z.string().nullish(),
  description: z.string().nullish(),
  email: z.string().nullish(),
  default_project_id: z.string().nullish(),
  options: options.default({}),
});
const GroupBody = z.looseObject({
  name: name.max(64),
  description: z.string().nullish(),
  domain_id: z.string().optional(),
});
const RoleBody = z.looseObject({
  name,
  description: z.string().nullish(),
  domain_id: z.string().nullish(),
  options: options.default({}),
});
const CredentialBody = z.strictObject({
  name,
  description: z.string().nullish(),
  secret: z.string().nullish(),
  expires_at: z.string().nullish(),
  roles: z.array(reference).optional(),
  unrestricted: z.boolean().default(false),
  access_rules: z.array(z.object({ path: z.string(), method: z.string(), service: z.string() })).optional(),
});

/** The same in every fake, as regions have them that share a Keystone's database. */
const seedId = (name: string): string => createHash("sha256").update(name).digest("hex").slice(0, 32);

/** How long a token is good for, in ms; as Keystone's default. */
const tokenLifeMs = 3_600_000;

export interface SeedUser {
  readonly name: string;
  readonly password: string;
  /** Names of its roles, by project name. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

export interface KeystoneOptions {
  readonly endpoints: readonly Endpoint[];
  readonly projects: readonly string[];
  readonly users: readonly SeedUser[];
  readonly later: Later;
}

export class FakeKeystone implements FakeService {
  readonly prefix = "/identity";
  readonly routes = new Routes();
  readonly domains = new Table<Domain>();
  readonly projects = new Table<Project>();
  readonly users = new Table<User>();
  readonly groups = new Table<Group>();
  readonly roles = new Table<Role>();
  readonly assignments = new Table<Assignment>();
  readonly applicationCredentials = new Table<ApplicationCredential>();
  readonly accessRules = new Table<AccessRule>();
  readonly #members = new Set<string>();
  readonly #tokens = new Map<string, Token>();
  readonly #endpoints: readonly Endpoint[];
  readonly #later: Later;

  constructor({ endpoints, projects, users, later }: KeystoneOptions) {
    this.#endpoints = endpoints;
    this.#later = later;
    this.domains.add({
      id: "default",
      name: "Default",
      description: "The default domain",
      enabled: true,
      tags: [],
      options: {},
    });
    for (const role of ["admin", "member", "reader", "service"]) this.#addRole({ name: role, options: {} });
    for (const project of projects) {
      const row = this.#addProject({ ...DomainBody.parse({ name: project }), is_domain: false });
      this.projects.delete(row.id);
      this.projects.add({ ...row, id: seedId(project) });
    }
    for (const { name: user, password, roles } of users) {
      const { id } = this.#addUser({ ...UserBody.parse({ name: user }), password });
      for (const [project, names] of Object.entries(roles))
        for (const role of names)
          this.#assign({
            role: this.#named(this.roles, role),
            actor: { kind: "user", id },
            scope: { kind: "project", id: this.#named(this.projects, project) },
          });
    }
    this.#routeAuth();
    this.#routeResources();
    this.#routeAssignments();
    this.#routeCredentials();
  }

  unauthorized(): Answer {
    return { status: 401, body: unauthorized, headers: { "www-authenticate": 'Keystone uri="/identity"' } };
  }

  notFound(): Answer {
    return {
      status: 404,
      body: { error: { code: 404, message: "The resource could not be found.", title: "Not Found" } },
    };
  }

  failure(code: number): Answer {
    const title = code === 403 ? "Forbidden" : code === 503 ? "Service Unavailable" : "Internal Server Error";
    const message = "An unexpected error prevented the server from fulfilling your request.";
    return { status: code, body: { error: { code, message, title } } };
  }

  /** Makes every token worthless that was given so far, or those of one user. */
  revokeTokens(userName?: string): void {
    const user = userName === undefined ? undefined : this.#named(this.users, userName);
    for (const [value, { userId }] of this.#tokens)
      if (user === undefined || user === userId) this.#tokens.delete(value);
  }

  projectNamed(projectName: string): string {
    return this.#named(this.projects, projectName);
  }

  /** Who a token is of; undefined where it is not, or no longer, one of ours. */
  identityOf(value: string | undefined): Identity | undefined {
    const token = this.#token(value);
    if (token === undefined) return undefined;
    return {
      userId: token.userId,
      projectId: token.scope?.kind === "project" ? token.scope.id : undefined,
      domainId: token.scope?.kind === "domain" ? token.scope.id : undefined,
      system: token.scope?.kind === "system",
      roles: token.roles.map((id) => this.roles.get(id)?.name ?? id),
    };
  }

  #named(table: Table<{ readonly id: string; readonly name: string }>, wanted: string): string {
    const found = table.find((row) => row.name === wanted);
    if (found === undefined) throw new Error(`the fake Keystone has no "${wanted}"`);
    return found.id;
  }

  #token(value: string | undefined): Token | undefined {
    const token = value === undefined ? undefined : this.#tokens.get(value);
    if (token === undefined || token.expiresAt <= this.#later.now()) return undefined;
    if (this.users.get(token.userId)?.enabled !== true) return undefined;
    return token;
  }

  // ------------------------------------------------------------------------------------------------------- tokens

  #routeAuth(): void {
    const { routes } = this;
    const version = (base: string): Json => ({
      id: "v3.14",
      status: "stable",
      updated: "2020-04-07T00:00:00Z",
      links: [{ rel: "self", href: `${base}/v3/` }],
      "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }],
    });
    const open = { open: true };
    routes.on("GET /", ({ base }) => ({ status: 300, body: { versions: { values: [version(base)] } } }), open);
    routes.on("GET /v3", ({ base }) => ok({ version: version(base) }), open);
    routes.on("POST /v3/auth/tokens", (call) => this.#authenticate(call), open);
    const subject = (call: Call): Token => {
      const value = call.headers["x-subject-token"];
      const token = this.#token(typeof value === "string" ? value : undefined);
      const rules = this.applicationCredentials.get(token?.applicationCredentialId)?.access_rules;
      // Only who says that it goes by access rules is told of such a token: keystone/token/provider.py.
      const goesByRules = call.headers["openstack-identity-access-rules"] !== undefined;
      if (token === undefined || (rules !== undefined && !goesByRules)) throw missing("token", "***");
      return token;
    };
    routes.on("GET /v3/auth/tokens", (call) => {
      const token = subject(call);
      return {
        ...ok({ token: this.#shown(token, !call.query.has("nocatalog")) }),
        headers: { "x-subject-token": token.value },
      };
    });
    routes.on("HEAD /v3/auth/tokens", (call) => ({ status: 200, headers: { "x-subject-token": subject(call).value } }));
    routes.on("DELETE /v3/auth/tokens", (call) => {
      this.#tokens.delete(subject(call).value);
      return noContent;
    });
    routes.on("GET /v3/auth/catalog", ({ who, base }) =>
      ok({ catalog: this.#catalog(who.projectId), links: { self: base } }),
    );
    routes.on("GET /v3/auth/projects", ({ who, base }) => {
      const mine = this.#assignmentsOf(who.userId).flatMap(({ scope }) => (scope.kind === "project" ? [scope.id] : []));
      const projects = this.projects.filter(({ id }) => mine.includes(id));
      return ok({ projects: projects.map((row) => this.#linked("projects", row, base)), links: { next: null } });
    });
  }

  #authenticate(call: Call): Answer {
    const { identity, scope } = bodyOf(call, "auth", AuthRequest, invalid);
    const wrong = new Refusal(401, unauthorized);
    let applicationCredential: ApplicationCredential | undefined;
    let user: User | undefined;
    let old: Token | undefined;
    for (const method of identity.methods) {
      if (method === "password") {
        user = this.#userOf(identity.password?.user);
        if (user?.password === undefined || user.password !== identity.password?.user.password) throw wrong;
      } else if (method === "token") {
        old = this.#token(identity.token?.id);
        user = this.users.get(old?.userId);
      } else if (method === "application_credential") {
        const asked = identity.application_credential;
        const owner = asked?.user === undefined ? undefined : this.#userOf(asked.user);
        applicationCredential = this.applicationCredentials.find(
          (row) =>
            row.secret === asked?.secret &&
            (asked.id === undefined ? row.name === asked.name && row.user_id === owner?.id : row.id === asked.id),
        );
        if ((applicationCredential?.expires_at ?? "9") < this.#later.now().toISOString()) throw wrong;
        user = this.users.get(applicationCredential?.user_id);
      }
    }
    if (user?.enabled !== true) throw wrong;
    const wanted = this.#scopeOf(scope, user, old);
    if (applicationCredential !== undefined && scope !== undefined) throw wrong;
    const given: Scope | undefined =
      applicationCredential === undefined ? wanted : { kind: "project", id: applicationCredential.project_id };
    const roles = applicationCredential?.roles ?? (given === undefined ? [] : this.#rolesIn(user.id, given));
    if (given !== undefined && roles.length === 0) throw wrong;
    const now = this.#later.now();
    const token: Token = {
      value: `gAAAAA${hexId()}${hexId()}`,
      methods: identity.methods,
      userId: user.id,
      scope: given,
      roles,
      issuedAt: now,
      expiresAt: new Date(now.getTime() + tokenLifeMs),
      applicationCredentialId: applicationCredential?.id,
    };
    this.#tokens.set(token.value, token);
    const shown = this.#shown(token, !call.query.has("nocatalog"));
    return { ...created({ token: shown }), headers: { "x-subject-token": token.value } };
  }

  #userOf(asked: z.output<typeof inDomain> | undefined): User | undefined {
    if (asked?.id !== undefined) return this.users.get(asked.id);
    const domain = this.#domainOf(asked?.domain);
    return this.users.find((row) => row.name === asked?.name && row.domain_id === domain);
  }

  #domainOf(asked: z.output<typeof reference> | undefined): string | undefined {
    return asked?.id ?? this.domains.find((row) => row.name === asked?.name)?.id;
  }

  #scopeOf(asked: z.output<typeof AuthRequest>["scope"], user: User, old: Token | undefined): Scope | undefined {
    const wrong = new Refusal(401, unauthorized);
    if (asked === "unscoped") return undefined;
    if (asked?.system?.all === true) return { kind: "system", id: "all" };
    if (asked?.project !== undefined) {
      const { id, name: wanted, domain } = asked.project;
      const inside = this.#domainOf(domain);
      const project =
        id === undefined
          ? this.projects.find((row) => row.name === wanted && row.domain_id === inside)
          : this.projects.get(id);
      if (project?.enabled !== true) throw wrong;
      return { kind: "project", id: project.id };
    }
    if (asked?.domain !== undefined) {
      const id = this.#domainOf(asked.domain);
      if (this.domains.get(id)?.enabled !== true) throw wrong;
      return { kind: "domain", id: id ?? "" };
    }
    if (asked !== undefined) return undefined;
    if (old !== undefined) return old.scope;
    const project = this.projects.get(user.default_project_id);
    return project === undefined ? undefined : { kind: "project", id: project.id };
  }

  #assignmentsOf(userId: string): readonly Assignment[] {
    return this.assignments.filter(({ actor }) =>
      actor.kind === "user" ? actor.id === userId : this.#members.has(`${actor.id}/${userId}`),
    );
  }

  #rolesIn(userId: string, scope: Scope): readonly string[] {
    const direct = this.#assignmentsOf(userId)
      .filter((one) => one.scope.kind === scope.kind && one.scope.id === scope.id)
      .map(({ role }) => role);
    // admin implies member implies reader: keystone-manage bootstrap.
    const implied = (from: string, to: string): void => {
      if (direct.includes(this.#named(this.roles, from))) direct.push(this.#named(this.roles, to));
    };
    implied("admin", "member");
    implied("member", "reader");
    return [...new Set(direct)];
  }

  #shown(token: Token, withCatalog: boolean): Json {
    const user = this.users.get(token.userId);
    const domainOf = (id: string | undefined): Json => ({ id, name: this.domains.get(id)?.name });
    const { scope } = token;
    const project = scope?.kind === "project" ? this.projects.get(scope.id) : undefined;
    const credential = this.applicationCredentials.get(token.applicationCredentialId);
    return {
      methods: token.methods,
      user: { id: user?.id, name: user?.name, domain: domainOf(user?.domain_id), password_expires_at: null },
      audit_ids: [token.value.slice(6, 28)],
      expires_at: microseconds(token.expiresAt),
      issued_at: microseconds(token.issuedAt),
      ...(project && {
        project: { id: project.id, name: project.name, domain: domainOf(project.domain_id) },
        is_domain: false,
      }),
      ...(scope?.kind === "domain" && { domain: domainOf(scope.id) }),
      ...(scope?.kind === "system" && { system: { all: true } }),
      ...(scope && { roles: token.roles.map((id) => ({ id, name: this.roles.get(id)?.name })) }),
      ...(credential && {
        application_credential: { id: credential.id, name: credential.name, restricted: !credential.unrestricted },
      }),
      ...(scope && withCatalog && { catalog: this.#catalog(project?.id) }),
    };
  }

  #catalog(projectId: string | undefined): readonly Json[] {
    return this.#endpoints.flatMap(({ type, name: service, url }) => {
      if (projectId === undefined && url.includes("{project}")) return [];
      const address = url.replace("{project}", projectId ?? "");
      const endpoints = ["public", "internal", "admin"].map((face) => ({
        id: hexId(),
        interface: face,
        region,
        region_id: region,
        url: address,
      }));
      return [{ id: hexId(), type, name: service, endpoints }];
    });
  }

  // ---------------------------------------------------------------------------------------------------- resources

  #linked(plural: string, row: { readonly id: string; readonly password?: unknown }, base: string): Json {
    const { password: _secret, ...shown } = row;
    return { ...shown, links: { self: `${base}/v3/${plural}/${row.id}` } };
  }

  #mayManage(call: Call, action: string): void {
    if (!isAdmin(call.who)) throw forbidden(`identity:${action}`);
  }

  #addRole({
    description,
    domain_id,
    options = {},
    ...body
  }: Partial<z.output<typeof RoleBody>> & { readonly name: string }): Role {
    return this.roles.add({
      ...body,
      id: hexId(),
      description: description ?? null,
      domain_id: domain_id ?? null,
      options,
    });
  }

  #addProject({ domain_id, parent_id, description, ...body }: z.output<typeof ProjectBody>): Project {
    const domain = domain_id ?? "default";
    return this.projects.add({
      ...body,
      id: hexId(),
      description: description ?? "",
      domain_id: domain,
      parent_id: parent_id ?? domain,
    });
  }

  #addUser({ domain_id = "default", password, ...body }: z.output<typeof UserBody>): User {
    return this.users.add({
      ...body,
      id: hexId(),
      domain_id,
      password: password ?? undefined,
      password_expires_at: null,
    });
  }

  #routeResources(): void {
    const domainOf = (asked: string | null | undefined, { who }: Call): string => {
      const id = asked ?? who.domainId ?? this.projects.get(who.projectId)?.domain_id ?? "default";
      if (this.domains.get(id) === undefined) throw missing("domain", id);
      return id;
    };
    this.#collection("domain", "domains", this.domains, DomainBody, {
      add: ({ description, ...body }) => {
        if (this.domains.find((row) => row.name === body.name))
          throw conflict("domain", `it is not permitted to have two domains with the same name : ${body.name}`);
        return { ...body, id: hexId(), description: description ?? "" };
      },
      remove: ({ id, enabled }) => {
        if (enabled)
          throw problem(
            403,
            "Forbidden",
            "You are not authorized to perform the requested action: Cannot delete a domain that is enabled, please disable it first.",
          );
        for (const table of [this.projects, this.users, this.groups])
          for (const row of table.filter(({ domain_id }) => domain_id === id)) table.delete(row.id);
        for (const row of this.roles.filter(({ domain_id }) => domain_id === id)) this.roles.delete(row.id);
        this.#unassign(({ scope }) => scope.id === id);
      },
    });
    this.#collection("project", "projects", this.projects, ProjectBody, {
      add: (body, call) => {
        const domain_id = domainOf(body.domain_id, call);
        if (this.projects.find((row) => row.name === body.name && row.domain_id === domain_id))
          throw conflict(
            "project",
            `it is not permitted to have two projects with the same name in the same domain : ${body.name}`,
          );
        return this.#addProject({ ...body, domain_id });
      },
      fixed: ["domain_id", "parent_id", "is_domain"],
      isOwn: ({ id }, who) => id === who.projectId,
      remove: ({ id }) => {
        this.#unassign(({ scope }) => scope.id === id);
        for (const row of this.applicationCredentials.filter(({ project_id }) => project_id === id))
          this.applicationCredentials.delete(row.id);
      },
    });
    this.#routeProjectTags();
    this.#collection("user", "users", this.users, UserBody, {
      add: (body, call) => {
        const domain_id = domainOf(body.domain_id, call);
        if (this.users.find((row) => row.name === body.name && row.domain_id === domain_id))
          throw conflict("user", `Duplicate entry found with name ${body.name} at domain ID ${domain_id}`);
        return this.#addUser({ ...body, domain_id });
      },
      fixed: ["domain_id"],
      isOwn: ({ id }, who) => id === who.userId,
      remove: ({ id }) => {
        this.#unassign(({ actor }) => actor.id === id);
        for (const row of this.applicationCredentials.filter(({ user_id }) => user_id === id))
          this.applicationCredentials.delete(row.id);
      },
    });
    this.#collection("group", "groups", this.groups, GroupBody, {
      add: ({ description, ...body }, call) => {
        const domain_id = domainOf(body.domain_id, call);
        if (this.groups.find((row) => row.name === body.name && row.domain_id === domain_id))
          throw conflict("group", `Duplicate entry found with name ${body.name} at domain ID ${domain_id}`);
        return { ...body, id: hexId(), description: description ?? "", domain_id };
      },
      fixed: ["domain_id"],
      remove: ({ id }) => {
        this.#unassign(({ actor }) => actor.id === id);
      },
    });
    const member = (call: Call): string => {
      this.#mayManage(call, "add_user_to_group");
      return `${this.#rowOf(this.groups, "group", call.param("group")).id}/${this.#rowOf(this.users, "user", call.param("user")).id}`;
    };
    this.routes.on("PUT /v3/groups/{group}/users/{user}", (call) => {
      this.#members.add(member(call));
      return noContent;
    });
    this.routes.on("DELETE /v3/groups/{group}/users/{user}", (call) => {
      if (!this.#members.delete(member(call))) throw missing("user", call.param("user"));
      return noContent;
    });
    this.#collection("role", "roles", this.roles, RoleBody, {
      add: (body) => {
        const domain_id = body.domain_id ?? null;
        if (domain_id !== null && this.domains.get(domain_id) === undefined) throw missing("domain", domain_id);
        if (this.roles.find((row) => row.name === body.name && row.domain_id === domain_id))
          throw conflict(
            "role",
            domain_id === null
              ? `Duplicate entry found with name ${body.name}`
              : `Duplicate entry found with name ${body.name} at domain ID ${domain_id}`,
          );
        return this.#addRole(body);
      },
      fixed: ["domain_id"],
      remove: ({ id }) => {
        this.#unassign(({ role }) => role === id);
      },
    });
  }

  #rowOf<R extends { readonly id: string }>(table: Table<R>, kind: string, id: string): R {
    const row = table.get(id);
    if (row === undefined) throw missing(kind, id);
    return row;
  }

  #routeProjectTags(): void {
    const project = (call: Call): Project => this.#rowOf(this.projects, "project", call.param("id"));
    this.routes.on("GET /v3/projects/{id}/tags", (call) => ok({ tags: project(call).tags }));
    this.routes.on("PUT /v3/projects/{id}/tags", (call) => {
      this.#mayManage(call, "update_project_tags");
      const next = bodyOf(call, "tags", tags, invalid);
      this.projects.add({ ...project(call), tags: next });
      return ok({ tags: next });
    });
    this.routes.on("PUT /v3/projects/{id}/tags/{tag}", (call) => {
      this.#mayManage(call, "create_project_tag");
      const row = project(call);
      this.projects.add({ ...row, tags: [...new Set([...row.tags, call.param("tag")])] });
      return created(undefined);
    });
    this.routes.on("DELETE /v3/projects/{id}/tags/{tag}", (call) => {
      this.#mayManage(call, "delete_project_tag");
      const row = project(call);
      this.projects.add({ ...row, tags: row.tags.filter((tag) => tag !== call.param("tag")) });
      return noContent;
    });
  }

  /** What every kind of Keystone has: POST, GET, PATCH, DELETE, and lists that fields filter. */
  #collection<R extends { readonly id: string; readonly name: string }, S extends z.ZodObject>(
    kind: string,
    plural: string,
    table: Table<R>,
    schema: S,
    ways: {
      readonly add: (body: z.output<S>, call: Call) => R;
      readonly fixed?: readonly string[];
      /** What its own user may look at, who is no administrator. */
      readonly isOwn?: (row: R, who: Identity) => boolean;
      readonly remove: (row: R) => void;
    },
  ): void {
    const one = `/v3/${plural}/{id}`;
    this.routes.on(`GET /v3/${plural}`, (call) => {
      this.#mayManage(call, `list_${plural}`);
      const rows = table.filter((row) => matches(row, call.query));
      const { page, next } = pageOf(rows, call);
      return ok({
        [plural]: page.map((row) => this.#linked(plural, row, call.base)),
        links: { self: `${call.base}${call.path}`, next: next ?? null, previous: null },
      });
    });
    this.routes.on(`POST /v3/${plural}`, (call) => {
      this.#mayManage(call, `create_${kind}`);
      const row = table.add(ways.add(bodyOf(call, kind, schema, invalid), call));
      return created({ [kind]: this.#linked(plural, row, call.base) });
    });
    this.routes.on(`GET ${one}`, (call) => {
      const row = table.get(call.param("id"));
      // Nobody is told what there is that is not theirs: a 404 would.
      if (row === undefined || ways.isOwn?.(row, call.who) !== true) this.#mayManage(call, `get_${kind}`);
      return ok({ [kind]: this.#linked(plural, this.#rowOf(table, kind, call.param("id")), call.base) });
    });
    this.routes.on(`PATCH ${one}`, (call) => {
      this.#mayManage(call, `update_${kind}`);
      const row = this.#rowOf(table, kind, call.param("id"));
      const asked = (call.body as Json | undefined)?.[kind] as Json | undefined;
      // Not as it was asked for: defaults are for what is made.
      const parsed = bodyOf(call, kind, schema.partial(), invalid) as Json;
      const change = Object.fromEntries(
        Object.entries(parsed).filter(([field]) => asked !== undefined && field in asked),
      );
      for (const field of ways.fixed ?? [])
        if (field in change && change[field] !== (row as unknown as Json)[field])
          throw problem(400, "Bad Request", `Change of ${field} is not allowed.`);
      const twin = table.find(
        (other) =>
          other.id !== row.id &&
          other.name === change["name"] &&
          (other as unknown as Json)["domain_id"] === (row as unknown as Json)["domain_id"],
      );
      if (twin !== undefined) throw conflict(kind, `Duplicate entry found with name ${twin.name}`);
      const next = table.add({ ...row, ...change });
      if (kind === "user" && (change["password"] !== undefined || change["enabled"] === false))
        for (const [value, { userId }] of this.#tokens) if (userId === row.id) this.#tokens.delete(value);
      return ok({ [kind]: this.#linked(plural, next, call.base) });
    });
    this.routes.on(`DELETE ${one}`, (call) => {
      this.#mayManage(call, `delete_${kind}`);
      const row = this.#rowOf(table, kind, call.param("id"));
      ways.remove(row);
      table.delete(row.id);
      return noContent;
    });
  }

  // -------------------------------------------------------------------------------------------------- assignments

  #assign(assignment: Omit<Assignment, "id">): void {
    const { role, actor, scope } = assignment;
    this.assignments.add({ ...assignment, id: [role, actor.kind, actor.id, scope.kind, scope.id].join("/") });
  }

  #unassign(test: (assignment: Assignment) => boolean): void {
    for (const { id } of this.assignments.filter(test)) this.assignments.delete(id);
  }

  #routeAssignments(): void {
    const scopes: readonly (readonly [path: string, kind: Scope["kind"]])[] = [
      ["/v3/projects/{target}", "project"],
      ["/v3/domains/{target}", "domain"],
      ["/v3/system", "system"],
    ];
    for (const [path, kind] of scopes)
      for (const actorKind of ["user", "group"] as const) {
        const all = `${path}/${actorKind}s/{actor}/roles`;
        const asked = (call: Call): Pick<Assignment, "actor" | "scope"> => {
          this.#mayManage(call, "create_grant");
          const actors: Table<{ readonly id: string }> = actorKind === "user" ? this.users : this.groups;
          const actor = this.#rowOf(actors, actorKind, call.param("actor"));
          if (kind === "system") return { actor: { kind: actorKind, id: actor.id }, scope: { kind, id: "all" } };
          const targets: Table<{ readonly id: string }> = kind === "project" ? this.projects : this.domains;
          const target = this.#rowOf(targets, kind, call.param("target"));
          return { actor: { kind: actorKind, id: actor.id }, scope: { kind, id: target.id } };
        };
        const granted = (call: Call): readonly Assignment[] => {
          const { actor, scope } = asked(call);
          return this.assignments.filter(
            (row) =>
              row.actor.kind === actor.kind &&
              row.actor.id === actor.id &&
              row.scope.kind === scope.kind &&
              row.scope.id === scope.id,
          );
        };
        const one = (call: Call): Assignment => {
          const role = this.#rowOf(this.roles, "role", call.param("role"));
          const found = granted(call).find((row) => row.role === role.id);
          if (found === undefined)
            throw problem(
              404,
              "Not Found",
              `Could not find role assignment with role: ${role.id}, user or group: ${call.param("actor")}, project, domain, or system: ${kind}.`,
            );
          return found;
        };
        this.routes.on(`GET ${all}`, (call) =>
          ok({ roles: granted(call).map(({ role }) => this.roles.get(role)), links: { next: null } }),
        );
        this.routes.on(`PUT ${all}/{role}`, (call) => {
          this.#assign({ ...asked(call), role: this.#rowOf(this.roles, "role", call.param("role")).id });
          return noContent;
        });
        const look = (call: Call): Answer => {
          one(call);
          return noContent;
        };
        this.routes.on(`HEAD ${all}/{role}`, look);
        this.routes.on(`GET ${all}/{role}`, look);
        this.routes.on(`DELETE ${all}/{role}`, (call) => {
          this.assignments.delete(one(call).id);
          return noContent;
        });
      }
    this.routes.on("GET /v3/role_assignments", (call) => {
      this.#mayManage(call, "list_role_assignments");
      const { query } = call;
      const fits = (wanted: string, value: string | undefined): boolean =>
        !query.has(wanted) || query.get(wanted) === value;
      const rows = this.assignments.filter(
        ({ role, actor, scope }) =>
          fits("role.id", role) &&
          fits("user.id", actor.kind === "user" ? actor.id : undefined) &&
          fits("group.id", actor.kind === "group" ? actor.id : undefined) &&
          fits("scope.project.id", scope.kind === "project" ? scope.id : undefined) &&
          fits("scope.domain.id", scope.kind === "domain" ? scope.id : undefined) &&
          fits("scope.system", scope.kind === "system" ? "all" : undefined),
      );
      return ok({
        role_assignments: rows.map(({ role, actor, scope }) => ({
          role: { id: role },
          [actor.kind]: { id: actor.id },
          scope: scope.kind === "system" ? { system: { all: true } } : { [scope.kind]: { id: scope.id } },
          links: { assignment: `${call.base}/v3` },
        })),
        links: { next: null, self: `${call.base}${call.path}`, previous: null },
      });
    });
  }

  // -------------------------------------------------------------------------------------- application credentials

  #routeCredentials(): void {
    const all = "/v3/users/{user}/application_credentials";
    const mine = (call: Call): string => {
      const id = call.param("user");
      if (id !== call.who.userId && !isAdmin(call.who)) throw forbidden("identity:get_application_credential");
      return this.#rowOf(this.users, "user", id).id;
    };
    const one = (call: Call): ApplicationCredential => {
      const user = mine(call);
      const row = this.applicationCredentials.get(call.param("id"));
      if (row?.user_id !== user) throw missing("Application Credential", call.param("id"));
      return row;
    };
    const shown = ({ secret: _secret, user_id: _user, roles, access_rules, ...row }: ApplicationCredential): Json => ({
      ...row,
      roles: roles.map((id) => ({ id, name: this.roles.get(id)?.name, domain_id: null })),
      ...(access_rules && { access_rules: access_rules.map((id) => ruleShown(this.accessRules.get(id))) }),
    });
    const ruleShown = (rule: AccessRule | undefined): Json => {
      const { user_id: _user, ...rest } = rule ?? { user_id: "" };
      return rest;
    };
    this.routes.on(`GET ${all}`, (call) => {
      const user = mine(call);
      const rows = this.applicationCredentials.filter((row) => row.user_id === user && matches(row, call.query));
      return ok({ application_credentials: rows.map(shown), links: { next: null } });
    });
    this.routes.on(`GET ${all}/{id}`, (call) => ok({ application_credential: shown(one(call)) }));
    this.routes.on(`DELETE ${all}/{id}`, (call) => {
      const { id } = one(call);
      this.applicationCredentials.delete(id);
      for (const [value, token] of this.#tokens) if (token.applicationCredentialId === id) this.#tokens.delete(value);
      return noContent;
    });
    this.routes.on(`POST ${all}`, (call) => {
      const user = mine(call);
      const { who } = call;
      // Only for oneself: keystone/api/users.py, and for the project that the token is for.
      if (user !== who.userId) throw forbidden("identity:create_application_credential");
      const body = bodyOf(call, "application_credential", CredentialBody, invalid);
      if (who.projectId === undefined)
        throw problem(400, "Bad Request", "Application credential creation requires a project-scoped token.");
      if (this.applicationCredentials.find((row) => row.user_id === user && row.name === body.name))
        throw conflict("application_credential", `Duplicate entry found with name ${body.name}`);
      const held = this.#rolesIn(user, { kind: "project", id: who.projectId });
      const roles = body.roles?.map((asked) => {
        const role = asked.id ?? this.roles.find((row) => row.name === asked.name)?.id;
        if (role === undefined || !held.includes(role))
          throw problem(
            400,
            "Bad Request",
            `Invalid application credential: Could not find role assignment with role: ${asked.id ?? asked.name ?? ""}, user or group: ${user}, project, domain, or system: ${who.projectId ?? ""}.`,
          );
        return role;
      });
      const row = this.applicationCredentials.add({
        id: hexId(),
        name: body.name,
        description: body.description ?? null,
        user_id: user,
        project_id: who.projectId,
        roles: roles ?? held,
        unrestricted: body.unrestricted,
        expires_at:
          body.expires_at === undefined || body.expires_at === null ? null : microseconds(new Date(body.expires_at)),
        secret: body.secret ?? hexId(),
        access_rules: body.access_rules?.map(
          ({ path, method, service }) =>
            (
              this.accessRules.find(
                (row) => row.user_id === user && row.path === path && row.method === method && row.service === service,
              ) ?? this.accessRules.add({ id: hexId(), user_id: user, path, method, service })
            ).id,
        ),
      });
      return created({ application_credential: { ...shown(row), secret: row.secret } });
    });
    this.routes.on("GET /v3/users/{user}/access_rules", (call) => {
      const user = mine(call);
      const rows = this.accessRules.filter((row) => row.user_id === user);
      return ok({ access_rules: rows.map(ruleShown), links: { next: null } });
    });
    this.routes.on("DELETE /v3/users/{user}/access_rules/{id}", (call) => {
      const user = mine(call);
      const rule = this.accessRules.get(call.param("id"));
      if (rule?.user_id !== user) throw missing("Access Rule", call.param("id"));
      if (this.applicationCredentials.find((row) => row.access_rules?.includes(rule.id) === true))
        throw problem(403, "Forbidden", "May not delete access rule in use");
      this.accessRules.delete(rule.id);
      return noContent;
    });
  }
}

/** As Keystone writes times. */
const microseconds = (time: Date): string => time.toISOString().replace(/Z$/, "000Z");

/** Whether a row has what a query asks for; parameters that are no fields do not count. */
function matches(row: object, query: URLSearchParams): boolean {
  return [...query].every(([field, wanted]) => {
    if (field === "tags")
      return wanted.split(",").every((tag) => (row as { tags?: readonly string[] }).tags?.includes(tag));
    if (!(field in row)) return true;
    const value = (row as Json)[field];
    if (typeof value === "boolean") return value === ["true", "1", ""].includes(wanted.toLowerCase());
    return textOf(value) === wanted;
  });
}
