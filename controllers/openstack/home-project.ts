/** In which project something of Neutron is made: that of the credentials, or another where an administrator says so. */
import { projects } from "../../crds/openstack/types.ts";
import type { Context } from "./actuator.ts";

interface InProject {
  readonly projectRef?: string | undefined;
}

/** The id of the one that is named. Throws WaitingError where it is not there yet. */
export const namedProject = (context: Pick<Context, "idOf">, { projectRef }: InProject): string | undefined =>
  projectRef === undefined ? undefined : context.idOf(projects, projectRef);
