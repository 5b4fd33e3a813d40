import { describe, expect, test } from "vitest";
import { cloudFromEnvironment, configPaths, readCloud } from "./clouds-yaml.ts";

const one = (yaml: string, more = {}) => readCloud({ cloudsYaml: yaml, ...more });

const usual = `
clouds:
  lab:
    auth:
      auth_url: http://keystone.test:5000/v3
      username: demo
      password: very-secret
      project_name: alpha
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    interface: internal
    identity_api_version: 3
`;

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it did not fail");
};

describe("readCloud", () => {
  test("a cloud as openstack's own tools write it", () => {
    expect(readCloud({ cloudsYaml: usual, cloudName: "lab" })).toEqual({
      name: "lab",
      authUrl: "http://keystone.test:5000/v3",
      credentials: {
        method: "password",
        user: { name: "demo", domain: { name: "Default" } },
        password: "very-secret",
      },
      scope: { kind: "project", project: { name: "alpha", domain: { name: "Default" } } },
      region: "RegionOne",
      interface: "internal",
      insecure: false,
      services: {},
    });
  });

  const auth = (lines: readonly string[], beside: readonly string[] = []): string =>
    ["clouds:", "  c:", ...beside.map((line) => `    ${line}`), "    auth:", "      auth_url: https://k/v3"]
      .concat(lines.map((line) => `      ${line}`))
      .join("\n");

  test.each([
    {
      why: "a user by id needs no domain",
      yaml: auth(["user_id: u1", "password: pw", "project_id: p1"]),
      want: {
        credentials: { method: "password", user: { id: "u1" }, password: "pw" },
        scope: { kind: "project", project: { id: "p1" } },
      },
    },
    {
      why: "a password of digits stays as it is written",
      yaml: auth(["user_id: u1", "password: 0123456789012345678901"]),
      want: { credentials: { method: "password", user: { id: "u1" }, password: "0123456789012345678901" } },
    },
    {
      why: "the domain is said once for both",
      yaml: auth(["username: u", "password: pw", "project_name: p", "domain_name: d"]),
      want: {
        credentials: { method: "password", user: { name: "u", domain: { name: "d" } }, password: "pw" },
        scope: { kind: "project", project: { name: "p", domain: { name: "d" } } },
      },
    },
    {
      why: "without a domain it is the one that every Keystone has",
      yaml: auth(["username: u", "password: pw", "tenant_name: p"]),
      want: {
        credentials: { method: "password", user: { name: "u", domain: { id: "default" } }, password: "pw" },
        scope: { kind: "project", project: { name: "p", domain: { id: "default" } } },
      },
    },
    {
      why: "a domain without a project is what the token is for",
      yaml: auth(["username: u", "password: pw", "domain_id: d1"], ["user_domain_name: other"]),
      want: {
        credentials: { method: "password", user: { name: "u", domain: { name: "other" } }, password: "pw" },
        scope: { kind: "domain", domain: { id: "d1" } },
      },
    },
    {
      why: "the system",
      yaml: auth(["username: u", "password: pw", "user_domain_id: default", "system_scope: all"]),
      want: { scope: { kind: "system" } },
    },
    {
      why: "nothing",
      yaml: auth(["username: u", "password: pw"]),
      want: { scope: { kind: "unscoped" } },
    },
    {
      why: "a token, by its auth_type",
      yaml: auth(["token: tok1", "project_id: p1"], ["auth_type: v3token"]),
      want: { credentials: { method: "token", token: "tok1" }, scope: { kind: "project", project: { id: "p1" } } },
    },
    {
      why: "a token, because there is one",
      yaml: auth(["auth-token: tok1"]),
      want: { credentials: { method: "token", token: "tok1" } },
    },
    {
      why: "an application credential by id",
      yaml: auth(
        ["application_credential_id: ac1", "application_credential_secret: s3cret"],
        ["auth_type: v3applicationcredential"],
      ),
      want: {
        credentials: { method: "application_credential", id: "ac1", secret: "s3cret" },
        scope: { kind: "unscoped" },
      },
    },
    {
      why: "an application credential by name, without an auth_type",
      yaml: auth([
        "application_credential_name: ci",
        "application_credential_secret: s3cret",
        "username: u",
        "user_domain_id: d",
      ]),
      want: {
        credentials: {
          method: "application_credential",
          name: "ci",
          user: { name: "u", domain: { id: "d" } },
          secret: "s3cret",
        },
      },
    },
  ])("$why", ({ yaml, want }) => {
    expect(one(yaml)).toMatchObject(want);
  });

  const password = ["user_id: u1", "password: pw"];

  test.each([
    { line: "verify: false", want: { insecure: true } },
    { line: "insecure: True", want: { insecure: true } },
    { line: "verify: yes", want: { insecure: false } },
    { line: "interface: adminURL", want: { interface: "admin" } },
    { line: "endpoint_type: internalURL", want: { interface: "internal" } },
    { line: "cacert: /etc/ca.pem", want: { cacertFile: "/etc/ca.pem" } },
    { line: "regions: [two, three]", want: { region: "two" } },
    { line: "regions: [{name: two, values: {}}]", want: { region: "two" } },
    {
      line: "volumev3_endpoint_override: http://c/v3/%(project_id)s",
      want: { services: { "block-storage": { url: "http://c/v3/%(project_id)s" } } },
    },
    {
      line: "network_interface: admin",
      want: { services: { network: { interface: "admin" } } },
    },
    { line: "image_region_name: two", want: { services: { image: { region: "two" } } } },
  ])("$line", ({ line, want }) => {
    expect(one(auth(password, [line]))).toMatchObject(want);
  });

  test("the certificate that is given wins", () => {
    expect(one(auth(password, ["cacert: /etc/ca.pem"]), { cacert: "PEM" })).toMatchObject({ cacert: "PEM" });
  });

  test("secure.yaml has what clouds.yaml keeps to itself", () => {
    const secureYaml = "clouds:\n  lab:\n    auth:\n      password: from-secure\n";
    expect(readCloud({ cloudsYaml: usual, cloudName: "lab", secureYaml })).toMatchObject({
      credentials: { user: { name: "demo" }, password: "from-secure" },
    });
    expect(readCloud({ cloudsYaml: usual, secureYaml: "" })).toMatchObject({ name: "lab" });
  });

  test("a profile has what its clouds have in common", () => {
    const profilesYaml =
      "public-clouds:\n  vendor:\n    auth:\n      auth_url: https://vendor/v3\n    region_name: r1\n";
    const cloudsYaml =
      "clouds:\n  c:\n    profile: vendor\n    region_name: r2\n    auth: {user_id: u1, password: pw}\n";
    expect(readCloud({ cloudsYaml, profilesYaml })).toMatchObject({ authUrl: "https://vendor/v3", region: "r2" });
  });

  test("YAML's own means of saying a thing once", () => {
    const cloudsYaml = [
      "base: &base {auth_url: https://k/v3, user_id: u1}",
      "clouds:",
      "  c:",
      "    auth:",
      "      <<: *base",
      "      password: pw",
    ].join("\n");
    expect(one(cloudsYaml)).toMatchObject({ authUrl: "https://k/v3", credentials: { user: { id: "u1" } } });
  });

  test.each([
    { yaml: "clouds: {}", want: "clouds.yaml has no clouds: say which" },
    { yaml: "other: {}", want: 'clouds.yaml has no "clouds"' },
    { yaml: "", want: 'clouds.yaml has no "clouds"' },
    { yaml: `${usual}  second: {}`, want: 'clouds.yaml has "lab", "second": say which' },
    { yaml: "clouds:\n  c:\n    auth: {}", want: 'cloud "c": auth_url is missing' },
    { yaml: auth(["user_id: u1"]), want: 'cloud "c": password is missing' },
    { yaml: auth(["password: pw"]), want: 'cloud "c": username or user_id is missing' },
    {
      yaml: auth(password, ["interface: inside"]),
      want: 'cloud "c": interface is "inside", which is none of public, internal, admin',
    },
    {
      yaml: auth(password, ["identity_api_version: 2.0"]),
      want: 'cloud "c": identity_api_version is "2.0", and only Keystone\'s version 3 is spoken',
    },
    { yaml: auth(password, ["verify: perhaps"]), want: 'cloud "c": verify is neither true nor false' },
    {
      yaml: auth([...password, "system_scope: some"]),
      want: 'cloud "c": system_scope is "some", and can only be "all"',
    },
    {
      yaml: auth(["application_credential_secret: s"]),
      want: 'cloud "c": application_credential_id or application_credential_name is missing',
    },
    {
      yaml: auth(password, ["network_endpoint_override: nowhere"]),
      want: 'cloud "c": network_endpoint_override is no http or https URL',
    },
    { yaml: "clouds:\n  c:\n    auth: {auth_url: 'http://a:b@k/v3'}", want: 'cloud "c": auth_url has a user in it' },
    {
      yaml: auth(password, ["auth_type: v3oidcpassword"]),
      want: 'cloud "c": auth_type is "v3oidcpassword", which is none of password, v3password, token, v3token, v3applicationcredential',
    },
  ])("$want", ({ yaml, want }) => {
    expect(messageOf(() => one(yaml))).toBe(want);
  });

  test("a cloud that is not there is told with those that are", () => {
    expect(messageOf(() => readCloud({ cloudsYaml: usual, cloudName: "other" }))).toBe(
      'clouds.yaml has no cloud "other"; it has "lab"',
    );
  });

  test("what is no YAML is told by its line, never quoted", () => {
    const message = messageOf(() => one('clouds:\n  c:\n    password: "very-secret\n  x: ]\n'));
    expect(message).toMatch(/^clouds\.yaml: line \d+ is no YAML \([a-z ]+\)$/);
  });
});

