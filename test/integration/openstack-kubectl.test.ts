/** kubectl is enough for all that one does with the objects of a cloud. */
import { dirname } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { externalKinds } from "../../crds/index.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { External } from "../../crds/openstack/external.ts";
import { openstackGroup } from "../../crds/openstack/external.ts";
import { FakeOpenStack } from "../fakes/openstack/openstack.ts";
import { eventually } from "../lab/stowage.ts";
import { folder, folderCounts } from "../openstack/folder.ts";
import { kubectlMissing, KubectlUser } from "./kubectl-user.ts";

const apiVersion = `${openstackGroup}/v1alpha1`;
const secretName = "cloud";
const waiting = "--timeout=10m";

const title = `kubectl${kubectlMissing ? `: skipped, ${kubectlMissing}` : ""}`;

// kubectl is started some hundred times.
describe.skipIf(kubectlMissing)(title, { timeout: 900_000 }, () => {
  let cloud: FakeOpenStack;
  let user: KubectlUser;
  beforeAll(async () => {
    user = await KubectlUser.start();
  });
  afterAll(() => user[Symbol.asyncDispose]());
  // What one test leaves is not there for the others.
  beforeEach(async () => {
    cloud = await FakeOpenStack.start();
  });
  afterEach(() => cloud[Symbol.asyncDispose]());

  const giveSecret = async (namespace: string): Promise<string> => {
    const cloudsYaml = await user.file("clouds.yaml", cloud.cloudsYaml);
    return user.ok(`create secret generic ${secretName} -n ${namespace} --from-file=clouds.yaml=${cloudsYaml}`);
  };

  async function openNamespace(namespace: string): Promise<void> {
    expect(await user.ok(`create namespace ${namespace}`)).toBe(`namespace/${namespace} created`);
    expect(await giveSecret(namespace)).toBe(`secret/${secretName} created`);
  }

  const manifest = (kind: string, namespace: string, name: string, spec: object): string => {
    const cloudCredentialsRef = { secretName, cloudName: cloud.cloudName };
    return JSON.stringify({ apiVersion, kind, metadata: { namespace, name }, spec: { cloudCredentialsRef, ...spec } });
  };

  /** The folder of sixty, one object to a file, and its path. */
  async function writeFolder(namespace: string): Promise<string> {
    const paths = await Promise.all(
      folder(namespace, secretName, cloud.cloudName).map((object, at) =>
        user.file(`${namespace}/${at}.json`, JSON.stringify(object)),
      ),
    );
    return dirname(paths[0] ?? "");
  }

  const linesOf = (printed: string): readonly string[] => printed.split("\n").filter((line) => line !== "");

  /** What the cloud has of the project, but for what it makes by itself. */
  const counts = (): Record<keyof typeof folderCounts, number> => ({
    networks: cloud.neutron.networks.all.length,
    subnets: cloud.neutron.subnets.all.length,
    routers: cloud.neutron.routers.all.length,
    securityGroups: cloud.neutron.securityGroups.filter(({ name }) => name !== "default").length,
    ports: cloud.neutron.ports.all.length,
    volumes: cloud.cinder.volumes.all.length,
  });

  /** What a table has below MESSAGE, as soon as it has that. */
  const untilTold = (what: string, namespace: string, message: string): Promise<string> =>
    eventually(`kubectl get ${what} shows: ${message}`, async () => {
      const printed = await user.ok(`get ${what} -n ${namespace}`);
      return printed.includes(message) ? printed : undefined;
    });

  test("a folder of sixty objects: applied, looked at, changed in place and deleted", async () => {
    const namespace = "shop";
    await openNamespace(namespace);
    const path = await writeFolder(namespace);

    const applied = linesOf(await user.ok(`apply -f ${path}`));
    expect(applied).toHaveLength(60);
    for (const line of applied) expect(line).toMatch(/^\w+\.openstack\.stowage\.dev\/[\w-]+ created$/);
    const met = linesOf(await user.ok(`wait -f ${path} --for=condition=Available ${waiting}`));
    expect(met).toHaveLength(60);
    for (const line of met) expect(line).toMatch(/ condition met$/);
    await user.ok(`wait -f ${path} --for=condition=Progressing=False ${waiting}`);
    expect(counts()).toEqual({ ...folderCounts, ports: folderCounts.ports + folderCounts.subnets });

    expect(await user.ok(`diff -f ${path}`)).toBe("");
    for (const line of linesOf(await user.ok(`apply -f ${path}`))) expect(line).toMatch(/ unchanged$/);

    const { items } = await user.json<{ readonly items: readonly External[] }>(`get openstack -n ${namespace}`);
    const table = linesOf(await user.ok(`get openstack -n ${namespace} --no-headers`));
    expect(table).toHaveLength(items.length);
    for (const { kind, metadata, status } of items)
      expect(table).toContainEqual(
        expect.stringMatching(
          new RegExp(
            `^${kind.toLowerCase()}\\.openstack\\.stowage\\.dev/${metadata.name} +${status?.id ?? "no id"} +True .*up to date`,
          ),
        ),
      );
    expect(await user.ok(`get port port-0 -n ${namespace}`)).toMatch(
      /^NAME +ID +AVAILABLE +IP +MESSAGE +AGE\nport-0 +[\w-]+ +True +10\.40\.0\.\d+ /,
    );
    expect(await user.ok(`get port port-0 -n ${namespace} -o wide`)).toMatch(
      /^NAME +ID +AVAILABLE +IP +STATUS +MESSAGE +AGE\nport-0 +[\w-]+ +True +10\.40\.0\.\d+ +DOWN /,
    );

    const network = cloud.neutron.networks.find(({ name }) => name === "network-0");
    await user.ok(["patch", "network", "network-0", "-n", namespace, "--type=merge", "-p", resource({ mtu: 1400 })]);
    await user.ok(`wait network/network-0 -n ${namespace} --for=jsonpath={.status.resource.mtu}=1400 ${waiting}`);
    expect(cloud.neutron.networks.get(network?.id)).toMatchObject({ name: "network-0", mtu: 1400 });
    const described = await eventually("kubectl describe shows both Events", async () => {
      const printed = await user.ok(`describe network network-0 -n ${namespace}`);
      return /Normal +Updated /.test(printed) ? printed : undefined;
    });
    const events = described.slice(described.indexOf("Events:"));
    expect(events).toMatch(new RegExp(`Normal +Created .*Created ${network?.id ?? "no id"}`));
    expect(events).toMatch(/Normal +Updated .*mtu/);

    const editor = await user.file("larger", '#!/bin/sh\nsed -i "0,/size: 1/s//size: 2/" "$1"\n', 0o755);
    const edited = await user.ok(`edit volume volume-0 -n ${namespace}`, undefined, { KUBE_EDITOR: editor });
    expect(edited).toBe("volume.openstack.stowage.dev/volume-0 edited");
    await user.ok(`wait volume/volume-0 -n ${namespace} --for=jsonpath={.status.resource.size}=2 ${waiting}`);
    expect(cloud.cinder.volumes.find(({ name }) => name === "volume-0")).toMatchObject({ size: 2 });

    const deleted = linesOf(await user.ok(`delete -f ${path}`));
    expect(deleted).toHaveLength(60);
    expect(await user.run(`get openstack -n ${namespace}`)).toMatchObject({
      ...{ code: 0, stdout: "", stderr: `No resources found in ${namespace} namespace.\n` },
    });
    expect(counts()).toEqual(Object.fromEntries(Object.keys(folderCounts).map((kind) => [kind, 0])));
    await user.ok(`delete namespace ${namespace}`);
  });

  test("what cannot be is refused, with what to do instead", async () => {
    await openNamespace("refused");
    const patch = (what: string, change: object): Promise<string> =>
      user.fails(["patch", ...what.split(" "), "-n", "refused", "--type=merge", "-p", resource(change)]);
    const networkRef = "web";
    await user.ok("apply -f -", manifest("Network", "refused", "web", { resource: {} }));
    await user.ok("apply -f -", manifest("Port", "refused", "web", { resource: { networkRef } }));
    await user.ok("apply -f -", manifest("Volume", "refused", "data", { resource: { size: 2 } }));
    expect(await patch("port web", { networkRef: "other" })).toContain(
      "networkRef cannot be changed: make another Port, and delete this one",
    );
    expect(await patch("volume data", { size: 1 })).toContain(
      "size cannot shrink: make another Volume of the size wanted, copy the data, and delete this one",
    );
    expect(await user.fails("apply -f -", manifest("Network", "refused", "nothing", {}))).toContain(
      "resource must be specified when policy is managed",
    );
    expect(
      await user.fails("apply -f -", manifest("Network", "refused", "typo", { resource: { mtv: 1400 } })),
    ).toContain('unknown field "spec.resource.mtv"');
    await user.ok("delete port,network,volume --all -n refused");
  });

  test("what is there already is imported, left as it is, and stays when its object goes", async () => {
    await openNamespace("imports");
    const { network } = z
      .object({ network: z.object({ id: z.string() }) })
      .parse(await cloud.raw("network", "POST", "/v2.0/networks", { network: { name: "theirs", mtu: 1300 } }));
    const unmanaged = (name: string, what: object): string =>
      manifest("Network", "imports", name, { managementPolicy: "unmanaged", import: what });
    await user.ok("apply -f -", unmanaged("by-id", { id: network.id }));
    await user.ok("apply -f -", unmanaged("by-name", { filter: { name: "theirs" } }));
    await user.ok("apply -f -", unmanaged("later", { filter: { name: "nobody's yet" } }));
    await user.ok(`wait network/by-id network/by-name -n imports --for=condition=Available ${waiting}`);
    const imported = await user.ok(
      "get network by-id by-name -n imports -o jsonpath={.items[*].status.id}{.items[*].status.resource.mtu}",
    );
    expect(imported).toBe(`${network.id} ${network.id}1300 1300`);
    await untilTold("network later", "imports", "Waiting for OpenStack resource to be created externally");
    const change = ["patch", "network", "by-id", "-n", "imports", "--type=merge", "-p", resource({ mtu: 1400 })];
    expect(await user.fails(change)).toContain("resource may not be specified when policy is unmanaged");
    await user.ok("delete network --all -n imports");
    expect(cloud.neutron.networks.all).toMatchObject([{ id: network.id, name: "theirs", mtu: 1300, tags: [] }]);
  });

  test("what others use waits with its end, and says for whom", async () => {
    await openNamespace("guarded");
    const subnet = { networkRef: "used", ipVersion: 4, cidr: "192.0.2.0/24" };
    await user.ok("apply -f -", manifest("Network", "guarded", "used", { resource: {} }));
    await user.ok("apply -f -", manifest("Subnet", "guarded", "user", { resource: subnet }));
    await user.ok(`wait subnet/user -n guarded --for=condition=Available ${waiting}`);
    await user.ok("delete network used -n guarded --wait=false");
    await untilTold("network used", "guarded", 'Waiting to be deleted: used by Subnet "user"');
    expect(cloud.neutron.networks.all.map(({ name }) => name)).toEqual(["used"]);
    await user.ok("delete subnet user -n guarded");
    await user.ok(`wait network/used -n guarded --for=delete ${waiting}`);
    expect(counts()).toMatchObject({ networks: 0, subnets: 0 });
  });

  test("a Secret that is missing is asked for, and is enough once it is there", async () => {
    await user.ok("create namespace early");
    await user.ok("apply -f -", manifest("Network", "early", "web", { resource: {} }));
    await untilTold("network web", "early", 'Waiting for Secret "cloud" to be created');
    await giveSecret("early");
    await user.ok(`wait network/web -n early --for=condition=Available ${waiting}`);
    await user.ok("delete network web -n early");
  });

  test("every kind is listed, and explained down to what its fields are for", async () => {
    const listed = linesOf(await user.ok("api-resources --categories=openstack --no-headers -o name"));
    expect(listed.toSorted()).toEqual(externalKinds.map(({ type }) => `${type.plural}.${openstackGroup}`).toSorted());
    for (const { type, description } of externalKinds) {
      const explained = await user.ok(`explain ${type.plural} --api-version=${apiVersionOf(type)} --recursive`);
      expect(explained).toContain(`GROUP:      ${openstackGroup}\nKIND:       ${type.kind}\nVERSION:    v1alpha1\n`);
      expect(explained.replaceAll(/\s+/g, " ")).toContain(description);
      expect(explained).toMatch(/^ {2}spec\s.*\n(?: {4}.*\n)*? {4}(?:resource|routerRef)\s+</m);
      expect(explained).toMatch(/^ {4}conditions\s+<\[\]Object>/m);
    }
    expect(await user.ok("explain ports.spec.resource.networkRef")).toContain("The Network that it is on.");
    expect(await user.ok("explain volumes.spec.resource.size")).toContain("it never shrinks");
  });
});

/** A merge patch of what is asked for. */
const resource = (change: object): string => JSON.stringify({ spec: { resource: change } });
