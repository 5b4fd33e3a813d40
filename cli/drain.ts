/** Empties a Host of what may run elsewhere. Source of words and order: kubectl's pkg/drain/drain.go. */
import { setTimeout as delay } from "node:timers/promises";
import type { HttpClient } from "../api/client/http.ts";
import type { ApiError } from "../api/status.ts";
import { hasReason, isNotFound } from "../api/status.ts";
import type { Container } from "../crds/container.ts";
import { containers as containerType } from "../crds/container.ts";
import { hasEnded, whyStays } from "../crds/disruption.ts";
import { timeoutSignal } from "./duration.ts";
import { CommandError } from "./errors.ts";
import type { Following } from "./follow.ts";
import { keyOf } from "./follow.ts";
import type { Target } from "./until.ts";
import { untilAll } from "./until.ts";

export interface DrainOptions {
  /** Go on where some may not move: they stay. */
  readonly force: boolean;
  /** Go on where some keep data that ends with their container. */
  readonly deleteEmptyDirData: boolean;
  /** Which Containers; all of them where undefined. */
  readonly containerSelector?: string | undefined;
  /** 0 is for ever. */
  readonly timeoutMs: number;
  readonly dryRun: boolean;
}

export interface DrainView {
  readonly print: (line: string) => void;
  readonly warn: (line: string) => void;
  /** Told when the server is away for a while. */
  readonly lost: Following["lost"];
}

/** How long one that a DisruptionBudget wants to stay is left alone. Source: evictPods, ibid. */
const retryMs = 5_000;

/** One to move, and the Host that it has to leave. */
interface Leaving extends Target {
  readonly key: string;
  readonly uid: string;
  readonly hostName: string;
}

/** Returns when all have left. Throws CommandError where some may not, before any is touched, or did not in time. */
export async function drain(
  client: HttpClient,
  hostName: string,
  options: DrainOptions,
  view: DrainView,
): Promise<void> {
  const deadline = options.timeoutMs === 0 ? new AbortController().signal : timeoutSignal(options.timeoutMs);
  // What was being bound when the Host was cordoned is seen the second time.
  const told = new Set<string>();
  for (;;) {
    const leaving = await findLeaving(client, hostName, options, (line) => {
      if (!told.has(line)) view.warn(line);
      told.add(line);
    });
    if (leaving.length === 0) return;
    if (options.dryRun) {
      await evictDry(client, leaving, view);
      return;
    }
    await move(client, leaving, deadline, view);
    if (deadline.aborted) throw await timedOut(client, hostName, options);
  }
}

/** Throws CommandError with what stands in the way. */
async function findLeaving(
  client: HttpClient,
  hostName: string,
  { containerSelector, force, deleteEmptyDirData }: DrainOptions,
  warn: (line: string) => void,
): Promise<readonly Leaving[]> {
  const there = await boundTo(client, hostName, containerSelector);
  const staying = there.filter((container) => whyStays(container) !== undefined);
  const leaving = there.filter((container) => whyStays(container) === undefined);
  const losing = leaving.filter(losesData);
  const stays = staying.map((one) => `${nameOf(one)} (${whyStays(one) ?? ""})`).join(", ");
  const problems = [
    ...(staying.length > 0 && !force
      ? [`cannot move Containers that stay with their Host (use --force to go on without them): ${stays}`]
      : []),
    ...(losing.length > 0 && !deleteEmptyDirData
      ? [
          `cannot move Containers with emptyDir volumes, whose content is lost (use --delete-emptydir-data to override): ${losing.map(nameOf).join(", ")}`,
        ]
      : []),
  ];
  if (problems.length > 0)
    throw new CommandError(...problems.map((line) => `unable to drain host "${hostName}": ${line}`));
  if (staying.length > 0) warn(`Warning: leaving Containers that stay with their Host: ${stays}`);
  return leaving.map(({ metadata: { namespace, name, uid } }) => ({
    type: containerType,
    name: { namespace, name },
    ...{ key: keyOf(namespace, name), uid, hostName },
  }));
}

