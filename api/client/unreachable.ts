/** The server does not answer, or stopped answering: what was asked may or may not have happened. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly server: string;
  /** As Node names it (ECONNREFUSED); empty where it has no name. */
  readonly code: string;
  constructor(server: string, cause: NodeJS.ErrnoException) {
    super(`Cannot reach ${server}: ${words[cause.code ?? ""] ?? cause.message}`, { cause });
    this.server = server;
    this.code = cause.code ?? "";
  }
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was closed before an answer came",
  ENOTFOUND: "no such host",
  EHOSTUNREACH: "no route to that host",
  ETIMEDOUT: "it did not answer in time",
  EPROTO: "it does not speak TLS",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by the expected authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not signed by the expected authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by the expected authority",
  CERT_SIGNATURE_FAILURE: "its certificate is not signed by the expected authority",
  CERT_HAS_EXPIRED: "its certificate has expired",
};
