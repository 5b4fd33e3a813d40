/** An image's name in its parts. Grammar: distribution/reference/reference.go. Pure. */

/** `host:5000/a/b:tag@sha256:...` in its parts. */
export function splitReference(image: string): {
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
} {
  const [tagged = "", digest] = image.split("@");
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  return {
    name: colon < 0 ? tagged : tagged.slice(0, colon),
    ...(colon < 0 ? {} : { tag: tagged.slice(colon + 1) }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The reference with its tag, so that the Engine does not take a name for the beginning of an image's id. */
export function fullReference(image: string): string {
  const { tag, digest } = splitReference(image);
  return tag === undefined && digest === undefined ? `${image}:latest` : image;
}

/**
 * The repository with its registry, as Docker completes it: `busybox:1` is `docker.io/library/busybox`.
 * Source: splitDockerDomain in distribution/reference/normalize.go.
 */
export function repositoryOf(image: string): string {
  const { name } = splitReference(image);
  const [first = "", ...rest] = name.split("/");
  if (rest.length === 0) return `docker.io/library/${first}`;
  const isRegistry = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  if (!isRegistry) return `docker.io/${name}`;
  const path = rest.join("/");
  if (first !== "docker.io" && first !== "index.docker.io") return name;
  return rest.length === 1 ? `docker.io/library/${path}` : `docker.io/${path}`;
}
