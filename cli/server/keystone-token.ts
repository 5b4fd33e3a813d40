/** A token of Keystone for who runs the command line: what `stowage keystone-auth` gives to kubectl. */
import type { Terminal } from "../terminal.ts";
import { openCloud } from "./cloud.ts";

export interface IssuedCredential {
  /** A secret. */
  readonly token: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** Throws OpenStackError where Keystone does not take what the cloud says of us, and what openCloud throws. */
export async function issueCredential(
  place: Pick<Terminal, "env" | "cwd" | "home">,
  cloudName: string | undefined,
): Promise<IssuedCredential> {
  await using session = await openCloud(place, cloudName);
  const { id, token } = await session.token();
  return { token: id, expiresAt: token.expiresAt };
}
