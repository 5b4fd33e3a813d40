import { readFile } from "node:fs/promises";
import { Session } from "../../openstack/session.ts";
import { systemClock } from "../../process/clock.ts";
import type { Terminal } from "../terminal.ts";
import { cloudOf } from "./keystone-token.ts";

/** A session for the cloud that is meant, without a request. Throws Error, which says what is missing, and no secret. */
export async function openCloud(
  place: Pick<Terminal, "env" | "cwd" | "home">,
  cloudName: string | undefined,
): Promise<Session> {
  const config = await cloudOf(place, cloudName);
  const { cacertFile } = config;
  const cacert = config.cacert ?? (cacertFile === undefined ? undefined : await readFile(cacertFile, "utf8"));
  return new Session(
    { ...config, ...(cacert !== undefined && { cacert }) },
    { clock: systemClock, random: Math.random },
  );
}
