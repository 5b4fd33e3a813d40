/** Ways to have the folder of 60 objects (test/openstack/folder.ts) in an OpenStack: ours, and what people use instead. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../api/client/client.ts";
import type { Condition, KubeObject } from "../crds/meta.ts";
import type { External } from "../crds/openstack/external.ts";
import { externalKinds } from "../crds/index.ts";
import type { StowageServer } from "../test/lab/stowage.ts";
import { folderCounts } from "../test/openstack/folder.ts";
import type { Contender } from "./contenders.ts";
import type { PlainOpenStack } from "./plain-openstack.ts";

/** How often a volume or a stack is asked whether it is done. */
const pollMs = 250;

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

/** From `stowage apply` until every object says that it is Available and as asked. `objects` are manifests. */
export function stowageFolder(
  server: StowageServer,
  client: Client,
  objects: readonly Partial<KubeObject>[],
): Contender {
  const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  const done = async (args: readonly string[]): Promise<void> => {
    const { code, stderr } = await server.cli(args, text);
    if (code !== 0) throw new Error(`stowage ${args.join(" ")}: ${stderr}`);
  };
  return {
    name: "stowage apply",
    converge: async () => {
      const began = performance.now();
      await done(["apply", "-f", "-"]);
      await allAvailable(client, objects.length);
      return performance.now() - began;
    },
    clear: () => done(["delete", "-f", "-"]),
  };
}

async function allAvailable(client: Client, count: number): Promise<void> {
  const stop = new AbortController();
  const available = new Set<string>();
  const look = ({ kind, metadata: { name }, status }: External): void => {
    const says = (type: string): Condition["status"] | undefined =>
      status?.conditions?.find((condition) => condition.type === type)?.status;
    if (says("Available") === "True" && says("Progressing") === "False") available.add(`${kind}/${name}`);
    if (available.size === count) stop.abort();
  };
  await Promise.all(
    externalKinds.map(async ({ type }) => {
      const { items, resourceVersion } = await client.list<External>(type, { namespace: "default" });
      items.forEach(look);
      if (stop.signal.aborted) return;
      const watch = { namespace: "default", resourceVersion, signal: stop.signal };
      for await (const event of client.watch<External>(type, watch)) {
        if (event.type !== "BOOKMARK") look(event.object);
      }
    }),
  );
}

/**
 * The same calls in a loop: everything as soon as what it needs is there, `concurrency` of them at once, each tagged
 * after it was made. Nothing of it survives a crash, finds what is there already, or notices a change.
 */
export function bareCalls(cloud: PlainOpenStack, concurrency: number): Contender {
  let made: Made | undefined;
  return {
    name: `bare API calls, concurrency ${concurrency}`,
    converge: async () => {
      const began = performance.now();
      made = await makeAll(cloud);
      return performance.now() - began;
    },
    clear: async () => {
      if (made !== undefined) await removeAll(cloud, made);
      made = undefined;
    },
  };
}

interface Made {
  readonly networks: readonly string[];
  readonly subnets: readonly string[];
  readonly routers: readonly string[];
  readonly groups: readonly string[];
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
}

/** The tag that ours carries, so that the calls are the same. */
const mark = (name: string): string => `stowage.dev/uid=00000000-0000-0000-0000-${name.padStart(12, "0").slice(-12)}`;

async function makeAll(cloud: PlainOpenStack): Promise<Made> {
  const tagged = async (plural: string, key: string, name: string, fields: object): Promise<string> => {
    const id = await cloud.create("network", `/v2.0/${plural}`, key, { name, ...fields });
    await cloud.ask("PUT", "network", `/v2.0/${plural}/${id}/tags`, { tags: [mark(name)] });
    return id;
  };
  const networks = numbers(folderCounts.networks).map((n) => tagged("networks", "network", `network-${n}`, {}));
  const routers = numbers(folderCounts.routers).map((n) => tagged("routers", "router", `router-${n}`, {}));
  const groups = numbers(folderCounts.securityGroups).map((n) => makeGroup(cloud, tagged, n));
  const volumes = numbers(folderCounts.volumes).map((n) => makeVolume(cloud, `volume-${n}`));
  const subnets = networks.map(async (network, n) =>
    tagged("subnets", "subnet", `subnet-${n}`, { network_id: await network, ip_version: 4, cidr: `10.40.${n}.0/24` }),
  );
  const interfaces = subnets.map(async (subnet) => {
    const body = { subnet_id: await subnet };
    await cloud.ask("PUT", "network", `/v2.0/routers/${(await routers[0]) ?? ""}/add_router_interface`, body);
  });
  const ports = numbers(folderCounts.ports).map(async (n) =>
    tagged("ports", "port", `port-${n}`, {
      network_id: await networks[n % networks.length],
      fixed_ips: [{ subnet_id: await subnets[n % subnets.length] }],
      security_groups: [await groups[n % groups.length]],
    }),
  );
  const [made] = await Promise.all([
    Promise.all([networks, subnets, routers, groups, ports, volumes].map((some) => Promise.all(some))),
    Promise.all(interfaces),
  ]);
  const [network = [], subnet = [], router = [], group = [], port = [], volume = []] = made;
  return { networks: network, subnets: subnet, routers: router, groups: group, ports: port, volumes: volume };
}

type Tagged = (plural: string, key: string, name: string, fields: object) => Promise<string>;

