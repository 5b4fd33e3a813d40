/**
 * One kind as the API server serves it. Built-in kinds are written by hand (api/resources/builtin/), the others are made
 * from CustomResourceDefinitions; the verbs treat both alike and know no kind.
 */
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import type { JsonObject } from "../../formats/json-object.ts";
import type { StatusCause } from "../status.ts";
import type { ScalePaths } from "./crd-object.ts";

/** Any JSON object. Objects that come out of the cacher are shared by everyone: never change them. */
export type { JsonObject };

/** A column of `kubectl get`. Source: metav1.TableColumnDefinition. */
export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date" | "number";
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, 1 with `-o wide` only. */
  readonly priority: number;
  /** The cell; dates are shown as the time since then, counted from `now`. */
  readonly value: (object: KubeObject, now: Date) => string | number | boolean | null;
}

/** Prunes, defaults and validates the content of one kind. */
export interface ObjectSchema {
  /**
   * Removes, in place, what the schema does not know. Returns the paths removed, as field errors name them. Throws
   * BadRequest for what cannot be decoded: the metadata of embedded objects.
   */
  prune(object: JsonObject): readonly string[];
  /** Fills in defaults, in place. */
  applyDefaults(object: JsonObject): void;
  /** What is wrong with it; `old` is what it replaces (for transition rules). Empty when nothing is. */
  validate(object: JsonObject, old?: JsonObject): readonly StatusCause[];
}

/**
 * How strategic merge patch treats lists of a built-in kind: path of the list (`metadata.ownerReferences`) -> merge
 * key, or "" for lists of plain values that are merged as sets. Lists not named are replaced.
 */
export type MergeKeys = Readonly<Record<string, string>>;

/** What an object is in other versions of its kind. */
export interface KindVersions {
  /** By apiVersion; served or not. */
  readonly find: (apiVersion: string) => ResourceDefinition | undefined;
  /** The same objects in another version, in the same order. Throws ApiError with what a webhook said. */
  readonly convert: (objects: readonly JsonObject[], apiVersion: string) => Promise<readonly JsonObject[]>;
}

export interface StoredAs {
  readonly type: ResourceType;
  /** Both give a new object, and leave metadata as it is. */
  readonly read: (stored: JsonObject) => JsonObject;
  readonly write: (object: JsonObject) => JsonObject;
}

export interface ResourceDefinition extends ResourceType {
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  /** Which exist below an object: "status", "scale", "finalize", "log". */
  readonly subresources: ReadonlySet<string>;
  /** What the scale subresource stands for. */
  readonly scale?: ScalePaths;
  /** The version that objects are stored in; this one when absent. */
  readonly storageVersion?: string;
  /** All versions of the kind, where there can be others than this one. */
  readonly versions?: KindVersions;
  /** What everyone who uses this version is told. */
  readonly deprecationWarning?: string;
  readonly columns: readonly Column[];
  readonly schema: ObjectSchema;
  /** For OpenAPI documents and `kubectl explain`. */
  readonly openAPISchema: JsonObject;
  /** Absent where strategic merge patch is not supported (custom resources: 415). */
  readonly mergeKeys?: MergeKeys;
  /** Field selectors besides metadata.name and metadata.namespace. */
  readonly selectableFields: Readonly<Record<string, (object: KubeObject) => string>>;
  /** Seconds that an object is kept after its last write; forever when absent. */
  readonly ttlSeconds?: number;
  /** Whether this kind has metadata.generation, counted up when anything but metadata and status changes. */
  readonly hasGeneration: boolean;
  /** Whether an update without resourceVersion replaces whatever is there; refused (422) when absent. */
  readonly unconditionalUpdate?: boolean;
  /** Whether an update of what is not there makes it; NotFound when absent. */
  readonly createOnUpdate?: true;
  /** What its objects are called when they are invalid, where that is not their kind: the internal one upstream. */
  readonly invalidAs?: { readonly group: string; readonly kind: string };
  /** Whether an object without any name gets a uuid as its name; refused (422) when absent. */
  readonly namesItself?: true;
  /** Whether a DELETE answers with the last state of what it removed; with a Status when absent. */
  readonly answersDeleted?: true;
  /** Whether the first DELETE only marks an object, even where nothing holds it; a second one removes it then. */
  readonly deletedInTwoSteps?: true;
  /**
   * Last word on what is about to be created. May set fields of `object`, but what lies deeper may be shared: replace
   * it instead of changing it. Returns what is wrong.
   */
  readonly prepareForCreate?: (object: JsonObject, now: Date) => readonly StatusCause[];
  /** The same for an update; `old` must not be changed. */
  readonly prepareForUpdate?: (object: JsonObject, old: JsonObject, now: Date) => readonly StatusCause[];
  /** The same for an update below a subresource. */
  readonly prepareForSubresourceUpdate?: (object: JsonObject, subresource: string) => readonly StatusCause[];
  /** The same for an object that is about to be marked for deletion; may add finalizers. */
  readonly prepareForDelete?: (object: JsonObject, now: Date) => void;
  /** Whether something besides metadata.finalizers keeps an object that is marked for deletion. */
  readonly holdsDeletion?: (object: JsonObject) => boolean;
  /** The objects of another kind, in another shape: they have its keys in the store. */
  readonly storedAs?: StoredAs;
  /** Set where a create is answered and nothing is stored: `api/verbs/answer.ts`. Such a kind has no other verb. */
  readonly isAnswered?: true;
  /** What a write below a subresource takes over from `submitted`; "status" needs none. */
  readonly subresourceWriters?: Readonly<Record<string, (object: JsonObject, submitted: JsonObject) => void>>;
}
