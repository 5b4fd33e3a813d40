/** Variables of one process. Pure. Source of order and precedence: makeEnvironmentVariables in kubernetes/pkg/kubelet/kubelet_pods.go. */
import type { ContainerSpec, InitContainer } from "../../../crds/container.ts";
import type { EnvVarSource } from "../../../crds/environment.ts";
import type { ProcessInputs } from "../../../drivers/inputs.ts";
import { expand } from "./expansion.ts";
import type { Facts } from "./facts.ts";
import { fieldValue, resourceValue } from "./facts.ts";
import type { Objects, SourceKind } from "./objects.ts";
import { InputError } from "./objects.ts";

type Process = Pick<ContainerSpec | InitContainer, "env" | "envFrom" | "command" | "args" | "resources">;

/** Whether its variables, command and arguments are just what the spec says. */
export function isLiteral({ env = [], envFrom = [], command = [], args = [] }: Process): boolean {
  const texts = [...command, ...args, ...env.map(({ value = "" }) => value)];
  return (
    envFrom.length === 0 &&
    env.every(({ valueFrom }) => valueFrom === undefined) &&
    !texts.some((text) => text.includes("$"))
  );
}

/** `skipped`: takes a sentence about keys that cannot be variables. Throws InputError. */
export function processInputs(
  process: Process,
  objects: Objects,
  facts: Facts,
  skipped: (message: string) => void,
): ProcessInputs {
  const env = new Map<string, string>();
  for (const source of process.envFrom ?? []) addAll(env, source, objects, facts, skipped);
  for (const { name, value = "", valueFrom } of process.env ?? []) {
    if (value !== "" || valueFrom === undefined) env.set(name, expand(value, env));
    else {
      const found = valueOf(name, valueFrom, process, objects, facts);
      if (found !== undefined) env.set(name, found);
    }
  }
  const expanded = (texts: readonly string[]): readonly string[] => texts.map((text) => expand(text, env));
  return {
    env,
    ...(process.command === undefined ? {} : { command: expanded(process.command) }),
    ...(process.args === undefined ? {} : { args: expanded(process.args) }),
  };
}

type EnvFrom = NonNullable<ContainerSpec["envFrom"]>[number];

function addAll(
  env: Map<string, string>,
  { prefix = "", configMapRef, secretRef }: EnvFrom,
  objects: Objects,
  { container }: Facts,
  skipped: (message: string) => void,
): void {
  const kind: SourceKind = secretRef === undefined ? "ConfigMap" : "Secret";
  const { name, optional } = secretRef ?? configMapRef ?? { name: "" };
  const invalid: string[] = [];
  const taken: [string, string][] = [];
  for (const [key, content] of objects.data(kind, name, optional) ?? []) {
    const variable = prefix + key;
    const value = textOf(content);
    if (isVariableName(variable) && value !== undefined) taken.push([variable, value]);
    else invalid.push(variable);
  }
  for (const [variable, value] of taken) env.set(variable, value);
  objects.use(
    kind,
    name,
    taken.sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  if (invalid.length === 0) return;
  const keys = invalid.sort().join(", ");
  const source = `${secretRef === undefined ? "configMap" : "secret"} ${container.metadata.namespace ?? ""}/${name}`;
  skipped(
    `Keys [${keys}] from the EnvFrom ${source} were skipped since they are considered invalid environment variable names.`,
  );
}

/** Undefined where there may be none. */
function valueOf(
  variable: string,
  source: EnvVarSource,
  process: Process,
  objects: Objects,
  facts: Facts,
): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef !== undefined) return fieldValue(fieldRef.fieldPath, facts);
  if (resourceFieldRef !== undefined) return resourceValue(resourceFieldRef, process.resources, facts);
  const kind: SourceKind = secretKeyRef === undefined ? "ConfigMap" : "Secret";
  const reference = secretKeyRef ?? configMapKeyRef;
  if (reference === undefined) return "";
  const { name, key, optional } = reference;
  const content = objects.data(kind, name, optional)?.get(key);
  if (content === undefined) {
    objects.use(kind, name, [variable]);
    if (optional === true) return undefined;
    throw new InputError(`couldn't find key ${key} in ${kind} ${facts.container.metadata.namespace ?? ""}/${name}`);
  }
  const value = textOf(content);
  if (value === undefined)
    throw new InputError(
      `key ${key} of ${kind} ${facts.container.metadata.namespace ?? ""}/${name} cannot be variable ${variable}: it is not UTF-8 text without NUL (mount it as a file)`,
    );
  objects.use(kind, name, [variable, value]);
  return value;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Undefined for what no variable can hold. */
function textOf(content: Buffer): string | undefined {
  if (content.includes(0)) return undefined;
  try {
    return utf8.decode(content);
  } catch {
    return undefined;
  }
}

/** Source: IsEnvVarName in k8s.io/apimachinery/pkg/util/validation/validation.go. */
function isVariableName(name: string): boolean {
  return /^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name) && name !== "." && !name.startsWith("..");
}
