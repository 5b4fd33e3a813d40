/**
 * What each kind of openstack.stowage.dev is tried with, after the scenarios that ORC has for each of its kinds:
 * create-minimal, create-full, update, import by id and by filter, import-error, dependency, resync, external-deletion,
 * delete with dependents. kinds.contract.ts runs them, against a fake OpenStack and against a real one.
 */
import type { Kind } from "../../../crds/kind.ts";

/** An object that a scenario needs beside the one that it is about; made with the same credentials. */
export interface Needed {
  readonly kind: Kind;
  readonly name: string;
  /** spec.resource; all of spec where the kind has its own. */
  readonly resource: object;
}

export interface KindScenario {
  readonly kind: Kind;
  /** The kind has no spec.resource, spec.import and credentials: what is said below of spec.resource is said of spec. */
  readonly hasOwnSpec?: true;
  /**
   * Which services have to run for it, by their types in the catalog's newest words: network, block-storage, image,
   * compute; and volume-backup for cinder-backup, which has no entry there and does not run in the lab.
   */
  readonly services: readonly ("network" | "block-storage" | "image" | "compute" | "volume-backup")[];
  /** Made first, in any order, and deleted last. Their names are what `...Ref` fields below name. */
  readonly needs: readonly Needed[];
  /** Offered over HTTP while it runs, by their names: what `${files}` in a resource stands for is where. See files.ts. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Secrets that are there first: the values of each by their keys. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** spec.resource with nothing but what is required. Two with the same one can exist side by side unless `isUnique`. */
  readonly minimal: object;
  /** spec.resource with every field that the services of the lab take. */
  readonly full: object;
  /** What status.resource has to have, at least, once `full` is Available. */
  readonly fullObserved: object;
  /** In order, on the object that was made with `full`: a merge patch for spec.resource, and what status.resource then has. */
  readonly updates: readonly { readonly patch: object; readonly observed: object }[];
  /** Merge patches for spec.resource that admission refuses, each with a part of what it says. */
  readonly refused: readonly { readonly patch: object; readonly message: string }[];
  /** spec.import.filter that finds the one made with `full`, and one that finds nothing. Absent: imported by id only. */
  readonly filter?: { readonly finds: object; readonly findsNothing: object };
  /** An object that uses the one made with `minimal` (which is named "subject"): it cannot be deleted before this. */
  readonly dependent?: Needed;
  /** Why a scenario makes no sense for the kind. */
  readonly leavesOut?: Partial<
    Record<"external-deletion" | "import" | "import-error" | "resync" | "two-alike", string>
  >;
}
