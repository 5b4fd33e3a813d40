/**
 * The CustomResourceDefinitions of our own kinds, as `npm run generate` has derived them from the schemas in crds/: to
 * derive them, and to have their rules looked at, would take longer than all else of a start.
 */
import { readFile } from "node:fs/promises";
import type { CustomResourceDefinition } from "../../crds/custom-resource-definition.ts";

/** By name. Each call makes a new one: nobody needs them for long. */
export type OwnDefinitions = ReadonlyMap<string, () => CustomResourceDefinition>;

const file = new URL("../../crds/definitions.jsonl", import.meta.url);

export async function readOwnDefinitions(): Promise<OwnDefinitions> {
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const make = (): CustomResourceDefinition => JSON.parse(line) as CustomResourceDefinition;
      return [make().metadata.name, make];
    }),
  );
}
