/** That the lab's OpenStack is one: every service answers, to whom it should. */
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { systemClock } from "../../process/clock.ts";
import { connectWith } from "../../openstack/connect.ts";
import type { ServiceType } from "../../openstack/service.ts";
import type { Session } from "../../openstack/session.ts";
import type { LabUser } from "../lab/openstack.ts";
import { OpenStackLab, openstackMissing } from "../lab/openstack.ts";

const missing = openstackMissing();

describe.skipIf(missing !== undefined)(`the lab's OpenStack${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: OpenStackLab;
  beforeAll(async () => {
    lab = await OpenStackLab.start();
    return () => lab[Symbol.asyncDispose]();
  }, 300_000);

  async function as<T>(user: LabUser, ask: (session: Session) => Promise<T>, cloudsYaml?: string): Promise<T> {
    const connect = connectWith({ clock: systemClock, random: Math.random });
    const source = { cloudsYaml: cloudsYaml ?? lab.cloudsYaml(user), cacert: undefined, cloudName: user };
    await using connection = connect(source);
    return await ask(connection.service);
  }

  /** What is at `/${key}`, or at `path`. */
  const list = (user: LabUser, service: ServiceType, key: string, path = `/${key}`): Promise<readonly unknown[]> =>
    as(user, (session) => {
      const schema = z
        .looseObject({ [key]: z.array(z.unknown()) })
        .transform((page) => page[key] as readonly unknown[]);
      return session.list({ service, path, action: `list ${key}`, schema });
    });

  test("Keystone gives a token for a password, and none for another one", async () => {
    expect(await as("alpha", (session) => session.projectId())).toMatch(/^[0-9a-f]{32}$/);
    const wrong = lab.cloudsYaml("alpha").replace(/password: \S+$/m, "password: another");
    await expect(as("alpha", (session) => session.projectId(), wrong)).rejects.toThrow(/\(401\)/);
  });

  test.for([
    ["network", "networks"],
    ["block-storage", "volumes"],
    ["image", "images"],
    ["compute", "servers"],
  ] as const)("%s lists its %s", async ([service, key]) => {
    expect(await list("alpha", service, key)).toEqual(expect.any(Array));
  });

  test("Placement has the one hypervisor, and shows it to an administrator only", async () => {
    const ask = (user: LabUser): Promise<readonly unknown[]> => list(user, "placement", "resource_providers");
    expect(await ask("admin")).toEqual([expect.objectContaining({ generation: expect.any(Number) as number })]);
    await expect(ask("alpha")).rejects.toThrow(/\(403\)/);
  });

  test("members see the network that routers take their gateways from", async () => {
    expect(await list("beta", "network", "networks", "/networks?router:external=true")).toEqual([
      expect.objectContaining({ name: "external", status: "ACTIVE" }),
    ]);
  });

  test.for([
    ["network", "/networks", { network: { name: "no" } }],
    ["block-storage", "/volumes", { volume: { size: 1 } }],
    ["image", "/images", { name: "no" }],
  ] as const)("a reader of %s makes nothing", async ([service, path, body]) => {
    const create = as("reader", (session) =>
      session.request({ service, method: "POST", path, body, action: "create", schema: z.unknown() }),
    );
    await expect(create).rejects.toThrow(/\(403\)/);
  });
});
