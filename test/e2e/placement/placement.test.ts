/** Where Containers run on two real Engines, and what is said where they cannot. See README.md. */
import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../../../api/client/client.ts";
import type { Container } from "../../../crds/container.ts";
import { containers as containerType } from "../../../crds/container.ts";
import type { Plan } from "../../../crds/plan.ts";
import { labels } from "../../../drivers/labels.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { importBusybox } from "../../lab/images.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing;
const slot = "vendor.example/slot";

describe.skipIf(missing)(`placement${missing ? `: skipped, ${missing}` : ""}`, () => {
  let engines: readonly Dockerd[];
  let server: StowageServer;
  let client: Client & AsyncDisposable;

  const cli = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await server.cli([...args], input);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stdout;
  };
  const apply = async (object: object): Promise<string> => cli(["apply", "-f", "-"], JSON.stringify(object));
  const manifest = async (name: string): Promise<string> =>
    cli(["apply", "-f", "-"], await readFile(new URL(`manifests/${name}.yaml`, import.meta.url), "utf8"));
  const seen = async (): Promise<ReadonlyMap<string, Container>> => {
    const { items } = await client.list<Container>(containerType);
    return new Map(items.map((one) => [one.metadata.name, one]));
  };
  const runs = async (name: string): Promise<string> => {
    let on: string | undefined;
    await eventually(`${name} runs`, async () => {
      const status = (await seen()).get(name)?.status;
      on = status?.hostName;
      return status?.phase === "Running";
    });
    return on ?? "";
  };
  const refusal = async (name: string, words: RegExp): Promise<void> => {
    let message = "";
    await eventually(`${name} is told ${words.source}`, async () => {
      const status = (await seen()).get(name)?.status;
      message = status?.message ?? "";
      return status?.hostName === undefined && words.test(message);
    });
    expect(message).toMatch(words);
  };
  const host = (index: number, taints: readonly object[] = []): object => ({
    apiVersion: "stowage.dev/v1alpha1",
    kind: "Host",
    metadata: {
      name: "ab"[index],
      labels: { "topology.kubernetes.io/zone": index === 0 ? "one" : "two" },
    },
    spec: {
      docker: { endpoint: engines[index]?.endpoint },
      // Anything that a container may open will do.
      devices: [{ name: slot, paths: ["/dev/null"] }],
      taints,
    },
  });
  const simple = (name: string, spec: object): object => ({
    apiVersion: "stowage.dev/v1alpha1",
    kind: "Container",
    metadata: { name, namespace: "default" },
    spec: {
      ...{ image: "busybox:lab", imagePullPolicy: "Never", command: ["sleep", "100000"] },
      ...{ terminationGracePeriodSeconds: 0, ...spec },
    },
  });

  beforeAll(async () => {
    engines = await Promise.all([Dockerd.start({ name: "place-a" }), Dockerd.start({ name: "place-b" })]);
    await Promise.all(engines.map(({ docker }) => importBusybox(docker)));
    server = await StowageServer.start();
    client = await server.client();
    for (const index of [0, 1]) await apply(host(index));
    await cli(["wait", "--for=condition=Ready", "host/a", "host/b", "--timeout=60s"]);
  });
  afterEach(async () => {
    for (const { metadata } of (await seen()).values()) await client.delete(containerType, metadata);
    await eventually("both Hosts are empty", async () => (await seen()).size === 0);
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    for (const engine of engines) await engine[Symbol.asyncDispose]();
  });

  test("taints and tolerations, and each Host's own reason in one sentence", async () => {
    await apply(host(1, [{ key: "dedicated", value: "gpu", effect: "NoSchedule" }]));
    await manifest("taints");
    expect(await runs("tolerant")).toBe("b");
    await refusal("plain", /^0\/2 hosts fit: 1 had untolerated taint \{dedicated: gpu\}, 1 too little memory$/);
    await apply(host(1));
  });

  test("required anti-affinity", async () => {
    await manifest("anti-affinity");
    await eventually("two of three run", async () => {
      const all = [...(await seen()).values()].flatMap(({ status }) => status?.hostName ?? []);
      return JSON.stringify(all.sort()) === '["a","b"]';
    });
    const left = [...(await seen()).values()].find(({ status }) => status?.hostName === undefined);
    await refusal(left?.metadata.name ?? "", /^0\/2 hosts fit: 2 did not match its container anti-affinity$/);
  });

  test("topology spread", async () => {
    await manifest("spread");
    const on = await Promise.all(["web-1", "web-2", "web-3", "web-4"].map(runs));
    expect(on.sort()).toEqual(["a", "a", "b", "b"]);
  });

  test("tenancy", async () => {
    await manifest("tenancy");
    expect(await runs("alone")).toBe("a");
    await apply(simple("neighbour", { placement: { hostName: "a" } }));
    await refusal("neighbour", /1 is exclusive to another tenant/);
    await apply(simple("elsewhere", {}));
    expect(await runs("elsewhere")).toBe("b");
  });

  test("who asks for more than is left goes on as it was, and gets it when there is room", async () => {
    const cpu = (amount: string): object => ({
      placement: { hostName: "a" },
      resources: { requests: { cpu: amount } },
    });
    await apply(simple("neighbour", cpu("1")));
    await apply(simple("grows", cpu("500m")));
    for (const name of ["neighbour", "grows"]) await runs(name);
    const before = (await seen()).get("grows")?.status;
    const shares = async (): Promise<number | undefined> => {
      const id = before?.containerID?.replace("docker://", "") ?? "";
      return (await engines[0]?.docker.getContainer(id).inspect())?.HostConfig.CpuShares;
    };
    const planned = async (): Promise<object | undefined> => {
      const { stdout } = await server.cli(
        ["plan", "-f", "-", "-o", "json"],
        JSON.stringify(simple("grows", cpu("1500m"))),
      );
      return (JSON.parse(stdout) as Plan).status.containers[0];
    };
    const words = 'Host "a": too little cpu';
    expect(await planned()).toMatchObject({ action: "Blocked", message: `Waits for room: ${words}`, steps: [] });

    await apply(simple("grows", cpu("1500m")));
    await eventually("it is told to wait", async () => {
      const { summary, message } = (await seen()).get("grows")?.status ?? {};
      return summary === "ResizePending" && message === `Waits for room: ${words}`;
    });
    const waiting = (await seen()).get("grows")?.status;
    expect(waiting).toMatchObject({
      ...{ phase: "Running", containerID: before?.containerID, startedAt: before?.startedAt },
      allocatedResources: { cpu: "500m" },
    });
    expect(waiting?.conditions?.find(({ type }) => type === "ResizePending")).toMatchObject({
      ...{ status: "True", reason: "Deferred", message: words },
    });
    expect(await shares()).toBe(512);
    expect(await cli(["get", "events", "-n", "default"])).toContain(`Deferred: ${words}`);

    await cli(["delete", "ctr", "neighbour", "-n", "default"]);
    await eventually("it has what it asks for", async () => (await shares()) === 1536);
    await eventually("it says so", async () => (await seen()).get("grows")?.status?.summary === "Running");
    const granted = (await seen()).get("grows")?.status;
    expect(granted).toMatchObject({ containerID: before?.containerID, allocatedResources: { cpu: "1500m" } });
    expect(granted?.conditions?.map(({ type }) => type)).not.toContain("ResizePending");
  });

  test("what has ended gives its room back, and waits for it before it runs again", async () => {
    const job = (text: string): object =>
      simple("job", {
        ...{ command: ["sh", "-c", `echo ${text}`], restartPolicy: "Never", placement: { hostName: "a" } },
        resources: { requests: { [slot]: 1 } },
      });
    const phase = async (): Promise<string | undefined> => (await seen()).get("job")?.status?.phase;
    await apply(job("one"));
    await eventually("the job is done", async () => (await phase()) === "Succeeded");
    await apply(simple("holder", { placement: { hostName: "a" }, resources: { requests: { [slot]: 1 } } }));
    await runs("holder");
    const first = (await seen()).get("job")?.status;
    expect(first).not.toHaveProperty("devices");

    await apply(job("two"));
    await eventually("the job waits", async () => {
      const { summary, message } = (await seen()).get("job")?.status ?? {};
      return summary === "ResizePending" && message === `Waits for room: Host "a": too little ${slot}`;
    });
    expect((await seen()).get("job")?.status).toMatchObject({ phase: "Succeeded", containerID: first?.containerID });

    await cli(["delete", "ctr", "holder", "-n", "default"]);
    await eventually("the job is done again", async () => {
      const status = (await seen()).get("job")?.status;
      return status?.summary === "Completed" && status.containerID !== first?.containerID;
    });
    expect((await seen()).get("job")?.status).not.toHaveProperty("devices");
  });

  test("priority with preemption: never two at once, and the victim runs again", async () => {
    const wanted = { resources: { requests: { [slot]: 1 } } };
    for (const name of ["low-a", "low-b"]) await apply(simple(name, wanted));
    const before = { "low-a": await runs("low-a"), "low-b": await runs("low-b") };
    expect(Object.values(before).sort()).toEqual(["a", "b"]);

    await manifest("preemption");
    const on = await runs("urgent");
    const victim = before["low-a"] === on ? "low-a" : "low-b";
    await refusal(victim, /^0\/2 hosts fit: 2 too little vendor\.example\/slot$/);
    const engine = engines["ab".indexOf(on)];
    const there = await engine?.docker.listContainers({ all: true, filters: { label: [labels.instance] } });
    expect(there?.map((one) => one.Labels[labels.name])).toEqual(["urgent"]);
    expect(await cli(["get", "events", "-n", "default"])).toContain(`Preempted by default/urgent on Host "${on}"`);

    await cli(["delete", "ctr", "urgent", "-n", "default"]);
    expect(await runs(victim)).toBe(on);
  });
});
