/** Has no counterpart upstream, where only a privileged container gets devices by their paths. */
import type { Check } from "../check.ts";
import { about, quoted, violation } from "../check.ts";

export const devices: Check = ({ spec, containers }) => {
  const paths = (spec.devices ?? []).map(({ hostPath }) => hostPath);
  const names = paths.length === 0 ? [] : containers.slice(0, 1).map(({ name }) => name);
  return violation("host devices", about("container", names, `must not use devices ${quoted(paths)}`));
};
