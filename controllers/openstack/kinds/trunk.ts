import type { TrunkFilter, TrunkResource, TrunkSubport } from "../../../crds/openstack/trunk.ts";
import { ports, projects, trunks } from "../../../crds/openstack/types.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { RemoteSubport, RemoteTrunk } from "../../../openstack/neutron/trunks.ts";
import { addSubports, removeSubports, trunksOf } from "../../../openstack/neutron/trunks.ts";
import type { Actuator, Change, Context } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { differences, fieldsChange } from "../differences.ts";
import { namedProject } from "../home-project.ts";
import { leftBehindIn, tagChange } from "../neutron.ts";
import { referencesIn } from "../references.ts";

export const trunkActuator: Actuator<TrunkResource, TrunkFilter, RemoteTrunk> = {
  type: trunks,
  references: (spec) => [
    ...referencesIn(spec, { portRef: ports, projectRef: projects }),
    ...(spec.resource?.subports ?? []).map(({ portRef }) => ({
      field: "resource.subports.portRef",
      type: ports,
      name: portRef,
    })),
  ],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => trunksOf(cloud).get(id, signal),
  find(context, { name, description, portRef, projectRef, adminStateUp, ...tags }) {
    const { cloud, signal } = context;
    const query = {
      name,
      description,
      port_id: portRef && context.idOf(ports, portRef),
      project_id: namedProject(context, { projectRef }),
      admin_state_up: adminStateUp,
    };
    return trunksOf(cloud).find({ ...query, ...tagQuery(tags) }, signal);
  },
  leftBehind: (context) => leftBehindIn(trunksOf(context.cloud), context),
  // Neutron deletes none that is in use.
  isUnused: () => true,
  create(context, { tags: _later, portRef, projectRef, subports = [], ...fields }) {
    const { cloud, signal, name, tag: description } = context;
    return trunksOf(cloud).create(
      {
        name,
        ...fields,
        description,
        portId: context.idOf(ports, portRef),
        projectId: namedProject(context, { projectRef }),
        subPorts: subportsOf(context, subports),
      },
      signal,
    );
  },
  changes(context, { tags, subports = [], portRef: _port, projectRef: _project, ...fields }, remote) {
    const { name = context.name, description = "", adminStateUp = remote.adminStateUp } = fields;
    const inside = subportChanges(subportsOf(context, subports), remote);
    const wanted = { name, description, adminStateUp };
    const set = (differs: Partial<typeof wanted>): readonly Change<RemoteTrunk>[] =>
      fieldsChange(differs, ({ cloud, signal }, change) => trunksOf(cloud).update(remote.id, change, signal));
    // Neutron changes no subports of a trunk that is down.
    const first = inside.length === 0 ? wanted : { ...wanted, adminStateUp: true };
    const open = differences(first, remote);
    return [
      ...set(open),
      ...inside,
      ...set(first.adminStateUp === adminStateUp ? {} : { adminStateUp }),
      ...tagChange("trunks", tags, remote, context),
    ];
  },
  async delete({ cloud, signal }, { id, adminStateUp }) {
    // Neutron answers 409 (TrunkDisabled) for one that is down: neutron, services/trunk/rules.py.
    if (adminStateUp === false) await trunksOf(cloud).update(id, { adminStateUp: true }, signal);
    await trunksOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf({ status }) {
    switch (status) {
      case "BUILD":
        return { kind: "waiting", message: "Waiting for OpenStack resource to be ready: Neutron reports status BUILD" };
      case "DEGRADED":
        return { kind: "failed", message: "Neutron reports status DEGRADED: its agent could not set up every subport" };
      case "ERROR":
        return { kind: "failed", message: "Neutron reports status ERROR: remove the subports that it cannot have" };
      case undefined:
      default:
        return ready;
    }
  },
  observe: ({ id: _id, projectId: projectID, portId: portID, subPorts = [], ...rest }) => ({
    ...rest,
    portID,
    projectID,
    tenantID: projectID,
    subports: subPorts.map(({ portId, segmentationId, segmentationType }) => ({
      portID: portId,
      segmentationID: segmentationId,
      segmentationType,
    })),
  }),
};

function subportsOf(context: Pick<Context, "idOf">, subports: readonly TrunkSubport[]): RemoteSubport[] {
  return subports.map(({ portRef, segmentationType, segmentationID }) => ({
    portId: context.idOf(ports, portRef),
    segmentationType,
    // Inherited ones are Neutron's to fill in.
    ...(segmentationType !== "inherit" && segmentationID !== undefined && { segmentationId: segmentationID }),
  }));
}

/** Those that go are taken out first: another may be to have their segment. */
function subportChanges(
  wanted: readonly RemoteSubport[],
  { id, subPorts: now = [] }: RemoteTrunk,
): readonly Change<RemoteTrunk>[] {
  const surplus = now.filter((remote) => !wanted.some((asked) => isAsWanted(asked, remote)));
  const missing = wanted.filter((asked) => !now.some((remote) => isAsWanted(asked, remote)));
  const surplusIds = surplus.map(({ portId }) => portId);
  const remove: Change<RemoteTrunk> = {
    what: `remove subports ${surplusIds.join(", ")}`,
    perform: ({ cloud, signal }) => removeSubports(cloud, id, surplusIds, signal),
  };
  const add: Change<RemoteTrunk> = {
    what: `add subports ${missing.map(inWords).join(", ")}`,
    perform: ({ cloud, signal }) => addSubports(cloud, id, missing, signal),
  };
  return [...(surplus.length > 0 ? [remove] : []), ...(missing.length > 0 ? [add] : [])];
}

/** What is inherited is told as what it has become. */
const isAsWanted = (wanted: RemoteSubport, remote: RemoteSubport): boolean =>
  wanted.portId === remote.portId &&
  (wanted.segmentationType === "inherit" ||
    (wanted.segmentationType === remote.segmentationType && wanted.segmentationId === remote.segmentationId));

const inWords = ({ portId, segmentationType = "", segmentationId }: RemoteSubport): string =>
  `${portId} (${segmentationType}${segmentationId === undefined ? "" : ` ${segmentationId}`})`;
