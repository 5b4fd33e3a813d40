import type { KubeObject, ObjectMeta, OwnerReference, ResourceType } from "../../crds/meta.ts";

/** In metadata.finalizers: the object goes after its dependents did. */
export const foregroundFinalizer = "foregroundDeletion";
/** In metadata.finalizers: the object goes after its dependents were made nobody's. */
export const orphanFinalizer = "orphan";

/** How far an object's deletion is, and what it waits for. */
export type Deletion = "none" | "background" | "foreground" | "orphan";

/** What is kept of an object: who it is and whose. */
export interface Node {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly owners: readonly OwnerReference[];
  readonly deletion: Deletion;
}

const nobody: readonly OwnerReference[] = [];

export function deletionOf(metadata: ObjectMeta): Deletion {
  if (metadata.deletionTimestamp === undefined) return "none";
  if (metadata.finalizers?.includes(orphanFinalizer)) return "orphan";
  return metadata.finalizers?.includes(foregroundFinalizer) ? "foreground" : "background";
}

export function nodeOf(type: ResourceType, { metadata }: KubeObject): Node {
  const { namespace, name, uid, ownerReferences } = metadata;
  return { type, namespace, name, uid, owners: ownerReferences ?? nobody, deletion: deletionOf(metadata) };
}

/** The group in an apiVersion. */
export const groupOf = (apiVersion: string): string => apiVersion.slice(0, Math.max(0, apiVersion.indexOf("/")));

export const blocks = (node: Node, ownerUid: string): boolean =>
  node.owners.some(({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true);

/**
 * Who owns whom, as far as informers have told. Changes return the uids of the objects whose fate they may decide.
 * After k8s.io/kubernetes/pkg/controller/garbagecollector/graph_builder.go; objects never seen have no node here.
 */
export class OwnerGraph {
  readonly #nodes = new Map<string, Node>();
  /** Owner's uid -> its dependents' uids, whether the owner was seen or not. */
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): Node | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): readonly Node[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? []);
  }

  /** The owner that `reference` names, if it was seen just there: a reference reaches no other namespace. */
  ownerOf(dependent: Node, reference: OwnerReference): Node | undefined {
    const owner = this.#nodes.get(reference.uid);
    if (owner?.name !== reference.name || owner.type.kind !== reference.kind) return undefined;
    if (owner.type.group !== groupOf(reference.apiVersion)) return undefined;
    return !owner.type.namespaced || owner.namespace === dependent.namespace ? owner : undefined;
  }

  /** Whether every owner of `node` is there to stay, so that nothing is to be done about it. */
  isKept(node: Node): boolean {
    return node.owners.every((reference) => {
      const owner = this.ownerOf(node, reference);
      return owner !== undefined && owner.deletion !== "foreground";
    });
  }

  put(node: Node): readonly string[] {
    const old = this.#nodes.get(node.uid);
    this.#nodes.set(node.uid, node);
    this.#disconnect(old);
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid);
      if (dependents === undefined) this.#dependents.set(uid, new Set([node.uid]));
      else dependents.add(node.uid);
    }
    return [
      ...(this.isKept(node) ? [] : [node.uid]),
      ...(node.deletion === old?.deletion ? [] : this.#begun(node)),
      ...(old === undefined ? [] : this.#unblocked(old, node)),
    ];
  }

  remove(uid: string): readonly string[] {
    const old = this.#nodes.get(uid);
    if (old === undefined) return [];
    this.#nodes.delete(uid);
    this.#disconnect(old);
    return [...(this.#dependents.get(uid) ?? []), ...this.#unblocked(old, undefined)];
  }

  /** Forgets all of a kind, which says nothing about whether they exist. */
  forget(type: ResourceType): void {
    for (const node of this.#nodes.values()) {
      if (node.type !== type) continue;
      this.#nodes.delete(node.uid);
      this.#disconnect(node);
    }
  }

  #disconnect(node: Node | undefined): void {
    if (node === undefined) return;
    for (const owner of node.owners) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(node.uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }

  /** Its deletion began, or goes on in another way. */
  #begun(node: Node): readonly string[] {
    switch (node.deletion) {
      case "none":
      case "background":
        return [];
      case "orphan":
        return [node.uid];
      case "foreground":
        return [node.uid, ...(this.#dependents.get(node.uid) ?? [])];
    }
  }

  /** Owners that wait for their dependents, and for `old` no longer. */
  #unblocked(old: Node, next: Node | undefined): readonly string[] {
    return old.owners
      .map(({ uid }) => uid)
      .filter((owner) => blocks(old, owner) && (next === undefined || !blocks(next, owner)))
      .filter((owner) => this.#nodes.get(owner)?.deletion === "foreground");
  }
}
