import type { Taint } from "../../crds/host.ts";
import type { Toleration } from "../../crds/placement.ts";

/** Source: Toleration.ToleratesTaint in k8s.io/api/core/v1/toleration.go. */
export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(
    ({ key, operator, value = "", effect }) =>
      (effect === undefined || effect === taint.effect) &&
      (key === undefined || key === taint.key) &&
      (operator === "Exists" || value === (taint.value ?? "")),
  );
}
