/**
 * Finds Containers whose emptyDirs hold more than they may. Pure. Source: emptyDirLimitEviction in
 * kubernetes/pkg/kubelet/eviction/eviction_manager.go. What is in memory cannot grow beyond its limit.
 */
import type { Container } from "../../crds/container.ts";
import { parseQuantity } from "../../crds/quantity.ts";
import { ownVolumeName, ownVolumes } from "../../drivers/own-volumes.ts";

interface Limit {
  readonly volume: string;
  readonly sizeLimit: string;
  /** More than 0: that would be none. */
  readonly bytes: number;
}

function limitsOf({ spec }: Container): readonly Limit[] {
  return ownVolumes(spec).flatMap(({ name, emptyDir }) => {
    const { sizeLimit } = emptyDir ?? {};
    const bytes = sizeLimit === undefined ? 0 : parseQuantity(sizeLimit);
    return sizeLimit === undefined || bytes <= 0 ? [] : [{ volume: name, sizeLimit: `${sizeLimit}`, bytes }];
  });
}

/** What has ended or was stopped writes nothing more; who goes already is not told again. */
const staysOn = ({ metadata, status: { phase, eviction } = {} }: Container): boolean =>
  metadata.deletionTimestamp === undefined &&
  eviction === undefined &&
  phase !== "Succeeded" &&
  phase !== "Failed" &&
  phase !== "Stopped";

/** Whether its volumes are to be measured at all. */
export const isLimited = (container: Container): boolean => staysOn(container) && limitsOf(container).length > 0;

/** Why it must go, in kubelet's words; undefined where it need not. `usage`: bytes by the names of volumes on its host. */
export function overfull(container: Container, usage: ReadonlyMap<string, number>): string | undefined {
  if (!staysOn(container)) return undefined;
  const { uid } = container.metadata;
  const full = limitsOf(container).find(({ volume, bytes }) => (usage.get(ownVolumeName(uid, volume)) ?? 0) > bytes);
  return full && `Usage of EmptyDir volume "${full.volume}" exceeds the limit "${full.sizeLimit}"`;
}
