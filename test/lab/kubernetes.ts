/** A real Kubernetes of one node, whose Pods are containers of a dockerd of its own. test/lab/kubernetes/README.md has its facts. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endingWithUs, freePort, missingCommand, run } from "./commands.ts";
import { Dockerd, dockerdMissing } from "./docker.ts";
import type { ImageOptions } from "./images.ts";
import { imagesMissing, importBusybox } from "./images.ts";
import { KubeApiServer, kubeApiServerMissing, missingProgram, programOf } from "./kubernetes/kube-apiserver.ts";
import { claim, sweep, unmountAll } from "./leftovers.ts";
import type { LabProcess } from "./process.ts";
import { spawnProcess } from "./process.ts";
import type { Output } from "./stowage.ts";
import { capture, eventually } from "./stowage.ts";

/** The one node's name. */
export const labNode = "lab-node";

/** What all Pods share their namespaces with; made on the spot, as nothing can be pulled. */
const pauseImage = "stowage-lab/pause:1";

const prefix = "stowage-kubernetes-";

/** Why no Kubernetes can be brought up here; undefined when one can. Builds and installs nothing. */
export function kubernetesMissing(): string | undefined {
  return (
    kubeApiServerMissing ??
    missingProgram("kube-controller-manager") ??
    missingProgram("kube-scheduler") ??
    missingProgram("kubelet") ??
    dockerdMissing ??
    imagesMissing ??
    missingCommand({ kubectl: "kubernetes-client", findmnt: "util-linux" }) ??
    unfitKubelet()
  );
}

/** From 1.24 on a kubelet knows no Docker Engine, and its controller manager not the arguments given here. */
function unfitKubelet(): string | undefined {
  const kubelet = programOf("kubelet");
  const version = execFileSync(kubelet, ["--version"], { encoding: "utf8" }).trim();
  const minor = Number(/ v1\.(\d+)/.exec(version)?.[1]);
  if (minor < 24) return undefined;
  return `${kubelet} is "${version}", and only those before 1.24 run Pods on a Docker Engine: unset KUBEBUILDER_ASSETS`;
}

/** As in a Role. */
export interface LabRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** What a ServiceAccount may do, and where. */
export interface LabGrant {
  /** The namespace in which the rules hold, which must be there; the whole cluster when absent. */
  readonly namespace?: string;
  readonly rules: readonly LabRule[];
}

/**
 * etcd, kube-apiserver, kube-controller-manager, kube-scheduler, a dockerd and a kubelet, disturbing nothing else on the
 * machine; several may run at once. No kube-proxy, no DNS: Pods reach each other and the node by address, Services have
 * none that answers. Disposing of it leaves no process, mount, cgroup, link or file; what a killed test left behind is
 * removed when the next one starts.
 */
