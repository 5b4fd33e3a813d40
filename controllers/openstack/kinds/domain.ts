import type { DomainFilter, DomainResource } from "../../../crds/openstack/domain.ts";
import { domains } from "../../../crds/openstack/types.ts";
import type { RemoteDomain } from "../../../openstack/keystone/domains.ts";
import { domainsOf } from "../../../openstack/keystone/domains.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { changeOf, createOnce, keystoneTag } from "../keystone.ts";
import { tagsToSet } from "../marks.ts";

const fieldsOf = (context: Context, { name = context.name, description = "", enabled = true }: DomainResource) => ({
  name,
  description,
  enabled,
});

async function leftBehind(context: Context, { name = context.name }: DomainResource): Promise<readonly RemoteDomain[]> {
  const alike = await domainsOf(context.cloud).find({ name }, context.signal);
  return alike.filter(({ tags }) => tags?.includes(keystoneTag(context)) === true);
}

export const domainActuator: Actuator<DomainResource, DomainFilter, RemoteDomain> = {
  type: domains,
  references: () => [],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => domainsOf(cloud).get(id, signal),
  find: ({ cloud, signal }, { name, enabled }) => domainsOf(cloud).find({ name, enabled }, signal),
  leftBehind,
  create(context, resource) {
    const fields = { ...fieldsOf(context, resource), tags: [keystoneTag(context)] };
    return createOnce(
      () => domainsOf(context.cloud).create(fields, context.signal),
      () => leftBehind(context, resource),
    );
  },
  changes(context, resource, remote) {
    const tags = tagsToSet(undefined, remote.tags, keystoneTag(context));
    return changeOf({ ...fieldsOf(context, resource), tags }, remote, ({ cloud, signal }, change) =>
      domainsOf(cloud).update(remote.id, change, signal),
    );
  },
  async delete({ cloud, signal }, { id, enabled }) {
    // Keystone refuses to delete one that is enabled (delete_domain in keystone/resource/core.py).
    if (enabled !== false) await domainsOf(cloud).update(id, { enabled: false }, signal);
    await domainsOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ name, description, enabled }) => ({ name, description, enabled }),
};
