/** A token of Keystone for who runs the command line: what `stowage keystone-auth` gives to kubectl. */
import { readFile } from "node:fs/promises";
import type { CloudConfig } from "../../openstack/cloud-config.ts";
import { cloudFromEnvironment, configPaths, readCloud } from "../../openstack/clouds-yaml.ts";
import { Session } from "../../openstack/session.ts";
import { systemClock } from "../../process/clock.ts";
import { CommandError } from "../errors.ts";
import type { Terminal } from "../terminal.ts";

export interface IssuedCredential {
  /** A secret. */
  readonly token: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

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

/** Throws OpenStackError where Keystone does not take what the cloud says of us. */
export async function issueCredential(place: Place, cloudName: string | undefined): Promise<IssuedCredential> {
  const config = await cloudOf(place, cloudName);
  const { cacertFile } = config;
  const cacert = config.cacert ?? (cacertFile === undefined ? undefined : await readFile(cacertFile, "utf8"));
  const session = new Session(
    { ...config, ...(cacert !== undefined && { cacert }) },
    { clock: systemClock, random: Math.random },
  );
  await using _session = session;
  const { id, token } = await session.token();
  return { token: id, expiresAt: token.expiresAt };
}
