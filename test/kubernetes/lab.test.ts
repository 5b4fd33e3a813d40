/** That the lab's Kubernetes is one: it runs Pods, survives its API server, and leaves nothing. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { run } from "../lab/commands.ts";
import { KubernetesLab, kubernetesMissing, labNode } from "../lab/kubernetes.ts";
import { childrenOf } from "../lab/leftovers.ts";
import { capture } from "../lab/stowage.ts";

const missing = kubernetesMissing();

/** What comes about by itself after a command has ended. */
const patience = { timeout: 60_000 };

interface Pod {
  readonly metadata: { readonly uid: string };
  readonly status: {
    readonly phase: string;
    readonly podIP: string;
    readonly qosClass: string;
    readonly containerStatuses: readonly { readonly containerID: string; readonly restartCount: number }[];
  };
}

/** Guaranteed, so that it asks for an OOM score as the pause container does. */
const pod = (name: string, script: string, more: object = {}): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1, // with 0 the object would go before its containers
      volumes: [{ name: "secret", secret: { secretName: "lab" } }],
      containers: [
        {
          name: "main",
          image: "busybox:lab",
          command: ["sh", "-c", script],
          resources: { limits: { cpu: "100m", memory: "32Mi" } },
          volumeMounts: [{ name: "secret", mountPath: "/secret" }],
          ...more,
        },
      ],
    },
  });

describe.skipIf(missing !== undefined)(`the lab's Kubernetes${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: KubernetesLab;
  let before: Machine;

  beforeAll(async () => {
    before = await machine();
    lab = await KubernetesLab.start();
    await lab.importBusybox();
    await kubectl(["create", "secret", "generic", "lab", "--from-literal=word=open"]);
    return () => lab[Symbol.asyncDispose]();
  }, 600_000);

  async function kubectl(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await lab.kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async function start(name: string, script: string): Promise<void> {
    await kubectl(["apply", "-f", "-"], pod(name, script));
    await kubectl(["wait", "--for=condition=Ready", `pod/${name}`, "--timeout=240s"]);
  }

  const podOf = async (name: string): Promise<Pod> =>
    JSON.parse(await kubectl(["get", "pod", name, "-o", "json"])) as Pod;

  /** Names of what its Engine runs. */
  const containers = async (): Promise<readonly string[]> =>
    (await lab.engine.docker.listContainers()).flatMap(({ Names }) => Names);

  test("its one node is Ready", async () => {
    const nodes = await kubectl(["get", "nodes", "--no-headers"]);
    expect(nodes.trim().split("\n")).toEqual([expect.stringMatching(`^${labNode} +Ready `)]);
  });

  test("a Pod runs with its Secret, says so in its log, is entered, and goes", async () => {
    await start("hello", "echo hello from $(hostname); cat /secret/word; echo; sleep 1000");
    const { status } = await podOf("hello");
    expect(status).toMatchObject({ phase: "Running", qosClass: "Guaranteed" });
    await expect.poll(() => kubectl(["logs", "hello"]), patience).toBe("hello from hello\nopen\n");
    expect(await kubectl(["exec", "hello", "--", "hostname", "-i"])).toBe(`${status.podIP}\n`);
    await kubectl(["delete", "pod", "hello"]);
    expect((await lab.kubectl(["get", "pod", "hello"])).stderr).toContain("(NotFound)");
    expect(await containers()).not.toContainEqual(expect.stringContaining("_main_hello_"));
  });

  test("a Pod lives on while the API server is away, and is the same when it is back", async () => {
    await start("steady", "sleep 10000");
    const was = await podOf("steady");
    await lab.apiServer.kill9();
    expect((await lab.kubectl(["get", "pods"])).code).not.toBe(0);
    expect(await containers()).toContainEqual(expect.stringContaining("_main_steady_"));
    await lab.apiServer.restart();
    const is = await podOf("steady");
    expect(is.metadata.uid).toBe(was.metadata.uid);
    expect(is.status.containerStatuses).toEqual(was.status.containerStatuses);
    await start("later", "sleep 10000"); // the scheduler, the controllers and the kubelet found it again
  });

  test("a Pod lives on while the kubelet is away", async () => {
    await start("orphan", "sleep 10000");
    const was = await podOf("orphan");
    await lab.kubelet.kill9();
    await lab.kubelet.restart();
    await start("latest", "cat /secret/word; echo; sleep 10000");
    await expect.poll(() => kubectl(["logs", "latest"]), patience).toBe("open\n");
    expect((await podOf("orphan")).status.containerStatuses).toEqual(was.status.containerStatuses);
  });

  test("a ServiceAccount may do what it was given, with a kubeconfig that verifies the server", async () => {
    await kubectl(["create", "namespace", "given"]);
    const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }];
    const kubeconfig = await lab.serviceAccountKubeconfig("reader", [{ namespace: "given", rules }]);
    const file = join(lab.folder, "reader.kubeconfig");
    await writeFile(file, kubeconfig, { mode: 0o600 });
    const get = async (kind: string, namespace: string): Promise<string> =>
      (await capture("kubectl", ["--kubeconfig", file, "get", kind, "--namespace", namespace])).stderr;
    // Rights are read from a cache of their own.
    await expect.poll(() => get("pods", "given"), patience).toContain("No resources found");
    expect(await get("secrets", "given")).toContain("(Forbidden)");
    expect(await get("pods", "default")).toContain("(Forbidden)");
    await lab.serviceAccountKubeconfig("reader", [{ rules }]);
    await expect.poll(() => get("pods", "default"), patience).not.toContain("(Forbidden)");
  });

  test("nothing of it is left, and the machine is set as it was", async () => {
    const names = [lab.folder, dirname(lab.engine.socket)].map((folder) => basename(folder));
    expect(await traces(names)).not.toEqual([]);
    expect((await machine()).sysctls).toBe(before.sysctls);
    await lab[Symbol.asyncDispose]();
    expect(await traces(names)).toEqual([]);
    expect(await machine()).toEqual(before);
  });
});

/** What a kubelet sets and keeps there where it is let, and the processes that this one has started. */
interface Machine {
  readonly sysctls: string;
  readonly podLogs: readonly string[];
  readonly children: readonly number[];
}

async function machine(): Promise<Machine> {
  const settings = ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"];
  return {
    sysctls: await run(
      "cat",
      settings.map((name) => join("/proc/sys", name)),
    ),
    podLogs: await readdir("/var/log/pods").catch(() => []),
    children: await childrenOf(process.pid),
  };
}

/** Every process, mount, cgroup, link and temporary folder that one of `names` is part of. A link has its end only. */
async function traces(names: readonly string[]): Promise<readonly string[]> {
  const processes = await Promise.all(
    (await readdir("/proc"))
      .filter((entry) => /^\d+$/.test(entry))
      .map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const cgroups = await run("find", ["/sys/fs/cgroup", "-maxdepth", "2", "-type", "d"]);
  const links = (await run("ip", ["-oneline", "link"])).split("\n");
  const all = [...processes, ...mounts, ...cgroups.split("\n"), ...(await readdir(tmpdir()))];
  return [
    ...all.filter((one) => names.some((name) => one.includes(name))),
    ...links.filter((one) => names.some((name) => one.includes(name.slice(-6)))),
  ];
}
