/**
 * Clouds as OpenStack's own tools are told of them: clouds.yaml with secure.yaml, or variables OS_*. Reads texts, no
 * files. Source: openstacksdk, openstack/config/loader.py; docs.openstack.org/openstacksdk, "Configuring OpenStack SDK
 * Applications".
 */
import { join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { interfaceName, serviceTypeNames } from "./catalog.ts";
import type { CloudConfig, Credentials, DomainRef, EndpointChoice, Interface, Named, Scope } from "./cloud-config.ts";
import type { ServiceType } from "./service.ts";

/** Every value is text, as it stands in the file: a password of digits stays what it is. */
type Tree = { readonly [key: string]: Value };
type Value = string | readonly Value[] | Tree;
/** A cloud with what stands under `auth` beside the rest. */
type Settings = Readonly<Record<string, string>>;

export interface CloudSource {
  /** Text of clouds.yaml. */
  readonly cloudsYaml: string;
  /** Text of secure.yaml, which says more of the same clouds, and wins. */
  readonly secureYaml?: string;
  /** Text of clouds-public.yaml: what `profile` names. */
  readonly profilesYaml?: string;
  /** Which of them; may be left out where there is one only. */
  readonly cloudName?: string;
  /** PEM; wins over what clouds.yaml says. */
  readonly cacert?: string;
}

/** Throws an Error that names the cloud and the field, never the value of a secret. */
export function readCloud({ cloudsYaml, secureYaml, profilesYaml, cloudName, cacert }: CloudSource): CloudConfig {
  const clouds = merged(
    section(cloudsYaml, "clouds.yaml", "clouds"),
    secureYaml === undefined ? {} : section(secureYaml, "secure.yaml", "clouds", "optional"),
  );
  const names = Object.keys(clouds);
  const name = cloudName ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) throw new Error(`clouds.yaml has ${listOf(names)}: say which`);
  const cloud = clouds[name];
  if (!isTree(cloud)) throw new Error(`clouds.yaml has no cloud "${name}"; it has ${listOf(names)}`);
  const profile = cloud["profile"] ?? cloud["cloud"];
  const profiles = profilesYaml === undefined ? {} : section(profilesYaml, "clouds-public.yaml", "public-clouds");
  const base = typeof profile === "string" ? profiles[profile] : undefined;
  const settings = flat(isTree(base) ? merged(base, cloud) : cloud);
  const config = cloudOf(name, settings);
  return cacert === undefined ? config : { ...config, cacert };
}

/**
 * A cloud of variables OS_AUTH_URL, OS_USERNAME and so on; undefined where they name none. Throws an Error that names
 * the variable. OS_CLOUD is for who reads clouds.yaml.
 */
export function cloudFromEnvironment(env: Readonly<Record<string, string | undefined>>): CloudConfig | undefined {
  const settings: Record<string, string> = {};
  for (const [key, value] of Object.entries(env))
    if (key.startsWith("OS_") && value !== undefined && value !== "") settings[key.slice(3).toLowerCase()] = value;
  return settings["auth_url"] === undefined ? undefined : cloudOf("envvars", settings);
}

export interface ConfigPaths {
  readonly clouds: readonly string[];
  readonly secure: readonly string[];
  readonly profiles: readonly string[];
}

/** Where openstacksdk looks for each of the three files; the first that exists is read. */
export function configPaths(env: Readonly<Record<string, string | undefined>>, cwd: string, home: string): ConfigPaths {
  const user = env["XDG_CONFIG_HOME"] ?? join(home, ".config");
  const folders = [cwd, join(user, "openstack"), join(home, ".config", "openstack"), "/etc/openstack"];
  const named = (variable: string, stem: string): readonly string[] =>
    [
      ...[env[variable]].filter((path) => path !== undefined && path !== ""),
      ...new Set(folders.flatMap((folder) => ["yaml", "yml", "json"].map((end) => join(folder, `${stem}.${end}`)))),
    ] as readonly string[];
  return {
    clouds: named("OS_CLIENT_CONFIG_FILE", "clouds"),
    secure: named("OS_CLIENT_SECURE_FILE", "secure"),
    profiles: named("OS_CLIENT_VENDOR_FILE", "clouds-public"),
  };
}

// ------------------------------------------------------------------------------------------------------ text to tree

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

const listOf = (names: readonly string[]): string =>
  names.length === 0 ? "no clouds" : names.map((name) => `"${name}"`).join(", ");

