/**
 * Does what a timeline says to a real server and real engines, and then compares what is with what was asked for. What
 * failed because something was broken is asked for again, as a person or a pipeline would.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import type { Draft } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { Host } from "../../crds/host.ts";
import { hosts } from "../../crds/host.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { labels } from "../../drivers/labels.ts";
import type { StowageServer } from "../lab/stowage.ts";
import { eventually } from "../lab/stowage.ts";
import type { Harm, Operation, Timed, Wanted } from "./timeline.ts";
import { describe, modelOf } from "./timeline.ts";

export interface Breakable {
  readonly break: () => Promise<void>;
  /** What was broken answers again when it returns. */
  readonly mend: () => Promise<void>;
}

export interface World {
  readonly server: StowageServer;
  readonly image: string;
  /** By the name of the Host. They are reached from here whatever is cut. */
  readonly engines: Readonly<Record<string, Docker>>;
  /** By the name of the fault in the timeline. */
  readonly faults: Readonly<Record<string, Breakable>>;
  /** Is told each operation when it is done. */
  readonly tell?: (line: string) => void;
}

/** Returns when everything has been done, and everything that was broken is mended. */
export async function wreakHavoc(world: World, operations: readonly Timed[]): Promise<void> {
  const began = performance.now();
  const tell = (what: string): void => {
    world.tell?.(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${what}`);
  };
  // What concerns one thing happens in its order; different things do not wait for one another.
  const busy = new Map<string, Promise<void>>();
  for (const { at, operation } of operations) {
    await sleep(Math.max(0, at - (performance.now() - began)));
    for (const part of partsOf(operation)) {
      const concerned = concernOf(part);
      const done = (busy.get(concerned) ?? Promise.resolve()).then(async () => {
        tell(`${describe(part)}${await perform(world, part)}`);
      });
      done.catch(() => undefined); // said below
      busy.set(concerned, done);
    }
  }
  await Promise.all(busy.values());
}

/** A Container that cannot be asked for yet must not keep others waiting. */
function partsOf(operation: Operation): readonly Operation[] {
  switch (operation.do) {
    case "apply":
      return operation.wanted.map((one) => ({ do: "apply", wanted: [one] }));
    case "delete":
      return operation.names.map((name) => ({ do: "delete", names: [name] }));
    case "harm":
    case "break":
    case "mend":
      return [operation];
  }
}

function concernOf(operation: Operation): string {
  switch (operation.do) {
    case "apply":
      return `container ${operation.wanted[0]?.name ?? ""}`;
    case "delete":
      return `container ${operation.names[0] ?? ""}`;
    case "harm":
      return `harm on ${operation.host}`;
    case "break":
    case "mend":
      return operation.what;
  }
}

/** Returns what there is to add to the log. */
async function perform(world: World, operation: Operation): Promise<string> {
  switch (operation.do) {
    case "apply":
      await Promise.all(operation.wanted.map((one) => apply(world, one)));
      return "";
    case "delete":
      await Promise.all(operation.names.map((name) => remove(world, name)));
      return "";
    case "harm":
      return harm(world.engines[operation.host], operation.how, operation.which);
    case "break":
    case "mend": {
      const fault = world.faults[operation.what];
      if (fault === undefined) throw new Error(`Cannot ${operation.do} "${operation.what}": nothing has that name`);
      await fault[operation.do]();
      return "";
    }
  }
}

/** A Container that is still being deleted when it is applied goes away all the same: it is asked for until it stays. */
async function apply({ server, image }: World, wanted: Wanted): Promise<void> {
  const at = { namespace: "default", name: wanted.name };
  const body = manifestOf(wanted, image);
  await eventually(
    `${wanted.name} is applied and not being deleted`,
    async () => {
      await using client = await server.client();
      const patch = { type: "apply", body, force: true } as const;
      const { metadata } = await client.patch<Container>(containers, at, patch, { fieldManager: "chaos" });
      return metadata.deletionTimestamp === undefined;
    },
    patience,
  );
}

async function remove({ server }: World, name: string): Promise<void> {
  await eventually(
    `the deletion of ${name} is accepted`,
    async () => {
      await using client = await server.client();
      await client.delete(containers, { namespace: "default", name }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      return true;
    },
    patience,
  );
}

function manifestOf({ name, round, runState, memory, placement }: Wanted, image: string): Draft {
  const { tolerationSeconds, singleton = false } = placement;
  const tolerations = ["stowage.dev/not-ready", "stowage.dev/unreachable"].map((key) => ({
    ...{ key, operator: "Exists", effect: "NoExecute", tolerationSeconds },
  }));
  return {
    apiVersion: apiVersionOf(containers),
    kind: containers.kind,
    metadata: { name, namespace: "default" },
    ...{
      spec: {
        image,
        imagePullPolicy: "Never",
        command: ["sleep", "100000"],
        env: [{ name: "ROUND", value: String(round) }],
        resources: { limits: { memory } },
        terminationGracePeriodSeconds: 0,
        runState,
        placement: { singleton, ...(tolerationSeconds === undefined ? {} : { tolerations }) },
      },
    },
  };
}

/** Looks, 50 ms apart: more than any backoff of ours lasts. */
const patience = 8000;

async function harm(docker: Docker | undefined, how: Harm, which: number): Promise<string> {
  try {
    const all = (await docker?.listContainers({ all: true, filters: { label: [labels.instance] } })) ?? [];
    const victim = all.toSorted((a, b) => (ownerOf(a) < ownerOf(b) ? -1 : 1))[Math.floor(which * all.length)];
    if (docker === undefined || victim === undefined) return ": nothing there";
    await doHarm(docker.getContainer(victim.Id), how);
    return `: ${ownerOf(victim)}`;
  } catch (error) {
    // The engine is down, or the container is not in a state for it: so it is with people, too.
    return `: ${(error as Error).message.split("\n", 1)[0] ?? ""}`;
  }
}

const ownerOf = ({ Labels }: Docker.ContainerInfo): string => Labels[labels.name] ?? "";

async function doHarm(container: Docker.Container, how: Harm): Promise<void> {
  switch (how) {
    case "kill":
      await container.kill();
      return;
    case "rm":
      await container.remove({ force: true });
      return;
    case "stop":
      await container.stop({ t: 0 });
      return;
    case "pause":
      await container.pause();
      return;
    case "rename":
      await container.rename({ name: `stolen-${container.id.slice(0, 12)}` });
      return;
  }
}

/**
 * Waits until desired is actual, exactly: an object for each Container that was asked for last and no other, whose
 * status says what its own Host shows; one container for each, of the last spec, and none besides; no Host lost, no
 * orphan reported.
 */
export async function expectExactly(world: World, operations: readonly Timed[]): Promise<void> {
  const wanted = [...modelOf(operations).values()].map(wantedLine).toSorted();
  let differences: readonly string[] = [];
  await using client = await world.server.client();
  await eventually(
    "desired is actual",
    async () => {
      const { items } = await client.list<Container>(containers, { namespace: "default" });
      const onHosts = await Promise.all(Object.entries(world.engines).map(([host, docker]) => linesOf(host, docker)));
      const { items: pool } = await client.list<Host>(hosts);
      differences = [
        ...difference("wanted", wanted, "asked of the API", items.map(askedLine).toSorted()),
        ...difference("said by the API", items.flatMap(saidLine).toSorted(), "on a host", onHosts.flat().toSorted()),
        ...pool.flatMap(complaints),
      ];
      return differences.length === 0;
    },
    patience,
  ).catch((error: unknown) => {
    throw new Error(`${differences.join("\n")}\n${world.server.log.slice(-8000)}`, { cause: error });
  });
}

const wantedLine = ({ name, round, runState, memory }: Wanted): string => `${name} ${round} ${runState} ${memory}`;

const askedLine = ({ metadata, spec }: Container): string =>
  `${metadata.name} ${spec.env?.[0]?.value ?? ""} ${spec.runState} ${String(spec.resources?.limits?.["memory"])}${metadata.deletionTimestamp === undefined ? "" : " (being deleted)"}`;

/** What must be on a host for a Container; nothing, where it is stopped and was never made. */
function saidLine({ metadata, spec, status }: Container): readonly string[] {
  const at = `${metadata.name} on ${status?.hostName ?? "no host"}: ${status?.containerID ?? "docker://"}`;
  // What is stopped keeps the container of its last run, whatever was changed since.
  if (spec.runState === "Stopped") return status?.containerID === undefined ? [] : [`${at} stopped`];
  const state = status?.phase === "Paused" || status?.phase === "Running" ? status.phase.toLowerCase() : "not up";
  const asked = spec.runState.toLowerCase();
  return [
    `${at} ${state === asked ? state : `${state}, not ${asked}`} ROUND=${spec.env?.[0]?.value ?? ""} ${String(spec.resources?.limits?.["memory"])}`,
  ];
}

async function linesOf(host: string, docker: Docker): Promise<readonly string[]> {
  const all = await docker.listContainers({ all: true, filters: { label: [labels.instance] } });
  const details = await Promise.all(all.map(({ Id }) => docker.getContainer(Id).inspect()));
  return details.map(({ Id, Config, State, HostConfig }) => {
    const at = `${Config.Labels[labels.name] ?? ""} on ${host}: docker://${Id}`;
    if (State.Status === "exited" || State.Status === "created") return `${at} stopped`;
    const round = Config.Env.find((entry) => entry.startsWith("ROUND=")) ?? "";
    return `${at} ${State.Status} ${round} ${(HostConfig.Memory ?? 0) / 2 ** 20}Mi`;
  });
}

function complaints({ metadata, status }: Host): readonly string[] {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return [
    ...(ready?.status === "True" ? [] : [`Host ${metadata.name} is not ready: ${ready?.message ?? ""}`]),
    ...(status?.orphans ?? []).map((name) => `Host ${metadata.name} has an orphan: ${name}`),
  ];
}

function difference(
  left: string,
  ours: readonly string[],
  right: string,
  theirs: readonly string[],
): readonly string[] {
  return [
    ...without(ours, theirs).map((line) => `${left}, not ${right}: ${line}`),
    ...without(theirs, ours).map((line) => `${right}, not ${left}: ${line}`),
  ];
}

/** Lines that come more often in the first than in the second: a double is one too many. */
function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
