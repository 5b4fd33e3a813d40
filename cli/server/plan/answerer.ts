/**
 * Answers what would happen on the Hosts: objects go through the API as a dry run, then through the very functions that
 * decide in the controllers: decide() on a ledger of what is bound, verdict() on the Hosts' taints, and plan() on what
 * each host shows. Writes nothing.
 */
import type { User } from "../../../api/auth/authentication.ts";
import type { Authorizer } from "../../../api/auth/authorization.ts";
import { authorize } from "../../../api/auth/authorization.ts";
import { planKind } from "../../../api/resources/builtin/plan.ts";
import type { Answerer } from "../../../api/verbs/answer.ts";
import type { Container } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import type { PlanSpec, PlanStatus } from "../../../crds/plan.ts";
import type { Allowed } from "./changes.ts";
import { changesOf, changesOfApply, changesOfDelete, plannedObject } from "./changes.ts";
import type { WorldOptions } from "./world.ts";
import { World } from "./world.ts";

export interface PlanOptions extends WorldOptions {
  readonly authorizer: () => Authorizer;
}

export function planAnswerer(options: PlanOptions): Answerer {
  return {
    definition: planKind,
    // Without what was asked: Secrets may be among the manifests.
    answer: async ({ object, user }) => ({ spec: {}, status: await statusOf(options, specOf(object["spec"]), user) }),
  };
}

const specOf = (spec: unknown): PlanSpec => spec as PlanSpec;

async function statusOf(options: PlanOptions, spec: PlanSpec, user: User): Promise<PlanStatus> {
  const client = options.client();
  const types = await client.discover();
  const allowed: Allowed = (verb, type, name) => {
    const resource = { group: type.group, plural: type.plural, namespace: name.namespace, name: name.name };
    authorize(options.authorizer(), user, { verb, path: "", resource });
  };
  const applied = await changesOfApply(client, spec.apply ?? [], types, allowed);
  const deleted = await changesOfDelete(client, spec.delete ?? [], types, allowed);
  const world = await World.look(options, client, [...applied, ...deleted]);
  const planned = [
    ...(await world.planAll(changesOf(containers, applied).map(({ after }) => after as Container))),
    ...(await world.planRemovals(changesOf(containers, deleted).map(({ before }) => before as Container))),
  ];
  const objects = [...applied, ...deleted].map(plannedObject);
  const changes = objects.some(({ change }) => change !== "Unchanged") || planned.some(({ steps }) => steps.length > 0);
  return { changes, objects, containers: planned };
}