/** Never quotes the text: its lines may have secrets in them, and the parser's messages have its lines. */
function section(text: string, file: string, key: string, presence: "needed" | "optional" = "needed"): Tree {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: "failsafe", merge: true });
  const [wrong] = document.errors;
  if (wrong !== undefined) {
    const what = wrong.code.toLowerCase().replaceAll("_", " ");
    throw new Error(`${file}: line ${lines.linePos(wrong.pos[0]).line} is no YAML (${what})`);
  }
  const value: unknown = document.toJS();
  const tree = isTree(value) ? value[key] : undefined;
  if (isTree(tree)) return tree;
  if (presence === "optional" && !isTree(value)) return {};
  throw new Error(`${file} has no "${key}"`);
}

/** What `over` says wins; what both say in parts is put together. */
function merged(base: Tree, over: Tree): Tree {
  const both: Record<string, Value> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = both[key];
    both[key] = isTree(old) && isTree(value) ? merged(old, value) : value;
  }
  return both;
}

/** `auth-url` is `auth_url`; what stands under `auth` wins over what stands beside it. */
function flat(cloud: Tree): Settings {
  const settings: Record<string, string> = {};
  const add = (tree: Tree): void => {
    for (const [key, value] of Object.entries(tree))
      if (typeof value === "string" && value !== "") settings[key.replaceAll("-", "_")] = value;
  };
  add(cloud);
  const { auth, regions } = cloud;
  if (isTree(auth)) add(auth);
  const first: unknown = Array.isArray(regions) ? (regions as readonly Value[])[0] : undefined;
  const region = isTree(first) ? first["name"] : first;
  return typeof region === "string" ? { region_name: region, ...settings } : settings;
}

// ------------------------------------------------------------------------------------------------------ tree to cloud

/** What openstacksdk calls ways to sign in, and what we call them. */
const methods: Readonly<Record<string, Credentials["method"]>> = {
  password: "password",
  v3password: "password",
  token: "token",
  v3token: "token",
  v3applicationcredential: "application_credential",
};

function cloudOf(name: string, raw: Settings): CloudConfig {
  const fail = (message: string): never => {
    throw new Error(`cloud "${name}": ${message}`);
  };
  const settings = domains(raw);
  const need = (...keys: readonly string[]): string =>
    one(settings, ...keys) ?? fail(`${keys.join(" or ")} is missing`);
  const version = settings["identity_api_version"];
  if (version !== undefined && !/^v?3(\.\d+)?$/.test(version))
    fail(`identity_api_version is "${version}", and only Keystone's version 3 is spoken`);
  const authUrl = url(need("auth_url"), "auth_url", fail);
  const region = settings["region_name"];
  const cacert = settings["cacert"];
  const verify = one(settings, "verify");
  return {
    name,
    authUrl,
    credentials: credentials(settings, need, fail),
    scope: scope(settings, fail),
    ...(region !== undefined && { region }),
    interface: face(one(settings, "interface", "endpoint_type") ?? "public", "interface", fail),
    ...(cacert !== undefined && (cacert.includes("-----BEGIN") ? { cacert } : { cacertFile: cacert })),
    insecure:
      truth(settings["insecure"] ?? "false", "insecure", fail) ||
      (verify !== undefined && !truth(verify, "verify", fail)),
    services: services(settings, fail),
  };
}

type Fail = (message: string) => never;

const one = (settings: Settings, ...keys: readonly string[]): string | undefined =>
  keys.map((key) => settings[key]).find((value) => value !== undefined);

/** `domain_*` stands for both of a user's and a project's where there is a project; `default_domain*` for what is left. */
function domains(settings: Settings): Settings {
  const hasProject = one(settings, "project_id", "project_name", "tenant_id", "tenant_name") !== undefined;
  const { domain_id, domain_name, ...rest } = settings;
  const defaults = {
    id: (hasProject ? domain_id : undefined) ?? one(settings, "default_domain_id", "default_domain"),
    name: (hasProject ? domain_name : undefined) ?? settings["default_domain_name"],
  };
  const filled: Record<string, string> = hasProject ? { ...rest } : { ...settings };
  for (const owner of ["user", "project"]) {
    if (filled[`${owner}_domain_id`] !== undefined || filled[`${owner}_domain_name`] !== undefined) continue;
    if (defaults.id !== undefined) filled[`${owner}_domain_id`] = defaults.id;
    else if (defaults.name !== undefined) filled[`${owner}_domain_name`] = defaults.name;
  }
  return filled;
}

/** As openstackclient has it where nothing is said: the domain that every Keystone is set up with. */
const defaultDomain: DomainRef = { id: "default" };

