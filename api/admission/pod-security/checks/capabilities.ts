/**
 * Sources: k8s.io/pod-security-admission/policy/check_capabilities_baseline.go and check_capabilities_restricted.go.
 */
import type { Check, Checked, Subject } from "../check.ts";
import { aboutContainers, quoted, violation } from "../check.ts";

/** What an Engine gives by default, less NET_RAW, which upstream does not let anyone add. */
const defaults: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

export const capabilitiesBaseline: Check = (subject) => violation("non-default capabilities", added(subject, defaults));

export const capabilitiesRestricted: Check = (subject) =>
  violation(
    "unrestricted capabilities",
    aboutContainers(subject, keepsSome, 'must set securityContext.capabilities.drop=["ALL"]'),
    added(subject, new Set(["NET_BIND_SERVICE"])),
  );

const keepsSome = ({ securityContext }: Checked): boolean =>
  !(securityContext.capabilities?.drop ?? []).map(plain).includes("ALL");

function added(subject: Subject, allowed: ReadonlySet<string>): string | undefined {
  const more = ({ securityContext }: Checked): readonly string[] =>
    (securityContext.capabilities?.add ?? []).filter((capability) => !allowed.has(plain(capability)));
  const all = [...new Set(subject.containers.flatMap(more))].sort();
  const says = `must not include ${quoted(all)} in securityContext.capabilities.add`;
  return aboutContainers(subject, (container) => more(container).length > 0, says);
}

/** The Engine takes a capability with and without this prefix. */
const plain = (capability: string): string => capability.replace(/^CAP_/, "");
