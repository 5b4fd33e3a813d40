/** Source: k8s.io/pod-security-admission/policy/check_runAsNonRoot.go. */
import type { Check } from "../check.ts";
import { aboutContainers, violation } from "../check.ts";

export const runAsNonRoot: Check = (subject) =>
  violation(
    "runAsNonRoot != true",
    aboutContainers(
      subject,
      ({ securityContext }) => securityContext.runAsNonRoot === false,
      "must not set securityContext.runAsNonRoot=false",
    ),
    aboutContainers(
      subject,
      ({ securityContext }) => securityContext.runAsNonRoot === undefined,
      "must set securityContext.runAsNonRoot=true",
    ),
  );
