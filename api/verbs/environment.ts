import type { NamespaceLifecycle } from "../admission/namespace-lifecycle.ts";
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
}

/** Names one object of the kind at hand. */
export interface ObjectName {
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface WriteOptions {
  /** Everything but the write. */
  readonly dryRun: boolean;
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  /** Told what the client should know although the request succeeds. */
  readonly warn: (text: string) => void;
}
