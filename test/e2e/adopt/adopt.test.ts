/** Containers that run already are taken over without a restart, and kept from then on. */
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import type { Container } from "../../../crds/container.ts";
import { adoptAnnotation, containers } from "../../../crds/container.ts";
import { namespaceType } from "../../../crds/core.ts";
import { missingCommand } from "../../lab/commands.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { capture, eventually, StowageServer } from "../../lab/stowage.ts";

const missing =
  dockerdMissing ?? imagesMissing ?? missingCommand({ docker: "docker.io", "docker-compose": "docker-compose" });

describe.skipIf(missing)(`adopt${missing ? `: skipped, ${missing}` : ""}`, () => {
  const image = "busybox:lab";
  let engine: Dockerd;
  let docker: Docker;
  let server: StowageServer;
  const parts = new AsyncDisposableStack();

  beforeAll(async () => {
    engine = parts.use(await Dockerd.start({ name: "adopt" }));
    docker = engine.docker;
    await importBusybox(docker, image, { changes: ['CMD ["sh"]', "ENV FROM_IMAGE=1", "LABEL from=image"] });
    await importBusybox(docker, "busybox:next", { changes: ['CMD ["sh"]', "ENV FROM_IMAGE=1", "LABEL from=image"] });
    server = parts.use(await StowageServer.start({ docker: engine.endpoint }));
    await server.cli(["wait", "host", "local", "--for=condition=Ready"]);
    // What people ran by hand may have ports of the host, and more.
    await using client = await server.client();
    const level = (mode: string): object => ({ [`pod-security.kubernetes.io/${mode}`]: "privileged" });
    const labels = { ...level("enforce"), ...level("warn") };
    await client.patch(namespaceType, { name: "default" }, { type: "merge", body: { metadata: { labels } } });
  });
  afterAll(() => parts.disposeAsync());

  const env = (): NodeJS.ProcessEnv => ({ ...process.env, DOCKER_HOST: engine.endpoint });

  /** As a user's shell would. Returns what it wrote. */
  async function shell(command: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await capture(command, args, { env: env() });
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout.trim();
  }

  /** What changes when a container is started anew. */
  async function runOf(id: string): Promise<{ id: string; pid: number; startedAt: string }> {
    const { Id, State } = await docker.getContainer(id).inspect();
    return { id: Id, pid: State.Pid, startedAt: State.StartedAt };
  }

  /** Without the toolbox's, which come and go. */
  async function containersLeft(): Promise<readonly Docker.ContainerInfo[]> {
    const all = await docker.listContainers({ all: true });
    return all.filter(({ Labels }) => !("stowage.dev/toolbox" in Labels));
  }

  async function object(name: string): Promise<Container> {
    await using client = await server.client();
    return await client.get<Container>(containers, { namespace: "default", name });
  }

  async function apply(manifests: string): Promise<void> {
    const { code, stderr } = await server.cli(["apply", "--wait", "-f", "-"], manifests);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }

  async function adopt(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await server.cli(["adopt", "--host", "local", ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  }

  const manifestsIn = (text: string): readonly Container[] =>
    parseAllDocuments(text).map((document) => document.toJS() as Container);

  test("what docker run made is described, taken over as it is, and kept from then on", async () => {
    const id = await shell("docker", [
      ...["run", "-d", "--name", "Shop.db", "--restart", "always", "-e", "PASSWORD=hush", "-e", "FROM_IMAGE=1"],
      ...["-p", "127.0.0.1:18099:80", "--memory", "64m", "--cpus", "0.5", "--label", "team=shop", "-w", "/tmp"],
      ...["--stop-signal", "SIGKILL", "--user", "0:0", image, "sleep", "1000000"],
    ]);
    const before = await runOf(id);
    const bystander = await shell("docker", ["run", "-d", "--name", "bystander", image, "sleep", "1000000"]);
    const text = await adopt("Shop.db");
    const [manifest] = manifestsIn(text);
    expect(manifest).toEqual({
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Container",
      metadata: { name: "shop-db", namespace: "default", annotations: { [adoptAnnotation]: id } },
      spec: {
        image,
        args: ["sleep", "1000000"],
        env: [{ name: "PASSWORD", value: "hush" }],
        labels: { team: "shop" },
        placement: { hostName: "local" },
        ports: [{ containerPort: 80, hostIP: "127.0.0.1", hostPort: 18099, protocol: "TCP" }],
        resources: { limits: { cpu: "0.5", memory: "64Mi" }, requests: { cpu: "0", memory: "0" } },
        stopSignal: "SIGKILL",
        terminationGracePeriodSeconds: 10,
        user: "0:0",
        workingDir: "/tmp",
      },
    });

    const planned = await server.cli(["plan", "-f", "-"], text);
    expect(planned.stdout).toBe("Objects: 1 created\nPlan: nothing to do on any Host\n");
    await apply(text);
    expect(await runOf(id)).toEqual(before);
    const { status } = await object("shop-db");
    expect(status).toMatchObject({ phase: "Running", containerID: `docker://${id}`, hostName: "local" });
    expect((await docker.getContainer(id).inspect()).Name).toBe("/Shop.db");
    expect(await server.cli(["plan", "-f", "-"], text)).toMatchObject({ code: 0 });

    // Somebody's accident: the Engine's events tell of it although the container carries no label.
    await docker.getContainer(id).kill();
    await eventually("it runs again", async () => (await docker.getContainer(id).inspect()).State.Running);
    const after = await runOf(id);
    expect(after.startedAt).not.toBe(before.startedAt);
    await eventually("the object knows", async () => {
      const { startedAt, phase } = (await object("shop-db")).status ?? {};
      return phase === "Running" && startedAt === after.startedAt;
    });

    // A control plane that was away finds it again; nothing happens to it.
    await server.kill9();
    await server.start();
    await server.cli(["wait", "ctr", "shop-db", "-n", "default", "--for=condition=Ready"]);
    await docker.getContainer(id).pause();
    await eventually(
      "a restarted control plane wakes it",
      async () => !(await docker.getContainer(id).inspect()).State.Paused,
    );
    expect(await runOf(id)).toEqual(after);

    // In place, as any other.
    const roomier = text.replace("memory: 64Mi", "memory: 96Mi");
    await apply(roomier);
    await eventually("its limit is raised", async () => {
      const { HostConfig } = await docker.getContainer(id).inspect();
      return HostConfig.Memory === 96 * 2 ** 20;
    });
    expect(await runOf(id)).toEqual(after);

    // Replaced by one of ours, by the plan that says so.
    const next = roomier.replace(`image: ${image}`, "image: busybox:next");
    const replaced = await server.cli(["plan", "-f", "-"], next);
    expect(replaced.stdout).toContain("-/+ replace default/shop-db: forced by: image");
    await apply(next);
    await expect(docker.getContainer(id).inspect()).rejects.toMatchObject({ statusCode: 404 });
    const { containerID = "" } = (await object("shop-db")).status ?? {};
    const ours = await docker.getContainer(containerID.replace("docker://", "")).inspect();
    expect(ours.Config.Image).toBe("busybox:next");
    expect(ours.Config.Env).toContain("PASSWORD=hush");

    await server.cli(["delete", "ctr", "shop-db", "-n", "default"]);
    const left = await containersLeft();
    expect(left.map(({ Id }) => Id)).toEqual([bystander]);
    await docker.getContainer(bystander).remove({ force: true });
  });

  test("what docker-compose made, with what a manifest cannot say", async () => {
    const compose = ["-f", join(import.meta.dirname, "docker-compose.yml"), "-p", "shop"];
    await shell("docker-compose", [...compose, "up", "-d"]);
    const ids = (await shell("docker-compose", [...compose, "ps", "-q"])).split("\n").sort();
    const before = await Promise.all(ids.map(runOf));

    const refused = await server.cli(["adopt", "--host", "local"]);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(
      'error: container "shop_cache_1": a manifest cannot say: network "shop_default", and its name there\n',
    );
    const forced = await server.cli(["adopt", "--host", "local", "--force"]);
    expect(forced.code).toBe(0);
    expect(forced.stderr).toContain('Warning: container "shop_cache_1": a manifest cannot say: network "shop_default"');
    const [cache, web] = manifestsIn(forced.stdout);
    expect(cache).toMatchObject({
      metadata: { name: "cache" },
      spec: { ulimits: [{ name: "nofile", soft: 1024, hard: 1024 }] },
    });
    expect(web).toMatchObject({
      metadata: { name: "web" },
      spec: {
        env: [{ name: "ROLE", value: "front" }],
        labels: { team: "shop", "com.docker.compose.project": "shop", "com.docker.compose.service": "web" },
        volumes: [{ name: "srv-content", dockerVolume: { name: "shop_content" } }],
        volumeMounts: [{ name: "srv-content", mountPath: "/srv/content" }],
      },
    });

    await apply(forced.stdout);
    expect(await Promise.all(ids.map(runOf))).toEqual(before);
    const { stdout } = await server.cli(["get", "ctr", "-n", "default"]);
    expect(stdout).toMatch(/^cache +True +Running/m);
    expect(stdout).toMatch(/^web +True +Running/m);
    expect(await server.cli(["adopt", "--host", "local"])).toEqual({
      code: 0,
      stdout: "",
      stderr: 'No containers to adopt run on host "local"\n',
    });

    await server.cli(["delete", "ctr", "web", "cache", "-n", "default"]);
    expect(await containersLeft()).toEqual([]);
    // Data is never at risk: volumes outlive what mounts them.
    expect((await docker.listVolumes()).Volumes.map(({ Name }) => Name)).toContain("shop_content");
  }, 600_000);

  test("one container has one owner, and only who names a Host and a whole id gets one", async () => {
    const id = await shell("docker", ["run", "-d", "--name", "one", image, "sleep", "1000000"]);
    const text = await adopt("one");
    const [manifest] = manifestsIn(text);
    await apply(text);
    const rival = { ...manifest, metadata: { ...manifest?.metadata, name: "rival" } };
    await server.cli(["apply", "-f", "-"], stringify(rival));
    await eventually("the second is told who has it", async () => {
      const { status } = await object("rival");
      return status?.summary === "AlreadyAdopted" && status.message?.includes("default/one");
    });
    await server.cli(["delete", "ctr", "rival", "-n", "default"]);
    expect((await runOf(id)).pid).toBeGreaterThan(0);

    const wrong = { ...rival, metadata: { ...rival.metadata, annotations: { [adoptAnnotation]: id.slice(0, 12) } } };
    const { code, stderr } = await server.cli(["apply", "-f", "-"], stringify(wrong));
    expect(code).toBe(1);
    expect(stderr).toContain("must be the full id of a container");

    // Without its annotation it stays what it is: nobody's container runs twice.
    const bare = { ...manifest, metadata: { name: "one", namespace: "default" } };
    await apply(stringify(bare));
    expect((await object("one")).status?.containerID).toBe(`docker://${id}`);
    await server.cli(["delete", "ctr", "one", "-n", "default"]);
    expect(await containersLeft()).toEqual([]);
  });
});
