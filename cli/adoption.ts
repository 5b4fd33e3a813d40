/** From containers that nobody's control plane made to the manifests by which they are adopted. Pure. */
import { adoptAnnotation, containers as containerType } from "../crds/container.ts";
import { dnsLabel, takeLabel } from "../crds/dns-label.ts";
import type { KubeObject } from "../crds/meta.ts";
import { apiVersionOf } from "../crds/meta.ts";
import { CommandError } from "./errors.ts";
import { renderObjects } from "./output.ts";

/** What the server tells of one: drivers/driver.ts, Adoptable. */
export interface Found {
  readonly id: string;
  readonly hostSideName: string;
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: object;
  readonly lost: readonly string[];
  readonly notes: readonly string[];
}

export interface AdoptionManifest {
  readonly object: KubeObject;
  readonly container: Found;
  /** What the manifest does not say, with the container's name. */
  readonly warnings: readonly string[];
}

const runs = ({ state }: Found): boolean => state === "running" || state === "paused" || state === "restarting";

/** By name or by the beginning of an id, in that order; all that run when none is named. Throws CommandError. */
export function choose(found: readonly Found[], names: readonly string[], hostName: string): readonly Found[] {
  if (names.length === 0) return found.filter(runs);
  const chosen = names.map((name) => {
    const exact = found.filter(({ hostSideName, id }) => hostSideName === name || id === name);
    return { name, fits: exact.length > 0 ? exact : found.filter(({ id }) => id.startsWith(name)) };
  });
  const problems = chosen
    .filter(({ fits }) => fits.length !== 1)
    .map(({ name, fits }) =>
      fits.length === 0
        ? `host "${hostName}" has no container "${name}" that could be adopted: it is not there, or Stowage has it already`
        : `"${name}" is the beginning of ${fits.length} ids on host "${hostName}"`,
    );
  if (problems.length > 0) throw new CommandError(...problems);
  return [...new Set(chosen.flatMap(({ fits }) => fits))];
}

/** Sorted by name on the host, so that the same containers give the same manifests. */
export function manifestsOf(
  found: readonly Found[],
  place: { readonly namespace: string; readonly hostName: string },
): readonly AdoptionManifest[] {
  const taken = new Set<string>();
  return found
    .toSorted((a, b) => (a.hostSideName < b.hostSideName ? -1 : 1))
    .map((container) => ({
      object: manifestOf(container, objectName(container, taken), place),
      container,
      warnings: container.lost.map((what) =>
        oneLine(`container "${container.hostSideName}": a manifest cannot say: ${what}`),
      ),
    }));
}

function manifestOf(
  { id, spec, state }: Found,
  name: string,
  { namespace, hostName }: { readonly namespace: string; readonly hostName: string },
): KubeObject {
  const draft = {
    apiVersion: apiVersionOf(containerType),
    kind: containerType.kind,
    metadata: { name, namespace, annotations: { [adoptAnnotation]: id } },
    spec: { ...spec, ...runStateOf(state), placement: { hostName } },
  };
  return draft as unknown as KubeObject;
}

function runStateOf(state: string): { readonly runState?: "Stopped" | "Paused" } {
  if (state === "paused") return { runState: "Paused" };
  return state === "exited" || state === "created" || state === "dead" ? { runState: "Stopped" } : {};
}

/** What Compose calls the service, or what the container is called, as the API takes it. */
function objectName({ hostSideName, labels }: Found, taken: Set<string>): string {
  const service = labels["com.docker.compose.service"];
  const number = labels["com.docker.compose.container-number"] ?? "1";
  const wanted = service === undefined ? hostSideName : number === "1" ? service : `${service}-${number}`;
  return takeLabel(dnsLabel(wanted), taken);
}

/**
 * Names and values are those of whoever made the container: what ends a line, for YAML or for a terminal, could go on with
 * a manifest of its own.
 */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");

/** One document each; what it does not say, or says otherwise, stands above it. */
export async function render(manifests: readonly AdoptionManifest[]): Promise<string> {
  const documents = await Promise.all(
    manifests.map(async ({ object, container: { hostSideName, lost, notes } }) => {
      const comments = [
        `container "${hostSideName}"`,
        ...lost.map((what) => `not said here, and lost when the container is replaced: ${what}`),
        ...notes.map((what) => `note: ${what}`),
      ];
      const lines = comments.map((line) => `# ${oneLine(line)}\n`).join("");
      return lines + (await renderObjects([object], { as: "yaml" }, false));
    }),
  );
  return documents.join("---\n");
}
