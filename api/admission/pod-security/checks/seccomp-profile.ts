/**
 * Sources: k8s.io/pod-security-admission/policy/check_seccompProfile_baseline.go and check_seccompProfile_restricted.go.
 * Stricter than those with Localhost: upstream it names a file that the node's administrator wrote; here the profile
 * comes with the Container, and could say that everything is allowed.
 */
import type { Check, Checked } from "../check.ts";
import { aboutContainers, quoted, violation } from "../check.ts";

const typeOf = ({ securityContext }: Checked): string | undefined => securityContext.seccompProfile?.type;
const isForbidden = (container: Checked): boolean => (typeOf(container) ?? "RuntimeDefault") !== "RuntimeDefault";

export const seccompProfileBaseline: Check = (subject) => {
  const values = [
    ...new Set(subject.containers.filter(isForbidden).map((container) => typeOf(container) ?? "")),
  ].sort();
  const says = `must not set securityContext.seccompProfile.type to ${quoted(values)}`;
  return violation("seccompProfile", aboutContainers(subject, isForbidden, says));
};

export const seccompProfileRestricted: Check = (subject) =>
  violation(
    "seccompProfile",
    aboutContainers(
      subject,
      (container) => typeOf(container) !== "RuntimeDefault",
      'must set securityContext.seccompProfile.type to "RuntimeDefault"',
    ),
  );
