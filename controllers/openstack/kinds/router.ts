import type { RouterFilter, RouterResource } from "../../../crds/openstack/router.ts";
import { networks, projects, routers } from "../../../crds/openstack/types.ts";
import { means } from "../../../openstack/errors.ts";
import type { RemoteRouter } from "../../../openstack/neutron/routers.ts";
import { routersOf } from "../../../openstack/neutron/routers.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Draft } from "../../../openstack/wire.ts";
import type { Actuator, Change, Context } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import { addressKey } from "../addresses.ts";
import { differences, fieldsChange, isSameSet } from "../differences.ts";
import { namedProject } from "../home-project.ts";
import { leftBehindIn, tagChange } from "../neutron.ts";
import { referencesIn } from "../references.ts";

/** How soon routes are asked for again that lead over an interface which is not there yet. */
const routesPollMs = 2000;

export const routerActuator: Actuator<RouterResource, RouterFilter, RemoteRouter> = {
  type: routers,
  references: (spec) => [
    ...referencesIn(spec, { projectRef: projects }),
    ...(spec.resource?.externalGateways ?? []).map(({ networkRef }, at) => ({
      field: `resource.externalGateways[${at}].networkRef`,
      type: networks,
      name: networkRef,
    })),
  ],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => routersOf(cloud).get(id, signal),
  find(context, { name, description, projectRef, ...tags }) {
    const { cloud, signal } = context;
    const project_id = namedProject(context, { projectRef });
    return routersOf(cloud).find({ name, description, project_id, ...tagQuery(tags) }, signal);
  },
  leftBehind: (context) => leftBehindIn(routersOf(context.cloud), context),
  // Neutron deletes none that is in use.
  isUnused: () => true,
  create(context, resource) {
    const { cloud, signal, tag: description } = context;
    const { name = context.name, adminStateUp, distributed, availabilityZoneHints } = resource;
    const gateway = wantedGateway(context, resource);
    return routersOf(cloud).create(
      {
        ...{ name, description, adminStateUp, distributed, availabilityZoneHints },
        ...(gateway !== null && { gateway }),
        projectID: namedProject(context, resource),
      },
      signal,
    );
  },
  changes: (context, resource, remote) => [
    ...redistribution(resource, remote),
    ...fieldsChange(changedFields(context, resource, remote), ({ cloud, signal }, change) =>
      routersOf(cloud).update(remote.id, change, signal),
    ),
    ...tagChange("routers", resource.tags, remote, context),
    // Last: they may have to wait for what comes later than the router.
    ...fieldsChange(changedRoutes(resource, remote), async ({ cloud, signal }, change) => {
      try {
        return await routersOf(cloud).update(remote.id, change, signal);
      } catch (error) {
        // Source: neutron/db/extraroute_db.py, _validate_routes: 400 as long as no interface is on the next hop's subnet.
        if (means(error, "BadRequest")) throw new WaitingError(error.message, routesPollMs);
        throw error;
      }
    }),
  ],
  /** A route keeps the interface that it leads over from going. */
  async loosen({ cloud, signal }, { id, routes = [] }) {
    if (routes.length > 0) await routersOf(cloud).update(id, { routes: [] }, signal);
  },
  async delete({ cloud, signal }, { id }) {
    await routersOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: ({ status }) => (status === "ERROR" ? { kind: "failed", message: "Neutron reports status ERROR" } : ready),
  observe: ({ id: _id, gateway, ...rest }) => ({ ...rest, externalGateways: gateway === undefined ? [] : [gateway] }),
};

/** null: none. */
function wantedGateway({ idOf }: Context, { externalGateways = [] }: RouterResource): RemoteRouter["gateway"] | null {
  const [first] = externalGateways;
  return first === undefined ? null : { networkID: idOf(networks, first.networkRef) };
}

function changedFields(context: Context, resource: RouterResource, remote: RemoteRouter): Draft<RemoteRouter> {
  const { name = context.name, description = "", adminStateUp = true } = resource;
  const gateway = wantedGateway(context, resource);
  const isUp = remote.adminStateUp === true && !isRedistributed(resource, remote);
  return {
    ...differences({ name, description }, remote),
    ...(adminStateUp !== isUp && { adminStateUp }),
    ...(gateway?.networkID !== remote.gateway?.networkID && { gateway }),
  };
}

/** Only administrators are told. */
const isRedistributed = ({ distributed }: RouterResource, remote: RemoteRouter): boolean =>
  distributed !== undefined && remote.distributed !== undefined && distributed !== remote.distributed;

/**
 * Neutron changes this of a router that is down only, and it has to be down before. It comes up again with
 * the other fields. Source: neutron/db/l3_dvr_db.py, _validate_router_migration.
 */
function redistribution(resource: RouterResource, remote: RemoteRouter): readonly Change<RemoteRouter>[] {
  if (!isRedistributed(resource, remote)) return [];
  const { distributed } = resource;
  const update = (change: Draft<RemoteRouter>): readonly Change<RemoteRouter>[] =>
    fieldsChange(change, ({ cloud, signal }) => routersOf(cloud).update(remote.id, change, signal));
  return [...(remote.adminStateUp === true ? update({ adminStateUp: false }) : []), ...update({ distributed })];
}

type Routes = NonNullable<RemoteRouter["routes"]>;

const routeTexts = (routes: Routes): readonly string[] =>
  routes.map(({ destination, nextHop }) => `${addressKey(destination)} ${addressKey(nextHop)}`);

const changedRoutes = ({ routes }: RouterResource, remote: RemoteRouter): Draft<Pick<RemoteRouter, "routes">> =>
  routes === undefined || isSameSet(routeTexts(routes), routeTexts(remote.routes ?? [])) ? {} : { routes };
