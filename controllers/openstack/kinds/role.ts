import { roleKind } from "../../../crds/openstack/role.ts";
import { rolesOf } from "../../../openstack/keystone/named.ts";
import { namedActuator } from "../keystone.ts";

export const roleActuator = namedActuator(roleKind, rolesOf);
