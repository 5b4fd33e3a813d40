/** Source: k8s.io/pod-security-admission/policy/check_hostNamespaces.go. */
import type { Check } from "../check.ts";
import { violation } from "../check.ts";

export const hostNamespaces: Check = ({ spec }) => {
  const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field] === true);
  return violation(
    "host namespaces",
    shared.length === 0 ? undefined : shared.map((field) => `${field}=true`).join(", "),
  );
};
