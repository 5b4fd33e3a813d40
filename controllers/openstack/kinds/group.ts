import { groupKind } from "../../../crds/openstack/group.ts";
import { groupsOf } from "../../../openstack/keystone/named.ts";
import { namedActuator } from "../keystone.ts";

export const groupActuator = namedActuator(groupKind, groupsOf);
