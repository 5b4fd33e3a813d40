import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

const project = wire({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  domainId: z.string().optional(),
  enabled: z.boolean().optional(),
  tags: z.array(z.string()).optional(),
});

/** Source: Identity API v3, "Projects". */
export type RemoteProject = Of<typeof project>;

export const projectsOf = (service: Service) =>
  new Collection(service, {
    service: "identity",
    path: "/projects",
    singular: "project",
    plural: "projects",
    wire: project,
    updateMethod: "PATCH",
  });
