import { z } from "zod";
import { externalKind, OpenStackName } from "./external.ts";
import { keyPairs } from "./types.ts";

const longestKey = 16_384;

const Resource = z.object({
  name: OpenStackName.optional().describe(
    "Its name, which is its id, in the cloud; the object's when absent. No two of a user have the same.",
  ),
  type: z.enum(["ssh", "x509"]).optional().describe("ssh when absent."),
  publicKey: z.string().min(1).max(longestKey).describe("As in authorized_keys; of x509, a certificate in PEM."),
});

const Filter = z.object({ name: OpenStackName.optional() });

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  fingerprint: text,
  publicKey: z.string().max(longestKey).optional(),
  type: text.describe("ssh or x509."),
});

export type KeyPairResource = z.infer<typeof Resource>;
export type KeyPairFilter = z.infer<typeof Filter>;

const another = "Nova cannot change it; make another KeyPair, and delete this one";

export const keyPairKind = externalKind({
  type: keyPairs,
  description: "A public key that Nova gives to servers. It belongs to the user whose credentials made it.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { name: another, type: another, publicKey: another },
  idPattern: /^[^/,]+$/,
});
