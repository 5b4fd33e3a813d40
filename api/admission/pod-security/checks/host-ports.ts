/** Source: k8s.io/pod-security-admission/policy/check_hostPorts.go. */
import type { Check } from "../check.ts";
import { about, violation } from "../check.ts";

export const hostPorts: Check = ({ spec, containers }) => {
  const ports = [...new Set((spec.ports ?? []).flatMap(({ hostPort }) => hostPort ?? []))].map(String).sort();
  const [own] = containers;
  const names = ports.length === 0 || own === undefined ? [] : [own.name];
  const what = ports.length === 1 ? "hostPort" : "hostPorts";
  return violation("hostPort", about("container", names, `uses ${what} ${ports.join(", ")}`));
};
