/** What of a Container a level of the Pod Security Standards does not allow. Pure. */
import type { Check, Subject, Violation } from "./check.ts";
import { allowPrivilegeEscalation } from "./checks/allow-privilege-escalation.ts";
import { capabilitiesBaseline, capabilitiesRestricted } from "./checks/capabilities.ts";
import { devices } from "./checks/devices.ts";
import { dockerVolumeOptions } from "./checks/docker-volume-options.ts";
import { hostNamespaces } from "./checks/host-namespaces.ts";
import { hostPathVolumes } from "./checks/host-path-volumes.ts";
import { hostPorts } from "./checks/host-ports.ts";
import { logging } from "./checks/logging.ts";
import { privileged } from "./checks/privileged.ts";
import { restrictedVolumes } from "./checks/restricted-volumes.ts";
import { runAsNonRoot } from "./checks/run-as-non-root.ts";
import { runAsUser } from "./checks/run-as-user.ts";
import { seccompProfileBaseline, seccompProfileRestricted } from "./checks/seccomp-profile.ts";
import { sysctls } from "./checks/sysctls.ts";
import type { Level } from "./policy.ts";

const inBoth: readonly Check[] = [
  devices,
  dockerVolumeOptions,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  logging,
  privileged,
  sysctls,
];

/** A check of restricted that asks for more takes the place of the one of baseline, as upstream's overrides do. */
const checks: Readonly<Record<Level, readonly Check[]>> = {
  privileged: [],
  baseline: [...inBoth, capabilitiesBaseline, seccompProfileBaseline],
  restricted: [
    ...inBoth,
    allowPrivilegeEscalation,
    capabilitiesRestricted,
    restrictedVolumes,
    runAsNonRoot,
    runAsUser,
    seccompProfileRestricted,
  ],
};

export function evaluate(level: Level, subject: Subject): readonly Violation[] {
  return checks[level].flatMap((check) => check(subject) ?? []);
}

/** `privileged (container "a" must not set ...), hostPath volumes (volume "v")`. */
export const details = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => `${reason} (${detail})`).join(", ");

/** `privileged, hostPath volumes`. */
export const reasons = (violations: readonly Violation[]): string => violations.map(({ reason }) => reason).join(", ");