export class KubernetesLab implements AsyncDisposable {
  /** Has `kill9()`, `stop()` and `restart()` for the API server alone. The rest runs on and finds it again. */
  readonly apiServer: KubeApiServer;
  /** The Engine that its Pods are containers of: what is in its image store can be run. */
  readonly engine: Dockerd;
  /** Has `kill9()` and `restart()` for the kubelet alone: Pods run on, and nobody tells how they are. */
  readonly kubelet: LabKubelet;
  /** Has the logs of all but the API server and the Engine, and what the kubelet keeps. */
  readonly folder: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    folder: string,
    apiServer: KubeApiServer,
    engine: Dockerd,
    kubelet: LabKubelet,
  ) {
    this.#stack = stack;
    this.folder = folder;
    this.apiServer = apiServer;
    this.engine = engine;
    this.kubelet = kubelet;
  }

  /** Returns when its node is Ready and a Pod in the namespace `default` would be admitted: about 16 s on an idle machine. */
  static async start(): Promise<KubernetesLab> {
    await sweep(prefix, tearDown);
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), prefix));
    await claim(folder);
    stack.defer(() => tearDown(folder));
    const [server, docker] = await Promise.allSettled([
      KubeApiServer.start({ args: ["--allow-privileged", "--kubelet-preferred-address-types", "InternalIP"] }),
      startEngine(),
    ]);
    if (server.status === "fulfilled") stack.use(server.value);
    if (docker.status === "fulfilled") stack.use(docker.value);
    if (server.status === "rejected") throw server.reason;
    if (docker.status === "rejected") throw docker.reason;
    const [apiServer, engine] = [server.value, docker.value];
    const managers = await Promise.all([startControllers(folder, apiServer), startScheduler(folder, apiServer)]);
    for (const manager of managers) stack.use(manager);
    const kubelet = stack.use(await LabKubelet.start(folder, apiServer, engine));
    await eventually(`the node "${labNode}" is Ready`, () => isReady(apiServer));
    await eventually("a Pod is admitted", () => admitsPods(apiServer));
    const ended = managers.find(({ running }) => !running);
    if (ended !== undefined) throw new Error(`A controller or the scheduler ended: its log is in ${folder}`);
    return new KubernetesLab(stack.move(), folder, apiServer, engine, kubelet);
  }

  /** Path of an administrator's kubeconfig. */
  get kubeconfig(): string {
    return this.apiServer.kubeconfig;
  }

  /** Gives the node an image with every command of busybox, to be run without a pull. */
  async importBusybox(image = "busybox:lab", options: ImageOptions = {}): Promise<void> {
    await importBusybox(this.engine.docker, image, options);
  }

  /** Runs kubectl as an administrator. */
  async kubectl(args: readonly string[], input = ""): Promise<Output> {
    return capture("kubectl", ["--kubeconfig", this.kubeconfig, ...args], { input });
  }

  /**
   * Makes a ServiceAccount with these rights and no others, and returns the text of a kubeconfig with a token of its own.
   * Called again it gives another token, and the rights named then in place of the earlier ones of the same namespaces.
   */
  async serviceAccountKubeconfig(
    name: string,
    grants: readonly LabGrant[],
    options: {
      /** Where it is made, if not there; `default` when absent. */
      readonly namespace?: string;
      /** How long the token lives: at least 600, 3600 when absent. */
      readonly expirationSeconds?: number;
    } = {},
  ): Promise<string> {
    const { namespace = "default", expirationSeconds = 3600 } = options;
    const core = `/api/v1/namespaces/${namespace}`;
    await this.#apply(core, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    const account = `${core}/serviceaccounts/${name}`;
    await this.#apply(account, { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name } });
    for (const grant of grants) await this.#grant({ kind: "ServiceAccount", namespace, name }, grant);
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds } };
    const { status } = (await this.apiServer.request("POST", `${account}/token`, request)) as {
      readonly status: { readonly token: string };
    };
    return this.apiServer.kubeconfigWith(status.token);
  }

  async #grant(subject: Subject, { namespace, rules }: LabGrant): Promise<void> {
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const scope = namespace === undefined ? "Cluster" : "";
    const place = `/apis/${apiVersion}${namespace === undefined ? "" : `/namespaces/${namespace}`}`;
    const name = `${subject.namespace}-${subject.name}`;
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
    const [role, binding] = [`${scope}Role`, `${scope}RoleBinding`];
    await this.#apply(`${place}/${role.toLowerCase()}s/${name}`, { apiVersion, kind: role, metadata, rules });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: role, name };
    await this.#apply(`${place}/${binding.toLowerCase()}s/${name}`, {
      ...{ apiVersion, kind: binding, metadata, roleRef, subjects: [subject] },
    });
  }

  async #apply(path: string, object: object): Promise<void> {
    await this.apiServer.request("PATCH", `${path}?fieldManager=lab&force=true`, object);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

interface Subject {
  readonly kind: "ServiceAccount";
  readonly namespace: string;
  readonly name: string;
}

/** Where the scripts of this lab are. */
const scriptOf = (name: string): string => fileURLToPath(new URL(`kubernetes/${name}`, import.meta.url));

