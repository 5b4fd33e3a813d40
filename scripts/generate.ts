/** Writes the files that are generated from code: crds/<plural>.yaml. A test fails when one is stale. */
import { writeFile } from "node:fs/promises";
import { customResourceDefinition, fileName } from "../crds/custom-resource-definition.ts";
import { kinds } from "../crds/index.ts";
import { stringify } from "yaml";

for (const kind of kinds) {
  const header = `# Generated from crds/${kind.singular}.ts by "npm run generate": change that file, not this one.\n`;
  const yaml = stringify(customResourceDefinition(kind), { lineWidth: 0 });
  await writeFile(new URL(`../crds/${fileName(kind)}`, import.meta.url), header + yaml);
}
