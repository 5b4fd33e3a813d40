/**
 * From what a Container may do, see and use of its host to what the Engine is told. Pure.
 * Source of the names: HostConfig in moby api/swagger.yaml.
 */
import type { ContainerSpec } from "../../crds/container.ts";
import { parseQuantity } from "../../crds/quantity.ts";
import { dotted } from "../../crds/sysctl.ts";
import { StepError } from "../driver.ts";

/** The part of HostConfig that says how a container is kept apart from its host. Absent is the Engine's default. */
export interface IsolationConfig {
  readonly Privileged?: true;
  readonly CapAdd?: readonly string[];
  readonly CapDrop?: readonly string[];
  readonly ReadonlyRootfs?: true;
  readonly GroupAdd?: readonly string[];
  readonly SecurityOpt?: readonly string[];
  readonly Sysctls?: Readonly<Record<string, string>>;
  readonly NetworkMode?: "host";
  readonly PidMode?: "host";
  readonly IpcMode?: "host";
  readonly Ulimits?: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly ShmSize?: number;
  readonly Dns?: readonly string[];
  readonly DnsSearch?: readonly string[];
  readonly DnsOptions?: readonly string[];
  readonly ExtraHosts?: readonly string[];
  readonly Devices?: readonly {
    readonly PathOnHost: string;
    readonly PathInContainer: string;
    readonly CgroupPermissions: string;
  }[];
  readonly LogConfig?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
}

type Filled<T> = { readonly [K in keyof T]: T[K] | undefined };

export function isolation(spec: ContainerSpec): IsolationConfig {
  const { hostNetwork, hostPID, hostIPC, shmSize, dnsConfig, logging } = spec;
  return said({
    ...security(spec),
    NetworkMode: hostNetwork ? "host" : undefined,
    PidMode: hostPID ? "host" : undefined,
    IpcMode: hostIPC ? "host" : undefined,
    Ulimits: spec.ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    ShmSize: shmSize === undefined ? undefined : Math.ceil(parseQuantity(shmSize)),
    Dns: dnsConfig?.nameservers,
    DnsSearch: dnsConfig?.searches,
    DnsOptions: dnsConfig?.options?.map(({ name, value }) => (value === undefined ? name : `${name}:${value}`)),
    ExtraHosts: spec.hostAliases?.flatMap(({ ip, hostnames }) => hostnames.map((hostname) => `${hostname}:${ip}`)),
    Devices: spec.devices?.map(({ hostPath, containerPath, permissions }) => ({
      PathOnHost: hostPath,
      PathInContainer: containerPath ?? hostPath,
      CgroupPermissions: permissions,
    })),
    LogConfig: logging && { Type: logging.driver, Config: logging.options ?? {} },
  });
}

function security({ securityContext }: Pick<ContainerSpec, "securityContext">): Filled<IsolationConfig> {
  if (securityContext === undefined) return {};
  const { privileged, capabilities, readOnlyRootFilesystem, supplementalGroups, sysctls } = securityContext;
  return {
    Privileged: privileged || undefined,
    CapAdd: capabilities?.add,
    CapDrop: capabilities?.drop,
    ReadonlyRootfs: readOnlyRootFilesystem || undefined,
    GroupAdd: supplementalGroups?.map(String),
    SecurityOpt: securityOptions(securityContext),
    Sysctls: sysctls && Object.fromEntries(sysctls.map(({ name, value }) => [dotted(name), value])),
  };
}

function securityOptions(context: NonNullable<ContainerSpec["securityContext"]>): readonly string[] {
  const { allowPrivilegeEscalation, seccompProfile } = context;
  const profile = { RuntimeDefault: undefined, Unconfined: "unconfined", Localhost: seccompProfile?.localhostProfile };
  const seccomp = seccompProfile && profile[seccompProfile.type];
  return [
    ...(allowPrivilegeEscalation ? [] : ["no-new-privileges:true"]),
    ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`]),
  ];
}

/** Without what says nothing. */
function said(config: Filled<IsolationConfig>): IsolationConfig {
  const says = Object.entries(config).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(says);
}

type Identity = Pick<ContainerSpec, "user" | "securityContext">;

/** Whether {@link userOf} needs to know the image's USER. */
export function needsImageUser({ user, securityContext: context }: Identity): boolean {
  if (user !== undefined || context?.runAsUser !== undefined) return false;
  return context?.runAsGroup !== undefined || context?.runAsNonRoot === true;
}

/**
 * The Engine's `user:group`; undefined leaves it to the image. `imageUser`: the image's USER, empty for none.
 * Throws StepError where runAsNonRoot forbids what it comes to.
 */
export function userOf(identity: Identity, imageUser: string): string | undefined {
  const { runAsUser, runAsGroup, runAsNonRoot } = identity.securityContext ?? {};
  const given = runAsUser?.toString() ?? identity.user;
  const [user = ""] = (given ?? imageUser).split(":");
  if (runAsNonRoot === true) refuseRoot(user, runAsUser !== undefined);
  if (runAsGroup === undefined) return given;
  return `${user === "" ? "0" : user}:${runAsGroup}`;
}

/** Source: verifyRunAsNonRoot in kubernetes/pkg/kubelet/kuberuntime/security_context.go. */
function refuseRoot(user: string, fromContext: boolean): void {
  const number = /^\d+$/.test(user) ? Number(user) : undefined;
  if (number !== undefined && number !== 0) return;
  throw new StepError("CreateContainerConfigError", rootRefusal(user, number, fromContext));
}

function rootRefusal(user: string, number: number | undefined, fromContext: boolean): string {
  if (fromContext) return "container's runAsUser breaks non-root policy: give another securityContext.runAsUser than 0";
  if (number === 0 || user === "" || user === "root")
    return "container has runAsNonRoot and image will run as root: set securityContext.runAsUser, or use an image with another USER";
  return `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root: set securityContext.runAsUser`;
}
