import { networks } from "../../../crds/openstack/network.ts";
import type { RouterFilter, RouterResource } from "../../../crds/openstack/router.ts";
import { routerKind } from "../../../crds/openstack/router.ts";
import { means } from "../../../openstack/errors.ts";
import type { RemoteRouter } from "../../../openstack/neutron/routers.ts";
import { routersOf } from "../../../openstack/neutron/routers.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Draft } from "../../../openstack/wire.ts";
import type { Actuator, Change, Context } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import { canonical } from "../addresses.ts";
import { changeOf, differences, isSameSet } from "../differences.ts";
import { leftBehindOf, projectOf, projects, tagChange } from "../neutron.ts";
import { referenceTo } from "../references.ts";

/** How soon routes are asked for again that lead over an interface which is not there yet. */
const routesPollMs = 2000;

export const routerActuator: Actuator<RouterResource, RouterFilter, RemoteRouter> = {
  kind: routerKind,
  references: ({ resource, import: imported }) => [
    ...(resource?.externalGateways ?? []).flatMap(({ networkRef }, at) =>
      referenceTo(networks, `resource.externalGateways[${at}].networkRef`, networkRef),
    ),
    ...referenceTo(projects, "resource.projectRef", resource?.projectRef),
    ...referenceTo(projects, "import.filter.projectRef", imported?.filter?.projectRef),
  ],
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => routersOf(cloud).get(id, signal),
  find({ cloud, signal, idOf }, { name, description, projectRef, ...tags }) {
    const project_id = projectRef && idOf(projects, projectRef);
    return routersOf(cloud).find({ name, description, project_id, ...tagQuery(tags) }, signal);
  },
  async leftBehind(context, resource, since) {
    const { cloud, signal } = context;
    const project_id = await projectOf(context, resource.projectRef);
    const alike = await routersOf(cloud).find({ name: resource.name ?? context.name, project_id }, signal);
    return leftBehindOf(alike, context, since);
  },
  create(context, resource) {
    const { cloud, signal, idOf } = context;
    const { name = context.name, description, adminStateUp, distributed, availabilityZoneHints, projectRef } = resource;
    const gateway = wantedGateway(context, resource);
    return routersOf(cloud).create(
      {
        ...{ name, description, adminStateUp, distributed, availabilityZoneHints },
        ...(gateway !== null && { gateway }),
        projectID: projectRef && idOf(projects, projectRef),
      },
      signal,
    );
  },
  changes: (context, resource, remote) => [
    ...redistribution(resource, remote),
    ...changeOf(changedFields(context, resource, remote), ({ cloud, signal }, change) =>
      routersOf(cloud).update(remote.id, change, signal),
    ),
    ...tagChange("routers", resource.tags, remote, context),
    // Last: they may have to wait for what comes later than the router.
    ...changeOf(changedRoutes(resource, remote), async ({ cloud, signal }, change) => {
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
  return {
    ...differences({ name, description }, remote),
    ...((isRedistributed(resource, remote) || adminStateUp !== remote.adminStateUp) && { adminStateUp }),
    ...(gateway?.networkID !== remote.gateway?.networkID && { gateway }),
  };
}

/** Only administrators are told. */
const isRedistributed = ({ distributed }: RouterResource, remote: RemoteRouter): boolean =>
  distributed !== undefined && remote.distributed !== undefined && distributed !== remote.distributed;

/**
 * Neutron changes this of a router that is down only, and it has to be down before. It is up again with the other
 * fields. Source: neutron/db/l3_dvr_db.py, _validate_router_migration.
 */
function redistribution(resource: RouterResource, remote: RemoteRouter): readonly Change<RemoteRouter>[] {
  if (!isRedistributed(resource, remote)) return [];
  const { distributed } = resource;
  const update = (change: Draft<RemoteRouter>): readonly Change<RemoteRouter>[] =>
    changeOf(change, ({ cloud, signal }) => routersOf(cloud).update(remote.id, change, signal));
  return [...(remote.adminStateUp === true ? update({ adminStateUp: false }) : []), ...update({ distributed })];
}

type Routes = NonNullable<RemoteRouter["routes"]>;

const routeTexts = (routes: Routes): readonly string[] =>
  routes.map(({ destination, nextHop }) => `${canonical(destination)} ${canonical(nextHop)}`);

const changedRoutes = ({ routes }: RouterResource, remote: RemoteRouter): Draft<Pick<RemoteRouter, "routes">> =>
  routes === undefined || isSameSet(routeTexts(routes), routeTexts(remote.routes ?? [])) ? {} : { routes };
