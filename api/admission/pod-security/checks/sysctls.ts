/** Source: k8s.io/pod-security-admission/policy/check_sysctls.go, as of its newest version. */
import { dotted } from "../../../../crds/sysctl.ts";
import type { Check } from "../check.ts";
import { violation } from "../check.ts";

const allowed: ReadonlySet<string> = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
]);

export const sysctls: Check = ({ containers }) => {
  const names = containers.flatMap(({ securityContext }) => (securityContext.sysctls ?? []).map(({ name }) => name));
  const forbidden = names.filter((name) => !allowed.has(dotted(name)));
  return violation("forbidden sysctls", forbidden.length === 0 ? undefined : forbidden.join(", "));
};
