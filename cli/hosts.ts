/** Takes Hosts out of service and back: what `cordon`, `uncordon` and `drain` have in common. Source: kubectl's cmd/drain. */
import type { Client } from "../api/client/client.ts";
import type { Host } from "../crds/host.ts";
import { hosts as hostType } from "../crds/host.ts";
import { UsageError } from "./errors.ts";

export interface HostOptions {
  readonly selector?: string;
  readonly dryRun: "none" | "server";
}

/** Throws UsageError where the command line does not say which, ApiError where there is no such Host. */
export async function resolveHosts(
  client: Pick<Client, "get" | "list">,
  names: readonly string[],
  selector: string | undefined,
): Promise<readonly Host[]> {
  if (names.length > 0 && selector !== undefined)
    throw new UsageError("cannot specify both a host name and a --selector option");
  if (selector !== undefined) return (await client.list<Host>(hostType, { labelSelector: selector })).items;
  if (names.length === 0) throw new UsageError("must name a host, or select hosts by -l");
  return Promise.all(names.map((name) => client.get<Host>(hostType, { name })));
}

/** Keeps further Containers from Hosts, or no longer; `print` is told of each. */
export async function cordon(
  client: Pick<Client, "patch">,
  hosts: readonly Host[],
  unschedulable: boolean,
  dryRun: boolean,
  print: (line: string) => void,
): Promise<void> {
  const verb = unschedulable ? "cordoned" : "uncordoned";
  const note = dryRun ? " (server dry run)" : "";
  for (const { metadata, spec } of hosts) {
    const { name } = metadata;
    const already = spec.unschedulable === unschedulable;
    if (!already)
      await client.patch(hostType, { name }, { type: "merge", body: { spec: { unschedulable } } }, { dryRun });
    print(`host/${name} ${already ? "already " : ""}${verb}${note}`);
  }
}
