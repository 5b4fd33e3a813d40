import { badRequest } from "../status.ts";
import type { Revision } from "../storage/store.ts";

/** Throws BadRequest for what no server ever handed out. */
export function parseResourceVersion(text: string): Revision {
  const revision = Number(text);
  if (!/^[0-9]{1,19}$/.test(text) || !Number.isSafeInteger(revision))
    throw badRequest(`Invalid value: "${text.slice(0, 100)}": resourceVersion must be a number that this server gave`);
  return revision as Revision;
}
