import { groups } from "../../../crds/openstack/types.ts";
import { groupsOf } from "../../../openstack/keystone/named.ts";
import { namedActuator } from "../keystone.ts";

export const groupActuator = namedActuator(groups, groupsOf);
