/** A TCP proxy on loopback whose connections can be held up or cut, each direction alone: a network that fails on request. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

export type Direction = "to-server" | "from-server" | "both";

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #paused = new Set<Direction>();
  #refusing = false;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client: Socket) => {
      if (this.#refusing) client.resetAndDestroy();
      else this.#join(client, connect(targetPort, "127.0.0.1"));
    });
  }

  /** Listens on a free port of 127.0.0.1 in front of `targetPort`. */
  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpProxy(server, targetPort);
  }

  /** Bytes in this direction are held back, also on new connections: both ends believe that the connection lives. */
  pause(direction: Direction): void {
    this.#paused.add(direction);
    for (const link of this.#links) this.#apply(link);
  }

  /** Everything held back flows on. */
  resume(): void {
    this.#paused.clear();
    for (const link of this.#links) this.#apply(link);
  }

  /** Resets every connection there is; new ones are taken. */
  cut(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Resets every connection there is, and every new one until {@link accept}. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  accept(): void {
    this.#refusing = false;
  }

  #join(client: Socket, server: Socket): void {
    const link: Link = { client, server };
    this.#links.add(link);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true);
      from.on("data", (bytes) => {
        to.write(bytes);
      });
      from.on("error", () => undefined); // a reset is what this is for; "close" follows
      from.on("close", () => {
        to.destroy();
        this.#links.delete(link);
      });
      from.on("end", () => to.end());
    }
    this.#apply(link);
  }

  #apply({ client, server }: Link): void {
    const held = (direction: Direction): boolean => this.#paused.has(direction) || this.#paused.has("both");
    if (held("to-server")) client.pause();
    else client.resume();
    if (held("from-server")) server.pause();
    else server.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    this.#server.close();
    await once(this.#server, "close");
  }
}
