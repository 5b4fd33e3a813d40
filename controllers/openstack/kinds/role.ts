import { roles } from "../../../crds/openstack/types.ts";
import { rolesOf } from "../../../openstack/keystone/named.ts";
import { namedActuator } from "../keystone.ts";

export const roleActuator = namedActuator(roles, rolesOf);
