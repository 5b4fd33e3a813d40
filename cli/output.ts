/** Objects as `-o` asks for them. Source: kubectl's printers (k8s.io/cli-runtime/pkg/printers). */
import type { KubeObject } from "../crds/meta.ts";
import { isJsonObject } from "../formats/json-object.ts";
import { UsageError } from "./errors.ts";
import { objectName } from "./resources.ts";

export type OutputFormat =
  | { readonly as: "table"; readonly wide: boolean }
  | { readonly as: "yaml" | "json" | "name" }
  | { readonly as: "jsonpath"; readonly template: string };

/** Throws UsageError for what is not a format. */
export function parseOutput(option: string | undefined): OutputFormat {
  if (option === undefined || option === "wide") return { as: "table", wide: option === "wide" };
  if (option === "yaml" || option === "json" || option === "name") return { as: option };
  const template = /^jsonpath=(.+)$/s.exec(option)?.[1];
  if (template !== undefined) return { as: "jsonpath", template };
  throw new UsageError(`-o "${option}" is not an output format: use wide, yaml, json, name or jsonpath=TEMPLATE`);
}

/** Keys in order, as kubectl's are, and without metadata.managedFields, which it hides. */
function tidy(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => tidy(item));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).filter(([name]) => !(key === "metadata" && name === "managedFields"));
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, tidy(inner, name)]),
  );
}

/** One object as it is; several, or a `list` of however many, as a List. Ends with a line break. */
export async function renderObjects(
  objects: readonly KubeObject[],
  format: Exclude<OutputFormat, { as: "table" }>,
  list: boolean,
): Promise<string> {
  if (format.as === "name") return objects.map((object) => `${nameOf(object)}\n`).join("");
  const whole = list
    ? { apiVersion: "v1", items: objects, kind: "List", metadata: { resourceVersion: "" } }
    : objects[0];
  switch (format.as) {
    case "json":
      return `${JSON.stringify(tidy(whole), undefined, 4)}\n`;
    case "yaml": {
      const { stringify } = await import("yaml");
      return stringify(tidy(whole), { indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" });
    }
    case "jsonpath": {
      const { renderTemplate } = await import("./json-path-template.ts");
      return renderTemplate(format.template, tidy(whole));
    }
  }
}

function nameOf({ apiVersion, kind, metadata }: KubeObject): string {
  const slash = apiVersion.indexOf("/");
  return objectName({ group: slash < 0 ? "" : apiVersion.slice(0, slash), kind }, metadata.name);
}
