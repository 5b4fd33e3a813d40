import { isDeepStrictEqual } from "node:util";
import type { Client } from "../../api/client/client.ts";
import { formatTime } from "../../crds/meta.ts";
import type { Cloud, CloudStatus } from "../../crds/openstack/cloud.ts";
import { clouds as cloudType } from "../../crds/openstack/cloud.ts";
import type { CloudSurvey } from "../../openstack/session.ts";
import type { Clock } from "../../process/clock.ts";
import type { Log } from "../../process/log.ts";
import { exponentialBackoff } from "../runtime/backoff.ts";
import { findCondition, setCondition } from "../runtime/conditions.ts";
import type { Cache, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { settled } from "../runtime/reconciler.ts";
import type { Clouds } from "./clouds.ts";
import { heldPollMs, isHeld, letGo } from "./credentials-guard.ts";
import { jitter } from "./resync.ts";
import { longestMessage } from "./status.ts";
import { verdictOf } from "./verdict.ts";

export interface CloudReconcilerOptions {
  readonly client: Pick<Client, "updateStatus" | "patch">;
  readonly objects: Cache<Cloud>;
  readonly clouds: Pick<Clouds, "survey" | "secretVersion">;
  /** Which objects use it, for people; undefined where none does. */
  readonly usersOf: (cloud: Cloud) => string | undefined;
  readonly clock: Clock;
  /** How often each is asked again, in ms and up to a fifth later; 0 never. */
  readonly resyncMs: number;
  readonly random: () => number;
}

interface Check {
  /** Of what was looked at. */
  readonly signature: string;
  /** How often in a row it came to nothing. */
  readonly failures: number;
  /** When it is asked again, in ms since the epoch; undefined: when it changes. */
  readonly dueAt: number | undefined;
}

type Found = { readonly survey: CloudSurvey } | { readonly reason: string; readonly message: string };

/** Says of each Cloud whether its credentials are good and what there is, and keeps it as long as objects use it. */
export class CloudReconciler implements Reconciler {
  readonly #options: CloudReconcilerOptions;
  readonly #checks = new Map<Key, Check>();
  readonly #backoff;

  constructor(options: CloudReconcilerOptions) {
    this.#options = options;
    this.#backoff = exponentialBackoff({ baseMs: 1000, maxMs: 60_000, jitter, random: options.random });
  }

  async reconcile(key: Key, signal: AbortSignal, log: Log): Promise<Outcome> {
    const { objects, clouds, clock } = this.#options;
    const cloud = objects.get(key);
    if (cloud === undefined) {
      this.#checks.delete(key);
      return settled();
    }
    if (cloud.metadata.deletionTimestamp !== undefined) return this.#finalize(cloud);
    const { uid, generation } = cloud.metadata;
    const signature = JSON.stringify([uid, generation, clouds.secretVersion(cloud)]);
    const known = this.#checks.get(key);
    const last = known?.signature === signature ? known : undefined;
    const now = clock.now().getTime();
    const earlyMs = last === undefined ? 0 : (last.dueAt ?? Infinity) - now;
    if (earlyMs > 0) return settled(earlyMs === Infinity ? undefined : earlyMs);
    const found = await this.#look(cloud, signal);
    await this.#write(cloud, statusAfter(cloud, found, clock.now()));
    const failures = "survey" in found ? 0 : (last?.failures ?? 0) + 1;
    const inMs = this.#nextMs(failures);
    this.#checks.set(key, {
      signature,
      failures,
      dueAt: inMs === undefined ? undefined : clock.now().getTime() + inMs,
    });
    if (!("survey" in found))
      log.warn("Cloud cannot be used", { error: found.message, retryInMs: Math.round(inMs ?? 0) });
    return settled(inMs);
  }

  #nextMs(failures: number): number | undefined {
    const { resyncMs, random } = this.#options;
    if (failures > 0) return this.#backoff.after(Math.min(failures, 16));
    return resyncMs > 0 ? resyncMs * (1 + jitter * random()) : undefined;
  }

  async #look(cloud: Cloud, signal: AbortSignal): Promise<Found> {
    try {
      return { survey: await this.#options.clouds.survey(cloud, signal) };
    } catch (error) {
      const verdict = verdictOf(error);
      if (verdict === undefined || verdict.reason === "Success" || signal.aborted) throw error;
      return verdict;
    }
  }

  async #finalize(cloud: Cloud): Promise<Outcome> {
    const { client, usersOf, clock } = this.#options;
    if (!isHeld(cloud)) return settled();
    const users = usersOf(cloud);
    if (users === undefined) {
      await letGo(client, cloudType, cloud);
      return settled();
    }
    await this.#write(cloud, statusInUse(cloud, users, clock.now()));
    return settled(heldPollMs);
  }

  async #write(cloud: Cloud, status: CloudStatus): Promise<void> {
    if (isDeepStrictEqual(status, cloud.status)) return;
    const next: Cloud = { ...cloud, status };
    await this.#options.client.updateStatus<Cloud>(cloudType, next);
  }
}

/** More of them are not told of. */
const mostServices = 256;

function statusAfter(cloud: Cloud, found: Found, now: Date): CloudStatus {
  if (!("survey" in found)) return { ...cloud.status, conditions: available(cloud, "False", found, now) };
  const { authUrl, region, project, services } = found.survey;
  const word = { reason: "Success", message: `Keystone gives tokens, and a catalog of ${services.length} services` };
  const status: CloudStatus = {
    conditions: available(cloud, "True", word, now),
    authURL: authUrl,
    region,
    project,
    services: services.slice(0, mostServices).map(({ type, url, version, microversions }) => ({
      ...{ type, url, version },
      ...(microversions && { minMicroversion: microversions.min, maxMicroversion: microversions.max }),
    })),
    lastSyncTime: formatTime(now),
  };
  // As the API gives it back: without fields that are undefined.
  return JSON.parse(JSON.stringify(status)) as CloudStatus;
}

/** It is to go, and serves those that use it until they are gone. */
function statusInUse(cloud: Cloud, users: string, now: Date): CloudStatus {
  const status = findCondition(cloud.status?.conditions, "Available")?.status ?? "Unknown";
  const word = { reason: "Progressing", message: `Waiting to be deleted: used by ${users}` };
  return { ...cloud.status, conditions: available(cloud, status, word, now) };
}

function available(
  { metadata: { generation }, status }: Cloud,
  is: "True" | "False" | "Unknown",
  { reason, message }: { readonly reason: string; readonly message: string },
  now: Date,
): NonNullable<CloudStatus["conditions"]> {
  const next = {
    ...{ type: "Available", status: is, reason, message: message.slice(0, longestMessage) },
    ...(generation !== undefined && { observedGeneration: generation }),
  };
  return [...setCondition(status?.conditions, next, now)];
}
