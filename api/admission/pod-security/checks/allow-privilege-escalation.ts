/** Source: k8s.io/pod-security-admission/policy/check_allowPrivilegeEscalation.go. */
import type { Check } from "../check.ts";
import { aboutContainers, violation } from "../check.ts";

export const allowPrivilegeEscalation: Check = (subject) =>
  violation(
    "allowPrivilegeEscalation != false",
    aboutContainers(
      subject,
      ({ securityContext }) => securityContext.allowPrivilegeEscalation !== false,
      "must set securityContext.allowPrivilegeEscalation=false",
    ),
  );
