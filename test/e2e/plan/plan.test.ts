/** What `stowage plan` says is what then happens on the hosts, and saying it changes nothing. */
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Host } from "../../../crds/host.ts";
import type { Container } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { configMapType, secretType } from "../../../crds/core.ts";
import { hosts } from "../../../crds/host.ts";
import { apiVersionOf } from "../../../crds/meta.ts";
import type { Plan, PlannedContainer, PlanStatus } from "../../../crds/plan.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { Registry, registryMissing } from "../../lab/registry.ts";
import { eventually, StowageServer } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing ?? registryMissing;

/** What the Engine tells of a step. */
const actionsOf: Readonly<Record<string, readonly string[]>> = {
  pull: ["pull"],
  create: ["create", "start"],
  start: ["start"],
  stop: ["stop"],
  remove: ["destroy"],
  update: ["update"],
  pause: ["pause"],
  unpause: ["unpause"],
};

describe.skipIf(missing)(`plan${missing ? `: skipped, ${missing}` : ""}`, () => {
  const image = "busybox:lab";
  let remote: string;
  let engine: Dockerd;
  let other: Dockerd;
  let registry: Registry;
  let server: StowageServer;
  const parts = new AsyncDisposableStack();

  beforeAll(async () => {
    engine = parts.use(await Dockerd.start({ name: "one" }));
    other = parts.use(await Dockerd.start({ name: "two" }));
    registry = parts.use(await Registry.start());
    await importBusybox(engine.docker, image);
    await importBusybox(other.docker, image);
    await importBusybox(engine.docker, "remote:lab", { files: { "etc/payload": "another layer" } });
    remote = await registry.push(engine.docker, "remote:lab", "team/remote:v1");
    await engine.docker.getImage("remote:lab").remove();
    server = parts.use(await StowageServer.start({ docker: engine.endpoint }));
    await server.cli(["apply", "-f", "-"], stringify(hostManifest("second", other.endpoint)));
    await server.cli(["wait", "host", "local", "second", "--for=condition=Ready"]);
  });
  afterAll(() => parts.disposeAsync());

  const hostManifest = (name: string, endpoint: string): object => ({
    apiVersion: apiVersionOf(hosts),
    kind: hosts.kind,
    metadata: { name },
    spec: { docker: { endpoint } },
  });

  const hostSpec = (host: object): object => (host as { readonly spec: object }).spec;

  const manifest = (name: string, spec: object): object => ({
    apiVersion: apiVersionOf(containers),
    kind: containers.kind,
    metadata: { name, namespace: "default" },
    spec: {
      image,
      imagePullPolicy: "IfNotPresent",
      command: ["sleep", "1000000"],
      terminationGracePeriodSeconds: 0,
      placement: { hostName: "local" },
      ...spec,
    },
  });

  const yaml = (...manifests: readonly object[]): string => manifests.map((one) => stringify(one)).join("---\n");

  async function plan(args: readonly string[], input?: string): Promise<{ code: number; status: PlanStatus }> {
    const { code, stdout, stderr } = await server.cli(["plan", ...args, "-o", "json"], input);
    expect(stderr).toBe("");
    return { code, status: (JSON.parse(stdout) as Plan).status };
  }

  /** Every object that a plan could have touched, with its version. */
  async function versions(): Promise<readonly string[]> {
    await using client = await server.client();
    const lists = await Promise.all([containers, configMapType, secretType].map((type) => client.list(type)));
    return lists.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`));
  }

  /** What happened on both Engines since `from`, as far as steps make it happen. */
  async function eventsSince(from: number): Promise<readonly string[]> {
    const seconds = (ms: number): string => (ms / 1000).toFixed(3);
    const all = await Promise.all(
      [engine, other].map(async ({ docker }) => {
        const stream = await docker.getEvents({ since: seconds(from), until: seconds(Date.now()) } as object);
        const lines = (await text(stream)).split("\n").filter((line) => line !== "");
        // The toolbox's own containers look at the machine now and then, whoever plans.
        return lines
          .map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } })
          .filter(({ Actor: { Attributes } }) => Attributes["stowage.dev/toolbox"] === undefined)
          .map(({ Action }) => Action);
      }),
    );
    const known = new Set(Object.values(actionsOf).flat());
    return all.flat().filter((action) => known.has(action));
  }

  const stepsOf = (planned: readonly PlannedContainer[]): readonly string[] =>
    planned.flatMap(({ steps }) => steps.flatMap((step) => actionsOf[step.do] ?? []));

  /** Plans, checks that this did nothing, does it, and checks that exactly the plan was done. */
  async function planThenDo(
    planArgs: readonly string[],
    doArgs: readonly string[],
    input?: string,
  ): Promise<readonly PlannedContainer[]> {
    const from = Date.now();
    const before = await versions();
    const { code, status } = await plan(planArgs, input);
    expect({ code, changes: status.changes }).toEqual({ code: 1, changes: true });
    expect(await versions()).toEqual(before);
    expect(await eventsSince(from)).toEqual([]);

    const { code: done, stderr } = await server.cli(doArgs, input);
    expect({ done, stderr }).toEqual({ done: 0, stderr: "" });
    await eventually("everything that was planned happened", async () => {
      const happened = await eventsSince(from);
      return happened.length >= stepsOf(status.containers).length;
    });
    expect((await eventsSince(from)).toSorted()).toEqual(stepsOf(status.containers).toSorted());
    return status.containers;
  }

  const planThenApply = async (...manifests: readonly object[]): Promise<readonly PlannedContainer[]> => {
    const input = yaml(...manifests);
    const planned = await planThenDo(["-f", "-"], ["apply", "--wait", "-f", "-"], input);
    expect(await plan(["-f", "-"], input)).toMatchObject({ code: 0, status: { changes: false } });
    return planned;
  };

  test.each<[string, object, Partial<PlannedContainer>]>([
    ["what is new is created", {}, { action: "Create", hostName: "local", steps: [{ do: "create", image }] }],
    ["a variable replaces", { env: [{ name: "A", value: "hush" }] }, { action: "Replace", replacing: ["env"] }],
    [
      "resources change in place",
      { env: [{ name: "A", value: "hush" }], resources: { limits: { cpu: "500m" } } },
      { action: "Update", updating: ["cpuLimit 0 -> 0.5", "cpuShares 0 -> 512"] },
    ],
    [
      "it is stopped",
      { env: [{ name: "A", value: "hush" }], resources: { limits: { cpu: "500m" } }, runState: "Stopped" },
      { action: "Stop" },
    ],
    [
      "it is started",
      { env: [{ name: "A", value: "hush" }], resources: { limits: { cpu: "500m" } } },
      { action: "Start" },
    ],
    [
      "it is paused",
      { env: [{ name: "A", value: "hush" }], resources: { limits: { cpu: "500m" } }, runState: "Paused" },
      { action: "Pause" },
    ],
    [
      "it is woken",
      { env: [{ name: "A", value: "hush" }], resources: { limits: { cpu: "500m" } } },
      { action: "Unpause" },
    ],
  ])("%s", async (_, spec, expected) => {
    const [planned] = await planThenApply(manifest("web", spec));
    expect(planned).toMatchObject({ namespace: "default", name: "web", ...expected });
    expect(JSON.stringify(planned)).not.toContain("hush");
  });

  test("another image is pulled, and replaces", async () => {
    const [planned] = await planThenApply(manifest("web", { image: remote }));
    expect(planned).toMatchObject({ action: "Replace", replacing: ["env", "image"] });
    expect(planned?.steps.map((step) => step.do)).toEqual(["pull", "stop", "remove", "create"]);
  });

  test("another placement moves nothing by itself, and says so", async () => {
    const moved = yaml(manifest("web", { image: remote, placement: { hostName: "second" } }));
    const { code, status } = await plan(["-f", "-"], moved);
    expect({ code, planned: status.containers }).toMatchObject({
      code: 1,
      planned: [{ action: "None", hostName: "local", message: expect.stringContaining("Stays on Host") as string }],
    });
  });

  test("Containers of one plan share the room that there is, and what finds none is told why", async () => {
    await using client = await server.client();
    const host = await client.get<Host>(hosts, { name: "second" });
    const cpu = Number(host.status?.allocatable?.["cpu"]);
    const big = (name: string): object =>
      manifest(name, { resources: { limits: { cpu: String(cpu - 0.5) } }, placement: { hostName: "second" } });
    const { code, status } = await plan(["-f", "-"], yaml(big("first"), big("second")));
    expect(code).toBe(1);
    expect(status.containers.map(({ action }) => action)).toEqual(["Create", "Unschedulable"]);
    expect(status.containers[1]?.message).toContain("too little cpu");
    const { stdout } = await server.cli(["plan", "-f", "-"], yaml(big("first"), big("second")));
    expect(stdout).toBe(
      [
        "No Host",
        `  ! cannot place default/second: ${status.containers[1]?.message ?? ""}`,
        "",
        "Host second",
        "  + create default/first",
        `      create from ${image}`,
        "",
        "Objects: 2 created",
        "Plan: 1 to create, 1 without a Host",
        "",
      ].join("\n"),
    );
  });

  test("a namespace that comes with the manifests is no obstacle; nor is a Secret told", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } };
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "team" },
      stringData: { k: "hush" },
    };
    const inside = { ...manifest("web", {}), metadata: { name: "web", namespace: "team" } };
    const { stdout, code } = await server.cli(["plan", "-o", "json", "-f", "-"], yaml(namespace, secret, inside));
    expect(code).toBe(1);
    expect(stdout).not.toContain("hush");
    expect((JSON.parse(stdout) as Plan).status).toMatchObject({
      objects: [{ change: "Created" }, { change: "Created" }, { change: "Created" }],
      containers: [{ namespace: "team", action: "Create" }],
    });
  });

  test("init containers come before the container itself", async () => {
    const init = { name: "prepare", image, imagePullPolicy: "IfNotPresent", command: ["true"] };
    const [planned] = await planThenApply(manifest("prepared", { initContainers: [init] }));
    expect(planned).toMatchObject({
      action: "Create",
      steps: [
        { do: "create", initContainer: "prepare" },
        { do: "create", image },
      ],
    });
    await server.cli(["delete", "ctr", "prepared", "-n", "default"]);
  });

  test("Containers that use a ConfigMap which changes get new files, or are replaced", async () => {
    const settings = (greeting: string): object => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace: "default" },
      data: { greeting },
    });
    const source = { configMap: { name: "settings" } };
    const users = [
      manifest("reads", {
        volumes: [{ name: "files", ...source }],
        volumeMounts: [{ name: "files", mountPath: "/etc/settings" }],
      }),
      manifest("restarts", { envFrom: [{ configMapRef: { name: "settings" } }], restartOnConfigChange: true }),
    ];
    await server.cli(["apply", "--wait", "-f", "-"], yaml(settings("hello"), ...users));
    const { code, status } = await plan(["-f", "-"], yaml(settings("good day")));
    expect(code).toBe(1);
    expect(status.containers).toMatchObject([
      { name: "reads", action: "Update", updating: ["files of volume files"], steps: [{ do: "write" }] },
      { name: "restarts", action: "Replace", replacing: ["ConfigMap settings"] },
    ]);
    await server.cli(["apply", "--wait", "-f", "-"], yaml(settings("good day")));
    await eventually("all of it is done", async () => {
      const { code: left } = await plan(["-f", "-"], yaml(settings("good day"), ...users));
      return left === 0;
    });
    await server.cli(["delete", "ctr", "reads", "restarts", "-n", "default"]);
  });

  test("a Host that is tainted is left by whom it drives away", async () => {
    await server.cli(["apply", "--wait", "-f", "-"], yaml(manifest("mover", { placement: {} })));
    await using client = await server.client();
    const { status: { hostName = "" } = {} } = await client.get<Container>(containers, {
      namespace: "default",
      name: "mover",
    });
    const host = hostManifest(hostName, hostName === "local" ? engine.endpoint : other.endpoint);
    const taints = [{ key: "repairs", effect: "NoExecute" }];
    const { status } = await plan(["-f", "-"], yaml({ ...host, spec: { ...hostSpec(host), taints } }));
    const mover = status.containers.find(({ name }) => name === "mover");
    expect(mover).toMatchObject({
      action: "Move",
      hostName,
      toHostName: hostName === "local" ? "second" : "local",
      message: `Host "${hostName}" has the taint {repairs: }`,
      steps: [{ do: "stop" }, { do: "remove" }, { do: "create" }],
    });
    await server.cli(["delete", "ctr", "mover", "-n", "default"]);
  });

  test("kubectl can ask, too", async () => {
    const asked = { apiVersion: "stowage.dev/v1alpha1", kind: "Plan", spec: { apply: [manifest("asked", {})] } };
    const { code, stdout } = await server.kubectl(["create", "-f", "-", "-o", "json"], stringify(asked));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      spec: {},
      status: { containers: [{ name: "asked", action: "Create" }] },
    });
  });

  test("what is wrong is refused with file, line and exit code 3; what makes no sense with 2", async () => {
    const wrong = await server.cli(["plan", "-f", "-"], yaml(manifest("web", { runState: "Sideways" })));
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain("standard input: line");
    expect((await server.cli(["plan"])).code).toBe(2);
  });

  test("diff shows what changes in objects, and hides values of Secrets", async () => {
    const { code, stdout } = await server.cli(["diff", "-f", "-"], yaml(manifest("web", { image: remote, tty: true })));
    expect(code).toBe(1);
    expect(stdout).toContain("-  tty: false\n+  tty: true\n");
    const unchanged = await server.cli(["diff", "-f", "-"], yaml(manifest("web", { image: remote })));
    expect(unchanged).toEqual({ code: 0, stdout: "", stderr: "" });
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "default" },
      stringData: { k: "hush" },
    };
    const hidden = await server.cli(["diff", "-f", "-"], yaml(secret));
    expect(hidden.code).toBe(1);
    expect(hidden.stdout).toContain("***");
    expect(hidden.stdout).not.toContain(Buffer.from("hush").toString("base64"));
  });

  test("what is on a host that does not answer is unknown", async () => {
    await planThenApply(manifest("far", { placement: { hostName: "second" } }));
    await other.stop();
    await server.cli(["wait", "host", "second", "--for=condition=Ready=False", "--timeout=120s"]);
    const { status } = await plan(["-f", "-"], yaml(manifest("far", { tty: true, placement: { hostName: "second" } })));
    expect(status.containers).toMatchObject([{ action: "Unknown", hostName: "second", steps: [] }]);
    await other.restart();
    await server.cli(["wait", "ctr", "far", "-n", "default", "--for=condition=Ready", "--timeout=120s"]);
  });

  test("deletion, of a Container and of what is in a namespace", async () => {
    const [planned] = await planThenDo(
      ["--delete", "container", "web", "-n", "default"],
      ["delete", "container", "web", "-n", "default"],
    );
    expect(planned).toMatchObject({ action: "Delete", steps: [{ do: "stop" }, { do: "remove" }] });
    const { status } = await plan(["--delete", "namespace", "default"]);
    expect(status.containers).toMatchObject([{ name: "far", action: "Delete", hostName: "second" }]);
  });
});