/** With the image that Pods are made on; see the script runc-lab for its runtime. */
async function startEngine(): Promise<Dockerd> {
  const extra = ["--add-runtime", `lab=${scriptOf("runc-lab")}`, "--default-runtime", "lab"];
  const engine = await Dockerd.start({ name: "k8s", extra });
  try {
    // Process 1 hears no signal that it has no handler for: without one every Pod would take 10 s more to go.
    const command = ["sh", "-c", "trap 'exit 0' TERM INT; sleep 2147483647 & wait"];
    await importBusybox(engine.docker, pauseImage, { changes: [`CMD ${JSON.stringify(command)}`] });
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

function startControllers(folder: string, { kubeconfig, serviceAccountKey }: KubeApiServer): Promise<LabProcess> {
  return startManager(folder, "kube-controller-manager", [
    ...["--kubeconfig", kubeconfig, "--service-account-private-key-file", serviceAccountKey],
    "--use-service-account-credentials",
  ]);
}

function startScheduler(folder: string, { kubeconfig }: KubeApiServer): Promise<LabProcess> {
  return startManager(folder, "kube-scheduler", ["--kubeconfig", kubeconfig]);
}

/** One of those that listen nowhere: that they work shows in what they do. */
function startManager(
  folder: string,
  program: "kube-controller-manager" | "kube-scheduler",
  args: readonly string[],
): Promise<LabProcess> {
  return spawnProcess({
    ...endingWithUs(programOf(program), [
      ...["--port=0", "--secure-port=0", "--leader-elect=false", "--cert-dir", join(folder, program)],
      ...args,
    ]),
    logFile: join(folder, `${program}.log`),
    ready: () => Promise.resolve(true),
  });
}

/** A kubelet in a mount namespace of its own, see the script kubelet-apart. */
export class LabKubelet implements AsyncDisposable {
  readonly #folder: string;
  readonly #healthPort: number;
  readonly #args: readonly string[];
  #process: LabProcess | undefined;

  private constructor(folder: string, healthPort: number, args: readonly string[]) {
    this.#folder = folder;
    this.#healthPort = healthPort;
    this.#args = args;
  }

  static async start(folder: string, { kubeconfig }: KubeApiServer, engine: Dockerd): Promise<LabKubelet> {
    const root = join(folder, "kubelet");
    await mkdir(root);
    // Shared with the kubelet's mount namespace, so that what it mounts for Pods is there for the Engine too.
    await run("mount", ["--bind", root, root]);
    await run("mount", ["--make-private", root]);
    await run("mount", ["--make-shared", root]);
    const address = await gatewayOf(engine);
    const healthPort = await freePort();
    const configuration = join(folder, "kubelet.yaml");
    await writeFile(configuration, JSON.stringify(kubeletConfiguration(folder, address, healthPort, await freePort())));
    const kubelet = new LabKubelet(folder, healthPort, [
      ...["--kubeconfig", kubeconfig, "--config", configuration, "--root-dir", root, "--cert-dir", join(root, "pki")],
      ...["--hostname-override", labNode, "--node-ip", address, "--network-plugin="],
      ...["--docker-endpoint", engine.endpoint, "--pod-infra-container-image", pauseImage],
      ...["--container-runtime-endpoint", `unix://${join(folder, "dockershim.sock")}`],
      ...["--experimental-dockershim-root-directory", join(folder, "dockershim")],
    ]);
    await kubelet.restart();
    return kubelet;
  }

  /** Ends it where it runs, and starts it again; returns when it is healthy, which wants no API server. */
  async restart(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    const apart = [scriptOf("kubelet-apart"), this.#folder, programOf("kubelet"), ...this.#args];
    this.#process = await spawnProcess({
      ...endingWithUs("unshare", ["--mount", "--propagation", "unchanged", "--", ...apart]),
      logFile: join(this.#folder, "kubelet.log"),
      ready: async () => (await fetch(`http://127.0.0.1:${this.#healthPort}/healthz`)).ok,
      readyMs: 240_000, // as for kube-apiserver
    });
  }

  async kill9(): Promise<void> {
    await this.#process?.end("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
  }
}

/** The machine's own address on the network of an Engine's containers. */
async function gatewayOf({ docker }: Dockerd): Promise<string> {
  const { IPAM } = (await docker.getNetwork("bridge").inspect()) as {
    readonly IPAM: { readonly Config: readonly { readonly Gateway?: string }[] };
  };
  const gateway = IPAM.Config[0]?.Gateway;
  if (gateway === undefined) throw new Error("Cannot start a kubelet: its Engine's bridge has no address");
  return gateway;
}

/** A KubeletConfiguration that takes nothing from the machine that others have or need. */
function kubeletConfiguration(folder: string, address: string, healthPort: number, port: number): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address,
    port,
    healthzBindAddress: "127.0.0.1",
    healthzPort: healthPort,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    // Named although nobody answers there: without one, each Pod gets a warning about it as an Event.
    clusterDNS: ["10.96.0.10"],
    cgroupDriver: "cgroupfs",
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    evictionHard: {},
    imageGCHighThresholdPercent: 100,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    volumePluginDir: join(folder, "volume-plugins"),
    // It would listen in /var/lib/kubelet, whatever its root folder is.
    featureGates: { DevicePlugins: false },
  };
}

async function isReady(server: KubeApiServer): Promise<boolean> {
  const { status } = (await server.request("GET", `/api/v1/nodes/${labNode}`)) as {
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  };
  return status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
}

/** Not before the controllers have made its namespace's ServiceAccount, and until 1.23 that one's token. */
async function admitsPods(server: KubeApiServer): Promise<boolean> {
  await server.request("POST", "/api/v1/namespaces/default/pods?dryRun=All", {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "admitted" } },
    spec: { containers: [{ name: "main", image: pauseImage }] },
  });
  return true;
}

/** Of what a kubelet left when it was killed: it holds its mounts no longer, and its Engine is gone. */
async function tearDown(folder: string): Promise<void> {
  await unmountAll(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
