import type { Admission } from "../admission/admission.ts";
import type { NamespaceLifecycle } from "../admission/namespace-lifecycle.ts";
import type { User } from "../auth/authentication.ts";
import type { JsonObject } from "../../formats/json-object.ts";
import type { Clock } from "../../process/clock.ts";

/** Where ids and jitter come from. */
export interface Random {
  /** A new RFC 4122 UUID. */
  uuid(): string;
  /** At least 0 and less than 1. */
  fraction(): number;
}

/** What the verbs need besides the kind that they act on. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly lifecycle: NamespaceLifecycle;
  readonly admission: Admission;
}

/** Names one object of the kind at hand. */
export interface ObjectName {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Who asks, and how. */
export interface Caller {
  readonly user: User;
  /** Everything but the write. */
  readonly dryRun: boolean;
  /** Told what the client should know although the request succeeds. */
  readonly warn: (text: string) => void;
  /** The CreateOptions, UpdateOptions, PatchOptions or DeleteOptions of the request; absent where nobody sent any. */
  readonly given?: () => JsonObject;
}

export interface WriteOptions extends Caller {
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  /** Whose the fields are that this writes; never empty. Source: managerOrUserAgent in endpoints/handlers/create.go. */
  readonly fieldManager: string;
  /** Server-side apply takes fields over from their managers. */
  readonly force: boolean;
}
