import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { microversion } from "./microversion.ts";

const shape = {
  name: z.string(),
  type: z.string().optional(),
  publicKey: z.string().optional(),
  fingerprint: z.string().optional(),
};

const keyPair = wire(shape);

/** Source: Compute API, "Keypairs": those of the user whose token it is, by name. */
export type RemoteKeyPair = Of<typeof keyPair>;

/** They cannot be listed so: each stands in a wrapping of its own there. */
export const keyPairsOf = (service: Service): Pick<Collection<typeof shape>, "get" | "create" | "delete"> =>
  new Collection(service, {
    service: "compute",
    path: "/os-keypairs",
    singular: "keypair",
    plural: "keypairs",
    noun: "key pair",
    wire: keyPair,
    microversion,
  });
