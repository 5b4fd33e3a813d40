/** What the benches ask for: Containers that sleep, from an image that the Engine has. */

/** Made by test/lab/images.ts. */
export const image = "busybox:lab";
export const sleeper = ["sleep", "100000"] as const;

/** `count` Containers in namespace default, as one stream of YAML documents. */
export function sleepers(count: number): string {
  const documents = Array.from({ length: count }, (_, i) => ({
    apiVersion: "stowage.dev/v1alpha1",
    kind: "Container",
    metadata: { name: `c${i}`, namespace: "default" },
    spec: { image, imagePullPolicy: "Never", command: sleeper, terminationGracePeriodSeconds: 0 },
  }));
  return documents.map((document) => JSON.stringify(document)).join("\n---\n");
}