function domain(settings: Settings, prefix: string): DomainRef | undefined {
  const id = settings[`${prefix}_id`];
  const name = settings[`${prefix}_name`];
  if (id !== undefined) return { id };
  return name === undefined ? undefined : { name };
}

const user = (settings: Settings): Named | undefined => {
  const id = settings["user_id"];
  if (id !== undefined) return { id };
  const name = one(settings, "username", "user_name");
  // One who signs in to a domain is most often one of it.
  const home = domain(settings, "user_domain") ?? domain(settings, "domain") ?? defaultDomain;
  return name === undefined ? undefined : { name, domain: home };
};

function credentials(settings: Settings, need: (...keys: readonly string[]) => string, fail: Fail): Credentials {
  switch (methodOf(settings, fail)) {
    case "password":
      return {
        method: "password",
        user: user(settings) ?? fail("username or user_id is missing"),
        password: need("password"),
      };
    case "token":
      return { method: "token", token: need("token", "auth_token") };
    case "application_credential": {
      const secret = need("application_credential_secret");
      const id = settings["application_credential_id"];
      if (id !== undefined) return { method: "application_credential", id, secret };
      return {
        method: "application_credential",
        name: need("application_credential_id", "application_credential_name"),
        user: user(settings) ?? fail("an application_credential_name needs username or user_id, too"),
        secret,
      };
    }
  }
}

/** `auth_type`, or what the fields that are there are for. "password" is what openstacksdk takes where nothing is said. */
function methodOf(settings: Settings, fail: Fail): Credentials["method"] {
  const type = one(settings, "auth_type", "auth_plugin");
  if (type !== undefined)
    return methods[type] ?? fail(`auth_type is "${type}", which is none of ${Object.keys(methods).join(", ")}`);
  if (settings["application_credential_secret"] !== undefined) return "application_credential";
  return one(settings, "token", "auth_token") === undefined ? "password" : "token";
}

function scope(settings: Settings, fail: Fail): Scope {
  const system = settings["system_scope"];
  if (system !== undefined)
    return system === "all" ? { kind: "system" } : fail(`system_scope is "${system}", and can only be "all"`);
  const id = one(settings, "project_id", "tenant_id");
  if (id !== undefined) return { kind: "project", project: { id } };
  const name = one(settings, "project_name", "tenant_name");
  if (name !== undefined)
    return { kind: "project", project: { name, domain: domain(settings, "project_domain") ?? defaultDomain } };
  const whole = domain(settings, "domain");
  return whole === undefined ? { kind: "unscoped" } : { kind: "domain", domain: whole };
}

function face(text: string, field: string, fail: Fail): Interface {
  const name = interfaceName(text);
  if (name === "public" || name === "internal" || name === "admin") return name;
  return fail(`${field} is "${text}", which is none of public, internal, admin`);
}

/** As openstacksdk takes them in text. */
function truth(text: string, field: string, fail: Fail): boolean {
  if (/^(1|t|true|on|y|yes)$/i.test(text)) return true;
  if (/^(0|f|false|off|n|no)$/i.test(text)) return false;
  return fail(`${field} is neither true nor false`);
}

/** Never quotes it: a URL can have a password in it. */
function url(text: string, field: string, fail: Fail): string {
  // What stands in it for a project's id is put in later.
  const parsed = URL.parse(text.replace(/[%$]\((?:project|tenant)_id\)s/g, "id"));
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return fail(`${field} is no http or https URL`);
  return parsed.username === "" && parsed.password === "" ? text : fail(`${field} has a user in it`);
}

/** `network_endpoint_override` and its like, by any name that a service goes by. */
function services(settings: Settings, fail: Fail): CloudConfig["services"] {
  const chosen: Partial<Record<ServiceType, EndpointChoice>> = {};
  for (const type of Object.keys(serviceTypeNames) as readonly ServiceType[]) {
    const keys = (suffix: string): readonly string[] =>
      serviceTypeNames[type].map((name) => `${name.replaceAll("-", "_")}_${suffix}`);
    const overridden = one(settings, ...keys("endpoint_override"), ...keys("endpoint"));
    const faceName = one(settings, ...keys("interface"), ...keys("endpoint_type"));
    const region = one(settings, ...keys("region_name"));
    if (overridden === undefined && faceName === undefined && region === undefined) continue;
    const field = `${type.replaceAll("-", "_")}_`;
    chosen[type] = {
      ...(overridden !== undefined && { url: url(overridden, `${field}endpoint_override`, fail) }),
      ...(faceName !== undefined && { interface: face(faceName, `${field}interface`, fail) }),
      ...(region !== undefined && { region }),
    };
  }
  return chosen;
}
