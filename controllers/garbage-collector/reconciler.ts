import type { Client, DiscoveredType } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { Condition, KubeObject, ObjectMeta, OwnerReference, ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import { BoundedMap } from "../runtime/bounded-map.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { RunnableInformers } from "../runtime/informer.ts";
import { forEachParallel } from "../runtime/parallel.ts";
import type { Cache, EventRecorder, Informer, Key, Outcome, Reconciler, Wake } from "../runtime/reconciler.ts";
import { settled, waiting } from "../runtime/reconciler.ts";
import { retryOnConflict } from "../runtime/retry.ts";
import type { Node } from "./graph.ts";
import { deletionOf, groupOf, nodeOf, OwnerGraph } from "./graph.ts";
import type { OwnerState, Step } from "./plan.ts";
import { plan } from "./plan.ts";

export interface CustomResourceDefinition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

type KindName = Pick<ResourceType, "group" | "kind">;

/** Stands in the queue, among the uids of objects, for: see which kinds there are. */
export const typesKey: Key = "types";

/** Discovery may lag behind a CustomResourceDefinition's word that it is established. */
const laggingPollMs = 1000;
/** As many as kube-controller-manager remembers: uid_cache.go. */
const absentRemembered = 500;
/** How many dependents of one object are orphaned at once. */
const parallel = 16;

export interface GarbageCollectorOptions {
  readonly client: Pick<Client, "get" | "patch" | "delete" | "discover">;
  readonly informers: Pick<RunnableInformers, "for" | "release">;
  readonly definitions: Cache<CustomResourceDefinition>;
  readonly events: EventRecorder;
}

interface Followed {
  readonly type: ResourceType;
  readonly informer: Informer<KubeObject>;
  readonly subscription: Disposable;
}

/** The object that is being decided about, as last told by the API. */
interface Item {
  readonly node: Node;
  latest: KubeObject;
}

/**
 * Deletes objects whose owners are all gone, and carries out foreground and orphaning deletions. An owner counts as
 * gone only when the API, asked for it, does not know it; what informers tell only says where to look.
 *
 * Source: k8s.io/kubernetes/pkg/controller/garbagecollector, and the page "Garbage Collection" of Kubernetes'
 * documentation. As there, an owner in another namespace is an owner that does not exist, and a Warning tells so.
 */
export class GarbageCollector implements Reconciler {
  readonly #options: GarbageCollectorOptions;
  readonly #graph = new OwnerGraph();
  readonly #followed = new Map<string, Followed>();
  #kinds: ReadonlyMap<string, DiscoveredType> = new Map();
  /** Owners proven absent, by the API or by the news of their end. A uid is never used again, so this stays true. */
  readonly #absent = new BoundedMap<string, true>(absentRemembered);
  /** Objects with an owner of a kind that was not served when we looked. */
  readonly #unresolved = new Set<string>();
  /** Objects to look at once all kinds are listed: before that an owner may seem to have no dependents. */
  readonly #held = new Set<string>();
  #complete: Promise<unknown> | undefined;
  #wake: Wake = () => undefined;

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
  }

  /** Says what to call when an object is to be looked at. */
  connect(wake: Wake): void {
    this.#wake = wake;
  }

  async reconcile(key: Key): Promise<Outcome> {
    if (key === typesKey) return this.#followTypes();
    if (this.#complete !== undefined) {
      this.#held.add(key);
      return waiting("NotSynced", "Waiting for the first list of every kind");
    }
    return this.#decide(key);
  }

  async #followTypes(): Promise<Outcome> {
    const types = await this.#options.client.discover();
    this.#kinds = new Map(types.map((type) => [kindKey(type.group, type.kind), type]));
    const wanted = new Map(types.filter(isCollected).map((type) => [typeKey(type), type]));
    for (const [name, followed] of this.#followed) {
      if (!wanted.has(name)) this.#unfollow(name, followed);
    }
    for (const [name, type] of wanted) {
      if (!this.#followed.has(name)) this.#follow(name, type);
    }
    this.#awaitLists();
    this.#wakeAll(this.#unresolved);

    const served = new Set(types.map(groupResource));
    const lagging = [...this.#options.definitions.list()].filter(
      (definition) => isEstablished(definition) && !served.has(nameOf(definition)),
    );
    if (lagging.length === 0) return settled();
    return waiting("NotServed", `Waiting until ${lagging.map(nameOf).join(", ")} is served`, laggingPollMs);
  }

  #follow(name: string, type: ResourceType): void {
    const informer = this.#options.informers.for(type);
    const subscription = informer.onChange((old, next) => {
      for (const uid of this.#take(type, old, next)) this.#wake(uid);
    });
    this.#followed.set(name, { type, informer, subscription });
  }

  #unfollow(name: string, { type, subscription }: Followed): void {
    subscription[Symbol.dispose]();
    this.#options.informers.release(type);
    this.#followed.delete(name);
    this.#graph.forget(type);
  }

  #awaitLists(): void {
    const complete = Promise.all([...this.#followed.values()].map(({ informer }) => informer.synced)).then(() => {
      if (this.#complete !== complete) return;
      this.#complete = undefined;
      this.#wakeAll(this.#held);
    });
    this.#complete = complete;
  }

  #wakeAll(uids: Set<string>): void {
    for (const uid of uids) this.#wake(uid);
    uids.clear();
  }

  #take(type: ResourceType, old: KubeObject | undefined, next: KubeObject | undefined): readonly string[] {
    if (next === undefined) return old === undefined ? [] : this.#takeEnd(nodeOf(type, old));
    // Most changes are of neither owners nor deletion, and those must cost nothing.
    if (old !== undefined && samePlace(old.metadata, next.metadata)) return [];
    return this.#graph.put(nodeOf(type, next));
  }

  /** Its kind may go next, and then nobody could be asked any more whether it is there. */
  #takeEnd(node: Node): readonly string[] {
    if (this.#graph.dependentsOf(node.uid).length > 0) this.#absent.set(placeOf(node), true);
    this.#unresolved.delete(node.uid);
    return this.#graph.remove(node.uid);
  }

  async #decide(uid: string): Promise<Outcome> {
    const node = this.#graph.get(uid);
    if (node === undefined || node.deletion === "background") return settled();
    if (node.deletion === "none" && this.#graph.isKept(node)) return settled();
    const latest = await this.#read(node.type, node.namespace, node.name);
    // Gone or another one: its informer is about to tell.
    if (latest?.metadata.uid !== uid) return settled();

    const owners = await this.#statesOfOwners(node, latest);
    const item: Item = { node, latest };
    for (const step of plan(latest.metadata, this.#graph.dependentsOf(uid), owners)) await this.#perform(item, step);
    if (![...owners.values()].includes("unknown")) return settled();
    this.#unresolved.add(uid);
    return waiting("UnknownOwner", `An owner of ${groupResource(node.type)} "${node.name}" is of a kind not served`);
  }

  async #statesOfOwners(node: Node, latest: KubeObject): Promise<ReadonlyMap<string, OwnerState>> {
    const states = new Map<string, OwnerState>();
    if (latest.metadata.deletionTimestamp !== undefined) return states;
    for (const reference of latest.metadata.ownerReferences ?? []) {
      states.set(reference.uid, await this.#stateOf(reference, node, latest));
    }
    return states;
  }

  async #stateOf(reference: OwnerReference, node: Node, dependent: KubeObject): Promise<OwnerState> {
    const seen = this.#graph.ownerOf(node, reference);
    if (seen !== undefined && seen.deletion !== "foreground") return "present";
    const group = groupOf(reference.apiVersion);
    const { kind, name, uid } = reference;
    const places = [node.namespace, undefined].map((namespace) =>
      placeOf({ uid, type: { group, kind }, namespace, name }),
    );
    if (places.some((place) => this.#absent.get(place))) return "absent";
    const type = this.#kinds.get(kindKey(group, kind));
    if (type === undefined) return "unknown";
    if (type.namespaced && node.namespace === undefined) {
      this.#warnOfNamespace(reference, dependent);
      return "unknown";
    }
    const namespace = type.namespaced ? node.namespace : undefined;
    const owner = await this.#read(type, namespace, name);
    if (owner?.metadata.uid === uid) {
      return deletionOf(owner.metadata) === "foreground" ? "deleting" : "present";
    }
    this.#absent.set(placeOf({ uid, type, namespace, name }), true);
    const elsewhere = this.#graph.get(uid);
    if (elsewhere !== undefined && elsewhere.namespace !== namespace) this.#warnOfNamespace(reference, dependent);
    return "absent";
  }

  /** In the words of graph_builder.go, reportInvalidNamespaceOwnerRef. */
  #warnOfNamespace({ apiVersion, kind, name, uid }: OwnerReference, dependent: KubeObject): void {
    const namespace = dependent.metadata.namespace ?? "";
    const what = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
    const message = `ownerRef ${what} does not exist in namespace "${namespace}"`;
    this.#options.events.event(dependent, "Warning", "OwnerRefInvalidNamespace", message);
  }

  async #perform(item: Item, step: Step): Promise<void> {
    switch (step.do) {
      case "look":
        for (const uid of step.at) this.#wake(uid);
        break;
      case "orphan":
        await forEachParallel(step.dependents, parallel, (dependent) => this.#orphan(dependent, item.node.uid));
        break;
      case "release":
        await this.#change(item, ({ finalizers = [] }) => ({
          finalizers: finalizers.filter((finalizer) => finalizer !== step.finalizer),
        }));
        break;
      case "disown":
        await this.#change(item, (metadata) => ({ ownerReferences: without(metadata, step.owners) }));
        break;
      case "unblock":
        await this.#change(item, ({ ownerReferences = [] }) => ({
          ownerReferences: ownerReferences.map((reference) => ({ ...reference, blockOwnerDeletion: false })),
        }));
        break;
      case "delete":
        await this.#delete(item, step.propagation);
        break;
    }
  }

  async #orphan(node: Node, owner: string): Promise<void> {
    await retryOnConflict(async () => {
      const latest = await this.#read(node.type, node.namespace, node.name);
      if (latest?.metadata.uid !== node.uid) return;
      if (!latest.metadata.ownerReferences?.some(({ uid }) => uid === owner)) return;
      await this.#change({ node, latest }, (metadata) => ({ ownerReferences: without(metadata, [owner]) }));
    });
  }

  /** Writes the changed part of metadata, unless someone else wrote since `item` was read: that is a Conflict. */
  async #change(item: Item, changed: (metadata: ObjectMeta) => Partial<ObjectMeta>): Promise<void> {
    const { type, namespace, name } = item.node;
    const { metadata } = item.latest;
    const body = { metadata: { resourceVersion: metadata.resourceVersion, ...changed(metadata) } };
    try {
      item.latest = await this.#options.client.patch(type, { namespace, name }, { type: "merge", body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Deletes what was decided about, and nothing newer. */
  async #delete({ node, latest }: Item, propagationPolicy: "Foreground" | "Background" | "Orphan"): Promise<void> {
    const { type, namespace, name, uid } = node;
    const preconditions = { uid, resourceVersion: latest.metadata.resourceVersion };
    try {
      await this.#options.client.delete(type, { namespace, name }, { preconditions, propagationPolicy });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #read(type: ResourceType, namespace: string | undefined, name: string): Promise<KubeObject | undefined> {
    try {
      return await this.#options.client.get(type, { namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** Events tell of objects, own none and are owned by none: graph_builder.go, DefaultIgnoredResources. */
function isCollected({ kind, group, verbs }: DiscoveredType): boolean {
  if (kind === "Event" && (group === "" || group === "events.k8s.io")) return false;
  return ["delete", "list", "watch"].every((verb) => verbs.includes(verb));
}

const typeKey = (type: ResourceType): string => `${groupResource(type)}/${type.version}`;
const kindKey = (group: string, kind: string): string => `${group}/${kind}`;

/** Who an object is: an owner of the same uid but another name, kind or namespace is another one. */
function placeOf({
  uid,
  type,
  namespace,
  name,
}: Pick<Node, "uid" | "namespace" | "name"> & { type: KindName }): string {
  return JSON.stringify([uid, type.group, type.kind, namespace, name]);
}

const nameOf = ({ spec }: CustomResourceDefinition): string =>
  groupResource({ group: spec.group, plural: spec.names.plural });

const isEstablished = ({ metadata, spec, status }: CustomResourceDefinition): boolean =>
  metadata.deletionTimestamp === undefined &&
  spec.versions.some(({ served }) => served) &&
  findCondition(status?.conditions, "Established")?.status === "True";

const without = ({ ownerReferences = [] }: ObjectMeta, owners: readonly string[]): readonly OwnerReference[] =>
  ownerReferences.filter(({ uid }) => !owners.includes(uid));

/** Whether both stand at the same place in the graph. */
function samePlace(old: ObjectMeta, next: ObjectMeta): boolean {
  if (deletionOf(old) !== deletionOf(next)) return false;
  if (old.ownerReferences === undefined && next.ownerReferences === undefined) return true;
  return JSON.stringify(old.ownerReferences) === JSON.stringify(next.ownerReferences);
}
