/** When containers start and die, as the engines tell it: costs them less than to be asked again and again. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type Docker from "dockerode";

interface Told {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

export class Lifecycles implements AsyncDisposable {
  readonly #streams: readonly Readable[];
  readonly #waiting = new Set<() => void>();
  #starts: { readonly id: string; readonly attributes: Readonly<Record<string, string>> }[] = [];

  private constructor(streams: readonly Readable[]) {
    this.#streams = streams;
    for (const stream of streams) {
      createInterface({ input: stream }).on("line", (line) => {
        const { Action, Actor } = JSON.parse(line) as Told;
        if (Action !== "start") return;
        this.#starts.push({ id: Actor.ID, attributes: Actor.Attributes });
        for (const look of this.#waiting) look();
      });
    }
  }

  /** Listens from now on. */
  static async of(engines: readonly Docker[]): Promise<Lifecycles> {
    const filters = JSON.stringify({ type: ["container"], event: ["start"] });
    return new Lifecycles(
      // What an Engine answers with is an http.IncomingMessage.
      await Promise.all(engines.map(async (engine) => (await engine.getEvents({ filters })) as unknown as Readable)),
    );
  }

  /** Resolves when `count` containers have started since it listens. */
  started(count: number): Promise<void> {
    return this.#until(() => this.#starts.length >= count);
  }

  /** Resolves when a container with this label has started since the last call. */
  async startedAgain(label: string, value: string): Promise<void> {
    await this.#until(() => this.#starts.some(({ attributes }) => attributes[label] === value));
    this.#starts = [];
  }

  #until(come: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!come()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
  }
}
