/** Source: k8s.io/pod-security-admission/policy/check_hostPathVolumes.go. */
import type { Check } from "../check.ts";
import { about, violation } from "../check.ts";

export const hostPathVolumes: Check = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
  return violation("hostPath volumes", about("volume", names, ""));
};