/** With the one rule that is asked for: those that Neutron gives to each group go. */
async function makeGroup(cloud: PlainOpenStack, tagged: Tagged, n: number): Promise<string> {
  const group = await tagged("security-groups", "security_group", `group-${n}`, {});
  await cloud.create("network", "/v2.0/security-group-rules", "security_group_rule", {
    ...{ security_group_id: group, direction: "ingress", ethertype: "IPv4", protocol: "tcp" },
    ...{ port_range_min: 80 + n, port_range_max: 80 + n },
  });
  const query = `/v2.0/security-group-rules?security_group_id=${group}&direction=egress`;
  const { security_group_rules: rules } = (await cloud.ask("GET", "network", query)) as { security_group_rules: Rules };
  await Promise.all(rules.map(({ id }) => cloud.ask("DELETE", "network", `/v2.0/security-group-rules/${id}`)));
  return group;
}

type Rules = readonly { readonly id: string }[];

async function makeVolume(cloud: PlainOpenStack, name: string): Promise<string> {
  const metadata = { "stowage.dev/uid": mark(name) };
  const id = await cloud.create("volumev3", "/volumes", "volume", { name, size: 1, metadata });
  for (;;) {
    const { volume } = (await cloud.ask("GET", "volumev3", `/volumes/${id}`)) as {
      volume: { readonly status: string };
    };
    if (volume.status === "available") return id;
    if (volume.status === "error") throw new Error(`Cinder could not make volume ${name}`);
    await sleep(pollMs);
  }
}

async function removeAll(cloud: PlainOpenStack, made: Made): Promise<void> {
  const remove = (type: string, below: string, ids: readonly string[]): Promise<unknown> =>
    Promise.all(ids.map((id) => cloud.ask("DELETE", type, `${below}/${id}`)));
  await remove("volumev3", "/volumes", made.volumes);
  await Promise.all(
    made.subnets.map((subnet_id) =>
      cloud.ask("PUT", "network", `/v2.0/routers/${made.routers[0] ?? ""}/remove_router_interface`, { subnet_id }),
    ),
  );
  await remove("network", "/v2.0/routers", made.routers);
  await remove("network", "/v2.0/ports", made.ports);
  await remove("network", "/v2.0/networks", made.networks);
  await remove("network", "/v2.0/security-groups", made.groups);
  for (;;) {
    const { volumes } = (await cloud.ask("GET", "volumev3", "/volumes")) as { volumes: readonly { id: string }[] };
    if (!volumes.some(({ id }) => made.volumes.includes(id))) return;
    await sleep(pollMs);
  }
}

/**
 * Heat, from asking for the stack until it says CREATE_COMPLETE; Infinity where it gives up, which it does at the first
 * 500 of a Neutron that it asked for all at once.
 */
export function heatStack(cloud: PlainOpenStack): Contender {
  let stack: string | undefined;
  const completes = async (complete: string): Promise<boolean> => {
    for (;;) {
      const { stack: now } = (await cloud.ask("GET", "orchestration", `/stacks/${stack ?? ""}`)) as { stack: Stack };
      if (now.stack_status === complete) return true;
      if (now.stack_status.endsWith("FAILED")) {
        process.stderr.write(`Heat gave up: ${now.stack_status_reason}\n`);
        return false;
      }
      await sleep(pollMs);
    }
  };
  return {
    name: "Heat stack",
    converge: async () => {
      const began = performance.now();
      const asked = { stack_name: "folder", template: template(), timeout_mins: 30, disable_rollback: true };
      const answer = (await cloud.ask("POST", "orchestration", "/stacks", asked)) as { stack: { readonly id: string } };
      stack = `folder/${answer.stack.id}`;
      return (await completes("CREATE_COMPLETE")) ? performance.now() - began : Number.POSITIVE_INFINITY;
    },
    clear: async () => {
      if (stack === undefined) return;
      await cloud.ask("DELETE", "orchestration", `/stacks/${stack}`);
      if (!(await completes("DELETE_COMPLETE"))) throw new Error("Heat could not take its stack away");
      stack = undefined;
    },
  };
}

interface Stack {
  readonly stack_status: string;
  readonly stack_status_reason: string;
}

/** The folder as a template. Heat tags what can be tagged by its template, one call after another as we do. */
function template(): object {
  const ref = (name: string): object => ({ get_resource: name });
  const resource = (name: string, type: string, properties: object): [string, object] => [name, { type, properties }];
  const tags = (name: string): object => ({ tags: [mark(name)] });
  const resources = [
    ...numbers(folderCounts.networks).flatMap((n) => [
      resource(`network-${n}`, "OS::Neutron::Net", tags(`network-${n}`)),
      resource(`subnet-${n}`, "OS::Neutron::Subnet", {
        ...{ network: ref(`network-${n}`), ip_version: 4, cidr: `10.40.${n}.0/24` },
        ...tags(`subnet-${n}`),
      }),
      resource(`interface-${n}`, "OS::Neutron::RouterInterface", {
        router: ref("router-0"),
        subnet: ref(`subnet-${n}`),
      }),
    ]),
    ...numbers(folderCounts.routers).map((n) => resource(`router-${n}`, "OS::Neutron::Router", tags(`router-${n}`))),
    ...numbers(folderCounts.securityGroups).map((n) =>
      resource(`group-${n}`, "OS::Neutron::SecurityGroup", {
        rules: [{ protocol: "tcp", port_range_min: 80 + n, port_range_max: 80 + n }],
      }),
    ),
    ...numbers(folderCounts.ports).map((n) =>
      resource(`port-${n}`, "OS::Neutron::Port", {
        network: ref(`network-${n % folderCounts.networks}`),
        fixed_ips: [{ subnet: ref(`subnet-${n % folderCounts.networks}`) }],
        security_groups: [ref(`group-${n % folderCounts.securityGroups}`)],
        ...tags(`port-${n}`),
      }),
    ),
    ...numbers(folderCounts.volumes).map((n) => resource(`volume-${n}`, "OS::Cinder::Volume", { size: 1 })),
  ];
  return { heat_template_version: "2018-08-31", resources: Object.fromEntries(resources) };
}
