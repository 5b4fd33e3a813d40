import type { ProjectFilter, ProjectResource } from "../../../crds/openstack/project.ts";
import { domains, projects } from "../../../crds/openstack/types.ts";
import type { RemoteProject } from "../../../openstack/keystone/projects.ts";
import { projectsOf } from "../../../openstack/keystone/projects.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Actuator, Context } from "../actuator.ts";
import { ready } from "../actuator.ts";
import { changeOf, createOnce, domainReferences, idOfAny, keystoneTag } from "../keystone.ts";
import { tagsToSet } from "../marks.ts";

const fieldsOf = (context: Context, { name = context.name, description = "", enabled = true }: ProjectResource) => ({
  name,
  description,
  enabled,
});

const leftBehind = (context: Context): Promise<readonly RemoteProject[]> =>
  projectsOf(context.cloud).find({ tags: keystoneTag(context) }, context.signal);

export const projectActuator: Actuator<ProjectResource, ProjectFilter, RemoteProject> = {
  type: projects,
  references: domainReferences,
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => projectsOf(cloud).get(id, signal),
  find(context, { name, domainRef, ...tags }) {
    const domain_id = idOfAny(context, domains, domainRef);
    return projectsOf(context.cloud).find({ name, domain_id, ...tagQuery(tags) }, context.signal);
  },
  leftBehind,
  create(context, resource) {
    const domainId = idOfAny(context, domains, resource.domainRef);
    const tags = [...(resource.tags ?? []), keystoneTag(context)];
    const fields = { ...fieldsOf(context, resource), domainId, tags };
    return createOnce(
      () => projectsOf(context.cloud).create(fields, context.signal),
      () => leftBehind(context),
    );
  },
  changes(context, resource, remote) {
    const tags = tagsToSet(resource.tags, remote.tags, keystoneTag(context));
    return changeOf({ ...fieldsOf(context, resource), tags }, remote, ({ cloud, signal }, change) =>
      projectsOf(cloud).update(remote.id, change, signal),
    );
  },
  async delete({ cloud, signal }, { id }) {
    await projectsOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ name, description, domainId: domainID, enabled, tags }) => ({
    name,
    description,
    domainID,
    enabled,
    tags,
  }),
};
