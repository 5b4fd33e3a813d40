/**
 * CEL as Kubernetes has it: what every expression can call, whatever it is about.
 * Source of the list: k8s.io/apiserver/pkg/cel/environment/base.go in 1.33. Not there: authorizer, and lowerAscii() and
 * upperAscii() change letters beyond ASCII too, for cel-js has them so.
 */
import { Environment } from "@marcbachmann/cel-js";
import { boundBacktracking } from "../schema/pattern.ts";
import { registerLists, registerSets, registerTwoVariableLoops } from "./collections.ts";
import { registerFormats } from "./named-formats.ts";
import { registerNetwork } from "./network.ts";
import { registerQuantity } from "./quantity.ts";
import { registerSemver } from "./semver.ts";
import { registerRegex, registerStrings, registerUrls } from "./text.ts";

let base: Environment | undefined;

/** An environment without variables, for the caller alone to add some. */
export function kubernetesEnvironment(): Environment {
  base ??= made();
  return base.clone();
}

function made(): Environment {
  // matches() takes any pattern.
  boundBacktracking();
  // Lists of several types are what string.format() takes.
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  for (const register of [
    registerStrings,
    registerRegex,
    registerUrls,
    registerLists,
    registerSets,
    registerTwoVariableLoops,
    registerQuantity,
    registerNetwork,
    registerFormats,
    registerSemver,
  ])
    register(environment);
  return environment;
}
