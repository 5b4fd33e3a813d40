/**
 * Writes the files that are generated from code: crds/<plural>.yaml for people, and crds/definitions.jsonl for the server,
 * with a definition in each line. A test fails when one is stale.
 */
import { writeFile } from "node:fs/promises";
import { customResourceDefinition, fileName } from "../crds/custom-resource-definition.ts";
import { kinds } from "../crds/index.ts";
import { stringify } from "yaml";

const definitions: string[] = [];
for (const kind of kinds) {
  const definition = customResourceDefinition(kind);
  definitions.push(`${JSON.stringify(definition)}\n`);
  const header = `# Generated from crds/${kind.singular}.ts by "npm run generate": change that file, not this one.\n`;
  const yaml = stringify(definition, { lineWidth: 0 });
  await writeFile(new URL(`../crds/${fileName(kind)}`, import.meta.url), header + yaml);
}
await writeFile(new URL("../crds/definitions.jsonl", import.meta.url), definitions.join(""));
