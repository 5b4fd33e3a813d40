/** What one kind of openstack.stowage.dev is made of. The reconciler does the rest: see reconciler.ts. */
import type { External, ExternalSpec } from "../../crds/openstack/external.ts";
import type { ResourceType } from "../../crds/meta.ts";
import type { Service } from "../../openstack/service.ts";

/** That a spec names another object of the same namespace. It must be Available before anything is made with it. */
export interface Reference {
  /** Where it stands: resource.networkRef. */
  readonly field: string;
  readonly type: ResourceType;
  readonly name: string;
}

/** One object while it is worked on. */
export interface Context {
  readonly cloud: Service;
  /** What is called so in the cloud where the spec gives no name: the object's name. */
  readonly name: string;
  /** `stowage.dev/uid=<uid>`: marks what is ours, where the service knows tags. */
  readonly tag: string;
  readonly uid: string;
  readonly signal: AbortSignal;
  /** What {@link Actuator.alike} told of before its creation began: none of it is ours. */
  readonly beside: readonly string[];
  /** The id of what a reference names. Only of what {@link Actuator.references} told of. */
  readonly idOf: (type: ResourceType, name: string) => string;
  /** The status.resource of what a reference names, as `Observed` of its kind. */
  readonly observedOf: (type: ResourceType, name: string) => unknown;
  /** A value of a Secret of the namespace, as text where nothing else is said; throws WaitingError where it is not there. */
  secret(name: string, key: string, encoding?: "utf8" | "base64"): Promise<string>;
  /**
   * What changes with a value of a Secret of the namespace, and with nothing else while the Secret is there. It tells
   * nothing to whoever cannot read the Secret, so that it can be kept where others see it. Throws like `secret`.
   */
  secretMark(name: string, key: string): string;
}

/** When an object is looked at. */
export interface Moment {
  readonly now: Date;
  /** Whether it was ever as asked before: somebody may have come to rely on it. */
  readonly wasReady: boolean;
}

/** One thing to do to what is in the cloud, so that it is as asked. Repeatable. */
export interface Change<T> {
  /** For people and tests: `set mtu to 1400`. Never a secret. */
  readonly what: string;
  /** Returns what it is like afterwards; `latest` is what the change before this one returned. */
  readonly perform: (context: Context, latest?: T) => Promise<T>;
}

/** Whether what is in the cloud can be used. */
export type State =
  | { readonly kind: "ready" }
  /** It is on its way: look again after `pollMs`, 1 s when absent. Nothing is changed meanwhile unless `takesChanges`. */
  | { readonly kind: "waiting"; readonly message: string; readonly pollMs?: number; readonly takesChanges?: boolean }
  /** It will never be ready by itself; the message says what a user can do. Looked at again as with a transient error. */
  | { readonly kind: "failed"; readonly message: string };

export const ready: State = { kind: "ready" };

export interface Actuator<R, F, T, S extends ExternalSpec = ExternalSpec<R, F>> {
  readonly type: ResourceType;
  /** What the spec names; a Secret counts too. Pure. */
  references(spec: S): readonly Reference[];
  /** What is asked for, where that is not spec.resource. Pure. */
  resourceOf?(spec: S): R;
  /** Whose credentials are used, one of {@link references}, where the spec has none of its own. Pure. */
  lenderOf?(spec: S): Reference;
  idOf(remote: T): string;
  /** undefined: it is gone. `resource` is undefined for what is imported. */
  get(context: Context, id: string, resource: R | undefined): Promise<T | undefined>;
  /** All that match an import's filter; more than two need not be told. */
  find(context: Context, filter: F): Promise<readonly T[]>;
  /**
   * What a create of ours may have left behind whose end we never saw: by our mark, which is set with the creation, or by
   * `context.beside`. Nothing of anybody else's.
   */
  leftBehind(context: Context, resource: R): Promise<readonly T[]>;
  /**
   * Ids of those that could be taken for what is about to be created, asked for right before that; {@link leftBehind}
   * finds them in `context.beside`. For kinds with no place for a mark and no time of creation.
   */
  alike?(context: Context, resource: R): Promise<readonly string[]>;
  /**
   * Whether nobody uses it, as far as the service itself would let it go nevertheless. Asked of what a creation that was
   * never answered made besides the one that is recorded, which is deleted then. Absent where there can be no two, because
   * the service refuses a second one, and where nothing marks ours.
   */
  isUnused?(remote: T): boolean;
  /** Makes it. Does nothing that can fail once it is made: what else it needs is a {@link changes} of it. */
  create(context: Context, resource: R): Promise<T>;
  /** What keeps it from being as asked, in the order to do it. Pure but for {@link Change.perform}. */
  changes(context: Context, resource: R, remote: T, moment: Moment): readonly Change<T>[];
  /**
   * Takes away what keeps its users from going, where it is to be deleted itself and waits for them. Done again until
   * they are gone.
   */
  loosen?(context: Context, remote: T): Promise<void>;
  /** What is gone is deleted. Returns whether it is gone already; it is looked for again until then. */
  delete(context: Context, remote: T, resource: R): Promise<"gone" | "going">;
  /** Pure. */
  stateOf(remote: T, now: Date): State;
  /** status.resource. Pure. */
  observe(remote: T): object;
}

/** Any of them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each is sound in itself; the reconciler never looks inside
export type AnyActuator = Actuator<any, any, any, any>;

/** Something must happen first; no fault of the cloud's. */
export class WaitingError extends Error {
  override readonly name = "WaitingError";
  readonly pollMs: number | undefined;
  constructor(message: string, pollMs?: number) {
    super(message);
    this.pollMs = pollMs;
  }
}

/** Asking again cannot help until the spec changes. */
export class InvalidError extends Error {
  override readonly name = "InvalidError";
}

export type AnyExternal = External;
