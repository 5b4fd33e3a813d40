/** What the documents name is there, and what they tell people to apply can be applied. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { capture, StowageServer } from "../lab/stowage.ts";

const root = join(import.meta.dirname, "..", "..");
const documents = ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/cli.md"];

test("npm scripts, stowage commands and files that the documents name exist", async () => {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { scripts: object };
  const { stdout: help } = await capture(join(root, "cli", "stowage"), ["--help"]);
  for (const document of documents) {
    const text = await readFile(join(root, document), "utf8");
    const named = (pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].map(([, word = ""]) => word);
    for (const script of named(/`npm run ([\w:]+)/g)) expect(scripts, document).toHaveProperty(script);
    for (const command of named(/(?:`|\$ |^)stowage ([a-z]+)/gm)) expect(help, document).toMatch(`\n  ${command} `);
    const links = named(/\]\((?!https?:)([^)#]+)\)/g).map((link) => join(root, document, "..", link));
    const files = named(/`((?:\w[\w-]*\/)+[\w.-]*\.\w+)`/g).map((file) => join(root, file));
    for (const path of [...links, ...files]) expect(existsSync(path), `${document}: ${path}`).toBe(true);
  }
});

test("manifests in the README are what the CustomResourceDefinitions take", async () => {
  await using server = await StowageServer.start();
  const readme = await readFile(join(root, "README.md"), "utf8");
  const manifests = [...readme.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, manifest = ""]) => manifest);
  expect(manifests.length).toBeGreaterThan(0);
  const answer = await server.cli(["apply", "--dry-run", "-f", "-"], manifests.join("---\n"));
  expect(answer).toMatchObject({ code: 0, stderr: "" });
});
