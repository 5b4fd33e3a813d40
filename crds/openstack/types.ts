/** The kinds that stand for something in a cloud, as URLs have them: whoever needs no more than that does without their schemas. */
import type { ResourceType } from "../meta.ts";
import { externalType } from "./external.ts";

export const addressScopes = externalType("AddressScope", "addressscopes");
export const applicationCredentials = externalType("ApplicationCredential", "applicationcredentials");
export const domains = externalType("Domain", "domains");
export const flavors = externalType("Flavor", "flavors");
export const floatingIPs = externalType("FloatingIP", "floatingips");
export const groups = externalType("Group", "groups");
export const images = externalType("Image", "images");
export const keyPairs = externalType("KeyPair", "keypairs");
export const networks = externalType("Network", "networks");
export const ports = externalType("Port", "ports");
export const projects = externalType("Project", "projects");
export const roles = externalType("Role", "roles");
export const roleAssignments = externalType("RoleAssignment", "roleassignments");
export const routers = externalType("Router", "routers");
export const routerInterfaces = externalType("RouterInterface", "routerinterfaces");
export const securityGroups = externalType("SecurityGroup", "securitygroups");
export const servers = externalType("Server", "servers");
export const serverGroups = externalType("ServerGroup", "servergroups");
export const subnets = externalType("Subnet", "subnets");
export const subnetPools = externalType("SubnetPool", "subnetpools");
export const trunks = externalType("Trunk", "trunks");
export const users = externalType("User", "users");
export const volumes = externalType("Volume", "volumes");
export const volumeBackups = externalType("VolumeBackup", "volumebackups");
export const volumeSnapshots = externalType("VolumeSnapshot", "volumesnapshots");
export const volumeTypes = externalType("VolumeType", "volumetypes");

/** All of them. */
export const openstackTypes: readonly ResourceType[] = [
  addressScopes,
  applicationCredentials,
  domains,
  flavors,
  floatingIPs,
  groups,
  images,
  keyPairs,
  networks,
  ports,
  projects,
  roles,
  roleAssignments,
  routers,
  routerInterfaces,
  securityGroups,
  servers,
  serverGroups,
  subnets,
  subnetPools,
  trunks,
  users,
  volumes,
  volumeBackups,
  volumeSnapshots,
  volumeTypes,
];