describe("cloudFromEnvironment", () => {
  test("OS_* as openrc files have it", () => {
    const env = {
      OS_AUTH_URL: "http://keystone.test:5000/v3",
      OS_USERNAME: "demo",
      OS_PASSWORD: "pw",
      OS_PROJECT_NAME: "alpha",
      OS_USER_DOMAIN_NAME: "Default",
      OS_PROJECT_DOMAIN_ID: "default",
      OS_IDENTITY_API_VERSION: "3",
      OS_REGION_NAME: "",
      OS_INTERFACE: "internal",
      OS_CACERT: "/etc/ca.pem",
      OS_NETWORK_ENDPOINT_OVERRIDE: "http://n:9696",
      HOME: "/root",
    };
    expect(cloudFromEnvironment(env)).toEqual({
      name: "envvars",
      authUrl: "http://keystone.test:5000/v3",
      credentials: { method: "password", user: { name: "demo", domain: { name: "Default" } }, password: "pw" },
      scope: { kind: "project", project: { name: "alpha", domain: { id: "default" } } },
      interface: "internal",
      cacertFile: "/etc/ca.pem",
      insecure: false,
      services: { network: { url: "http://n:9696" } },
    });
  });

  test("OS_DEFAULT_DOMAIN stands in", () => {
    const env = {
      OS_AUTH_URL: "http://k",
      OS_USERNAME: "u",
      OS_PASSWORD: "p",
      OS_PROJECT_NAME: "a",
      OS_DEFAULT_DOMAIN: "d",
    };
    expect(cloudFromEnvironment(env)).toMatchObject({
      credentials: { user: { domain: { id: "d" } } },
      scope: { project: { domain: { id: "d" } } },
    });
  });

  test("no cloud without OS_AUTH_URL", () => {
    expect(cloudFromEnvironment({ OS_CLOUD: "lab" })).toBeUndefined();
  });
});

test("configPaths: the variable's first, then here, the user's, the machine's", () => {
  const { clouds, secure } = configPaths({ OS_CLIENT_CONFIG_FILE: "/x/c.yaml" }, "/here", "/home/u");
  expect(clouds.filter((path) => path.endsWith(".yaml"))).toEqual([
    "/x/c.yaml",
    "/here/clouds.yaml",
    "/home/u/.config/openstack/clouds.yaml",
    "/etc/openstack/clouds.yaml",
  ]);
  expect(secure[0]).toBe("/here/secure.yaml");
});
