/** The eviction subresource of Containers. Source: kubernetes/pkg/registry/core/pod/storage/eviction.go. */
import { containers } from "../crds/container.ts";
import { groupResource } from "../crds/meta.ts";
import type { Clock } from "../process/clock.ts";
import type { Client } from "./client/client.ts";
import { evict } from "./client/evict.ts";
import { evictions } from "./resources/builtin/eviction.ts";
import type { JsonObject } from "./resources/definition.ts";
import { badRequest } from "./status.ts";
import type { Answerer } from "./verbs/answer.ts";

/** As {@link Answerers} have it. */
export const evictionResource = `${groupResource(containers)}/eviction`;

interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | null;
  readonly dryRun?: readonly string[] | null;
}

/** Whoever may create evictions may write what they need: the client acts with all rights. */
export function evictionAnswerer(client: Pick<Client, "get" | "list" | "updateStatus">, clock: Clock): Answerer {
  return {
    definition: evictions,
    async answer({ object, about, user, dryRun }) {
      const { metadata, deleteOptions } = object as JsonObject & {
        readonly metadata: { readonly name?: string };
        readonly deleteOptions?: DeleteOptions | null;
      };
      if (metadata.name !== about.name) throw badRequest("name in URL does not match name in Eviction object");
      const request = {
        reason: "Evicted",
        message: `Evicted by ${user.name}`,
        dryRun: dryRun || (deleteOptions?.dryRun ?? []).length > 0,
        preconditions: deleteOptions?.preconditions ?? {},
      };
      await evict(client, about, request, () => clock.now());
      return undefined;
    },
  };
}
