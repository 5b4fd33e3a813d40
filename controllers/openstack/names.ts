/** What the controllers of openstack.stowage.dev are called, and how many workers each has. */
import type { ResourceType } from "../../crds/meta.ts";

/** Of a kind: `openstack-network`. */
export const controllerOf = ({ kind }: ResourceType): string => `openstack-${kind.toLowerCase()}`;

/**
 * Of each kind. As many as four clouds keep busy that do not answer, until that is known of them: see shares.ts. How many
 * requests an endpoint gets at once is the session's to say.
 */
export const workers = 64;

/** The one that looks at Clouds. */
export const cloudController = { name: "openstack-cloud", workers: 4 } as const;

/** The one that keeps their Secrets. */
export const credentialsGuard = { name: "openstack-credentials", workers: 1 } as const;
