/** From what the Engine shows to what the plan compares. Pure; everything is parsed here, at the edge. */
import { z } from "zod";
import type { Health, HostImage, Observed, OwnedContainer } from "../driver.ts";
import { labels } from "../labels.ts";
import { ownVolumeName } from "../own-volumes.ts";
import { decodeSpecHash } from "../spec-hash.ts";
import { HostConfig, inPlaceOf } from "./translate.ts";

const State = z.enum(["created", "running", "paused", "restarting", "exited", "removing", "dead"]);
const Labels = z.record(z.string(), z.string()).nullish();

/** GET /containers/ID/json, the fields that we use. Source: moby api/swagger.yaml. */
export const Inspect = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  RestartCount: z.number(),
  State: z.object({
    Status: State,
    OOMKilled: z.boolean(),
    ExitCode: z.number(),
    Error: z.string(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
    Health: z
      .object({
        Status: z.string(),
        Log: z.array(z.object({ Output: z.string() })).nullish(),
      })
      .nullish(),
  }),
  Config: z.object({ Labels, Tty: z.boolean() }),
  HostConfig,
  NetworkSettings: z.object({
    Networks: z
      .record(
        z.string(),
        z.object({
          IPAddress: z.string().nullish(),
          GlobalIPv6Address: z.string().nullish(),
          MacAddress: z.string().nullish(),
        }),
      )
      .nullish(),
  }),
});
export type Inspect = z.infer<typeof Inspect>;

/** Undefined when it does not carry our instance's labels. */
export function observed(inspect: Inspect, instance: string): Observed | undefined {
  const { Labels: found } = inspect.Config;
  const identity = identify(found, instance);
  return identity && observedAs(inspect, identity, decodeSpecHash(found?.[labels.specHash]));
}

/** Whose it is, and what it was made from, is known already. */
export function observedAs(
  inspect: Inspect,
  identity: Pick<Observed, "owner" | "uid">,
  specHash: Observed["specHash"],
): Observed {
  const { State: state } = inspect;
  const ended = state.Status === "exited" || state.Status === "dead" || state.Status === "restarting";
  return {
    ...identity,
    id: inspect.Id,
    hostSideName: inspect.Name.replace(/^\//, ""),
    state: state.Status,
    specHash,
    config: decodeSpecHash(inspect.Config.Labels?.[labels.config]),
    volumes: volumesOf(identity.uid, inspect.Config.Labels?.[labels.volumes]),
    inPlace: inPlaceOf(inspect.HostConfig),
    imageID: inspect.Image,
    addresses: Object.entries(inspect.NetworkSettings.Networks ?? {}).flatMap(([network, endpoint]) =>
      [endpoint.IPAddress, endpoint.GlobalIPv6Address].flatMap((ip) =>
        isSet(ip) ? [{ network, ip, ...(isSet(endpoint.MacAddress) ? { mac: endpoint.MacAddress } : {}) }] : [],
      ),
    ),
    ...time("startedAt", state.StartedAt),
    ...time("finishedAt", state.FinishedAt),
    ...(ended ? { exitCode: state.ExitCode } : {}),
    oomKilled: state.OOMKilled,
    error: state.Error,
    ...(state.Status === "exited" && taskLeft.test(state.Error) ? { isUnstartable: true } : {}),
    restarts: inspect.RestartCount,
    ...healthOf(state),
  };
}

/**
 * An Engine that was killed while a container ended or began may forget the task that containerd keeps of it: every start is
 * then refused, until somebody removes the container. Seen of 20.10.24 in test/chaos; source of the words: errdefs.
 * ErrAlreadyExists of containerd, services/tasks/local.go.
 */
const taskLeft = /\btask [0-9a-f]{64}: already exists/;

const healthStates = ["starting", "healthy", "unhealthy"] as const;

/** The Engine goes on showing the health of what has ended; `none` is a HEALTHCHECK that was switched off. */
function healthOf({ Status, Health: health }: Inspect["State"]): { readonly health?: Health } {
  const status = healthStates.find((known) => known === health?.Status);
  if (status === undefined || Status !== "running") return {};
  return { health: { status, output: health?.Log?.at(-1)?.Output ?? "" } };
}

function volumesOf(uid: string, label: string | undefined): readonly string[] {
  const names = (label ?? "").split(",").filter((name) => name !== "");
  return names.map((name) => ownVolumeName(uid, name));
}

const isSet = (text: string | null | undefined): text is string => text !== undefined && text !== null && text !== "";

/** Go's zero time says that it never happened. */
function time<K extends string>(key: K, value: string): Partial<Record<K, string>> {
  return value.startsWith("0001-01-01T") || value === "" ? {} : ({ [key]: value } as Record<K, string>);
}

/** GET /containers/json. */
export const ContainerList = z.array(z.object({ Id: z.string(), Names: z.array(z.string()).nullish(), Labels, State }));

/** Those of them that carry our instance's labels. */
export function ownedContainers(list: z.infer<typeof ContainerList>, instance: string): readonly OwnedContainer[] {
  return listedAs(list, (found) => identify(found.Labels, instance));
}

type Listed = z.infer<typeof ContainerList>[number];

/** Those of them that are somebody's. */
export function listedAs(
  list: readonly Listed[],
  identityOf: (found: Listed) => Pick<Observed, "owner" | "uid"> | undefined,
): readonly OwnedContainer[] {
  return list.flatMap((found) => {
    const identity = identityOf(found);
    if (identity === undefined) return [];
    // A legacy link adds names of the form /other/alias.
    const name = found.Names?.find((candidate) => candidate.lastIndexOf("/") === 0) ?? "";
    const hostName = found.Labels?.[labels.host] ?? "";
    return [{ ...identity, hostName, id: found.Id, hostSideName: name.slice(1), state: found.State }];
  });
}

/** GET /images/json. */
export const ImageList = z.array(
  z.object({ RepoTags: z.array(z.string()).nullish(), RepoDigests: z.array(z.string()).nullish(), Size: z.number() }),
);

/** As many images as kubelet tells of (nodeStatusMaxImages), and as many names of each (maxNamesPerImageInNodeStatus). */
const [mostImages, mostNames] = [50, 5];

/** Those that have a name; the Engine calls others <none>. */
export function hostImages(list: z.infer<typeof ImageList>): readonly HostImage[] {
  return list
    .map(({ RepoTags, RepoDigests, Size }) => ({
      names: [...(RepoTags ?? []), ...(RepoDigests ?? [])]
        .filter((name) => !name.startsWith("<none>"))
        .slice(0, mostNames),
      sizeBytes: Size,
    }))
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (String(a.names) < String(b.names) ? -1 : 1))
    .slice(0, mostImages);
}

/** Whether a control plane, ours or another, made it. */
export const isManaged = (found: Readonly<Record<string, string>> | null | undefined): boolean =>
  found?.[labels.instance] !== undefined;

function identify(
  found: z.infer<typeof Labels>,
  instance: string,
): Pick<Observed, "owner" | "uid" | "initContainer"> | undefined {
  const namespace = found?.[labels.namespace];
  const name = found?.[labels.name];
  const uid = found?.[labels.uid];
  if (found?.[labels.instance] !== instance || namespace === undefined || name === undefined || uid === undefined)
    return undefined;
  const { [labels.initContainer]: initContainer = "" } = found;
  return { owner: { namespace, name }, uid, ...(initContainer === "" ? {} : { initContainer }) };
}
