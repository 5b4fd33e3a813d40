/** Who names whom among the objects of openstack.stowage.dev. */
import { namespaceType, secretType } from "../../crds/core.ts";
import type { KubeObject, ObjectMeta, ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import { clouds } from "../../crds/openstack/cloud.ts";
import type { ExternalSpec } from "../../crds/openstack/external.ts";
import type { Cache } from "../runtime/reconciler.ts";
import type { AnyActuator, AnyExternal, Reference } from "./actuator.ts";
import { isAvailable } from "./status.ts";

/** Index of objects by what their spec names. */
export const byReference = "openstack/reference";

/** Of one object, as {@link byReference} has it. */
export const referenceKey = (type: ResourceType, namespace: string, name: string): string =>
  `${groupResource(type)}/${namespace}/${name}`;

/** Of a Cloud, as {@link byReference} has it. */
export const cloudKey = (name: string): string => referenceKey(clouds, "", name);

/** Of the Namespace of an object that uses a Cloud: it says whether it may, and in which project. */
export const namespaceKey = (name: string): string => referenceKey(namespaceType, "", name);

export const referencesIndex =
  (actuator: AnyActuator) =>
  ({ metadata: { namespace = "" }, spec }: AnyExternal): readonly string[] => [
    ...new Set([
      ...actuator.references(spec).map(({ type, name }) => referenceKey(type, namespace, name)),
      ...(spec.cloudRef === undefined ? [] : [cloudKey(spec.cloudRef.name), namespaceKey(namespace)]),
    ]),
  ];

/** Whether deleting something that `object` names would take it from under it. */
export const isUsing = ({ spec, status }: AnyExternal): boolean =>
  spec.managementPolicy !== "unmanaged" && (status?.id !== undefined || status?.creatingSince !== undefined);

/** One kind's cache, as references to it need it. */
export interface KnownKind {
  readonly type: ResourceType;
  readonly objects: Cache<AnyExternal>;
}

/** What the objects that others name are like. */
export class References {
  readonly #kinds: ReadonlyMap<string, KnownKind>;
  readonly #secrets: Cache<KubeObject>;

  constructor(kinds: readonly KnownKind[], secrets: Cache<KubeObject>) {
    this.#kinds = new Map(kinds.map((kind) => [groupResource(kind.type), kind]));
    this.#secrets = secrets;
  }

  get(type: ResourceType, namespace: string, name: string): AnyExternal | undefined {
    return this.#kinds.get(groupResource(type))?.objects.get(`${namespace}/${name}`);
  }

  /** For people: `Port "a", "b"`, of those that use the object; undefined where nothing does. */
  usersOf(type: ResourceType, namespace: string, name: string): string | undefined {
    return this.#users(referenceKey(type, namespace, name), isUsing, ({ name: user }) => user);
  }

  /** The same of a Cloud, with their namespaces: those that have something in it, and those that `mayUse` it. */
  usersOfCloud(name: string, mayUse: (namespace: string) => boolean): string | undefined {
    return this.#users(
      cloudKey(name),
      (user) => isUsing(user) || mayUse(user.metadata.namespace ?? ""),
      ({ namespace = "", name: user }) => `${namespace}/${user}`,
    );
  }

  #users(
    key: string,
    isUser: (object: AnyExternal) => boolean,
    nameOf: (metadata: ObjectMeta) => string,
  ): string | undefined {
    const users = [...this.#kinds.values()].flatMap(({ type: { kind }, objects }) => {
      const names = objects
        .byIndex(byReference, key)
        .filter(isUser)
        .map(({ metadata }) => `"${nameOf(metadata)}"`)
        .sort();
      return names.length === 0 ? [] : [`${kind} ${listed(names)}`];
    });
    return users.length === 0 ? undefined : users.join(", ");
  }

  /** Why `reference` cannot be used to make something; undefined where it can. */
  missing({ type, name, field }: Reference, namespace: string): string | undefined {
    // Whoever needs a Secret asks for one of its keys: see Context.secret.
    if (isSecret(type)) return undefined;
    const object = this.get(type, namespace, name);
    const what = `${type.kind} "${name}" (${field})`;
    if (object === undefined) return `Waiting for ${what} to be created`;
    if (object.metadata.deletionTimestamp !== undefined) return `Waiting: ${what} is being deleted`;
    if (object.status?.id === undefined || !isAvailable(object)) return `Waiting for ${what} to be Available`;
    return undefined;
  }

  /** All that may be why a cloud refuses what names them: it changes with what is asked for of each, and with what it is. */
  details(references: readonly Reference[], namespace: string): string {
    const named = references.map(({ type, name }) => {
      const object = this.get(type, namespace, name);
      const { metadata, status } = object ?? {};
      return object && [metadata?.uid, metadata?.generation, isAvailable(object), status?.id, status?.resource];
    });
    return JSON.stringify(named);
  }

  /** What the references stand for now: it changes when something is made anew in the cloud, and with a Secret. */
  fingerprint(references: readonly Reference[], namespace: string): string {
    return references
      .map(({ type, name }) =>
        isSecret(type)
          ? this.#secrets.get(`${namespace}/${name}`)?.metadata.resourceVersion
          : this.get(type, namespace, name)?.status?.id,
      )
      .join(" ");
  }
}

const isSecret = (type: ResourceType): boolean => groupResource(type) === groupResource(secretType);

const mostNames = 5;

const listed = (names: readonly string[]): string =>
  names.length <= mostNames
    ? names.join(", ")
    : `${names.slice(0, mostNames).join(", ")} and ${names.length - mostNames} more`;

/**
 * What a spec names in fields of `resource` and of `import.filter`, as `types` has their names. Of a list, name what its
 * items have by itself.
 */
export function referencesIn(
  { resource, import: imported }: Pick<ExternalSpec, "resource" | "import">,
  types: Readonly<Record<string, ResourceType>>,
): readonly Reference[] {
  const places: readonly (readonly [string, unknown])[] = [
    ["resource", resource],
    ["import.filter", imported?.filter],
  ];
  return places.flatMap(([place, fields]) =>
    Object.entries(types).flatMap(([field, type]) => {
      const name = (fields as Readonly<Record<string, unknown>> | undefined)?.[field];
      return typeof name === "string" ? [{ field: `${place}.${field}`, type, name }] : [];
    }),
  );
}
