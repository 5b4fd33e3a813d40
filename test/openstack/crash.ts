/** kill -9 of the server while it makes a folder of objects true, and while it takes them away again. */
import { expect } from "vitest";
import { externalFinalizer } from "../../crds/openstack/external.ts";
import type { External } from "../../crds/openstack/external.ts";
import { externalKinds } from "../../crds/index.ts";
import { networksOf } from "../../openstack/neutron/networks.ts";
import { portsOf } from "../../openstack/neutron/ports.ts";
import { routersOf } from "../../openstack/neutron/routers.ts";
import { securityGroupsOf } from "../../openstack/neutron/security-groups.ts";
import { subnetsOf } from "../../openstack/neutron/subnets.ts";
import { volumesOf } from "../../openstack/cinder/volumes.ts";
import type { Service } from "../../openstack/service.ts";
import type { Random } from "../chaos/random.ts";
import type { StowageServer } from "../lab/stowage.ts";
import { eventually } from "../lab/stowage.ts";
import { folder, folderCounts } from "./folder.ts";

export interface CrashWorld {
  readonly server: StowageServer;
  /** As the user of the project that the folder is for, which has nothing else. */
  readonly cloud: Service;
  readonly cloudsYaml: string;
  readonly cloudName: string;
}

const namespace = "default";
const secretName = "cloud";

/** Kills the server `kills` times over applying the folder, and as often over deleting it; nothing may be left or doubled. */
export async function survivesKills(world: CrashWorld, kills: number, random: Random): Promise<void> {
  const { server, cloud } = world;
  const text = folder(namespace, secretName, world.cloudName)
    .map((object) => JSON.stringify(object))
    .join("\n---\n");
  await applySecret(world);
  await applyFolder(server, text);
  await killed(server, kills, random, () => areAvailable(server));
  await expectDone("everything is Available", () => areAvailable(server));
  expect(await countsOf(cloud)).toEqual({ ...folderCounts, ports: folderCounts.ports + folderCounts.subnets });

  expect((await server.cli(["delete", "--wait=false", "-f", "-"], text)).stderr).toBe("");
  await killed(server, kills, random, () => areGone(server));
  await expectDone("everything is gone", () => areGone(server));
  expect(await countsOf(cloud)).toEqual(Object.fromEntries(Object.keys(folderCounts).map((kind) => [kind, 0])));
}

async function applySecret({ server, cloudsYaml }: CrashWorld): Promise<void> {
  const secret = {
    ...{ apiVersion: "v1", kind: "Secret", metadata: { namespace, name: secretName } },
    stringData: { "clouds.yaml": cloudsYaml },
  };
  expect((await server.cli(["apply", "-f", "-"], JSON.stringify(secret))).stderr).toBe("");
}

async function applyFolder(server: StowageServer, text: string): Promise<void> {
  expect((await server.cli(["apply", "-f", "-"], text)).stderr).toBe("");
}

/** As many kills as asked for, each after a random part of the work; done early means the rest finds it at rest. */
async function killed(
  server: StowageServer,
  kills: number,
  random: Random,
  isDone: () => Promise<boolean>,
): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const ms = random.between(0, 300);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await server.kill9();
    await server.start();
    if (kill % 10 === 9 && (await isDone())) return;
  }
}

const expectDone = (what: string, isDone: () => Promise<boolean>): Promise<unknown> => eventually(what, isDone);

async function objectsOf(server: StowageServer): Promise<readonly External[]> {
  await using client = await server.client();
  const lists = await Promise.all(externalKinds.map(({ type }) => client.list<External>(type, { namespace })));
  return lists.flatMap(({ items }) => items);
}

async function areAvailable(server: StowageServer): Promise<boolean> {
  const objects = await objectsOf(server);
  return objects.every(
    ({ metadata, status }) =>
      metadata.finalizers?.includes(externalFinalizer) === true &&
      status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") === true &&
      status.conditions.some(({ type, status: is }) => type === "Progressing" && is === "False"),
  );
}

async function areGone(server: StowageServer): Promise<boolean> {
  return (await objectsOf(server)).length === 0;
}

/** What the project has of each; the default security group and what belongs to other projects is not counted. */
async function countsOf(cloud: Service): Promise<Record<keyof typeof folderCounts, number>> {
  const project_id = await cloud.projectId();
  const [networks, subnets, routers, groups, ports, volumes] = await Promise.all([
    networksOf(cloud).find({ project_id }),
    subnetsOf(cloud).find({ project_id }),
    routersOf(cloud).find({ project_id }),
    securityGroupsOf(cloud).find({ project_id }),
    portsOf(cloud).find({ project_id }),
    volumesOf(cloud).find({}),
  ]);
  const byService = ({ deviceOwner = "" }: { readonly deviceOwner?: string | undefined }): boolean =>
    deviceOwner.startsWith("network:dhcp");
  return {
    networks: networks.length,
    subnets: subnets.length,
    routers: routers.length,
    securityGroups: groups.filter(({ name }) => name !== "default").length,
    ports: ports.filter((port) => !byService(port)).length,
    volumes: volumes.length,
  };
}
