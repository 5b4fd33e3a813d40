/** What the benches ask for: Containers that sleep, from an image that the Engine has. */

/** Made by test/lab/images.ts; simulated hosts have it, too. */
export const image = "busybox:lab";
export const sleeper = ["sleep", "100000"] as const;

/** The Container `c<index>` in namespace default. */
export function sleeperManifest(index: number): object {
  return {
    apiVersion: "stowage.dev/v1alpha1",
    kind: "Container",
    metadata: { name: `c${index}`, namespace: "default" },
    spec: { image, imagePullPolicy: "Never", command: sleeper, terminationGracePeriodSeconds: 0 },
  };
}

/** `count` Containers in namespace default, as one stream of YAML documents. */
export function sleepers(count: number): string {
  return Array.from({ length: count }, (_, index) => JSON.stringify(sleeperManifest(index))).join("\n---\n");
}
