/** Whether an image is pulled before a container is made from it. Pure. */
import type { ContainerSpec } from "../../crds/container.ts";
import type { Step } from "../../drivers/driver.ts";
import type { Problem } from "./failure.ts";

/** How long to wait for a missing image that may not be pulled: somebody has to load it, which no event tells. */
const neverPullRetryMs = 10_000;

type Pulled = Pick<ContainerSpec, "image" | "imagePullPolicy">;

export interface Pulling {
  readonly steps: readonly Step[];
  /** Why nothing can be made of it now, and when to look again. */
  readonly problem?: Problem;
  readonly retryAfterMs?: number;
}

/** `moved`: whether the tag is known to stand for another image than the one that the host has. */
export function pullSteps(spec: Pulled, imagePresent: boolean, moved = false): Pulling {
  const policy = pullPolicy(spec);
  if (policy === "Never" && !imagePresent)
    return { steps: [], problem: neverPull(spec), retryAfterMs: neverPullRetryMs };
  const always = moved || policy === "Always";
  return { steps: always || !imagePresent ? [{ do: "pull", image: spec.image, always }] : [] };
}

/** When the image is pulled. Source: SetDefaults_Container in kubernetes/pkg/apis/core/v1/defaults.go. */
export function pullPolicy(spec: Pulled): "Always" | "IfNotPresent" | "Never" {
  if (spec.imagePullPolicy !== undefined) return spec.imagePullPolicy;
  if (spec.image.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]+)$/.exec(spec.image)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function neverPull(spec: Pulled): Problem {
  return {
    reason: "ErrImageNeverPull",
    summary: "ErrImageNeverPull",
    message: `Image "${spec.image}" is not on the host and imagePullPolicy is Never: load it there, or set another policy`,
  };
}
