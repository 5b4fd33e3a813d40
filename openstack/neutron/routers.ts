import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { route } from "./routes.ts";

const gateway = wire({ networkID: z.string() }, { networkID: "network_id" });

const router = wire(
  {
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    projectID: z.string().optional(),
    status: z.string().optional(),
    adminStateUp: z.boolean().optional(),
    gateway: gateway.schema.optional(),
    /** For administrators only. */
    distributed: z.boolean().optional(),
    /** Taken with changes, not with the creation. */
    routes: z.array(route.schema).optional(),
    availabilityZoneHints: z.array(z.string()).optional(),
    tags: z.array(z.string()).optional(),
    createdAt: z.string().optional(),
    updatedAt: z.string().optional(),
    revisionNumber: z.int().optional(),
  },
  { projectID: "project_id", gateway: "external_gateway_info" },
);

/** Source: Networking API v2.0, "Routers". */
export type RemoteRouter = Of<typeof router>;

export const routersOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/routers",
    singular: "router",
    plural: "routers",
    wire: router,
  });
