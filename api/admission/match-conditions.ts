/** Source: k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go. */
import { asText } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Compiled } from "./expressions/compile.ts";
import { Compiler } from "./expressions/compile.ts";
import type { Scope } from "./expressions/scope.ts";

/** What the conditions say of a request; `fault` where that could not be said. */
export interface Verdict {
  readonly matches: boolean;
  readonly fault?: string;
}

export class MatchConditions {
  readonly #conditions: readonly Compiled[];

  constructor(conditions: readonly JsonObject[], { params }: { readonly params: boolean }) {
    const compiler = new Compiler();
    this.#conditions = conditions.map(({ expression }) =>
      compiler.compile(asText(expression).trim(), { params, authorizer: true }, ["bool"]),
    );
  }

  get none(): boolean {
    return this.#conditions.length === 0;
  }

  /** A condition that is false decides, whatever is wrong with others. */
  evaluate(scope: Scope): Verdict {
    const faults: string[] = [];
    for (const { expression, problem } of this.#conditions)
      try {
        if (expression === undefined) faults.push(`compilation error: ${problem}`);
        else if (expression.evaluate(scope) !== true) return { matches: false };
      } catch (error) {
        faults.push((error as Error).message);
      }
    if (faults.length === 0) return { matches: true };
    return { matches: false, fault: faults.length === 1 ? (faults[0] ?? "") : `[${[...new Set(faults)].join(", ")}]` };
  }
}
