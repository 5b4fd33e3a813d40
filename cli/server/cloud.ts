/** The cloud that the command line is about. */
import { readFile } from "node:fs/promises";
import type { CloudConfig } from "../../openstack/cloud-config.ts";
import { cloudFromEnvironment, configPaths, readCloud } from "../../openstack/clouds-yaml.ts";
import { Session } from "../../openstack/session.ts";
import { systemClock } from "../../process/clock.ts";
import { CommandError } from "../errors.ts";
import type { Terminal } from "../terminal.ts";

type Place = Pick<Terminal, "env" | "cwd" | "home">;

/**
 * The cloud that `cloudName` or OS_CLOUD names in clouds.yaml, else that of OS_AUTH_URL and its like, else the only one
 * of clouds.yaml: as openstacksdk has it. Throws Error, which says what is missing, and no secret.
 */
export async function cloudOf({ env, cwd, home }: Place, cloudName = env["OS_CLOUD"]): Promise<CloudConfig> {
  const named = cloudName === undefined || cloudName === "" ? undefined : cloudName;
  const fromEnvironment = named === undefined ? cloudFromEnvironment(env) : undefined;
  if (fromEnvironment !== undefined) return fromEnvironment;
  const paths = configPaths(env, cwd, home);
  const cloudsYaml = await firstOf(paths.clouds);
  if (cloudsYaml === undefined)
    throw new CommandError("no cloud is known: set OS_AUTH_URL and its like, or OS_CLOUD and have a clouds.yaml");
  const [secureYaml, profilesYaml] = await Promise.all([firstOf(paths.secure), firstOf(paths.profiles)]);
  return readCloud({
    cloudsYaml,
    ...(secureYaml !== undefined && { secureYaml }),
    ...(profilesYaml !== undefined && { profilesYaml }),
    ...(named !== undefined && { cloudName: named }),
  });
}

async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return undefined;
}

/** A session for it, without a request. Throws like {@link cloudOf}. */
export async function openCloud(place: Place, cloudName: string | undefined): Promise<Session> {
  const config = await cloudOf(place, cloudName);
  const { cacertFile } = config;
  const cacert = config.cacert ?? (cacertFile === undefined ? undefined : await readFile(cacertFile, "utf8"));
  return new Session(
    { ...config, ...(cacert !== undefined && { cacert }) },
    { clock: systemClock, random: Math.random },
  );
}
