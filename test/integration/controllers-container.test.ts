/** The Host, scheduler and Container controllers together, on real Docker Engines and the real API. */
import { eventType, secretType } from "../../crds/core.ts";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../../api/client/client.ts";
import { findCondition } from "../../controllers/runtime/conditions.ts";

import type { Container, ContainerStatus } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import type { Host, HostStatus } from "../../crds/host.ts";
import { hosts } from "../../crds/host.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { notReadyTaint, unreachableTaint } from "../../crds/taints.ts";
import { labels } from "../../drivers/labels.ts";
import { Dockerd, dockerdMissing } from "../lab/docker.ts";
import { imagesMissing, importBusybox } from "../lab/images.ts";
import { StowageServer, eventually } from "../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;
const image = "busybox:lab";
const instance = "controllers-test";

interface Told extends KubeObject {
  readonly involvedObject: { readonly name: string };
  readonly reason: string;
  readonly message: string;
}

const place = (name: string): { namespace: string; name: string } => ({ namespace: "default", name });

/** What a user does and sees. */
class User {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  apply(name: string, spec: object = {}): Promise<Container> {
    return this.#client.create<Container>(containers, {
      apiVersion: apiVersionOf(containers),
      kind: containers.kind,
      metadata: place(name),
      ...{ spec: { image, args: ["sleep", "1000000"], terminationGracePeriodSeconds: 0, ...spec } },
    });
  }

  change(name: string, spec: object): Promise<Container> {
    return this.#client.patch<Container>(containers, place(name), { type: "merge", body: { spec } });
  }

  addHost(name: string, docker: object): Promise<Host> {
    return this.#client.create<Host>(hosts, {
      apiVersion: apiVersionOf(hosts),
      kind: hosts.kind,
      metadata: { name, labels: { zone: name } },
      ...{ spec: { docker } },
    });
  }

  async statusOf(name: string): Promise<ContainerStatus> {
    return (await this.#client.get<Container>(containers, place(name))).status ?? {};
  }

  async hostStatus(name: string): Promise<HostStatus> {
    return (await this.#client.get<Host>(hosts, { name })).status ?? {};
  }

  /** The status once it says what is expected, of another run than `after`. */
  shows(name: string, expected: Partial<ContainerStatus>, after?: ContainerStatus): Promise<ContainerStatus> {
    return eventually(`${name} shows ${JSON.stringify(expected)}`, async () => {
      const status = await this.statusOf(name);
      const keys = Object.keys(expected) as (keyof ContainerStatus)[];
      const newer = after === undefined || status.startedAt !== after.startedAt;
      return newer && keys.every((key) => status[key] === expected[key]) ? status : undefined;
    });
  }

  runs(name: string, after?: ContainerStatus): Promise<ContainerStatus> {
    return this.shows(name, { phase: "Running", summary: "Running" }, after);
  }

  async hostIs(name: string, status: "True" | "False", reason?: string): Promise<void> {
    await eventually(`Host ${name} is Ready=${status}`, async () => {
      const ready = findCondition((await this.hostStatus(name)).conditions, "Ready");
      return ready?.status === status && (reason === undefined || ready.reason === reason);
    });
  }

  told(name: string, reason: string): Promise<Told> {
    return eventually(`${reason} is told of ${name}`, async () =>
      (await this.#client.list<Told>(eventType, { namespace: "default" })).items.find(
        (event) => event.involvedObject.name === name && event.reason === reason,
      ),
    );
  }

  delete(type: ResourceType, name: string): Promise<unknown> {
    return this.#client.delete(type, type.namespaced ? place(name) : { name });
  }

  async isGone(type: ResourceType, name: string): Promise<void> {
    await eventually(`${type.kind} ${name} is gone`, async () => {
      const { items } = await this.#client.list(type);
      return items.every(({ metadata }) => metadata.name !== name);
    });
  }

  async deletesAll(): Promise<void> {
    for (const type of [containers, hosts]) {
      const { items } = await this.#client.list(type);
      await Promise.all(items.map(({ metadata }) => this.delete(type, metadata.name)));
      for (const { metadata } of items) await this.isGone(type, metadata.name);
    }
  }
}

if (missing !== undefined) {
  test(`needs real Docker Engines: ${missing}`, ({ skip }) => {
    console.warn(`Skipped: controllers on real Docker Engines: ${missing}`);
    skip(missing);
  });
} else {
  describe("controllers", () => {
    let east: Dockerd;
    let west: Dockerd;
    let server: StowageServer;
    let client: Client & AsyncDisposable;
    let user: User;

    beforeAll(async () => {
      east = await Dockerd.start({ name: "east", liveRestore: true });
      west = await Dockerd.start({ name: "west", tls: true });
      await Promise.all([east, west].map(({ docker }) => importBusybox(docker, image)));
      server = await StowageServer.start({ args: ["--instance", instance] });
      client = await server.client();
      user = new User(client);
    });
    afterAll(async () => {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await Promise.all([east, west].map((dockerd) => dockerd[Symbol.asyncDispose]()));
    });
    afterEach(async () => {
      await user.deletesAll();
    });

    /** Without the toolbox's, which come and go. */
    const idsOn = async (dockerd: Dockerd): Promise<readonly string[]> =>
      (await dockerd.docker.listContainers({ all: true }))
        .filter(({ Labels }) => !("stowage.dev/toolbox" in Labels))
        .map(({ Id }) => Id);
    const onHost = (dockerd: Dockerd, status: ContainerStatus): Docker.Container =>
      dockerd.docker.getContainer((status.containerID ?? "").replace("docker://", ""));
    const addEast = (): Promise<Host> => user.addHost("east", { endpoint: east.endpoint });
    const addWest = (): Promise<Host> => user.addHost("west", { endpoint: west.endpoint });

    test("a Container waits for a Host, says why, and runs as soon as there is one", async () => {
      await user.apply("web");
      expect(await user.shows("web", { summary: "Pending" })).toMatchObject({
        phase: "Pending",
        message: "There is no Host: create one, or start the server with --docker",
      });
      expect(await user.told("web", "FailedScheduling")).toBeDefined();
      await addEast();
      const status = await user.runs("web");
      expect(status).toMatchObject({ hostName: "east", restartCount: 0 });
      expect(status.addresses).toHaveLength(1);
      expect(findCondition(status.conditions, "Ready")?.status).toBe("True");
      expect((await onHost(east, status).inspect()).State.Running).toBe(true);
    });

    test("what Docker can change is changed in place; the rest replaces the container and says what made it", async () => {
      await addEast();
      await user.apply("web");
      const first = await user.runs("web");
      await user.change("web", { resources: { limits: { cpu: "500m" } } });
      const updated = await user.shows("web", { observedGeneration: 2 });
      expect(updated).toMatchObject({ containerID: first.containerID, startedAt: first.startedAt });
      expect((await onHost(east, updated).inspect()).HostConfig.CpuQuota).toBe(50_000);
      expect((await user.told("web", "Updated")).message).toContain("cpuLimit 0 -> 0.5");

      await user.change("web", { env: [{ name: "A", value: "b" }], hostname: "other" });
      const replaced = await user.runs("web", updated);
      expect(replaced.containerID).not.toBe(first.containerID);
      expect(replaced.lastState).toMatchObject({ containerID: first.containerID, reason: "Replaced" });
      expect((await user.told("web", "Replacing")).message).toBe("Replacing: env, hostname changed");
      expect(await idsOn(east)).toHaveLength(1);
    });

    test("an image that cannot be had leaves the container that works alone, and Ready speaks of the spec before", async () => {
      await addEast();
      await user.apply("web");
      const first = await user.runs("web");
      await user.change("web", { image: "127.0.0.1:1/nosuch:1" });
      const stuck = await user.shows("web", { observedGeneration: 2, summary: "ErrImagePull" });
      expect(stuck).toMatchObject({ phase: "Running", containerID: first.containerID });
      expect(findCondition(stuck.conditions, "Ready")).toMatchObject({ status: "True", observedGeneration: 1 });
      expect(findCondition(stuck.conditions, "ImageReady")).toMatchObject({ status: "False", observedGeneration: 2 });
      expect((await onHost(east, first).inspect()).State.Running).toBe(true);
      await user.change("web", { image });
      expect(await user.shows("web", { summary: "Running", observedGeneration: 3 })).toMatchObject({
        containerID: first.containerID,
      });
    });

    test("a pull that nobody asks for any more is given up, and what was asked for before is not run", async () => {
      // A registry that accepts connections and then says nothing.
      const calls = new Set<Socket>();
      const registry = createServer((socket) => calls.add(socket.on("error", () => undefined))).listen(0, "127.0.0.1");
      await once(registry, "listening");
      const slow = `127.0.0.1:${(registry.address() as AddressInfo).port}/slow:1`;
      try {
        await addEast();
        await Promise.all([user.apply("goes", { image: slow }), user.apply("other", { image: slow })]);
        await Promise.all([user.told("goes", "Pulling"), user.told("other", "Pulling")]);
        await eventually("the Engine pulls", async () => calls.size > 0);
        await Promise.all([user.delete(containers, "goes"), user.change("other", { image })]);
        await Promise.all([user.isGone(containers, "goes"), user.runs("other")]);
        const events = await client.list<Told>(eventType, { namespace: "default" });
        const told = events.items.filter(({ involvedObject }) => involvedObject.name === "goes");
        expect(told.map(({ reason }) => reason)).not.toContain("Failed");
      } finally {
        for (const call of calls) call.destroy();
        registry.close();
      }
    });

    test("tasks end once, and stay ended", async () => {
      await addEast();
      const task = (script: string): object => ({ restartPolicy: "Never", command: ["sh", "-c"], args: [script] });
      await user.apply("good", task("exit 0"));
      await user.apply("bad", task("exit 3"));
      await user.apply("long", { restartPolicy: "Never" });
      const good = await user.shows("good", { phase: "Succeeded", summary: "Completed", exitCode: 0 });
      await user.shows("bad", { phase: "Failed", summary: "Error", exitCode: 3 });
      await onHost(east, good).remove();
      await onHost(east, await user.runs("long")).remove({ force: true });
      await user.shows("long", { phase: "Failed", summary: "ContainerGone" });
      expect(await user.statusOf("good")).toMatchObject({ phase: "Succeeded", exitCode: 0 });
      expect(await idsOn(east)).toHaveLength(1);
    });

    test("runState stops, goes on and pauses, and keeps what is in the container", async () => {
      await addEast();
      await user.apply("web", { restartPolicy: "Never" });
      const first = await user.runs("web");
      await user.change("web", { runState: "Stopped" });
      await user.shows("web", { phase: "Stopped", containerID: first.containerID });
      await user.change("web", { runState: "Running" });
      const again = await user.runs("web", first);
      expect(again.containerID).toBe(first.containerID);
      await user.change("web", { runState: "Paused" });
      await user.shows("web", { phase: "Paused", containerID: first.containerID });
      expect((await onHost(east, first).inspect()).State.Paused).toBe(true);
    });

    test("a command that does not exist is told, tried again, and given up as soon as it is corrected", async () => {
      await addEast();
      await user.apply("web", { command: ["nosuch"] });
      const status = await user.shows("web", { phase: "Pending", summary: "RunContainerError" });
      expect(status.message).toContain("nosuch");
      await user.told("web", "BackOff");
      await user.change("web", { command: ["sleep"], args: ["1000000"] });
      await user.runs("web");
      expect(await idsOn(east)).toHaveLength(1);
    });

    test("a copy that carries our labels goes, what does not carry them stays", async () => {
      await addEast();
      await user.apply("web");
      const status = await user.runs("web");
      const { Config } = await onHost(east, status).inspect();
      const stranger = await east.docker.createContainer({ Image: image, Cmd: ["sleep", "1000000"] });
      const copy = await east.docker.createContainer({ Image: image, Labels: Config.Labels });
      await eventually("the copy is gone", async () => !(await idsOn(east)).includes(copy.id));
      expect((await idsOn(east)).toSorted()).toEqual([stranger.id, onHost(east, status).id].sort());
      await stranger.remove();
    });

    test("what belongs to no object is reported and left alone", async () => {
      await addEast();
      await user.hostIs("east", "True");
      const orphan = await east.docker.createContainer({
        name: "left-over",
        Image: image,
        Labels: { [labels.instance]: instance, [labels.namespace]: "x", [labels.name]: "y", [labels.uid]: "z" },
      });
      await eventually("it is reported", async () => (await user.hostStatus("east")).orphans?.includes("left-over"));
      expect(await idsOn(east)).toEqual([orphan.id]);
      await orphan.remove();
      await eventually("it is forgotten", async () => (await user.hostStatus("east")).orphans?.length === 0);
    });

    test("a Host that goes away leaves its Containers unknown, and deleted ones waiting, until it is back", async () => {
      await addEast();
      await Promise.all([user.apply("web"), user.apply("goes")]);
      const web = await user.runs("web");
      await user.runs("goes");
      await east.kill9();
      await user.hostIs("east", "False", "EngineUnreachable");
      const unknown = await user.shows("web", { phase: "Unknown", summary: "Unknown" });
      expect(findCondition(unknown.conditions, "Ready")).toMatchObject({
        status: "Unknown",
        reason: "HostUnreachable",
      });
      await user.delete(containers, "goes");
      await user.shows("goes", { summary: "Terminating" });
      await east.restart();
      await user.hostIs("east", "True");
      expect((await user.runs("web")).containerID).toBe(web.containerID);
      await user.isGone(containers, "goes");
      expect(await idsOn(east)).toEqual([onHost(east, web).id]);
    });

    test("a deleted Host waits for its Containers, takes no new ones, and then goes", async () => {
      await addEast();
      await user.apply("web");
      await user.runs("web");
      await user.delete(hosts, "east");
      const waits = await eventually("it says what it waits for", async () =>
        findCondition((await user.hostStatus("east")).conditions, "Deletable"),
      );
      expect(waits).toMatchObject({ status: "False", message: expect.stringContaining("default/web") as string });
      await user.apply("late");
      expect((await user.shows("late", { summary: "Pending" })).message).toBe("0/1 hosts fit: 1 is being deleted");
      await user.delete(containers, "web");
      await user.isGone(hosts, "east");
      expect(await idsOn(east)).toEqual([]);
    });

    test("a Host over TLS says that its Secret is missing or wrong, loses no Container by it, and connects once it is right", async () => {
      const { certificates, tcpEndpoint } = west;
      if (certificates === undefined || tcpEndpoint === undefined) throw new Error("west listens without TLS");
      const secretRef = place("west-tls");
      await user.addHost("west", { endpoint: tcpEndpoint, tls: { secretRef } });
      await user.hostIs("west", "False", "InvalidCredentials");
      const { ca, cert, key } = certificates;
      const addSecret = (theirs: string): Promise<KubeObject> =>
        client.create(secretType, {
          apiVersion: "v1",
          kind: "Secret",
          metadata: secretRef,
          ...{ type: "kubernetes.io/tls", stringData: { "ca.crt": theirs, "tls.crt": cert, "tls.key": key } },
        });
      await addSecret(ca);
      await user.hostIs("west", "True");
      await user.apply("web");
      const before = await user.runs("web");
      expect(before.hostName).toBe("west");

      // Lost or wrong, it is our own mistake: what runs there goes on.
      const notReady = [{ key: notReadyTaint, effect: "NoSchedule" }];
      await user.delete(secretType, secretRef.name);
      await user.hostIs("west", "False", "InvalidCredentials");
      expect((await user.hostStatus("west")).taints).toMatchObject(notReady);
      await user.shows("web", { phase: "Unknown", hostName: "west" });
      await addSecret(cert);
      await eventually("the Host says what is wrong with it", async () =>
        findCondition((await user.hostStatus("west")).conditions, "Ready")?.message.includes("Cannot talk TLS"),
      );
      await user.hostIs("west", "False", "InvalidCredentials");
      expect((await user.hostStatus("west")).taints).toMatchObject(notReady);
      await user.delete(secretType, secretRef.name);
      await addSecret(ca);
      expect(await user.runs("web")).toMatchObject({ containerID: before.containerID, startedAt: before.startedAt });
      await user.deletesAll();
      await user.delete(secretType, secretRef.name);
    });

    test("two Hosts: each gets what is asked for there and fits, and what fits nowhere says so for each", async () => {
      await Promise.all([addEast(), addWest()]);
      await Promise.all([user.hostIs("east", "True"), user.hostIs("west", "True")]);
      const resources = { requests: { memory: "1Gi" } };
      await user.apply("selected", { placement: { hostSelector: { matchLabels: { zone: "west" } } } });
      await user.apply("named", { placement: { hostName: "east" }, resources });
      await Promise.all([user.runs("selected"), user.runs("named")]);
      await user.apply("spread", { resources });
      await user.apply("huge", { resources: { requests: { memory: "1Ti" } }, placement: { hostName: "east" } });
      expect((await user.runs("named")).hostName).toBe("east");
      expect((await user.runs("selected")).hostName).toBe("west");
      expect((await user.runs("spread")).hostName).toBe("west");
      expect((await user.shows("huge", { summary: "Pending" })).message).toBe(
        "0/2 hosts fit: 1 is not placement.hostName, 1 too little memory",
      );
      await user.change("named", { placement: { hostName: "west" } });
      expect((await user.told("named", "PlacementChanged")).message).toContain('Stays on Host "east"');
      expect(await user.runs("named")).toMatchObject({ hostName: "east" });
    });

    test("a Container that is evicted leaves its Host and is placed anew; what left a lost Host is removed when that is back", async () => {
      await addEast();
      await user.apply("web");
      const tolerations = [{ key: unreachableTaint, operator: "Exists", effect: "NoExecute", tolerationSeconds: 1 }];
      await user.apply("moves", { placement: { tolerations } });
      await user.apply("single", { placement: { tolerations, singleton: true } });
      const single = await user.runs("single");
      const web = await user.runs("web");
      const moves = await user.runs("moves");
      await addWest();
      await user.hostIs("west", "True");
      // What the scheduler (preemption), `stowage drain` and the loss of a Host come to.
      const write = async (name: string, change: (status: ContainerStatus) => ContainerStatus): Promise<void> => {
        const object = await client.get<Container>(containers, place(name));
        const next: Container = { ...object, status: change(object.status ?? {}) };
        await client.updateStatus<Container>(containers, next);
      };
      await client.patch(hosts, { name: "east" }, { type: "merge", body: { spec: { unschedulable: true } } });
      const eviction = { reason: "Evicted", message: "test", requestedAt: web.startedAt ?? "" };
      await write("web", (status) => ({ ...status, eviction }));
      const moved = await user.runs("web", web);
      expect(moved).toMatchObject({ hostName: "west", lastState: { containerID: web.containerID, reason: "Evicted" } });
      expect(findCondition(moved.conditions, "DisruptionTarget")).toMatchObject({ status: "True", reason: "Evicted" });
      expect((await idsOn(east)).toSorted()).toEqual([onHost(east, moves).id, onHost(east, single).id].sort());

      await east.kill9();
      await user.shows("moves", { phase: "Running", hostName: "west" });
      expect((await user.told("moves", "HostLost")).message).toBe(
        'Host "east" has the taint {stowage.dev/unreachable: }',
      );
      expect(await user.statusOf("single")).toMatchObject({ phase: "Unknown", hostName: "east" });
      await user.delete(containers, "moves");
      expect((await user.shows("moves", { summary: "Terminating" })).formerHosts).toEqual(["east"]);
      await east.restart();
      await user.hostIs("east", "True");
      expect(await idsOn(east)).toEqual([onHost(east, single).id]);
      await user.isGone(containers, "moves");
      expect((await user.runs("single")).containerID).toBe(single.containerID);
    });

    test("what may run once has had its run, though it is evicted before anybody has written that down", async () => {
      await addEast();
      await user.apply("job", { args: ["true"], restartPolicy: "Never" });
      const { containerID, startedAt } = await user.shows("job", { phase: "Succeeded" });
      const eviction = { reason: "Evicted", message: "test", requestedAt: startedAt ?? "" };
      const object = await client.get<Container>(containers, place("job"));
      const next: Container = { ...object, status: { phase: "Pending", hostName: "east", eviction } };
      await client.updateStatus<Container>(containers, next);
      await eventually("the eviction is done", async () => (await user.statusOf("job")).eviction === undefined);
      expect(await user.statusOf("job")).toMatchObject({
        phase: "Succeeded",
        hostName: "east",
        containerID,
        startedAt,
      });
    });

    test("who lost the store finds again what was on each Host, and runs nothing twice", async () => {
      const again = { args: ["--instance", "lost-store"] };
      const names = ["a", "b", "c", "d"];
      const declareAll = async (someone: User): Promise<readonly ContainerStatus[]> => {
        await someone.addHost("east", { endpoint: east.endpoint });
        await someone.addHost("west", { endpoint: west.endpoint });
        // At once, before anybody knows what the Hosts have; backwards the second time, so that it is not the order that decides.
        for (const name of names.reverse()) await someone.apply(name);
        return Promise.all(["a", "b", "c", "d"].map((name) => someone.runs(name)));
      };
      const idsOf = (all: readonly ContainerStatus[]): unknown => all.map(({ containerID }) => containerID);
      await using first = await StowageServer.start(again);
      await using firstClient = await first.client();
      const before = await declareAll(new User(firstClient));
      await first.kill9();
      await using next = await StowageServer.start(again);
      await using nextClient = await next.client();
      const heir = new User(nextClient);
      const after = await declareAll(heir);
      expect(idsOf(after)).toEqual(idsOf(before));
      expect(await idsOn(east)).toHaveLength(2);
      expect(await idsOn(west)).toHaveLength(2);
      await heir.deletesAll();
      expect([...(await idsOn(east)), ...(await idsOn(west))]).toEqual([]);
    });
  });
}
