/** Who a server may be: the file known_hosts of OpenSSH. Pure. Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
import { createHmac } from "node:crypto";

/** A key that a server was seen with. */
interface KnownKey {
  /** ssh-ed25519, ssh-rsa ... */
  readonly type: string;
  /** As it goes over the wire. */
  readonly key: Buffer;
  readonly revoked: boolean;
}

export class KnownHosts {
  readonly #keys: readonly KnownKey[];

  /** Lines about other servers, comments and certificate authorities, which ssh2 cannot verify, are passed over. */
  constructor(text: string, host: string, port: number) {
    this.#keys = text.split("\n").flatMap((line) => keyOf(line, host, port) ?? []);
  }

  /** Types of the keys by which the server is known; empty where it is not. */
  get types(): readonly string[] {
    return [...new Set(this.#keys.filter(({ revoked }) => !revoked).map(({ type }) => type))];
  }

  /** Whether this is the server's key, as it goes over the wire. */
  trusts(key: Uint8Array): boolean {
    const lines = this.#keys.filter((known) => known.key.equals(key));
    return lines.length > 0 && lines.every(({ revoked }) => !revoked);
  }
}

function keyOf(line: string, host: string, port: number): KnownKey | undefined {
  const words = line.trim().split(/\s+/);
  const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
  const [hosts = "", type, base64] = words;
  if (type === undefined || base64 === undefined || hosts.startsWith("#")) return undefined;
  if (marker !== undefined && marker !== "@revoked") return undefined;
  if (!isAbout(hosts, port === 22 ? host : `[${host}]:${port}`)) return undefined;
  return { type, key: Buffer.from(base64, "base64"), revoked: marker === "@revoked" };
}

/** `name`: as OpenSSH writes it, without the port where that is the usual one. */
function isAbout(hosts: string, name: string): boolean {
  const [, method, salt, hash] = hosts.split("|");
  if (method === "1")
    return (
      createHmac("sha1", Buffer.from(salt ?? "", "base64"))
        .update(name)
        .digest("base64") === hash
    );
  const patterns = hosts.toLowerCase().split(",");
  const matches = (pattern: string): boolean => wildcard(pattern).test(name.toLowerCase());
  return patterns.some(matches) && !patterns.some((pattern) => pattern.startsWith("!") && matches(pattern.slice(1)));
}

const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[^a-z0-9*?]/g, String.raw`\$&`)
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
