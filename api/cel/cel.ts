/** What @marcbachmann/cel-js has and its main types do not say. */
import type { ASTNode } from "@marcbachmann/cel-js";

export { EvaluationError } from "@marcbachmann/cel-js";
export { Duration } from "@marcbachmann/cel-js/evaluator";

export interface TypeDeclaration {
  readonly kind: string;
  readonly name: string;
  readonly keyType?: TypeDeclaration;
  readonly valueType?: TypeDeclaration;
  isDynOrBool(): boolean;
}

/** The variables that an expression sees; one scope is used again for every turn of a loop. */
export interface Scope {
  forkWithVariable(name: string, type: TypeDeclaration): Scope;
  reuse(parent: Scope): Scope;
  setIterValue(value: unknown, evaluator: Evaluating): Scope;
}

export interface TypeChecking {
  readonly registry: {
    getListType(item: TypeDeclaration): TypeDeclaration;
    getMapType(key: TypeDeclaration, value: TypeDeclaration): TypeDeclaration;
  };
  check(node: ASTNode, scope: Scope): TypeDeclaration;
  getType(name: string): TypeDeclaration;
  createError(code: string, message: string, node: ASTNode): Error;
}

export interface Evaluating {
  run(node: ASTNode, scope: Scope): unknown;
}

/** What a macro is made from: its arguments are expressions that were not evaluated. */
export interface Macro {
  readonly args: readonly ASTNode[];
  readonly receiver: ASTNode;
}
