/**
 * What keeps Containers away from a Host, or makes them leave it, and who does not mind. Pure.
 * Source of the rules: k8s.io/component-helpers/scheduling/corev1/helpers.go and Toleration.ToleratesTaint in
 * k8s.io/api/core/v1/toleration.go.
 */
import type { Container } from "./container.ts";
import type { Host, Taint } from "./host.ts";
import type { Toleration } from "./placement.ts";

/** The Host does not answer. */
export const unreachableTaint = "stowage.dev/unreachable";
/**
 * The Host answers, and cannot be driven; or, with the effect NoSchedule, what it names as its credentials is of no use:
 * that is a mistake of ours, and says nothing of whether its Containers run.
 */
export const notReadyTaint = "stowage.dev/not-ready";
/** Its disk is too full for more. Those that are there stay. */
export const diskPressureTaint = "stowage.dev/disk-pressure";
/**
 * Set by people on a Host that is off for certain: whatever ran there runs no more. As Kubernetes'
 * node.kubernetes.io/out-of-service (k8s.io/api/core/v1/well_known_taints.go).
 */
export const outOfServiceTaint = "stowage.dev/out-of-service";

/** Those that people set and those that were observed. */
export function taintsOf({ spec, status }: Pick<Host, "spec" | "status">): readonly Taint[] {
  return [...(spec.taints ?? []), ...(status?.taints ?? [])];
}

/** As Kubernetes' DefaultTolerationSeconds admission adds them (plugin/pkg/admission/defaulttolerationseconds). */
const defaultSeconds = 300;

/** A Container's own, and those that it has where it says nothing of Hosts that are lost. */
export function tolerationsOf({ spec }: Pick<Container, "spec">): readonly Toleration[] {
  const own = spec.placement?.tolerations ?? [];
  const added = [notReadyTaint, unreachableTaint]
    .filter((key) => !own.some((one) => matchesKey(one, key) && isOfEffect(one, "NoExecute")))
    .map((key): Toleration => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: defaultSeconds }));
  return [...own, ...added];
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (!matchesKey(toleration, taint.key) || !isOfEffect(toleration, taint.effect)) return false;
  return toleration.operator === "Exists" || (toleration.value ?? "") === (taint.value ?? "");
}

const matchesKey = ({ key }: Toleration, of: string): boolean => key === undefined || key === "" || key === of;
const isOfEffect = ({ effect }: Toleration, of: Taint["effect"]): boolean => effect === undefined || effect === of;

/** How long a taint is tolerated: 0 where it is not, Infinity where for ever. In seconds. */
export function toleratedSeconds(tolerations: readonly Toleration[], taint: Taint): number {
  const matching = tolerations.filter((one) => tolerates(one, taint));
  if (matching.length === 0) return 0;
  return Math.min(...matching.map(({ tolerationSeconds = Infinity }) => tolerationSeconds));
}
