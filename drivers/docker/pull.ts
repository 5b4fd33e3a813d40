/** Fetches images: one pull per image at a time, however many wait for it. */
import { z } from "zod";
import type { PullProgress } from "../driver.ts";
import type { Connection } from "./connection.ts";
import { unlessAborted } from "./deadline.ts";
import { EngineRefusal, refused } from "./errors.ts";
import { jsonLines } from "./lines.ts";

type OnProgress = (progress: PullProgress) => void;

interface Pull {
  readonly abort: AbortController;
  readonly listeners: Set<OnProgress>;
  readonly done: Promise<void>;
  waiters: number;
  progress: PullProgress | undefined;
}

export class Puller {
  readonly #connection: Connection;
  readonly #running = new Map<string, Pull>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Asks the registry for the image, and resolves when the host has it. Joins a pull of the same image that is under
   * way; that one ends when all who wait for it have aborted.
   */
  async pull(image: string, signal: AbortSignal, onProgress: OnProgress | undefined): Promise<void> {
    signal.throwIfAborted();
    const pull = this.#running.get(image) ?? this.#start(image);
    pull.waiters++;
    if (onProgress !== undefined) {
      pull.listeners.add(onProgress);
      if (pull.progress !== undefined) onProgress(pull.progress);
    }
    try {
      await unlessAborted(pull.done, signal);
    } finally {
      if (onProgress !== undefined) pull.listeners.delete(onProgress);
      pull.waiters--;
      if (pull.waiters === 0) this.#end(image, pull);
    }
  }

  #start(image: string): Pull {
    const abort = new AbortController();
    const tell: OnProgress = (progress) => {
      pull.progress = progress;
      for (const listener of pull.listeners) listener(progress);
    };
    const pull: Pull = {
      abort,
      listeners: new Set(),
      done: this.#fetch(image, abort.signal, tell),
      waiters: 0,
      progress: undefined,
    };
    this.#running.set(image, pull);
    return pull;
  }

  #end(image: string, pull: Pull): void {
    if (this.#running.get(image) === pull) this.#running.delete(image);
    pull.abort.abort();
    // When everybody left, nobody else hears how it ended.
    pull.done.catch(() => undefined);
  }

  async #fetch(image: string, signal: AbortSignal, tell: OnProgress): Promise<void> {
    try {
      const query = pullQuery(image);
      const stream = await this.#connection.stream({ method: "POST", path: "/images/create", query, signal });
      const progress = new LayerProgress();
      for await (const line of jsonLines(stream)) {
        const message = PullMessage.safeParse(line);
        if (!message.success) continue;
        // The status was sent before the trouble began, so it is 200 all the same.
        if (message.data.error !== undefined) throw new EngineRefusal(500, message.data.error);
        if (progress.take(message.data)) tell(progress.total());
      }
    } catch (error) {
      if (error instanceof EngineRefusal) throw refused("ErrImagePull", `image "${image}"`, error);
      throw this.#connection.explain(error, signal);
    }
  }
}

/** Without a tag the Engine would fetch every tag of the repository; beside a digest a tag means nothing. */
export function pullQuery(image: string): { readonly fromImage: string; readonly tag: string } {
  const { name, tag, digest } = splitReference(image);
  return { fromImage: name, tag: digest ?? tag ?? "latest" };
}

/** The reference with its tag, so that the Engine does not take a name for the beginning of an image's id. */
export function fullReference(image: string): string {
  const { tag, digest } = splitReference(image);
  return tag === undefined && digest === undefined ? `${image}:latest` : image;
}

/** `host:5000/a/b:tag@sha256:...` in its parts. Grammar: distribution/reference/reference.go. */
function splitReference(image: string): { readonly name: string; readonly tag?: string; readonly digest?: string } {
  const [tagged = "", digest] = image.split("@");
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  return {
    name: colon < 0 ? tagged : tagged.slice(0, colon),
    ...(colon < 0 ? {} : { tag: tagged.slice(colon + 1) }),
    ...(digest === undefined ? {} : { digest }),
  };
}

const PullMessage = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
  error: z.string().optional(),
});

/** Adds up the bytes of the layers that are downloaded. */
class LayerProgress {
  readonly #layers = new Map<string, PullProgress>();

  /** Whether the message changed anything. */
  take(message: z.infer<typeof PullMessage>): boolean {
    const { id, status, progressDetail } = message;
    if (id === undefined) return false;
    if (status === "Downloading" && progressDetail?.total !== undefined) {
      this.#layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total });
      return true;
    }
    const layer = this.#layers.get(id);
    if (status !== "Download complete" || layer === undefined) return false;
    this.#layers.set(id, { current: layer.total, total: layer.total });
    return true;
  }

  total(): PullProgress {
    return [...this.#layers.values()].reduce(
      (sum, layer) => ({ current: sum.current + layer.current, total: sum.total + layer.total }),
      { current: 0, total: 0 },
    );
  }
}
