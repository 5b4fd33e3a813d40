/** What operators put in front of replicas: takes TCP connections and gives each to the next server that answers. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

export class LoadBalancer implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #ports: readonly number[];
  readonly #sockets = new Set<Socket>();
  #next = 0;

  private constructor(server: Server, ports: readonly number[]) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#ports = ports;
    server.on("connection", (client: Socket) => {
      this.#keep(client);
      this.#join(client, ports.length);
    });
  }

  /** Listens on a free port of 127.0.0.1 in front of `ports` there. */
  static async start(ports: readonly number[]): Promise<LoadBalancer> {
    const server = createServer({ pauseOnConnect: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new LoadBalancer(server, ports);
  }

  #join(client: Socket, tries: number): void {
    const port = this.#ports[this.#next++ % this.#ports.length];
    if (tries === 0 || port === undefined) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(port, "127.0.0.1");
    this.#keep(upstream);
    const refused = (): void => {
      this.#join(client, tries - 1);
    };
    upstream.once("error", refused);
    upstream.once("connect", () => {
      upstream.off("error", refused);
      upstream.on("error", () => client.resetAndDestroy());
      client.on("error", () => upstream.resetAndDestroy());
      client.pipe(upstream).pipe(client);
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined); // it ends what it is joined to, and nothing else
    socket.setNoDelay(true).once("close", () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }
}
