import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { customResourceDefinition, fileName } from "./custom-resource-definition.ts";
import { externalKinds, kinds } from "./index.ts";
import { openstackTypes } from "./openstack/types.ts";

test.each(kinds)("$type.plural.yaml is what `npm run generate` writes", async (kind) => {
  const text = await readFile(new URL(fileName(kind), import.meta.url), "utf8");
  expect(parse(text)).toEqual(JSON.parse(JSON.stringify(customResourceDefinition(kind))));
});

test("definitions.jsonl is what `npm run generate` writes", async () => {
  const text = await readFile(new URL("definitions.jsonl", import.meta.url), "utf8");
  expect(text).toBe(kinds.map((kind) => `${JSON.stringify(customResourceDefinition(kind))}\n`).join(""));
});

test("openstackTypes has all kinds of openstack.stowage.dev that stand for something in a cloud", () => {
  expect(new Set(openstackTypes)).toEqual(new Set(externalKinds.map(({ type }) => type)));
});

/** What apiextensions' structural schema validation forbids below the root (pkg/apiserver/schema/validation.go). */
function problems(node: unknown, path: string): string[] {
  if (typeof node !== "object" || node === null) return [];
  const schema = node as Record<string, unknown>;
  const found: string[] = [];
  if (schema["type"] === undefined && schema["x-kubernetes-int-or-string"] !== true) found.push(`${path}: no type`);
  if (schema["additionalProperties"] === false) found.push(`${path}: additionalProperties false`);
  for (const keyword of ["$ref", "const", "definitions", "dependencies", "propertyNames", "patternProperties"])
    if (keyword in schema) found.push(`${path}: ${keyword}`);
  const children = { ...(schema["properties"] as Record<string, unknown> | undefined) };
  for (const [name, child] of Object.entries(children)) found.push(...problems(child, `${path}.${name}`));
  if (schema["items"] !== undefined) found.push(...problems(schema["items"], `${path}[]`));
  if (typeof schema["additionalProperties"] === "object")
    found.push(...problems(schema["additionalProperties"], `${path}{}`));
  return found;
}

test.each(kinds)("$type.plural has a structural schema", (kind) => {
  const crd = customResourceDefinition(kind);
  const [version] = crd.spec["versions"] as [{ schema: { openAPIV3Schema: unknown } }];
  expect(problems(version.schema.openAPIV3Schema, "")).toEqual([]);
});
