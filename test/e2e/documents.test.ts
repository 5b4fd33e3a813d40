/** What the documents name is there, and what they tell people to apply can be applied. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kubectlMissing } from "../integration/kubectl-user.ts";
import { capture, StowageServer } from "../lab/stowage.ts";

const root = join(import.meta.dirname, "..", "..");
const folders = ["docs", "docs/adr"];

async function documents(): Promise<readonly string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => (await readdir(join(root, folder))).map((name) => `${folder}/${name}`)),
  );
  const pages = found.flat().filter((path) => path.endsWith(".md"));
  return ["README.md", "CONTRIBUTING.md", "bench/README.md", "test/chaos/README.md", ...pages];
}

test("npm scripts, stowage commands and files that the documents name exist", async () => {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { scripts: object };
  const { stdout: help } = await capture(join(root, "cli", "stowage"), ["--help"]);
  for (const document of await documents()) {
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

const compatibility = join(root, "docs", "kubernetes-compatibility.md");
/** A link to a test file, followed by the beginnings of the names of tests in it. */
const proof = /\]\(\.\.\/([^)]+\.test\.ts)\)((?:[ ,;]*"[^"|]+")*)/g;

test("every test that the compatibility table names exists, and every row names one", async () => {
  const rows = (await readFile(compatibility, "utf8"))
    .split("\n")
    .filter((line) => /^\| (?!-|command|convention|client)/.test(line));
  expect(rows.length).toBeGreaterThan(150);
  for (const row of rows) {
    const proofs = [...row.matchAll(proof)];
    expect(proofs, row).not.toEqual([]);
    for (const [, file = "", quoted = ""] of proofs) {
      const names = [...quoted.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
      expect(names, row).not.toEqual([]);
      const source = await readFile(join(root, file), "utf8");
      for (const name of names) expect(source, `${file} has no test "${name}"`).toContain(name);
    }
  }
});

/** `kubectl NAME` of every command, and of what is below it, as `kubectl --help` lists them. */
async function kubectlCommands(above: readonly string[] = []): Promise<readonly string[]> {
  const { stdout } = await capture("kubectl", [...above, "--help"]);
  const sections = stdout.matchAll(/^[A-Z].*Commands.*:\n((?: {2}\S+ {2,}.*\n)+)/gm);
  const names = [...sections].flatMap(([, lines = ""]) =>
    [...lines.matchAll(/^ {2}(\S+)/gm)].map(([, name = ""]) => name),
  );
  const below = names.map(async (name) => [
    ["kubectl", ...above, name].join(" "),
    ...(above.length === 0 ? await kubectlCommands([name]) : []),
  ]);
  return (await Promise.all(below)).flat();
}

test.skipIf(kubectlMissing)(
  `the compatibility table knows every command of kubectl${kubectlMissing ? `: skipped, ${kubectlMissing}` : ""}`,
  async () => {
    const commands = await kubectlCommands();
    expect(commands).toContain("kubectl rollout undo");
    const rows = new Set((await readFile(compatibility, "utf8")).match(/^\| `kubectl [^`]+`/gm));
    const groups = new Set(
      commands
        .map((command) => command.split(" ").slice(0, 2).join(" "))
        .filter((command) => commands.some((other) => other.startsWith(`${command} `))),
    );
    const missing = commands.filter((command) => !rows.has(`| \`${command}\``) && !groups.has(command));
    expect(missing).toEqual([]);
  },
);
