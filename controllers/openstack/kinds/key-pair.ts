import type { KeyPairFilter, KeyPairResource } from "../../../crds/openstack/key-pair.ts";
import { keyPairs } from "../../../crds/openstack/types.ts";
import type { RemoteKeyPair } from "../../../openstack/nova/keypairs.ts";
import { keyPairsOf } from "../../../openstack/nova/keypairs.ts";
import type { Service } from "../../../openstack/service.ts";
import type { Actuator, Context } from "../actuator.ts";
import { InvalidError, ready } from "../actuator.ts";
import { differences } from "../differences.ts";
import { replacedOutside } from "../replaced.ts";

/**
 * Nova has no place for a mark on them, and names are ids. None is made twice, because Nova refuses a second one of the
 * name; and what had the name before our first attempt, or has another key, is somebody else's.
 */
export const keyPairActuator: Actuator<KeyPairResource, KeyPairFilter, RemoteKeyPair> = {
  type: keyPairs,
  references: () => [],
  idOf: ({ name }) => name,
  async get({ cloud, signal }, name, resource) {
    if (resource === undefined) refuseOfOthers(cloud);
    return keyPairsOf(cloud).get(name, signal);
  },
  async find(context, { name }) {
    refuseOfOthers(context.cloud);
    return called(context, name);
  },
  async alike(context, resource) {
    return (await called(context, resource.name ?? context.name)).map(({ name }) => name);
  },
  async leftBehind(context, resource) {
    const named = await called(context, resource.name ?? context.name);
    return named.filter((one) => !context.beside.includes(one.name) && Object.keys(others(resource, one)).length === 0);
  },
  create: ({ cloud, signal, name }, fields) => keyPairsOf(cloud).create({ name, ...fields }, signal),
  changes(_context, resource, remote) {
    const replaced = others(resource, remote);
    return Object.keys(replaced).length === 0 ? [] : [replacedOutside(`KeyPair ${remote.name}`, replaced)];
  },
  async delete({ cloud, signal }, remote, resource) {
    // Somebody else's by now: ours is gone.
    if (Object.keys(others(resource, remote)).length > 0) return "gone";
    await keyPairsOf(cloud).delete(remote.name, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: (remote) => remote,
};

/** Those of a user whose credentials several projects use belong to any of them. */
function refuseOfOthers({ onlyProject }: Service): void {
  if (onlyProject === undefined) return;
  throw new InvalidError(
    "the key pairs of a Cloud's user may be another project's: give spec.resource.publicKey, or use cloudCredentialsRef",
  );
}

async function called({ cloud, signal }: Context, name: string | undefined): Promise<readonly RemoteKeyPair[]> {
  const found = name === undefined ? undefined : await keyPairsOf(cloud).get(name, signal);
  return found === undefined ? [] : [found];
}

/** In which fields it is not what is asked for. */
const others = ({ type = "ssh", publicKey }: KeyPairResource, remote: RemoteKeyPair): object =>
  differences(
    { type, publicKey: publicKey.trim() },
    { type: remote.type ?? "ssh", publicKey: remote.publicKey?.trim() },
  );
