/**
 * What every kind of openstack.stowage.dev has. The shape is that of openstack-resource-controller (ORC), so that its
 * users' manifests carry over by changing the group. Source: k-orc/openstack-resource-controller, api/v1alpha1.
 */
import { z } from "zod";
import { GoDuration } from "../duration.ts";
import type { Kind, PrinterColumn } from "../kind.ts";
import type { Condition, Resource, ResourceType } from "../meta.ts";
import { Conditions, ObjectName, withRules } from "../schema.ts";
import type { CelRule } from "../schema.ts";

export const openstackGroup = "openstack.stowage.dev";

/** Holds an object while what it made may still be in the cloud. */
export const externalFinalizer = "openstack.stowage.dev/external";

/** Holds a Secret, or a Cloud, while an object needs it to speak to its cloud. */
export const credentialsFinalizer = "openstack.stowage.dev/credentials";

export const CloudCredentialsRef = z.object({
  secretName: ObjectName.min(1).describe(
    "Secret of the same namespace with the key clouds.yaml, and cacert where the cloud's certificate needs one.",
  ),
  cloudName: z.string().min(1).max(256).describe("Which of the clouds in clouds.yaml."),
});
export type CloudCredentialsRef = z.infer<typeof CloudCredentialsRef>;

export const CloudRef = z.object({ name: ObjectName.min(1).describe("A Cloud that admits the namespace.") });
export type CloudRef = z.infer<typeof CloudRef>;

/** How an object speaks to its cloud: by one of both. */
export interface CredentialsChoice {
  readonly cloudCredentialsRef?: CloudCredentialsRef | undefined;
  readonly cloudRef?: CloudRef | undefined;
}

/** How an object is called in its cloud. */
export const OpenStackName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^,]+$/);

/** Name of another object of the same namespace. */
export const NameRef = ObjectName.min(1);

/** What Neutron tells of each of its resources but an address scope. */
export const neutronObserved = {
  description: z.string().max(1024).optional(),
  projectID: z.string().max(1024).optional(),
  tags: z.array(z.string().max(1024)).max(64).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  createdAt: z.string().max(64).optional(),
  updatedAt: z.string().max(64).optional(),
  revisionNumber: z.int().optional(),
};

export const NeutronDescription = z.string().min(1).max(255);

/** A tag of Neutron: without commas, because its filters part them by commas. */
export const NeutronTag = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^,]+$/);

const tagSet = z.array(NeutronTag).max(64).optional().meta({ "x-kubernetes-list-type": "set" });

export const tagsField = {
  tags: tagSet.describe("Tags that it is to have; our own stowage.dev/uid is kept besides."),
};

/** Neutron's four filters by tag. */
export const tagFilterFields = {
  tags: tagSet.describe("All of these."),
  tagsAny: tagSet.describe("One of these at least."),
  notTags: tagSet.describe("Not all of these."),
  notTagsAny: tagSet.describe("None of these."),
};

/** Neither of {@link CredentialsChoice} is there where a kind works with the credentials of what it belongs to. */
export interface ExternalSpec<R = unknown, F = unknown> extends CredentialsChoice {
  readonly managementPolicy?: "managed" | "unmanaged" | undefined;
  readonly managedOptions?: { readonly onDelete?: "delete" | "detach" | undefined } | undefined;
  readonly import?: { readonly id?: string | undefined; readonly filter?: F | undefined } | undefined;
  readonly resource?: R | undefined;
  readonly resyncPeriod?: string | undefined;
}

export interface ExternalStatus<O = unknown> {
  readonly conditions?: readonly Condition[] | undefined;
  readonly id?: string | undefined;
  readonly resource?: O | undefined;
  readonly lastSyncTime?: string | undefined;
  /** Which project the credentials were for when it was made. */
  readonly projectID?: string | undefined;
  /** Where the cloud is that has it: Keystone's address and the region. */
  readonly cloud?: string | undefined;
  /** Since when it may have been created without its id being known: what a crash leaves behind is looked for by it. */
  readonly creatingSince?: string | undefined;
  /** Ids of those that looked like it before that, where nothing tells them apart: they are not what was created. */
  readonly creatingBeside?: readonly string[] | undefined;
  /** Until when a creation whose end is not known may still be carried out. */
  readonly unansweredUntil?: string | undefined;
}

/** An object that stands for something in a cloud. */
export type External<R = unknown, F = unknown, O = unknown> = Resource<ExternalSpec<R, F>, ExternalStatus<O>>;

interface KindOptions {
  readonly type: ResourceType;
  readonly shortNames?: readonly string[];
  readonly description: string;
  readonly observed: z.ZodObject;
  /** Further columns, between Available and Message. */
  readonly columns?: readonly PrinterColumn[];
}

export interface ExternalKindOptions extends KindOptions {
  /** What can be asked for. References to other objects are called ...Ref and hold a name. */
  readonly resource: z.ZodObject;
  /** What it is imported by besides its id; absent where only the id will do. */
  readonly filter?: z.ZodObject;
  /** Fields of `resource` that the service cannot change, each with what to do instead. */
  readonly immutable?: Readonly<Record<string, string>>;
  /** More rules on `resource`. */
  readonly rules?: readonly CelRule[];
  /** Pattern of an id where it is no UUID. */
  readonly idPattern?: RegExp;
}

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/;

/** CEL for "this field is what it was, or was and is absent". */
const unchanged = (field: string): string =>
  `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`;

/** For types.ts, which has all of them. */
export function externalType(kind: string, plural: string): ResourceType {
  return { group: openstackGroup, version: "v1alpha1", plural, kind, namespaced: true };
}

