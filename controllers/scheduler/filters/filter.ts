import type { Candidate, World } from "../world.ts";
import type { Want } from "../want.ts";

/** Why the Host does not do, as it goes after a number: `1 too little memory`. Undefined when it does. */
export type Check = (candidate: Candidate) => string | undefined;

/** One reason for which a Host may not do. To add one, write it in a file here and name it in index.ts. */
export interface Filter {
  readonly name: string;
  /** Whether a Host that it refuses may do once Containers have left it: only then preemption is of use. */
  readonly makesRoom: boolean;
  /** Looks once at what is the same for every Host. Undefined: the Container asks for nothing that could be refused. */
  readonly prepare: (want: Want, world: World) => Check | undefined;
}

/** Why the first of `filters` that does not let a Host pass does not. */
export function refusalsOf(filters: readonly Filter[], want: Want, world: World): Check {
  const checks = filters.flatMap((filter) => filter.prepare(want, world) ?? []);
  return (candidate) => {
    for (const check of checks) {
      const refusal = check(candidate);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
}
