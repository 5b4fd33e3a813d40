/**
 * Source: k8s.io/pod-security-admission/policy/check_restrictedVolumes.go. A dockerVolume is not among those allowed:
 * unlike a PersistentVolumeClaim it belongs to no namespace.
 */
import type { Check } from "../check.ts";
import { about, quoted, violation } from "../check.ts";

const restricted = ["hostPath", "dockerVolume"] as const;

export const restrictedVolumes: Check = ({ spec }) => {
  const found = (spec.volumes ?? []).flatMap((volume) =>
    restricted.filter((type) => volume[type] !== undefined).map((type) => ({ name: volume.name, type })),
  );
  const types = [...new Set(found.map(({ type }) => type))].sort();
  const says = `${found.length === 1 ? "uses" : "use"} restricted volume ${types.length === 1 ? "type" : "types"} ${quoted(types)}`;
  return violation(
    "restricted volume types",
    about(
      "volume",
      found.map(({ name }) => name),
      says,
    ),
  );
};
