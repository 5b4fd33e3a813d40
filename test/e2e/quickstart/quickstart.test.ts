/** `npm run quickstart` in this checkout, as a newcomer runs it; and what README.md shows of it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { missingCommand } from "../../lab/commands.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing } from "../../lab/images.ts";
import { capture, eventually } from "../../lab/stowage.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const missing = dockerdMissing ?? imagesMissing;
const dockerMissing = missingCommand({ docker: "docker.io" });

async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "stowage-quickstart-"));
}

/** Pids of processes that have `word` in their command line. */
async function processesNaming(word: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((_, i) => lines[i]?.includes(word));
}

const threeAsAsked = [
  /^quickstart +task +False +Completed +0 +local +stowage-quickstart\/tools:1 /m,
  /^quickstart +web +True +Running +0 +local +stowage-quickstart\/web:1 /m,
  /^quickstart +worker +True +Running +0 +local +stowage-quickstart\/tools:1 /m,
];
const threeInDocker = [
  /^quickstart_task_\w+ +stowage-quickstart\/tools:1 +Exited \(0\)/m,
  /^quickstart_web_\w+ +stowage-quickstart\/web:1 +Up .+ 127\.0\.0\.1:\d+->80\/tcp/m,
  /^quickstart_worker_\w+ +stowage-quickstart\/tools:1 +Up /m,
];

describe.skipIf(missing)(`quickstart${missing ? `: skipped, ${missing}` : ""}`, () => {
  /**
   * A machine of its own, as far as namespaces go: no Engine runs in it, no port is taken, and every process that outlives
   * the command is seen.
   */
  const bareMachine = `
    mount -t tmpfs none /run && mount -t tmpfs none /var/lib && ip link set lo up || exit 99
    npm run quickstart -- --once --data-dir "$1"
    code=$?
    for stat in /proc/[0-9]*/stat; do
      read -r pid name state _ < "$stat" && [ "$pid" != $$ ] && [ "$state" != Z ] && echo "left running: $pid $name"
    done
    exit $code`;

  test("where no Engine runs: it starts one, shows three Containers as asked, and leaves nothing running", async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => rm(folder, { recursive: true }));
    const namespaces = ["--mount", "--propagation", "private", "--net", "--pid", "--mount-proc", "--fork"];
    const { code, stdout, stderr } = await capture(
      "unshare",
      [...namespaces, "--kill-child", "sh", "-c", bareMachine, "sh", folder],
      { cwd: root, env: { ...process.env, DOCKER_HOST: "" } },
    );
    expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain("==> starting dockerd");
    expect(stdout).toContain(`\nready https://127.0.0.1:7443 kubeconfig=${folder}/admin.kubeconfig\n`);
    for (const row of threeAsAsked) expect(stdout).toMatch(row);
    if (dockerMissing === undefined) for (const row of threeInDocker) expect(stdout).toMatch(row);
    expect(stdout).not.toContain("left running");
  });

  describe("where an Engine runs", () => {
    let engine: Dockerd;
    let folder: string;
    let output = "";
    let env: NodeJS.ProcessEnv;
    let quickstart: ReturnType<typeof start>;

    const start = () => {
      // In a group of its own, to be sent what a terminal sends: Ctrl-C reaches npm and all that it started.
      const child = spawn("npm", ["run", "quickstart", "--", "--data-dir", folder], { cwd: root, env, detached: true });
      const exit = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
      return { child, exit };
    };

    beforeAll(async () => {
      engine = await Dockerd.start();
      folder = await temporaryFolder();
      env = {
        ...process.env,
        DOCKER_HOST: engine.endpoint,
        KUBECONFIG: join(folder, "admin.kubeconfig"),
        KUBECACHEDIR: join(folder, "kube-cache"),
        PATH: [join(root, "cli"), process.env["PATH"]].join(delimiter),
      };
      quickstart = start();
      await eventually("it is up", async () => {
        if (quickstart.child.exitCode !== null) expect.fail(`it ended:\n${output}`);
        return output.includes("Ctrl-C ends");
      });
    });
    afterAll(async () => {
      if (quickstart.child.exitCode === null) quickstart.child.kill("SIGTERM");
      await quickstart.exit;
      await engine[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    });

    test("it takes that one, and the three Containers are in it", async () => {
      expect(output).not.toContain("starting dockerd");
      for (const row of threeAsAsked) expect(output).toMatch(row);
      const found = await containersOn(engine);
      expect(found.map(({ Image, State }) => `${Image} ${State}`).sort()).toEqual([
        "stowage-quickstart/tools:1 exited",
        "stowage-quickstart/tools:1 running",
        "stowage-quickstart/web:1 running",
      ]);
      const [, url = ""] = /curl (\S+)/.exec(output) ?? [];
      expect(await (await fetch(url)).text()).toContain("It runs, and it stays so.");
    });

    test("what README.md shows is what happens", async ({ skip }) => {
      const absent = missingCommand({ kubectl: "kubernetes-client", docker: "docker.io" });
      skip(absent !== undefined, absent);
      const readme = await readFile(join(root, "README.md"), "utf8");
      const [first = "", ...others] = [...readme.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = ""]) => block);
      for (const line of first.split("\n").filter((text) => !/^(?:\$ |\.\.\.$)/.test(text)))
        expect(plain(output)).toContain(plain(line));
      const steps = others.flatMap((block) => block.split(/^\$ /m).slice(1));
      expect(steps.length).toBeGreaterThan(0);
      for (const step of steps) {
        const [command = "", ...answer] = step.split("\n");
        const { stdout, stderr } = await capture("sh", ["-c", command], { cwd: root, env });
        expect(`${command}\n${plain(stdout + stderr)}`).toBe(`${command}\n${plain(answer.join("\n"))}`);
      }
    });

    test("Ctrl-C ends all that it started, and nothing else", async () => {
      process.kill(-(quickstart.child.pid ?? 0), "SIGINT");
      expect({ exit: await quickstart.exit, output }).toMatchObject({ exit: [0, null] });
      expect(await containersOn(engine)).toEqual([]);
      expect(await processesNaming(folder)).toEqual([]);
    });
  });
});

/** Without what differs from run to run: ages, ids, ports, and how wide columns are. */
function plain(text: string): string {
  return text
    .replace(/\b[0-9a-f]{8,64}\b/g, "ID")
    .replace(/\b(?:Less than a|About a|\d+) seconds?\b|\b\d+s\b|\b\d+m\d+s\b/g, "AGE")
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
    .replace(/kubeconfig=\S+/g, "kubeconfig=FILE")
    .replace(/ +/g, " ")
    .replace(/ $/gm, "")
    .trim();
}

/** Without the toolbox's, which come and go. */
async function containersOn({ docker }: Dockerd): Promise<readonly Docker.ContainerInfo[]> {
  const all = await docker.listContainers({ all: true });
  return all.filter(({ Labels }) => !("stowage.dev/toolbox" in Labels));
}
