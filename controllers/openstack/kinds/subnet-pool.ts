import type { SubnetPoolFilter, SubnetPoolResource } from "../../../crds/openstack/subnet-pool.ts";
import { addressScopes, projects, subnetPools } from "../../../crds/openstack/types.ts";
import type { RemoteSubnetPool } from "../../../openstack/neutron/subnet-pools.ts";
import { subnetPoolsOf } from "../../../openstack/neutron/subnet-pools.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Actuator } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { covers } from "../addresses.ts";
import { differences, fieldsChange } from "../differences.ts";
import { namedProject } from "../home-project.ts";
import { leftBehindIn, tagChange } from "../neutron.ts";
import { referencesIn } from "../references.ts";

export const subnetPoolActuator: Actuator<SubnetPoolResource, SubnetPoolFilter, RemoteSubnetPool> = {
  type: subnetPools,
  references: (spec) => referencesIn(spec, { addressScopeRef: addressScopes, projectRef: projects }),
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => subnetPoolsOf(cloud).get(id, signal),
  find(context, { name, description, projectRef, addressScopeRef, tags, tagsAny, notTags, notTagsAny, ...rest }) {
    const { cloud, signal } = context;
    const query = {
      name,
      description,
      project_id: namedProject(context, { projectRef }),
      address_scope_id: addressScopeRef && context.idOf(addressScopes, addressScopeRef),
      min_prefixlen: rest.minPrefixLength,
      max_prefixlen: rest.maxPrefixLength,
      default_prefixlen: rest.defaultPrefixLength,
      ip_version: rest.ipVersion,
      shared: rest.shared,
      is_default: rest.isDefault,
      revision_number: rest.revisionNumber,
    };
    return subnetPoolsOf(cloud).find({ ...query, ...tagQuery({ tags, tagsAny, notTags, notTagsAny }) }, signal);
  },
  leftBehind: (context) => leftBehindIn(subnetPoolsOf(context.cloud), context),
  // Neutron deletes none that is in use.
  isUnused: () => true,
  create(context, { tags: _later, projectRef, addressScopeRef, ...fields }) {
    const { cloud, signal, name, tag: description } = context;
    const projectId = namedProject(context, { projectRef });
    const addressScopeId = addressScopeRef && context.idOf(addressScopes, addressScopeRef);
    return subnetPoolsOf(cloud).create({ name, ...fields, description, projectId, addressScopeId }, signal);
  },
  changes(context, resource, remote) {
    const { tags, prefixes, addressScopeRef, shared: _fixed, projectRef: _home, ...fields } = resource;
    const { name = context.name, description = "" } = fields;
    const addressScopeId = addressScopeRef === undefined ? null : context.idOf(addressScopes, addressScopeRef);
    const now = { ...remote, addressScopeId: remote.addressScopeId ?? null };
    const change = {
      ...differences({ ...fields, name, description, addressScopeId }, now),
      ...missingPrefixes(prefixes, remote),
    };
    return [
      ...fieldsChange(change, ({ cloud, signal }, differs) => subnetPoolsOf(cloud).update(remote.id, differs, signal)),
      ...tagChange("subnetpools", tags, remote, context),
    ];
  },
  async delete({ cloud, signal }, { id }) {
    await subnetPoolsOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ id: _id, projectId: projectID, addressScopeId: addressScopeID, ...rest }) => ({
    ...rest,
    projectID,
    addressScopeID,
  }),
};

/** Neutron joins neighbours, takes more prefixes and gives none back: neutron, ipam/subnet_alloc.py. */
function missingPrefixes(
  wanted: readonly string[],
  { prefixes: now = [] }: RemoteSubnetPool,
): { readonly prefixes?: string[] } {
  const missing = wanted.filter((prefix) => !covers(now, prefix));
  return missing.length === 0 ? {} : { prefixes: [...now, ...missing] };
}
