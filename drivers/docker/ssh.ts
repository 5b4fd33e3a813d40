/**
 * Reaches an Engine as `docker -H ssh://` does: by `docker system dial-stdio` on its machine. Many of those over one SSH
 * connection. The only importer of ssh2. Source: docker/cli cli/connhelper/connhelper.go.
 */
import { Agent } from "node:http";
import type { AgentOptions } from "node:http";
import { Duplex } from "node:stream";
import type { Client, ClientChannel, ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";
import { HostUnreachableError, RefusedCredentialsError } from "../driver.ts";
import { KnownHosts } from "./known-hosts.ts";

/** For an ssh endpoint. */
export interface SshKey {
  /** In OpenSSH's format or PEM, without a passphrase. */
  readonly privateKey: string;
  /** What the server may be: the text of a known_hosts file. */
  readonly knownHosts: string;
}

/** As many sessions as OpenSSH lets one connection have (sshd_config(5), MaxSessions). */
const sessionsPerConnection = 10;
/** Each that waits for work is a process on the host. */
const idleSessions = 4;
const connectTimeoutMs = 20_000;
/** A connection over which nothing comes back for three of these is lost. */
const keepAliveMs = 5_000;
/** Of what a command says on standard error. */
const mostWords = 500;

/** One SSH connection. */
interface Line {
  readonly ready: Promise<Client>;
  sessions: number;
  /** How many the server lets it have. */
  limit: number;
}

/** Makes the connections of HTTP requests. {@link SshAgent.destroy} ends them, and SSH with them. */
export class SshAgent extends Agent {
  readonly #endpoint: string;
  readonly #ssh: SshKey;
  readonly #command: string;
  readonly #lines = new Set<Line>();

  constructor(endpoint: string, ssh: SshKey, options: AgentOptions) {
    super({ ...options, maxFreeSockets: idleSessions });
    this.#endpoint = endpoint;
    this.#ssh = ssh;
    const socket = decodeURIComponent(new URL(endpoint).pathname);
    this.#command = `docker ${socket.length > 1 ? `--host ${quoted(`unix://${socket}`)} ` : ""}system dial-stdio`;
  }

  override createConnection(_options: unknown, done?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#open().then(
      (stream) => done?.(null, stream),
      // Node reads no stream where there is an error; its types want one all the same.
      (error: unknown) => (done as ((error: unknown) => void) | undefined)?.(error),
    );
  }

  override destroy(): void {
    super.destroy();
    for (const { ready } of this.#lines) ready.then(end, () => undefined);
    this.#lines.clear();
  }

  async #open(): Promise<Duplex> {
    for (;;) {
      const line = [...this.#lines].find(({ sessions, limit }) => sessions < limit) ?? this.#dial();
      line.sessions++;
      try {
        const channel = await execute(await line.ready, this.#command);
        channel.once("close", () => {
          this.#closed(line);
        });
        return new Session(channel);
      } catch (error) {
        line.sessions--;
        const full = error instanceof Error && error.message.includes("Channel open failure");
        if (!full || line.sessions === 0) throw this.#explain(error);
        line.limit = Math.min(line.limit, line.sessions);
      }
    }
  }

  /** What nobody needs any more goes, but for the last. */
  #closed(line: Line): void {
    line.sessions--;
    if (line.sessions > 0 || this.#lines.size <= 1) return;
    this.#lines.delete(line);
    line.ready.then(end, () => undefined);
  }

  #dial(): Line {
    const line: Line = {
      ready: this.#login(() => this.#lines.delete(line)),
      sessions: 0,
      limit: sessionsPerConnection,
    };
    this.#lines.add(line);
    return line;
  }

  /** `lost` is called once, whether it came to a connection or not. */
  async #login(lost: () => void): Promise<Client> {
    try {
      const { default: ssh2 } = await import("ssh2");
      const { hostname, port, username } = new URL(this.#endpoint);
      const address = { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 22 : Number(port) };
      const known = new KnownHosts(this.#ssh.knownHosts, address.host, address.port);
      const serverHostKey = known.types.flatMap((type) => algorithmsOf.get(type) ?? []);
      if (serverHostKey.length === 0)
        throw new RefusedCredentialsError(
          `${this.#cannot}: known_hosts in the Secret has no key of ${address.host} (add what \`ssh-keyscan -p ${address.port} ${address.host}\` says, once you have checked it)`,
        );
      const client = new ssh2.Client();
      let stranger = false;
      const config: ConnectConfig = {
        ...address,
        username: username === "" ? "root" : decodeURIComponent(username),
        privateKey: this.#ssh.privateKey,
        readyTimeout: connectTimeoutMs,
        keepaliveInterval: keepAliveMs,
        algorithms: { serverHostKey },
        hostVerifier: (key: Buffer) => {
          stranger = !known.trusts(key);
          return !stranger;
        },
      };
      await new Promise<void>((resolve, reject) => {
        client.once("ready", resolve).once("close", () => {
          lost();
          reject(new HostUnreachableError(`${this.#cannot}: the SSH connection was closed`));
        });
        // Later ones come before `close`, which says enough.
        client.on("error", (error) => {
          reject(stranger ? this.#notTrusted(address) : error);
        });
        client.connect(config);
      });
      return client;
    } catch (error) {
      lost();
      throw error;
    }
  }

  get #cannot(): string {
    return `Cannot reach the Docker Engine at ${this.#endpoint}`;
  }

  #notTrusted({ host }: { readonly host: string }): RefusedCredentialsError {
    return new RefusedCredentialsError(
      `${this.#cannot}: ${host} has another key than known_hosts in the Secret says (somebody may listen in; where the machine was set up anew, correct known_hosts)`,
    );
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof RefusedCredentialsError) return error;
    const level = "level" in error ? error.level : undefined;
    if (level === "client-authentication")
      return new RefusedCredentialsError(
        `${this.#cannot}: the SSH server does not take the key ssh-privatekey of the Secret (add its public half to authorized_keys of the user there)`,
        { cause: error },
      );
    // ssh2 says what is wrong with a key, never what is in it.
    if (error.message.startsWith("Cannot parse privateKey"))
      return new RefusedCredentialsError(
        `${this.#cannot}: ssh-privatekey of the Secret is no private key without a passphrase: ${error.message}`,
      );
    if (level === "handshake" && error.message.includes("host key format"))
      return new RefusedCredentialsError(
        `${this.#cannot}: the SSH server has no key of the types that known_hosts in the Secret has for it (correct known_hosts)`,
      );
    if (level === "client-timeout")
      return new HostUnreachableError(`${this.#cannot}: no SSH server answers (check the network and firewalls)`);
    return error;
  }
}

