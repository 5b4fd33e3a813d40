/**
 * Has no counterpart upstream: options of a volume's driver can make it a hostPath (type=none,o=bind,device=/etc), or let
 * the host mount what it would not otherwise (a network share).
 */
import type { Check } from "../check.ts";
import { about, violation } from "../check.ts";

export const dockerVolumeOptions: Check = ({ spec }) => {
  const names = (spec.volumes ?? [])
    .filter(({ dockerVolume }) => Object.keys(dockerVolume?.driverOptions ?? {}).length > 0)
    .map(({ name }) => name);
  return violation("dockerVolume options", about("volume", names, "must not set dockerVolume.driverOptions"));
};
