/**
 * What a container's processes are allowed to. Source of names: SecurityContext and PodSecurityContext in
 * k8s.io/api/core/v1/types.go; a Container is both a pod and its container, so here they are one.
 */
import { z } from "zod";
import { withRules } from "./schema.ts";

const capability = z
  .string()
  .max(63)
  .regex(/^[A-Z][A-Z0-9_]*$/)
  .describe("NET_ADMIN, with or without CAP_ before it; or ALL.");
const id = z.int().min(0).max(2147483647);

const SecurityFields = z.object({
  privileged: z.boolean().default(false),
  capabilities: z
    .object({
      add: z.array(capability).max(64).optional().meta({ "x-kubernetes-list-type": "atomic" }),
      drop: z.array(capability).max(64).optional().meta({ "x-kubernetes-list-type": "atomic" }),
    })
    .optional(),
  readOnlyRootFilesystem: z.boolean().default(false),
  allowPrivilegeEscalation: z
    .boolean()
    .default(true)
    .describe("false sets no_new_privs: no set-uid program gains anything."),
  runAsUser: id.optional().describe("Number of the user; the image's USER when absent."),
  runAsGroup: id.optional(),
  runAsNonRoot: z
    .boolean()
    .optional()
    .describe("Refuse to run as root: runAsUser or the image's USER must be another."),
  supplementalGroups: z.array(id).max(64).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  seccompProfile: withRules(
    z.object({
      type: z.enum(["RuntimeDefault", "Unconfined", "Localhost"]),
      localhostProfile: z
        .string()
        .max(1_000_000)
        .optional()
        .describe(
          "The profile itself, as JSON: it travels to the Engine with the container. Needs a namespace whose Pod Security level is privileged.",
        ),
    }),
    {
      rule: "(self.type == 'Localhost') == has(self.localhostProfile)",
      message: "localhostProfile is for type Localhost, which needs it",
    },
  ).optional(),
  sysctls: z
    .array(
      z.object({
        name: z
          .string()
          .max(253)
          .regex(/^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/),
        value: z.string().max(4096),
      }),
    )
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("Kernel parameters of the container's own namespaces."),
});

/** Source: validateSecurityContext in kubernetes/pkg/apis/core/validation/validation.go. */
export const SecurityContext = withRules(
  SecurityFields,
  {
    rule: "!has(self.allowPrivilegeEscalation) || self.allowPrivilegeEscalation || !has(self.privileged) || !self.privileged",
    message: "cannot set allowPrivilegeEscalation to false and privileged to true",
  },
  {
    rule: "!has(self.allowPrivilegeEscalation) || self.allowPrivilegeEscalation || !has(self.capabilities) || !has(self.capabilities.add) || !self.capabilities.add.exists(c, c in ['SYS_ADMIN', 'CAP_SYS_ADMIN', 'ALL'])",
    message: "cannot set allowPrivilegeEscalation to false and add the capability SYS_ADMIN",
  },
);
export type SecurityContext = z.infer<typeof SecurityContext>;
