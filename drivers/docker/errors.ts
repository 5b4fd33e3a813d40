/** Turns what the Engine, the connection and TLS say into the driver's errors. Pure. */
import { HostUnreachableError, RefusedCredentialsError, StepError, UnsupportedHostError } from "../driver.ts";
import type { StepErrorReason } from "../driver.ts";
import { isTimeout } from "./deadline.ts";

/** The Engine answered and refused. The message is its own. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Which reason a refused step has when the Engine's words do not tell a better one. */
export type RefusedStep =
  | "ErrImagePull"
  | "CreateContainerConfigError"
  | "CreateContainerError"
  | "StartError"
  | "PauseError"
  | "UpdateError"
  | "RemoveError"
  | "SaveError"
  | "StopError"
  | "LogError"
  | "ExecError"
  | "StatsError";

const verbs: Readonly<Record<RefusedStep, string>> = {
  ErrImagePull: "pull",
  CreateContainerConfigError: "prepare",
  CreateContainerError: "create",
  StartError: "start",
  StopError: "stop",
  PauseError: "pause or unpause",
  UpdateError: "update",
  RemoveError: "remove",
  SaveError: "save",
  LogError: "read the log of",
  ExecError: "run a command in",
  StatsError: "measure",
};

/**
 * What the Engine says in cases that people can do something about. Sources: moby daemon/ and libnetwork/, distribution/
 * registry/api/errcode, of versions 20.10 to 28.
 */
const known: readonly { readonly says: RegExp; readonly reason?: StepErrorReason; readonly advice: string }[] = [
  {
    says: /port is already allocated|address already in use/,
    reason: "HostPortConflict",
    advice: "free the port or choose another hostPort",
  },
  {
    says: /unknown or invalid runtime name|unknown runtime specified/i,
    reason: "UnknownRuntime",
    advice: "choose one that the Host's status.runtimes lists",
  },
  {
    says: /NanoCPUs has already been set/,
    advice:
      "somebody limited it with `docker update --cpus`, which an Engine cannot undo: remove it, and it is made anew",
  },
  {
    says: /bind source path does not exist/,
    advice: "the host has no such path: make it, or set hostPath.type to DirectoryOrCreate",
  },
  { says: /No such container/, reason: "NoSuchContainer", advice: "somebody else removed it" },
  { says: /invalid reference format/, reason: "InvalidImageName", advice: "correct spec.image" },
  {
    says: /unauthorized|access denied|no basic auth credentials|authentication required|denied:/i,
    advice:
      "check the image's name, and the Secrets of spec.imagePullSecrets: the registry shows it only to those who log in, or does not have it",
  },
  {
    says: /manifest unknown|not found: manifest|name unknown|repository .+ not found/i,
    advice: "check the image's name and tag",
  },
  {
    says: /x509: /,
    advice: "the host does not trust the registry's certificate: put its authority into /etc/docker/certs.d there",
  },
  {
    says: /no such host|connection refused|i\/o timeout|TLS handshake/i,
    advice: "check that the host can reach the registry",
  },
  {
    says: /gathering device information while adding custom device|error gathering device information/,
    advice: "correct spec.devices: the host has no such device",
  },
  {
    says: /Requested CPUs are not available|for cpuset cpus/,
    advice: "correct spec.cpuset: the host has no such CPUs",
  },
  {
    says: /looking up logging plugin|log driver|logging driver|log opt|log-opt/,
    advice: "correct spec.logging: the Engine has no such driver, or the driver no such option",
  },
  { says: /seccomp/, advice: "correct securityContext.seccompProfile.localhostProfile" },
  { says: /capabilit(y|ies)/i, advice: "correct securityContext.capabilities" },
  { says: /sysctl/, advice: "correct securityContext.sysctls: only parameters of its own namespaces can be set" },
  { says: /executable file not found|no such file or directory: unknown/, advice: "check spec.command and spec.args" },
];

/** Says that the Engine lost what it works with, or is on its way out: the same step may succeed when it is back. */
const engineInTrouble = /transport: Error while dialing|connection is closing|ttrpc: closed|containerd is not running/;

/** What a refused step means. `what` names its object: `image "a:b"`, `container "c"`. */
export function refused(step: RefusedStep, what: string, refusal: EngineRefusal): StepError | HostUnreachableError {
  const action = `Cannot ${verbs[step]} ${what}`;
  if (refusal.status === 503 || engineInTrouble.test(refusal.message))
    return new HostUnreachableError(`${action}: the Engine is not ready: ${refusal.message}`, { cause: refusal });
  const match = known.find(({ says }) => says.test(refusal.message));
  const advice = match === undefined ? "" : ` (${match.advice})`;
  return new StepError(match?.reason ?? step, `${action}: ${refusal.message}${advice}`, { cause: refusal });
}

const advices: Readonly<Record<string, string>> = {
  ENOENT: "there is no such socket: start dockerd, or correct the endpoint",
  ECONNREFUSED: "nothing listens there: start dockerd, or correct the endpoint",
  EACCES: "permission denied: run as root or as a member of the group docker",
  ENOTFOUND: "the name cannot be resolved: correct the endpoint",
  EAI_AGAIN: "the name cannot be resolved now: check DNS",
  ETIMEDOUT: "no answer: check the network and firewalls",
  EHOSTUNREACH: "no route to the host: check the network",
  ENETUNREACH: "no route to the host: check the network",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
};

/** Codes of what our side says of a certificate, the Engine's or the Host's own (OpenSSL's X509_V_ERR_*). */
const certificateErrors =
  /^(CERT_|ERR_TLS_CERT_|ERR_OSSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH$|INVALID_(CA|PURPOSE)$)/;

/** In the code, or in the words of an EPROTO: what the Engine says of ours. Source: RFC 8446, 6.2. */
const certificateAlert = /alert.(.*certificate|unknown.ca|access.denied)/i;

/** Whatever else goes wrong with TLS tells nothing of certificates: a plain port, a proxy, an Engine in trouble. */
const tlsErrors = /^(ERR_TLS_|ERR_SSL_|EPROTO$)/;

/** What a connection that failed or broke means. */
export function connectionError(endpoint: string, error: unknown): HostUnreachableError | UnsupportedHostError {
  if (error instanceof HostUnreachableError || error instanceof UnsupportedHostError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const isTls = tlsErrors.test(code);
  if (certificateErrors.test(code) || (isTls && certificateAlert.test(`${code} ${message}`))) {
    return new RefusedCredentialsError(
      `Cannot talk TLS with the Docker Engine at ${endpoint}: ${message} (check tls in the Host, the keys ca.crt, tls.crt and tls.key of its Secret, and the Engine's certificate)`,
      { cause: error },
    );
  }
  if (isTls) {
    return new UnsupportedHostError(
      `Cannot talk TLS with the Docker Engine at ${endpoint}: ${message} (check the endpoint, and that dockerd serves TLS there)`,
      { cause: error },
    );
  }
  const why =
    advices[code] ?? (isTimeout(error) ? "it did not answer in time: check its health and the network" : message);
  return new HostUnreachableError(`Cannot reach the Docker Engine at ${endpoint}: ${why}`, { cause: error });
}

/** Some refusals are answers. */
export async function unlessStatus<T, U>(status: number, work: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof EngineRefusal && error.status === status) return otherwise;
    throw error;
  }
}
