/** What the benches ask for: Containers that sleep, from an image that the Engine has. */

/** The image of {@link sleeper}s on simulated hosts. */
export const sleeperImage = "busybox:lab";

/** The Container `c<index>` in namespace default. */
export function sleeper(index: number, image = sleeperImage) {
  return {
    apiVersion: "stowage.dev/v1alpha1",
    kind: "Container",
    metadata: { name: `c${index}`, namespace: "default" },
    spec: { image, imagePullPolicy: "Never", command: ["sleep", "100000"], terminationGracePeriodSeconds: 0 },
  };
}

/** `count` Containers in namespace default, as one stream of YAML documents. */
export function sleepers(image: string, count: number): string {
  return Array.from({ length: count }, (_, index) => JSON.stringify(sleeper(index, image))).join("\n---\n");
}
