import type { ListOptions, ObjectList, Reader, WatchEvent, WatchOptions } from "../../api/client/client.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";

type Answer<T> = { readonly value: T } | { readonly error: unknown };

/** Answers by hand, in order; a question waits until there is an answer to it. */
class Answers<T> {
  readonly #ready: Answer<T>[] = [];
  readonly #asking: ((answer: Answer<T>) => void)[] = [];

  put(answer: Answer<T>): void {
    const asking = this.#asking.shift();
    if (asking === undefined) this.#ready.push(answer);
    else asking(answer);
  }

  async next(signal?: AbortSignal): Promise<T | undefined> {
    const answer =
      this.#ready.shift() ??
      (await new Promise<Answer<T> | undefined>((resolve) => {
        this.#asking.push(resolve);
        signal?.addEventListener("abort", () => {
          resolve(undefined);
        });
      }));
    if (answer === undefined) return undefined;
    if ("error" in answer) throw answer.error;
    return answer.value;
  }
}

/** Lists and watches of one kind as a test tells them, faults and all: what no server does when asked to. */
export class ScriptedReader implements Pick<Reader, "list" | "watch"> {
  /** What lists were asked for, and from where each watch began. */
  readonly asked: ListOptions[] = [];
  readonly watchedFrom: string[] = [];
  readonly #lists = new Answers<ObjectList<KubeObject>>();
  readonly #events = new Answers<WatchEvent<KubeObject> | "end">();

  object(
    name: string,
    version: number,
    uid = `uid-${name}`,
    labels: Readonly<Record<string, string>> = {},
  ): KubeObject {
    const metadata = { name, uid, resourceVersion: String(version), creationTimestamp: "2026-01-01T00:00:00Z", labels };
    return { apiVersion: "v1", kind: "Thing", metadata };
  }

  answerList(items: readonly KubeObject[], version: number, more?: string): void {
    const page = { items, resourceVersion: String(version), ...(more === undefined ? {} : { continue: more }) };
    this.#lists.put({ value: page });
  }

  failList(error: unknown): void {
    this.#lists.put({ error });
  }

  send(type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): void {
    this.#events.put({ value: { type, object } });
  }

  sendBookmark(version: number): void {
    this.#events.put({ value: { type: "BOOKMARK", resourceVersion: String(version) } });
  }

  endWatch(): void {
    this.#events.put({ value: "end" });
  }

  failWatch(error: unknown): void {
    this.#events.put({ error });
  }

  async list<R extends KubeObject>(_: ResourceType, options: ListOptions = {}): Promise<ObjectList<R>> {
    this.asked.push(options);
    // The test puts in objects of the kind that it asks for.
    return (await this.#lists.next()) as ObjectList<R>;
  }

  async *watch<R extends KubeObject>(_: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<R>> {
    this.watchedFrom.push(options.resourceVersion);
    for (;;) {
      const event = await this.#events.next(options.signal);
      if (event === undefined || event === "end") return;
      yield event as WatchEvent<R>;
    }
  }
}
