/**
 * A kernel parameter's name with dots between its parts: `net/ipv4/conf/eth0.1/x` is `net.ipv4.conf.eth0/1.x`.
 * Source: ConvertSysctlVariableToDotsSeparator in k8s.io/component-helpers/node/util/sysctl.
 */
export function dotted(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  return first === "/" ? name.replace(/[./]/g, (separator) => (separator === "/" ? "." : "/")) : name;
}
