/**
 * What controllers and the CLI use to speak to the API: our own server in process (direct.ts), or any Kubernetes API
 * server over the wire (http.ts). Both throw ApiError (api/status.ts) and nothing else for what the server answers.
 */
import type { KubeObject, ResourceType } from "../../crds/meta.ts";

export interface Name {
  /** Absent for a cluster-scoped kind. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ListOptions {
  /** One namespace; all of them when absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number;
  readonly continue?: string;
  /** "0" takes any state that a cache has; absent asks for the newest. */
  readonly resourceVersion?: string;
}

export interface ObjectList<R> {
  readonly items: readonly R[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Changes after this one; as a list or an earlier event told it. */
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
}

export type WatchEvent<R> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: R }
  /** Nothing changed, but everything up to `resourceVersion` has been told. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan";
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  /** Who writes; at most 128 characters. */
  readonly fieldManager?: string;
  /** What to do about unknown and duplicate fields; Warn when absent. */
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
}

/**
 * A partial object (merge patch, RFC 7386), a list of operations (JSON patch, RFC 6902), or all that the field manager
 * has to say of the object (server-side apply), which is created where it is not there.
 */
export type Patch =
  | { readonly type: "merge"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly type: "apply"; readonly body: Draft; readonly force?: boolean }
  | { readonly type: "json"; readonly body: readonly Readonly<Record<string, unknown>>[] };

/** How each is called on the wire. */
export const patchTypes: Readonly<Record<Patch["type"], string>> = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
};

export interface Reader {
  /** Throws an ApiError with reason NotFound. */
  get<R extends KubeObject>(type: ResourceType, name: Name): Promise<R>;
  list<R extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ObjectList<R>>;
  /**
   * Yields until `signal` aborts, or ends earlier when the server closes the watch: go on from the last
   * resourceVersion seen. Throws an ApiError with reason Expired (410) when that is too old: list again.
   */
  watch<R extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent<R>>;
}

export interface Writer {
  /** `object` may leave out what the server fills in (uid, resourceVersion, creationTimestamp, defaults). */
  create<R extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<R>;
  /** Throws Conflict when metadata.resourceVersion is given and is not the newest. */
  update<R extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<R>;
  /**
   * Throws Conflict when an apply would change fields of other managers and is not forced, and Invalid when it names
   * no fieldManager.
   */
  patch<R extends KubeObject>(type: ResourceType, name: Name, patch: Patch, options?: WriteOptions): Promise<R>;
  /** Returns the object as marked for deletion or as it was; undefined when the server answers with a Status. */
  delete(type: ResourceType, name: Name, options?: DeleteOptions): Promise<KubeObject | undefined>;
}

/** Writes below a subresource. The status ones touch nothing but status. */
export interface SubresourceWriter {
  updateStatus<R extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<R>;
  patchStatus<R extends KubeObject>(type: ResourceType, name: Name, patch: Patch, options?: WriteOptions): Promise<R>;
  /** Namespaces only: PUT .../finalize, which alone may change spec.finalizers. */
  finalizeNamespace(object: Draft, options?: WriteOptions): Promise<KubeObject>;
}

export interface Discovery {
  /** Every kind that is served, in its preferred version, with the verbs that it takes. */
  discover(): Promise<readonly DiscoveredType[]>;
}

export interface DiscoveredType extends ResourceType {
  readonly verbs: readonly string[];
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

export interface Client extends Reader, Writer, SubresourceWriter, Discovery {}

/** An object on its way to the server. */
export interface Draft {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly ownerReferences?: KubeObject["metadata"]["ownerReferences"];
  };
}
