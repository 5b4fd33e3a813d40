/** What every HostDriver does, whatever its host is made of: drivers/driver.ts in code. */
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { extract } from "tar-stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Container } from "../../crds/container.ts";
import { ContainerSpec, containers } from "../../crds/container.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { RegistryCredentials } from "../../drivers/keyring.ts";
import { ConnectError, HostUnreachableError, StepError } from "../../drivers/driver.ts";
import type {
  HostDriver,
  LogOptions,
  Observed,
  Owner,
  Beside,
  PullProgress,
  Step,
  StepErrorReason,
} from "../../drivers/driver.ts";

/** A host to drive, and what can happen to it. */
export interface DriverLab extends AsyncDisposable {
  /** A driver of the host for one control plane. */
  open(instance: string): HostDriver;
  /** An image with a shell and the usual commands, which the host has. */
  readonly image: string;
  /** In a registry that answers everybody; the host does not have it. */
  readonly remoteImage: string;
  /** In a registry that wants a password. */
  readonly secretImage: string;
  /** The password, and whose it is. */
  readonly credentials: RegistryCredentials;
  /** The host stops answering at once; what runs there may go on. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** The host goes down in an orderly way, and comes back. */
  reboot(): Promise<void>;
}

let made = 0;

/** A Container as the API would hand it out. */
export function containerOf(fields: object, name = `c${++made}`, uid: string = crypto.randomUUID()): Container {
  return {
    apiVersion: apiVersionOf(containers),
    kind: containers.kind,
    metadata: {
      namespace: "lab",
      name,
      uid,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: ContainerSpec.parse({ terminationGracePeriodSeconds: 0, ...fields }),
  };
}

export const ownerOf = ({ metadata }: Container): Owner => ({
  namespace: metadata.namespace ?? "",
  name: metadata.name,
});

export const refusal = (reason: StepErrorReason, words: string): Error =>
  expect.objectContaining({
    constructor: StepError,
    reason,
    message: expect.stringContaining(words) as string,
  }) as Error;

/** The one container of an owner. */
export async function only(driver: HostDriver, container: Container): Promise<Observed> {
  const all = await driver.observe(ownerOf(container), AbortSignal.timeout(30_000));
  expect(all).toHaveLength(1);
  return all[0] as Observed;
}

const forever = ["sleep", "1000000"];

/** Why a lab cannot show something, by the test's name. */
export type Skips = Readonly<Record<string, string>>;

export function describeDriver(name: string, start: () => Promise<DriverLab>, skips: Skips = {}): void {
  describe(name, () => {
    let lab: DriverLab;
    let driver: HostDriver;
    const { signal } = new AbortController();

    beforeAll(async () => {
      lab = await start();
      driver = lab.open("contract");
    });
    beforeEach(({ task, skip }) => {
      const reason = skips[task.name];
      skip(reason !== undefined, reason);
    });
    afterEach(async () => {
      for (const { id } of await driver.owners(signal)) await driver.perform({ do: "remove", id, why: "test" }, signal);
    });
    afterAll(async () => {
      await driver[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    });

    const spec = (fields: object = {}): Container => containerOf({ image: lab.image, args: forever, ...fields });
    const shell = (script: string, fields: object = {}): Container =>
      spec({ command: ["sh", "-c"], args: [script], restartPolicy: "Never", ...fields });
    const create = (container: Container, started = true): Promise<void> =>
      driver.perform({ do: "create", container, start: started }, signal);
    /** "Already so" is success. */
    const twice = async (step: Step): Promise<void> => {
      await driver.perform(step, signal);
      await driver.perform(step, signal);
    };
    const run = async (container: Container): Promise<Observed> => {
      await create(container);
      return only(driver, container);
    };
    const runToEnd = async (container: Container): Promise<Observed> => {
      await create(container);
      await expect.poll(async () => (await only(driver, container)).state, { timeout: 30_000 }).toBe("exited");
      return only(driver, container);
    };
    const logOf = async (id: string, options: LogOptions = {}): Promise<string> =>
      text(driver.logs(id, options, signal));

    test("says what the host is", async () => {
      const info = await driver.info(signal);
      expect(info.cpu).toBeGreaterThan(0);
      expect(info.memory).toBeGreaterThan(2 ** 20);
      expect(info.runtimes).toContain(info.defaultRuntime);
      expect(info.engine.apiVersion).toMatch(/^\d+\.\d+$/);
      await driver.ping(signal);
    });

    describe("create", () => {
      test("makes a container and does not start it; the second time changes nothing", async () => {
        const container = spec();
        await create(container, false);
        const first = await only(driver, container);
        expect(first).toMatchObject({
          owner: ownerOf(container),
          uid: container.metadata.uid,
          state: "created",
          error: "",
          restarts: 0,
          oomKilled: false,
        });
        expect(first).not.toHaveProperty("startedAt");
        expect(first).not.toHaveProperty("exitCode");
        await create(container, false);
        expect(await only(driver, container)).toEqual(first);
      });

      test("starts it where asked to; the second time changes nothing", async () => {
        const container = spec();
        const first = await run(container);
        expect(first.state).toBe("running");
        expect(first.startedAt).toMatch(/^20\d\d-/);
        expect(first.addresses).toHaveLength(1);
        await create(container);
        expect(await only(driver, container)).toEqual(first);
      });

      test("what a crash left created is found and started by whoever comes next", async () => {
        const container = spec();
        await create(container, false);
        await using next = lab.open("contract");
        await next.perform({ do: "create", container, start: true }, signal);
        expect((await only(next, container)).state).toBe("running");
      });

      test("two that create the same at once end with one", async () => {
        const container = spec();
        await using other = lab.open("contract");
        const step = { do: "create", container, start: true } as const;
        const results = await Promise.allSettled([driver.perform(step, signal), other.perform(step, signal)]);
        expect(results.some(({ status }) => status === "fulfilled")).toBe(true);
        expect((await only(driver, container)).state).toBe("running");
      });

      test("an object of the same name with another uid gets a container of its own", async () => {
        const [before, after] = [containerOf({ image: lab.image }, "twin"), containerOf({ image: lab.image }, "twin")];
        await expect(driver.made(before, signal)).resolves.toBeUndefined();
        await create(before, false);
        await create(after, false);
        const uids = (await driver.observe(ownerOf(after), signal)).map(({ uid }) => uid);
        expect(uids.sort()).toEqual([before.metadata.uid, after.metadata.uid].sort());
        await expect(driver.made(after, signal)).resolves.toMatchObject({ uid: after.metadata.uid, state: "created" });
      });

      test("translates what the spec says", async () => {
        const container = shell('hostname; pwd; id -u; echo "$GREETING"; cat /proc/1/cmdline | tr "\\0" " "', {
          workingDir: "/tmp",
          user: "1234",
          env: [{ name: "GREETING", value: "a=b $c" }],
        });
        const { id } = await runToEnd(container);
        const lines = (await logOf(id)).split("\n");
        expect(lines.slice(0, 4)).toEqual([container.metadata.name, "/tmp", "1234", "a=b $c"]);
        expect(lines[4]).toMatch(/^sh -c hostname/);
      });

      test.each<[string, object, StepErrorReason, string]>([
        [
          "an image that the host does not have",
          { image: "nowhere/nothing:1" },
          "CreateContainerError",
          "nowhere/nothing:1",
        ],
        ["a runtime that the host does not have", { runtime: "nosuch" }, "UnknownRuntime", "nosuch"],
        [
          "less memory than a container needs",
          { resources: { limits: { memory: "1Ki" } } },
          "CreateContainerError",
          "emory",
        ],
        ["a command that the image does not have", { command: ["nosuch"] }, "StartError", "nosuch"],
      ])("refuses %s in the host's own words", async (_, fields, reason, words) => {
        await expect(create(spec(fields))).rejects.toEqual(refusal(reason, words));
      });

      test("shows on a container why it could not be started", async () => {
        const container = spec({ command: ["nosuch"] });
        await expect(create(container)).rejects.toThrow(StepError);
        expect((await only(driver, container)).error).toContain("nosuch");
      });

      test("refuses a host port that is taken, and leaves the one that has it alone", async () => {
        // Below the ports that the kernel gives to connections (net.ipv4.ip_local_port_range).
        const ports = [{ containerPort: 80, hostPort: 28080, hostIP: "127.0.0.1" }];
        const web = spec({ command: ["sh", "-c"], args: ["echo yes > /tmp/index.html; httpd -f -h /tmp"], ports });
        await create(web);
        const answer = async (): Promise<string> => (await fetch("http://127.0.0.1:28080/")).text();
        await expect.poll(() => answer().catch(() => ""), { timeout: 30_000 }).toBe("yes\n");
        await expect(create(spec({ ports }))).rejects.toEqual(refusal("HostPortConflict", "28080"));
        expect(await answer()).toBe("yes\n");
      });
    });

    describe("an init container", () => {
      const withInit = (): Container =>
        spec({ initContainers: [{ name: "first", image: lab.image, command: ["echo"], args: ["from the first"] }] });

      test("is made beside the container, tells which one it is, and is made once", async () => {
        const container = withInit();
        await twice({ do: "create", container, start: false, initContainer: "first" });
        await driver.perform({ do: "start", id: (await only(driver, container)).id }, signal);
        await expect.poll(async () => (await only(driver, container)).state, { timeout: 30_000 }).toBe("exited");
        const first = await only(driver, container);
        expect(first).toMatchObject({ initContainer: "first", exitCode: 0, uid: container.metadata.uid });
        expect(first.inPlace.restartPolicy).toBe("Never");
        expect(await logOf(first.id)).toBe("from the first\n");
        await create(container);
        const all = await driver.observe(ownerOf(container), signal);
        expect(all.map(({ initContainer }) => initContainer).sort()).toEqual(["first", undefined]);
        expect(all[0]?.specHash).toEqual(all[1]?.specHash);
        const owned = (await driver.owners(signal)).map(({ initContainer }) => initContainer);
        expect(owned.sort()).toEqual(["first", undefined]);
      });
    });

    describe("inside a container", () => {
      const limits = { timeoutMs: 30_000, maxOutput: 1000 };

      test("a command runs, and tells how it ended and what it wrote", async () => {
        const { id } = await run(spec());
        const command = ["sh", "-c", "echo out; echo err >&2; exit 3"];
        const { exitCode, output } = await driver.exec(id, command, limits, signal);
        expect(exitCode).toBe(3);
        expect(output.split("\n").sort()).toEqual(["", "err", "out"]);
      });

      test("no more of what it wrote is kept than was asked for", async () => {
        const { id } = await run(spec());
        const command = ["sh", "-c", "yes 0123456789 | head -n 100000"];
        const { exitCode, output } = await driver.exec(id, command, { ...limits, maxOutput: 20 }, signal);
        expect({ exitCode, output }).toEqual({ exitCode: 0, output: "0123456789\n012345678" });
      });

      test("a command that takes too long is no longer waited for", async () => {
        const { id } = await run(spec());
        const command = ["sh", "-c", "echo begins; exec sleep 1000"];
        const { exitCode } = await driver.exec(id, command, { ...limits, timeoutMs: 3000 }, signal);
        expect(exitCode).toBeUndefined();
      });

      test("a command that takes too long can be killed, with what it began, and nothing else is", async () => {
        const container = spec({ securityContext: { runAsUser: 1000 } });
        const { id } = await run(container);
        const command = ["sh", "-c", "sleep 2001 & sleep 2002"];
        const { kill } = await driver.exec(id, command, { ...limits, timeoutMs: 3000 }, signal);
        const sleeping = async (): Promise<readonly string[]> => {
          const { output } = await driver.exec(id, ["ps", "-o", "args"], limits, signal);
          return output.split("\n").filter((line) => /^sleep /.test(line));
        };
        const before = await sleeping();
        expect(before).toEqual(expect.arrayContaining(["sleep 2001", "sleep 2002"]));
        await kill?.(signal);
        expect(await sleeping()).toEqual(before.filter((line) => !line.includes(" 200")));
        await kill?.(signal);
        expect(await only(driver, container)).toMatchObject({ state: "running" });
        await driver.perform({ do: "remove", id, why: "test" }, signal);
        await kill?.(signal);
      });

      test("a late command that cannot be found is told to be still running", async () => {
        const { id } = await run(spec());
        // Without its environment nothing tells it from others.
        const command = ["env", "-i", "sleep", "2003"];
        const { kill } = await driver.exec(id, command, { ...limits, timeoutMs: 3000 }, signal);
        await expect(kill?.(signal)).rejects.toEqual(refusal("ExecError", "still there"));
      });

      test("a command that the image does not have has failed", async () => {
        const { id } = await run(spec());
        const { exitCode, output } = await driver.exec(id, ["nosuch"], limits, signal);
        expect(exitCode).toBeGreaterThan(0);
        expect(output).toContain("nosuch");
      });

      test("nothing runs where the container does not", async () => {
        const ended = await runToEnd(shell("exit 0"));
        await expect(driver.exec(ended.id, ["true"], limits, signal)).rejects.toEqual(
          refusal("ExecError", "not running"),
        );
        await expect(driver.exec("0123456789abcdef", ["true"], limits, signal)).rejects.toEqual(
          refusal("NoSuchContainer", "0123456789ab"),
        );
      });

      const listening = (): Container =>
        spec({
          command: ["sh", "-c"],
          args: ["while :; do echo hello | nc -l -p 7000; done"],
          readinessProbe: { tcpSocket: { port: 7000 } },
        });

      test("a port takes a connection, both ways, without any way there from outside", async () => {
        const { id } = await run(listening());
        const greeting = async (): Promise<string> => {
          const stream = await driver.connect(id, 7000, 10_000, signal);
          stream.write("to the other side\n");
          const [chunk] = (await once(stream, "data")) as [Buffer];
          stream.destroy();
          return chunk.toString();
        };
        await expect.poll(() => greeting().catch(() => ""), { timeout: 30_000 }).toBe("hello\n");
      });

      test("a port that nothing listens on refuses", async () => {
        const { id } = await run(listening());
        await expect(driver.connect(id, 7001, 10_000, signal)).rejects.toThrow(
          new ConnectError("dial tcp 127.0.0.1:7001: connection refused"),
        );
      });
    });

    describe("start, stop, pause, remove", () => {
      test("stop lets the container end by itself, start runs it again; twice is as good as once", async () => {
        // A shell that ends in its own way when asked to.
        const container = shell("trap 'exit 7' USR1; echo ready; while :; do sleep 0.05; done", {
          stopSignal: "SIGUSR1",
        });
        const { id, startedAt } = await run(container);
        await expect.poll(() => logOf(id), { timeout: 30_000 }).toBe("ready\n");
        await twice({ do: "stop", id, graceSeconds: 30 });
        expect(await only(driver, container)).toMatchObject({ state: "exited", exitCode: 7, oomKilled: false });
        await twice({ do: "start", id });
        const again = await only(driver, container);
        expect(again.state).toBe("running");
        expect(again).not.toHaveProperty("exitCode");
        expect(again.startedAt).not.toBe(startedAt);
      });

      test("stop kills what does not end, and the restart policy does not revive it", async () => {
        // The first process of a container ignores signals that it has no handler for.
        const container = spec({ restartPolicy: "Always" });
        const { id } = await run(container);
        await driver.perform({ do: "stop", id, graceSeconds: 0 }, signal);
        expect(await only(driver, container)).toMatchObject({ state: "exited", exitCode: 137, restarts: 0 });
      });

      test("stop ends a container that restarts over and over", async () => {
        const container = shell("exit 1", { restartPolicy: "Always" });
        await create(container);
        // From its third run on it waits longer between two than it runs.
        await expect.poll(async () => (await only(driver, container)).restarts, { timeout: 30_000 }).toBeGreaterThan(2);
        const { id } = await only(driver, container);
        await driver.perform({ do: "stop", id, graceSeconds: 0 }, signal);
        expect((await only(driver, container)).state).toBe("exited");
      });

      test("pause and unpause, twice each", async () => {
        const container = spec();
        const { id } = await run(container);
        await twice({ do: "pause", id });
        expect((await only(driver, container)).state).toBe("paused");
        await twice({ do: "unpause", id });
        expect((await only(driver, container)).state).toBe("running");
      });

      test("pause refuses a container that does not run", async () => {
        const container = spec();
        await create(container, false);
        const { id } = await only(driver, container);
        await expect(driver.perform({ do: "pause", id }, signal)).rejects.toEqual(refusal("PauseError", "not running"));
      });

      test("a paused container can be started, stopped and removed", async () => {
        const container = spec();
        const { id } = await run(container);
        await driver.perform({ do: "pause", id }, signal);
        await driver.perform({ do: "start", id }, signal);
        // The Engine's own news of the pause may come after the start, and count until that of the start does
        // (moby, daemon/monitor.go: EventPaused, EventResumed).
        await expect.poll(async () => (await only(driver, container)).state, { timeout: 30_000 }).toBe("running");
        await driver.perform({ do: "pause", id }, signal);
        await driver.perform({ do: "stop", id, graceSeconds: 0 }, signal);
        expect((await only(driver, container)).state).toBe("exited");
        await driver.perform({ do: "start", id }, signal);
        await driver.perform({ do: "pause", id }, signal);
        await driver.perform({ do: "remove", id, why: "test" }, signal);
        expect(await driver.observe(ownerOf(container), signal)).toEqual([]);
      });

      test("remove takes a running container away, whoever else removes it too", async () => {
        const container = spec();
        const { id } = await run(container);
        const step = { do: "remove", id, why: "test" } as const;
        await Promise.all([1, 2, 3].map(() => driver.perform(step, signal)));
        expect(await driver.observe(ownerOf(container), signal)).toEqual([]);
        await driver.perform(step, signal);
      });

      test("stop and remove are content with a container that is gone; the rest name it", async () => {
        const id = "0123456789abcdef";
        await driver.perform({ do: "stop", id, graceSeconds: 0 }, signal);
        await driver.perform({ do: "remove", id, why: "test" }, signal);
        const gone = refusal("NoSuchContainer", "0123456789ab");
        await expect(driver.perform({ do: "start", id }, signal)).rejects.toEqual(gone);
        await expect(driver.perform({ do: "pause", id }, signal)).rejects.toEqual(gone);
        await expect(driver.perform({ do: "unpause", id }, signal)).rejects.toEqual(gone);
        const to = driver.inPlace(spec().spec);
        await expect(driver.perform({ do: "update", id, to }, signal)).rejects.toEqual(gone);
        await expect(logOf(id)).rejects.toEqual(gone);
      });
    });

    describe("the end of a run", () => {
      test("shows its exit code and times", async () => {
        const ended = await runToEnd(shell("sleep 0.1; exit 3"));
        expect(ended.exitCode).toBe(3);
        expect(Date.parse(ended.finishedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(ended.startedAt ?? ""));
      });

      test.each([
        ["Always", "exit 0"],
        ["OnFailure", "exit 1"],
      ])("the host restarts by itself with restartPolicy %s", async (restartPolicy, script) => {
        const container = shell(script, { restartPolicy });
        await create(container);
        await expect.poll(async () => (await only(driver, container)).restarts, { timeout: 30_000 }).toBeGreaterThan(0);
      });

      test("OnFailure lets success be", async () => {
        expect(await runToEnd(shell("exit 0", { restartPolicy: "OnFailure" }))).toMatchObject({
          restarts: 0,
          exitCode: 0,
        });
      });

      test("says when memory ran out", async () => {
        const limits = { memory: "16Mi" };
        // Docker 20.10 hears of the end and of its cause on two ways, and forgets the cause when it comes second.
        const causes: boolean[] = [];
        for (let run = 0; run < 5 && !causes.includes(true); run++) {
          const ended = await runToEnd(shell("dd if=/dev/zero of=/dev/null bs=64M", { resources: { limits } }));
          expect(ended).toMatchObject({ exitCode: 137 });
          causes.push(ended.oomKilled);
        }
        expect(causes).toContain(true);
      });
    });

    describe("update", () => {
      const full = { limits: { cpu: "500m", memory: "64Mi" }, requests: { cpu: "100m", memory: "32Mi" } };

      test.each<[string, object, object]>([
        ["limits what was not limited", {}, { resources: full }],
        ["lifts every limit", { resources: full }, {}],
        ["raises limits", { resources: full }, { resources: { limits: { cpu: "1500m", memory: "128Mi" } } }],
        ["lowers limits", { resources: { limits: { cpu: 1, memory: "128Mi" } } }, { resources: full }],
        ["changes the restart policy", { restartPolicy: "Always" }, { restartPolicy: "Never" }],
        ["changes the restart policy back", { restartPolicy: "OnFailure" }, { restartPolicy: "Always" }],
        [
          "takes amounts that are too small to mean anything",
          {},
          { resources: { requests: { cpu: "1m", memory: 1 } } },
        ],
      ])("%s in place", async (_, before, after) => {
        const container = spec(before);
        const first = await run(container);
        expect(first.inPlace).toEqual(driver.inPlace(container.spec));
        const to = driver.inPlace(spec(after).spec);
        await twice({ do: "update", id: first.id, to });
        expect(await only(driver, container)).toEqual({ ...first, inPlace: to });
      });

      test("leaves a paused container paused, and a created one created", async () => {
        const [paused, idle] = [spec(), spec()];
        const { id } = await run(paused);
        await driver.perform({ do: "pause", id }, signal);
        await create(idle, false);
        const to = driver.inPlace(spec({ resources: full }).spec);
        await driver.perform({ do: "update", id, to }, signal);
        await driver.perform({ do: "update", id: (await only(driver, idle)).id, to }, signal);
        expect(await only(driver, paused)).toMatchObject({ state: "paused", inPlace: to });
        expect(await only(driver, idle)).toMatchObject({ state: "created", inPlace: to });
      });
    });

    describe("whose containers are seen", () => {
      test("another control plane's are not, even of the same owner", async () => {
        const container = spec();
        await using other = lab.open("other");
        await other.perform({ do: "create", container, start: false }, signal);
        try {
          expect(await driver.observe(ownerOf(container), signal)).toEqual([]);
          expect(await driver.owners(signal)).toEqual([]);
        } finally {
          const { id } = await only(other, container);
          await other.perform({ do: "remove", id, why: "test" }, signal);
        }
      });

      test("a relist finds the owner of every one of ours", async () => {
        const [running, idle] = [spec(), spec()];
        await create(running);
        await create(idle, false);
        const found = new Map((await driver.owners(signal)).map((one) => [one.owner.name, one]));
        expect([...found.keys()].sort()).toEqual([running.metadata.name, idle.metadata.name].sort());
        const { id, hostSideName } = await only(driver, running);
        expect(found.get(running.metadata.name)).toEqual({
          owner: ownerOf(running),
          uid: running.metadata.uid,
          hostName: "lab",
          id,
          hostSideName,
          state: "running",
        });
        expect(found.get(idle.metadata.name)?.state).toBe("created");
      });
    });

    describe("changes", () => {
      test("tells first that it listens, then whose container changed, until the signal aborts", async () => {
        const container = spec();
        const listening = new AbortController();
        const feed = driver.changes(listening.signal)[Symbol.asyncIterator]();
        expect(await feed.next()).toEqual({ done: false, value: undefined });
        /** Past wake-ups may come again, so each is waited for by what the host says then. */
        const wakesUntil = async (state: Observed["state"] | "gone"): Promise<void> => {
          for (;;) {
            const value = (await feed.next()).value as Owner | undefined;
            const [one] = await driver.observe(ownerOf(container), signal);
            if (value?.name === container.metadata.name && (one?.state ?? "gone") === state) return;
          }
        };
        await create(container, false);
        await wakesUntil("created");
        const { id } = await only(driver, container);
        const steps: readonly (readonly [Step, Observed["state"] | "gone"])[] = [
          [{ do: "start", id }, "running"],
          [{ do: "pause", id }, "paused"],
          [{ do: "unpause", id }, "running"],
          [{ do: "stop", id, graceSeconds: 0 }, "exited"],
          [{ do: "remove", id, why: "test" }, "gone"],
        ];
        for (const [step, state] of steps) {
          await driver.perform(step, signal);
          await wakesUntil(state);
        }
        listening.abort();
        expect((await feed.next()).done).toBe(true);
      });

      test("is silent about other control planes' containers", async () => {
        const [foreign, ours] = [spec(), spec()];
        await using other = lab.open("other");
        const listening = new AbortController();
        const names = new Set<string | undefined>();
        await other.perform({ do: "create", container: foreign, start: false }, signal);
        await other.perform({ do: "remove", id: (await only(other, foreign)).id, why: "test" }, signal);
        await create(ours, false);
        for await (const owner of driver.changes(listening.signal)) {
          names.add(owner?.name);
          if (owner?.name === ours.metadata.name) listening.abort();
        }
        expect(names).not.toContain(foreign.metadata.name);
      });
    });

    describe("logs", () => {
      const script = 'echo one; sleep 0.1; echo two >&2; sleep 1.1; printf "three"';

      test("are what the container wrote, in order, of both outputs", async () => {
        const { id } = await runToEnd(shell(script));
        expect(await logOf(id)).toBe("one\ntwo\nthree");
        expect(await logOf(id, { tailLines: 1 })).toBe("three");
        expect(await logOf(id, { tailLines: 0 })).toBe("");
        expect(await logOf(id, { timestamps: true })).toMatch(/^20\d\d-\S+Z one\n20\d\d-\S+Z two\n20\d\d-\S+Z three$/);
        const [, stamp = ""] = /(\S+) three/.exec(await logOf(id, { timestamps: true })) ?? [];
        // Docker keeps nanoseconds: half a second before is exact enough here, the line before is a second away.
        expect(await logOf(id, { sinceTime: Date.parse(stamp) / 1000 - 0.5 })).toBe("three");
      });

      test("follow until the container ends", async () => {
        const { id } = await run(shell(`${script}; sleep 0.2; echo; echo four`));
        expect(await logOf(id, { follow: true })).toBe("one\ntwo\nthree\nfour\n");
      });

      test("follow until the signal aborts", async () => {
        const { id } = await run(shell("echo first; sleep 1000000"));
        const reading = new AbortController();
        const seen: string[] = [];
        for await (const chunk of driver.logs(id, { follow: true }, reading.signal)) {
          seen.push(Buffer.from(chunk).toString());
          reading.abort();
        }
        expect(seen).toEqual(["first\n"]);
      });

      test("of a terminal come as they are", async () => {
        const { id } = await runToEnd(shell("tty; echo out; echo err >&2", { tty: true }));
        expect(await logOf(id)).toMatch(/^\/dev\/\S+\r\nout\r\nerr\r\n$/);
      });

      test("of a container that never ran are empty", async () => {
        const container = spec();
        await create(container, false);
        expect(await logOf((await only(driver, container)).id)).toBe("");
      });

      test("of a megabyte come whole", async () => {
        const { id } = await runToEnd(shell("seq 1 150000"));
        const lines = (await logOf(id)).split("\n");
        expect(lines).toHaveLength(150_001);
        expect(lines[149_999]).toBe("150000");
      });
    });

    describe("stats", () => {
      test("tell what a running container uses, now and not since it began", async () => {
        const [busy, idle] = [shell("exec yes > /dev/null"), spec()];
        const [first, second] = [await run(busy), await run(idle)];
        // A loop takes all of a core that it gets, and this machine may be busy with other things.
        await expect
          .poll(async () => (await driver.stats(first.id, signal))?.cpu, { timeout: 30_000 })
          .toBeGreaterThan(0.05);
        const used = await driver.stats(second.id, signal);
        expect(used?.cpu).toBeLessThan(0.5);
        expect(used?.memory).toBeGreaterThan(0);
        expect(used?.memory).toBeLessThan(2 ** 30);
        expect((await driver.usage(signal)).memory).toBeGreaterThan(used?.memory ?? 0);
      });

      test("are none of a container that does not run, and refused of one that is gone", async () => {
        const container = spec();
        await create(container, false);
        expect(await driver.stats((await only(driver, container)).id, signal)).toBeUndefined();
        await expect(driver.stats("0123456789abcdef", signal)).rejects.toEqual(
          refusal("NoSuchContainer", "0123456789ab"),
        );
        expect(await driver.usage(signal)).toEqual({ cpu: 0, memory: 0 });
      });
    });

    describe("pull", () => {
      const pull = (image: string, always = true, beside: Beside = {}): Promise<void> =>
        driver.perform({ do: "pull", image, always }, signal, beside);

      test("fetches an image and tells how far it is; joins a pull that is under way", async () => {
        expect(await driver.hasImage(lab.remoteImage, signal)).toBe(false);
        const seen: PullProgress[] = [];
        await Promise.all([
          pull(lab.remoteImage, true, { onProgress: (progress) => seen.push(progress) }),
          pull(lab.remoteImage),
        ]);
        expect(await driver.hasImage(lab.remoteImage, signal)).toBe(true);
        const last = seen.at(-1);
        expect(last?.total).toBeGreaterThan(0);
        expect(last?.current).toBe(last?.total);
        await pull(lab.remoteImage);
        await create(containerOf({ image: lab.remoteImage }), false);
      });

      test("asks no registry for what the host has, unless told to", async () => {
        // No registry knows this name.
        await pull(lab.image, false);
        await expect(pull(lab.image, true)).rejects.toEqual(refusal("ErrImagePull", lab.image));
      });

      test("says that there is no such tag", async () => {
        await expect(pull(`${lab.remoteImage}-nosuch`)).rejects.toEqual(
          refusal("ErrImagePull", "check the image's name and tag"),
        );
      });

      test("says that a registry wants a password", async () => {
        await expect(pull(lab.secretImage)).rejects.toEqual(refusal("ErrImagePull", "log in"));
      });

      const wrong = { username: "lab", password: "guessed" };
      test("shows a registry credentials, one after the other until one is good enough", async () => {
        await pull(lab.secretImage, true, { credentials: [wrong, lab.credentials] });
        expect(await driver.hasImage(lab.secretImage, signal)).toBe(true);
        // What is there is there for everybody, unless the registry is asked.
        await pull(lab.secretImage, false);
        await expect(pull(lab.secretImage, true)).rejects.toEqual(refusal("ErrImagePull", "log in"));
      });

      test("says that a registry does not take a password, and does not say which", async () => {
        const refused = pull(lab.secretImage, true, { credentials: [wrong, { ...wrong, username: "other" }] });
        await expect(refused).rejects.toEqual(refusal("ErrImagePull", "the Secrets of spec.imagePullSecrets"));
        await expect(refused).rejects.not.toThrow(/guessed/);
      });

      test("joins no pull that has credentials which it has not", async () => {
        const both = [pull(lab.secretImage, true, { credentials: [lab.credentials] }), pull(lab.secretImage)];
        expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
      });

      test("tells what a registry has for a tag, and whether that is what runs", async () => {
        await pull(lab.remoteImage);
        const digest = await driver.registryDigest(lab.remoteImage, signal, []);
        expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
        const container = spec({ image: lab.remoteImage });
        const { imageID } = await run(container);
        expect(await driver.repositoryDigests(lab.remoteImage, imageID, signal)).toEqual([digest]);
        expect(await driver.repositoryDigests("elsewhere/image:v1", imageID, signal)).toEqual([]);
        expect(await driver.repositoryDigests(lab.remoteImage, `sha256:${"f".repeat(64)}`, signal)).toEqual([]);
        await run(spec({ image: `${lab.remoteImage.replace(/:[^:/]*$/, "")}@${digest}` }));
      });

      test("tells what a registry has only to those who log in", async () => {
        expect(await driver.registryDigest(lab.secretImage, signal, [wrong, lab.credentials])).toMatch(/^sha256:/);
        await expect(driver.registryDigest(lab.secretImage, signal, [])).rejects.toEqual(
          refusal("ErrImagePull", "the Secrets of spec.imagePullSecrets"),
        );
      });

      test("says that no registry answers", async () => {
        await expect(pull("127.0.0.1:1/a/b:c")).rejects.toEqual(refusal("ErrImagePull", "registry"));
      });

      test("says that a name is no image's name", async () => {
        await expect(pull("UPPER/case:x")).rejects.toEqual(refusal("InvalidImageName", "UPPER/case:x"));
      });

      test("ends when nobody waits any more", async () => {
        const leaving = new AbortController();
        const pulling = driver.perform({ do: "pull", image: lab.secretImage, always: true }, leaving.signal);
        leaving.abort(new Error("left"));
        await expect(pulling).rejects.toThrow("left");
      });
    });

    describe("an image that is saved", () => {
      const saved = (image: string, until = signal): Promise<Buffer> => buffer(driver.saveImage(image, until));

      test("is what `docker load` takes", async () => {
        const archive = extract();
        archive.end(await saved(lab.image));
        let manifest: unknown;
        for await (const entry of archive) {
          const content = await buffer(entry);
          if (entry.header.name === "manifest.json") manifest = JSON.parse(content.toString());
        }
        expect(manifest).toMatchObject([{ RepoTags: [lab.image] }]);
      });

      test("is refused where the host does not have it", async () => {
        await expect(saved("nowhere/nothing:1")).rejects.toEqual(refusal("SaveError", "nowhere/nothing:1"));
      });

      test("is not whole where nobody waits any more", async () => {
        const leaving = new AbortController();
        const reading = driver.saveImage(lab.image, leaving.signal)[Symbol.asyncIterator]();
        expect((await reading.next()).done).toBe(false);
        leaving.abort(new Error("left"));
        const rest = (async () => {
          while ((await reading.next()).done !== true);
        })();
        await expect(rest).rejects.toThrow("left");
      });
    });

    describe("a host that does not answer", () => {
      test("is said to be unreachable by everything, and works again when it is back", async () => {
        const container = spec();
        const { id } = await run(container);
        const feed = driver.changes(signal)[Symbol.asyncIterator]();
        expect((await feed.next()).value).toBeUndefined();
        const lost = (async () => {
          for (;;) if ((await feed.next()).done === true) return;
        })();
        // Ten at once, some of which the cut will meet in the middle.
        const looks = Array.from({ length: 10 }, () => driver.observe(ownerOf(container), signal));
        const inFlight = Promise.allSettled(looks);
        const [, loss] = await Promise.all([lab.cut(), Promise.allSettled([lost])]);
        expect(loss).toMatchObject([{ reason: { name: "HostUnreachableError" } }]);
        for (const result of await inFlight)
          if (result.status === "rejected") expect(result.reason).toBeInstanceOf(HostUnreachableError);

        const attempts = [
          driver.info(signal),
          driver.ping(signal),
          driver.observe(ownerOf(container), signal),
          driver.owners(signal),
          driver.hasImage("nowhere/nothing:1", signal),
          driver.perform({ do: "pull", image: lab.remoteImage, always: true }, signal),
          driver.perform({ do: "create", container: spec(), start: true }, signal),
          driver.perform({ do: "start", id }, signal),
          driver.perform({ do: "stop", id, graceSeconds: 0 }, signal),
          driver.perform({ do: "remove", id, why: "test" }, signal),
          driver.changes(signal)[Symbol.asyncIterator]().next(),
          driver.stats(id, signal),
          driver.usage(signal),
          buffer(driver.saveImage(lab.image, signal)),
          logOf(id),
        ];
        for (const result of await Promise.allSettled(attempts)) {
          expect(result).toMatchObject({ status: "rejected" });
          if (result.status === "rejected") expect(result.reason).toBeInstanceOf(HostUnreachableError);
        }

        await lab.restore();
        expect((await only(driver, container)).id).toBe(id);
        await driver.perform({ do: "start", id }, signal);
        expect((await only(driver, container)).state).toBe("running");
      });

      test("restarts by itself what should run, and leaves stopped what was stopped", async () => {
        const [stopped, running] = [spec(), spec()];
        const { id } = await run(stopped);
        await driver.perform({ do: "stop", id, graceSeconds: 0 }, signal);
        await create(running);
        await lab.reboot();
        await expect.poll(async () => (await only(driver, running)).state, { timeout: 30_000 }).toBe("running");
        expect((await only(driver, stopped)).state).toBe("exited");
      });
    });
  });
}