/** Declares a kind of openstack.stowage.dev. */
export function externalKind(options: ExternalKindOptions): Kind {
  const { resource, filter, immutable = {}, rules = [] } = options;
  const resourceRules = [
    ...Object.entries(immutable).map(([field, instead]) => ({
      rule: unchanged(celName(field)),
      message: `${field} cannot be changed: ${instead}`,
    })),
    ...rules,
  ];
  const ruled = resourceRules.length === 0 ? resource : withRules(resource, ...resourceRules);
  const idField = z
    .string()
    .max(1024)
    .regex(options.idPattern ?? uuid)
    .optional()
    .describe("Its id. It must be there.");
  const importFields =
    filter === undefined
      ? z.object({ id: idField })
      : z.object({
          id: idField,
          filter: filter
            .meta({ ...filter.meta(), minProperties: 1 })
            .optional()
            .describe("What exactly one of those in the cloud is like. As long as there is none, it is waited for."),
        });
  const spec = z.object({
    cloudCredentialsRef: CloudCredentialsRef.optional().describe(
      "How to speak to the cloud: with credentials of the namespace's own.",
    ),
    cloudRef: CloudRef.optional().describe(
      "How to speak to the cloud: as a Cloud says; in a namespace that is bound to a project, in that project only.",
    ),
    managementPolicy: withRules(z.enum(["managed", "unmanaged"]).default("managed"), {
      rule: "self == oldSelf",
      message: "managementPolicy cannot be changed: make another object",
    }).describe("managed: it is made, kept as asked, and deleted. unmanaged: it is there already, and left as it is."),
    managedOptions: z
      .object({
        onDelete: z
          .enum(["delete", "detach"])
          .default("delete")
          .describe("What becomes of it in the cloud when the object is deleted; detach leaves it there."),
      })
      .optional()
      .describe("For managed ones."),
    import: withRules(importFields.meta({ minProperties: 1, maxProperties: 1 }), {
      rule: "self == oldSelf",
      message: "import cannot be changed: make another object",
    })
      .optional()
      .describe("Which one it is, where it is unmanaged."),
    resource: ruled.optional().describe("What it is to be like, where it is managed."),
    resyncPeriod: GoDuration.optional().describe(
      "How often it is compared with the cloud, up to a fifth later: 10m, 24h. 0 never; the server's --openstack-resync-period when absent.",
    ),
  });
  return externalKindOf(options, withRules(spec, ...credentialsRules, ...specRules));
}

/** Declares a kind of openstack.stowage.dev whose spec is its own: what is asked for stands in it directly. */
export function externalKindOf(options: KindOptions, spec: z.ZodObject): Kind {
  const { type, observed } = options;
  const status = z.object({
    conditions: Conditions.max(32).optional(),
    id: z.string().max(1024).optional().describe("Its id in the cloud."),
    resource: observed.optional().describe("What it was like when last looked at."),
    lastSyncTime: z
      .string()
      .meta({ format: "date-time" })
      .optional()
      .describe("When it was last compared with the cloud."),
    projectID: z.string().max(64).optional().describe("Which project the credentials were for when it was made."),
    cloud: z
      .string()
      .max(4096)
      .optional()
      .describe("Where the cloud is that has it: Keystone's address and the region."),
    creatingSince: z
      .string()
      .meta({ format: "date-time" })
      .optional()
      .describe("Since when it is being created, as long as its id is not known."),
    creatingBeside: z
      .array(z.string().max(1024))
      .max(1024)
      .optional()
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe("Ids of those that looked like it already then, and are not it."),
    unansweredUntil: z
      .string()
      .meta({ format: "date-time" })
      .optional()
      .describe(
        "Until when a creation that the cloud never answered is waited for: what it makes late is not made twice.",
      ),
  });
  return {
    type,
    singular: type.kind.toLowerCase(),
    shortNames: options.shortNames ?? [],
    categories: ["openstack"],
    description: options.description,
    spec: spec.describe("What is asked for."),
    status: status.describe("What was seen last."),
    columns: [
      { name: "ID", type: "string", jsonPath: ".status.id" },
      { name: "Available", type: "string", jsonPath: ".status.conditions[?(@.type=='Available')].status" },
      ...(options.columns ?? []),
      { name: "Message", type: "string", jsonPath: ".status.conditions[?(@.type=='Progressing')].message" },
      { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    ],
  };
}

const credentialsRules: readonly CelRule[] = [
  {
    rule: "has(self.cloudCredentialsRef) != has(self.cloudRef)",
    message: "exactly one of cloudCredentialsRef and cloudRef",
  },
  {
    rule: "!has(oldSelf.cloudRef) || (has(self.cloudRef) && self.cloudRef.name == oldSelf.cloudRef.name)",
    message: "cloudRef cannot be changed: make another object",
  },
];

/** As ORC says it, word for word: people search for these. */
const specRules: readonly CelRule[] = [
  {
    rule: "self.managementPolicy == 'managed' ? has(self.resource) : true",
    message: "resource must be specified when policy is managed",
  },
  {
    rule: "self.managementPolicy == 'managed' ? !has(self.__import__) : true",
    message: "import may not be specified when policy is managed",
  },
  {
    rule: "self.managementPolicy == 'unmanaged' ? !has(self.resource) : true",
    message: "resource may not be specified when policy is unmanaged",
  },
  {
    rule: "self.managementPolicy == 'unmanaged' ? has(self.__import__) : true",
    message: "import must be specified when policy is unmanaged",
  },
  {
    rule: "has(self.managedOptions) ? self.managementPolicy == 'managed' : true",
    message: "managedOptions may only be provided when policy is managed",
  },
];

/** CEL's words cannot be field names as they are. Source: k8s.io/apiserver/pkg/cel/escaping.go. */
const celName = (field: string): string =>
  ["namespace", "import", "package", "const"].includes(field) ? `__${field}__` : field;
