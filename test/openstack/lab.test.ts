/** That the lab's OpenStack is one: every service answers, to whom it should. */
import { beforeAll, describe, expect, test } from "vitest";
import type { LabUser } from "../lab/openstack.ts";
import { OpenStackLab, openstackMissing } from "../lab/openstack.ts";

interface Token {
  readonly id: string;
  /** Public endpoints by type. */
  readonly endpoints: ReadonlyMap<string, string>;
}

interface Catalog {
  readonly token: {
    readonly catalog: readonly {
      readonly type: string;
      readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
    }[];
  };
}

const missing = openstackMissing();

describe.skipIf(missing !== undefined)(`the lab's OpenStack${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: OpenStackLab;
  beforeAll(async () => {
    lab = await OpenStackLab.start();
    return () => lab[Symbol.asyncDispose]();
  }, 300_000);

  async function signIn(user: LabUser, password = lab.auth(user).password): Promise<Token> {
    const { username, user_domain_name, project_name, project_domain_name } = lab.auth(user);
    const response = await fetch(`${lab.authUrl}/auth/tokens`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ["password"],
            password: { user: { name: username, domain: { name: user_domain_name }, password } },
          },
          scope: { project: { name: project_name, domain: { name: project_domain_name } } },
        },
      }),
    });
    if (response.status !== 201) throw new Error(`Keystone answers ${response.status}: ${await response.text()}`);
    const { token } = (await response.json()) as Catalog;
    const publicUrl = ({ endpoints }: Catalog["token"]["catalog"][number]): string =>
      endpoints.find((endpoint) => endpoint.interface === "public")?.url ?? "";
    return {
      id: response.headers.get("x-subject-token") ?? "",
      endpoints: new Map(token.catalog.map((entry) => [entry.type, publicUrl(entry)])),
    };
  }

  async function ask(token: Token, type: string, path: string, body?: object): Promise<[number, unknown]> {
    const response = await fetch(`${token.endpoints.get(type) ?? ""}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "x-auth-token": token.id, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return [response.status, await response.json()];
  }

  test("Keystone gives a token for a password, and none for another one", async () => {
    const token = await signIn("alpha");
    expect(token.id).not.toBe("");
    expect([...token.endpoints.keys()]).toEqual(
      expect.arrayContaining(["identity", "image", "network", "volumev3", "placement", "compute"]),
    );
    await expect(signIn("alpha", "another")).rejects.toThrow("Keystone answers 401");
  });

  test.for([
    ["network", "/v2.0/networks", "networks"],
    ["volumev3", "/volumes/detail", "volumes"],
    ["image", "/v2/images", "images"],
    ["compute", "/servers/detail", "servers"],
  ] as const)("%s lists what there is", async ([type, path, key]) => {
    const [status, answer] = await ask(await signIn("alpha"), type, path);
    expect(status).toBe(200);
    expect(answer).toHaveProperty(key, expect.any(Array));
  });

  test("Placement has the one hypervisor, and shows it to an administrator only", async () => {
    const [status, answer] = await ask(await signIn("admin"), "placement", "/resource_providers");
    expect(status).toBe(200);
    expect(answer).toHaveProperty("resource_providers", [expect.objectContaining({ generation: expect.any(Number) })]);
    expect((await ask(await signIn("alpha"), "placement", "/resource_providers"))[0]).toBe(403);
  });

  test("members see the network that routers take their gateways from", async () => {
    const [, answer] = await ask(await signIn("beta"), "network", "/v2.0/networks?router:external=true");
    expect(answer).toHaveProperty("networks", [expect.objectContaining({ name: "external", status: "ACTIVE" })]);
  });

  test("a reader reads, and no more", async () => {
    const reader = await signIn("reader");
    expect((await ask(reader, "network", "/v2.0/networks"))[0]).toBe(200);
    expect((await ask(reader, "network", "/v2.0/networks", { network: { name: "no" } }))[0]).toBe(403);
    expect((await ask(reader, "volumev3", "/volumes", { volume: { size: 1 } }))[0]).toBe(403);
  });
});
