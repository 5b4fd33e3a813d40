/** Source: k8s.io/pod-security-admission/policy/check_privileged.go. */
import type { Check } from "../check.ts";
import { aboutContainers, violation } from "../check.ts";

export const privileged: Check = (subject) =>
  violation(
    "privileged",
    aboutContainers(
      subject,
      ({ securityContext }) => securityContext.privileged === true,
      "must not set securityContext.privileged=true",
    ),
  );
