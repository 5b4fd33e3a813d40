/** Source: k8s.io/pod-security-admission/policy/check_runAsUser.go; spec.user says the same as runAsUser. */
import type { Check } from "../check.ts";
import { aboutContainers, violation } from "../check.ts";

const isRoot = (user: string): boolean => /^(root|0+)(:|$)/.test(user);

export const runAsUser: Check = (subject) =>
  violation(
    "runAsUser=0",
    aboutContainers(subject, ({ securityContext }) => securityContext.runAsUser === 0, "must not set runAsUser=0"),
    aboutContainers(subject, ({ user }) => user !== undefined && isRoot(user), "must not set user to root"),
  );