const end = (client: Client): void => {
  client.end();
};

/**
 * Names of the signatures that a key of a type makes, the best first: RFC 8332 for RSA. Of a type that is not here nobody
 * can tell whether it is the server's: ssh2 refuses to begin where one is named.
 */
const algorithmsOf: ReadonlyMap<string, readonly ServerHostKeyAlgorithm[]> = new Map([
  ["ssh-ed25519", ["ssh-ed25519"]],
  ["ecdsa-sha2-nistp256", ["ecdsa-sha2-nistp256"]],
  ["ecdsa-sha2-nistp384", ["ecdsa-sha2-nistp384"]],
  ["ecdsa-sha2-nistp521", ["ecdsa-sha2-nistp521"]],
  ["ssh-rsa", ["rsa-sha2-512", "rsa-sha2-256"]],
]);

/** For a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function execute(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error === undefined) resolve(channel);
      else reject(error);
    });
  });
}

/** A command's input and output, with what HTTP expects of a socket. */
class Session extends Duplex {
  readonly #channel: ClientChannel;
  #words = "";
  #exitCode: number | undefined;

  constructor(channel: ClientChannel) {
    super();
    this.#channel = channel;
    channel.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    channel.stderr.on("data", (chunk: Buffer) => {
      this.#words = (this.#words + chunk.toString()).slice(0, mostWords);
    });
    channel.on("exit", (code: number | null) => {
      this.#exitCode = code ?? undefined;
    });
    channel.on("error", (error: Error) => this.destroy(error));
    // Not at the end of its output: why it ended is told after.
    channel.on("close", () => {
      if (this.#exitCode === 0) this.push(null);
      else this.destroy(this.#failure());
    });
  }

  #failure(): Error {
    if (this.#exitCode === undefined) return Object.assign(new Error("the SSH connection was cut"), { code: "EPIPE" });
    const words = this.#words.trim().replace(/\s+/g, " ");
    return new Error(
      `\`docker system dial-stdio\` there ended with exit code ${this.#exitCode}: ${words} (the user needs the command docker, 18.09 or later, and leave to use its socket)`,
    );
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channel.close();
    done(error);
  }

  /** SSH keeps itself alive, and HTTP's own limits are not used: connection.ts has its own. */
  setKeepAlive = (): this => this;
  setNoDelay = (): this => this;
  setTimeout = (): this => this;
  ref = (): this => this;
  unref = (): this => this;
}
