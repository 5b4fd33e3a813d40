/**
 * Shows Stowage at work: an Engine, a server, three Containers; keeps them until it is told to stop, and takes away what
 * it brought. scripts/quickstart.sh has made sure of Node, packages and programs.
 */
import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import Docker from "dockerode";
import { labels } from "../drivers/labels.ts";
import { buildQuickstartImages } from "./quickstart-images.ts";

const root = join(import.meta.dirname, "..");
const cli = join(root, "cli", "stowage.ts");
const example = join(root, "manifests", "examples", "quickstart");
const defaultEngine = "unix:///var/run/docker.sock";
const apiPort = 7443;
const engineTable = "table {{.Names}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}";
/** The hostPort in web.yaml. */
const webPort = 8080;

/** Something went wrong that people can do something about. */
class QuickstartError extends Error {
  override readonly name = "QuickstartError";
}

const { values: options } = parseArgs({
  options: {
    once: { type: "boolean", default: false },
    "data-dir": { type: "string", default: join(root, ".stowage") },
  },
});
const dataDir = options["data-dir"];
const kubeconfig = join(dataDir, "admin.kubeconfig");
/** Which Engine, as Docker's own command is told it. */
const dockerHost = process.env["DOCKER_HOST"] || defaultEngine;
const stop = new AbortController();

function say(text: string): void {
  console.log(`==> ${text}`);
}

async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

async function freePort(wanted: number): Promise<number> {
  if (await isPortFree(wanted)) return wanted;
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("Cannot find a free port");
  return address.port;
}

/** Where the kernel can, it ends what we started when we are killed: prctl(2), PR_SET_PDEATHSIG. */
const leash = ["setpriv", "--pdeathsig", "TERM"] as const;
const hasLeash = spawnSync(leash[0], [...leash.slice(1), "true"]).status === 0;

/** A program of ours in the background, out of reach of the terminal's Ctrl-C: it is ended in its turn. */
class Background {
  readonly name: string;
  readonly log: string;
  readonly child: ChildProcess;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;

  constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    this.log = join(dataDir, `${name}.log`);
    const log = openSync(this.log, "w");
    const [program, words] = hasLeash ? [leash[0], [...leash.slice(1), command, ...args]] : [command, args];
    this.child = spawn(program, words, { stdio: ["ignore", "pipe", log], detached: true });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      this.child.once("exit", () => {
        resolve();
      });
      this.child.once("error", () => {
        resolve();
      });
    });
  }

  get isRunning(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  async failure(): Promise<QuickstartError> {
    const lines = (await readFile(this.log, "utf8")).trimEnd().split("\n");
    return new QuickstartError(`${this.name} ended; the end of ${this.log}:\n${lines.slice(-15).join("\n")}`);
  }

  /** SIGTERM, and SIGKILL for one that is deaf to it. */
  async end(): Promise<void> {
    if (!this.isRunning) return;
    this.child.kill("SIGTERM");
    const patience = new AbortController();
    await Promise.race([this.ended, delay(30_000, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
    this.kill();
    await this.ended;
  }

  kill(): void {
    if (this.isRunning) this.child.kill("SIGKILL");
  }
}

const started: Background[] = [];

/** The `stowage` command, in front: what it prints is part of the show. Returns its exit code. */
async function stowage(args: readonly string[], input?: string): Promise<number> {
  const child = spawn(process.execPath, [cli, "--kubeconfig", kubeconfig, ...args], {
    stdio: [input === undefined ? "ignore" : "pipe", "inherit", "inherit"],
  });
  child.stdin?.end(input);
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

/** Why an Engine does not answer, as Node names it; undefined when it does. */
async function whySilent(engine: Docker): Promise<string | undefined> {
  try {
    await engine.ping();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}

function socketOf(endpoint: string): string {
  const [, path] = /^unix:\/\/(\/.+)$/.exec(endpoint) ?? [];
  if (path !== undefined) return path;
  throw new QuickstartError(`DOCKER_HOST "${endpoint}" is no local socket (unix:///PATH): unset it for this command`);
}

async function haveEngine(engine: Docker): Promise<void> {
  const why = await whySilent(engine);
  if (why === undefined) return;
  if (why === "EACCES")
    throw new QuickstartError(`You may not use the Docker Engine on ${dockerHost}: run this as root, or as a member of the group docker`); // prettier-ignore
  if (dockerHost !== defaultEngine)
    throw new QuickstartError(`No Docker Engine answers on DOCKER_HOST "${dockerHost}" (${why}): start it, or unset DOCKER_HOST`); // prettier-ignore
  if (process.getuid?.() !== 0)
    throw new QuickstartError(`No Docker Engine answers on ${dockerHost}, and only root can start one: start dockerd first`); // prettier-ignore
  say("starting dockerd, as none answers");
  const dockerd = new Background("dockerd", "dockerd", []);
  started.push(dockerd);
  while ((await whySilent(engine)) !== undefined) {
    if (!dockerd.isRunning) throw await dockerd.failure();
    await delay(100, undefined, { signal: stop.signal });
  }
}

async function haveServer(): Promise<void> {
  const port = await freePort(apiPort);
  say(`stowage server --listen 127.0.0.1:${port}`);
  const args = ["server", "--data-dir", dataDir, "--listen", `127.0.0.1:${port}`, "--docker", dockerHost];
  const server = new Background("server", process.execPath, [cli, ...args]);
  started.push(server);
  if (server.child.stdout === null) throw new Error("The server has no standard output");
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: server.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      console.log(line);
      if (line.startsWith("ready ")) resolve();
    });
  });
  await Promise.race([ready, server.ended]);
  if (!server.isRunning) throw await server.failure();
  void server.ended.then(async () => {
    if (!stop.signal.aborted) stop.abort(await server.failure());
  });
}

/** Applies the example; on another port than 8080 where that is taken. Returns the port. */
async function applyExample(): Promise<number> {
  const port = await freePort(webPort);
  const folder = relative(process.cwd(), example);
  const wait = ["--wait", "--timeout", "120s"];
  say(`stowage apply -f ${folder} --wait`);
  if (port !== webPort) say(`(port ${webPort} is taken: web gets ${port})`);
  const code =
    port === webPort
      ? await stowage(["apply", "-f", folder, ...wait])
      : await stowage(["apply", "-f", "-", ...wait], await manifestsWithPort(port));
  if (code !== 0 && !stop.signal.aborted) throw new QuickstartError("The example did not come up as asked");
  return port;
}

async function manifestsWithPort(port: number): Promise<string> {
  const files = (await readdir(example)).sort().map((name) => readFile(join(example, name), "utf8"));
  return (await Promise.all(files)).join("\n---\n").replace(`hostPort: ${webPort}`, `hostPort: ${port}`);
}

/** The same, as Docker tells it; where its command is not installed there is nothing to show. */
function showEngine(): void {
  const list = ["ps", "--all", "--filter", `label=${labels.namespace}=quickstart`];
  const env = { ...process.env, DOCKER_HOST: dockerHost };
  const { stdout, status } = spawnSync("docker", [...list, "--format", engineTable], { encoding: "utf8", env });
  if (status !== 0) return;
  say(`docker ${list.join(" ")}`);
  process.stdout.write(stdout);
}

function showWhatNext(port: number): void {
  console.log(`
What to try next, in another terminal:

  export KUBECONFIG=${kubeconfig}
  curl http://127.0.0.1:${port}/
  ${join(relative(process.cwd(), root), "cli", "stowage")} logs -n quickstart -f worker
  kubectl get containers -A -w        # any Kubernetes client will do
  kubectl -n quickstart patch ctr worker --type merge -p '{"spec":{"runState":"Stopped"}}'
  docker kill $(docker ps -q -f name=quickstart_web_)        # it is back before you look

Ctrl-C ends all that this started.`);
}

async function cleanUp(): Promise<void> {
  say("cleaning up");
  const server = started.find(({ name }) => name === "server");
  if (server?.isRunning === true)
    await stowage(["delete", "-f", relative(process.cwd(), example), "--ignore-not-found", "--timeout", "60s"]);
  for (const process of started.toReversed()) await process.end();
}

async function show(): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const engine = new Docker({ socketPath: socketOf(dockerHost) });
  await haveEngine(engine);
  say("making the example's images from busybox");
  await buildQuickstartImages(engine, process.env["PATH"] ?? "");
  await haveServer();
  const port = await applyExample();
  stop.signal.throwIfAborted();
  say("stowage get containers -A -o wide");
  await stowage(["get", "containers", "-A", "-o", "wide"]);
  showEngine();
  if (options.once) return;
  showWhatNext(port);
  await once(stop.signal, "abort");
}

/** Ctrl-C reaches us from the terminal and, once more, from npm: only a later one is meant as another. */
const echoMs = 1000;
let askedAt = Number.NaN;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    if (!stop.signal.aborted) {
      askedAt = performance.now();
      stop.abort();
    } else if (performance.now() - askedAt > echoMs) {
      // There is no time to be tidy, but nothing of ours is left running.
      for (const background of started) background.kill();
      process.exit(130);
    }
  });

// Cleaning up goes on when nobody listens any more.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

/** What ended the show; undefined when it was asked to end. */
async function reasonOfEnd(): Promise<unknown> {
  try {
    await show();
  } catch (error) {
    if (!stop.signal.aborted) return error;
  }
  return stop.signal.reason instanceof QuickstartError ? stop.signal.reason : undefined;
}

function complain(error: unknown): void {
  console.error(`error: ${error instanceof Error ? error.message : "it ended for a reason unknown"}`);
  process.exitCode = 1;
}

const reason = await reasonOfEnd();
if (reason !== undefined) complain(reason);
stop.abort();
try {
  await cleanUp();
} catch (error) {
  complain(error);
}
