/**
 * One spelling for each image: Docker shows docker.io/library/busybox:latest as busybox:latest, and takes both.
 * Source: ParseDockerRef and FamiliarString in distribution/reference.
 */
export function imageKey(reference: string): string {
  const name = reference.replace(/^(index\.)?docker\.io\//, "").replace(/^library\//, "");
  const hasTag = name.includes("@") || name.lastIndexOf(":") > name.lastIndexOf("/");
  return hasTag ? name : `${name}:latest`;
}