/** Those that have ended take no room, and stay as they are. */
async function boundTo(
  client: HttpClient,
  hostName: string,
  labelSelector: string | undefined,
): Promise<readonly Container[]> {
  const { items } = await client.list<Container>(containerType, { labelSelector });
  return items.filter((container) => container.status?.hostName === hostName && !hasEnded(container));
}

/** What is in memory ends with every run anyway. */
const losesData = ({ spec }: Container): boolean =>
  (spec.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined && emptyDir.medium !== "Memory");

const nameOf = ({ metadata }: Container): string => keyOf(metadata.namespace, metadata.name);

async function evictDry(client: HttpClient, leaving: readonly Leaving[], view: DrainView): Promise<void> {
  for (const { key, name, uid } of leaving) {
    view.print(`evicting container ${key} (server dry run)`);
    try {
      await client.evict(containerType, name, { uid, dryRun: true });
    } catch (error) {
      if (!hasReason(error, "TooManyRequests")) throw error;
      view.warn(refused(key, error, false));
    }
  }
}

/** Returns when all are gone from their Host, or the deadline is. Throws CommandError with those that were refused for good. */
async function move(
  client: HttpClient,
  leaving: readonly Leaving[],
  deadline: AbortSignal,
  view: DrainView,
): Promise<void> {
  const done = new Set<Leaving>();
  const errors: string[] = [];
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, deadline]);
  const conclude = (one: Leaving): void => {
    done.add(one);
    if (done.size === leaving.length) stop.abort();
  };
  const ask = async (one: Leaving): Promise<void> => {
    try {
      await evictOne(client, one, () => done.has(one), signal, view);
    } catch (error) {
      if (signal.aborted) return;
      errors.push(
        `error when evicting container ${one.key}: ${error instanceof Error ? error.message : String(error)}`,
      );
      conclude(one);
    }
  };
  const watching = untilAll(client, leaving, { signal, lost: view.lost }, (one, object) => {
    if (!done.has(one) && hasLeft(one, object as Container | undefined)) {
      view.print(`container/${one.name.name} evicted`);
      conclude(one);
    }
    return done.has(one);
  });
  await Promise.all([...leaving.map(ask), watching]);
  if (errors.length > 0) throw new CommandError(...errors);
}

function hasLeft({ uid, hostName }: Leaving, container: Container | undefined): boolean {
  return container?.metadata.uid !== uid || container.status?.hostName !== hostName || hasEnded(container);
}

/** Asks until it is let go. */
async function evictOne(
  client: HttpClient,
  { key, name, uid }: Leaving,
  hasGone: () => boolean,
  signal: AbortSignal,
  view: DrainView,
): Promise<void> {
  while (!hasGone()) {
    view.print(`evicting container ${key}`);
    try {
      await client.evict(containerType, name, { uid, signal });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!hasReason(error, "TooManyRequests")) throw error;
      view.warn(refused(key, error, true));
      await delay(retryMs, undefined, { signal });
    }
  }
}

function refused(key: string, { message, details }: ApiError, again: boolean): string {
  const retry = again ? ` (will retry after ${retryMs / 1000}s)` : "";
  const cause = details?.causes?.[0]?.message;
  return `error when evicting container ${key}${retry}: ${message}${cause === undefined ? "" : ` ${cause}`}`;
}

async function timedOut(client: HttpClient, hostName: string, options: DrainOptions): Promise<CommandError> {
  const left = await boundTo(client, hostName, options.containerSelector);
  const pending = left.filter((container) => whyStays(container) === undefined).map(nameOf);
  return new CommandError(
    `unable to drain host "${hostName}": timed out after ${options.timeoutMs / 1000}s, with containers pending: ${pending.join(", ")}`,
  );
}
