import type { AddressScopeFilter, AddressScopeResource } from "../../../crds/openstack/address-scope.ts";
import { addressScopes, projects } from "../../../crds/openstack/types.ts";
import type { RemoteAddressScope } from "../../../openstack/neutron/address-scopes.ts";
import { addressScopesOf } from "../../../openstack/neutron/address-scopes.ts";
import type { Actuator } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { differences, fieldsChange } from "../differences.ts";
import { namedProject } from "../home-project.ts";
import { referencesIn } from "../references.ts";

/**
 * Neutron keeps neither tags nor a description of an address scope, nor when it was made. So it is made with our mark for
 * a name, and gets its own name once it is recorded: what a crash leaves behind cannot be taken for anybody else's.
 */
export const addressScopeActuator: Actuator<AddressScopeResource, AddressScopeFilter, RemoteAddressScope> = {
  type: addressScopes,
  references: (spec) => referencesIn(spec, { projectRef: projects }),
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => addressScopesOf(cloud).get(id, signal),
  find(context, { name, projectRef, ipVersion, shared }) {
    const { cloud, signal } = context;
    const project_id = namedProject(context, { projectRef });
    return addressScopesOf(cloud).find({ name, project_id, ip_version: ipVersion, shared }, signal);
  },
  leftBehind: ({ cloud, signal, tag }) => addressScopesOf(cloud).find({ name: tag }, signal),
  // Neutron deletes none that is in use.
  isUnused: () => true,
  create(context, { name: _later, projectRef, ...fields }) {
    const { cloud, signal, tag } = context;
    const projectId = namedProject(context, { projectRef });
    return addressScopesOf(cloud).create({ ...fields, name: tag, projectId }, signal);
  },
  changes({ name: ownName }, { name = ownName, shared }, remote) {
    return fieldsChange(differences({ name, shared }, remote), ({ cloud, signal }, change) =>
      addressScopesOf(cloud).update(remote.id, change, signal),
    );
  },
  async delete({ cloud, signal }, { id }) {
    await addressScopesOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ id: _id, projectId: projectID, ...rest }) => ({ ...rest, projectID }),
};
