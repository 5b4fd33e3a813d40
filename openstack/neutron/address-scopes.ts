import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

/** It knows neither tags nor a description, nor when it was made. Source: neutron, db/models/address_scope.py. */
const addressScope = wire({
  id: z.string(),
  name: z.string(),
  projectId: z.string().optional(),
  ipVersion: z.int().optional(),
  shared: z.boolean().optional(),
});

/** Source: Networking API v2.0, "Address scopes". */
export type RemoteAddressScope = Of<typeof addressScope>;

export const addressScopesOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/address-scopes",
    singular: "address_scope",
    plural: "address_scopes",
    wire: addressScope,
  });
