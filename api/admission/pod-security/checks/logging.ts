/**
 * Has no counterpart upstream: a logging driver runs on the host with the host's rights. It may write into the host's
 * journal, read certificates by path, and talk to any address that the host reaches.
 */
import type { Check } from "../check.ts";
import { about, violation } from "../check.ts";

/** These write below the Engine's own folder, or nowhere. */
const harmless: ReadonlySet<string> = new Set(["json-file", "local", "none"]);

export const logging: Check = ({ spec, containers }) => {
  const driver = spec.logging?.driver ?? "none";
  const names = harmless.has(driver) ? [] : containers.slice(0, 1).map(({ name }) => name);
  return violation(
    "logging drivers",
    about("container", names, `must not use logging driver ${JSON.stringify(driver)}`),
  );
};
