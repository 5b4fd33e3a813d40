/** The images of manifests/examples/quickstart, made from this machine's static busybox: no registry is needed. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type Docker from "dockerode";

interface ImageRecipe {
  readonly repository: string;
  /** As a Dockerfile has them. */
  readonly changes: readonly string[];
  /** Path to content, beside busybox and its commands. */
  readonly files: Readonly<Record<string, string>>;
}

const page = `<!doctype html>
<title>Stowage</title>
<h1>It runs, and it stays so.</h1>
<p>Try <code>docker kill</code> on me, and reload.</p>
`;

const tag = "1";
const recipes: readonly ImageRecipe[] = [
  {
    repository: "stowage-quickstart/web",
    changes: ['CMD ["httpd", "-f", "-p", "80", "-h", "/www"]', "EXPOSE 80"],
    files: { "www/index.html": page },
  },
  { repository: "stowage-quickstart/tools", changes: ['CMD ["sh"]'], files: {} },
];

/** Makes those that the Engine does not have. `searchPath` is where busybox is looked for, as $PATH says it. */
export async function buildQuickstartImages(engine: Docker, searchPath: string): Promise<void> {
  for (const recipe of recipes)
    if (!(await hasImage(engine, `${recipe.repository}:${tag}`))) await build(engine, recipe, searchPath);
}

async function hasImage(engine: Docker, reference: string): Promise<boolean> {
  const found = await engine.listImages({ filters: { reference: [reference] } });
  return found.length > 0;
}

async function build(engine: Docker, recipe: ImageRecipe, searchPath: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "stowage-image-"));
  try {
    await layOut(root, recipe, searchPath);
    const tar = spawn("tar", ["-C", root, "--owner=0", "--group=0", "-c", "."], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(tar, "close");
    const answer = await engine.importImage(tar.stdout, {
      repo: recipe.repository,
      tag,
      changes: recipe.changes,
    });
    await new Promise<void>((resolve, reject) => {
      engine.modem.followProgress(answer, (error: Error | null) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    await ended;
  } finally {
    await rm(root, { recursive: true });
  }
}

async function layOut(root: string, { files }: ImageRecipe, searchPath: string): Promise<void> {
  const busybox = await findBusybox(searchPath);
  await mkdir(join(root, "bin"));
  await mkdir(join(root, "tmp"), { mode: 0o1777 });
  await copyFile(busybox, join(root, "bin", "busybox"));
  const { stdout } = await promisify(execFile)(busybox, ["--list"]);
  for (const command of stdout.trim().split("\n"))
    if (command !== "busybox") await symlink("busybox", join(root, "bin", command));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

async function findBusybox(searchPath: string): Promise<string> {
  for (const folder of searchPath.split(delimiter)) {
    const candidate = join(folder, "busybox");
    try {
      await promisify(execFile)(candidate, ["true"]);
      return candidate;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error("Cannot make the example's images: there is no busybox; install the package busybox-static");
}
