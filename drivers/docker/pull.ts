/** Fetches images: one pull per image and credentials at a time, however many wait for it. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { PullProgress } from "../driver.ts";
import { StepError } from "../driver.ts";
import { splitReference } from "../image-reference.ts";
import type { RegistryCredentials } from "../keyring.ts";
import type { Call, Connection } from "./connection.ts";
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
   * Asks the registry for the image, with each of the credentials in turn until one is good enough, and resolves when
   * the host has it. Source: PullImage in kubernetes/pkg/kubelet/kuberuntime/kuberuntime_image.go.
   */
  async pull(
    image: string,
    credentials: readonly RegistryCredentials[],
    signal: AbortSignal,
    onProgress: OnProgress | undefined,
  ): Promise<void> {
    if (credentials.length === 0) return this.#pullAs(image, undefined, signal, onProgress);
    const refusals: StepError[] = [];
    for (const one of credentials) {
      try {
        await this.#pullAs(image, one, signal, onProgress);
        return;
      } catch (error) {
        if (!(error instanceof StepError)) throw error;
        refusals.push(error);
      }
    }
    const messages = new Set(refusals.map(({ message }) => message));
    throw new StepError(refusals[0]?.reason ?? "ErrImagePull", [...messages].join("; "), { cause: refusals[0] });
  }

  /**
   * Joins a pull of the same image with the same credentials that is under way, and no other: who may not see an image
   * must not get it by asking at the right time. It ends when all who wait for it have aborted.
   */
  async #pullAs(
    image: string,
    credentials: RegistryCredentials | undefined,
    signal: AbortSignal,
    onProgress: OnProgress | undefined,
  ): Promise<void> {
    signal.throwIfAborted();
    const key = keyOf(image, credentials);
    const pull = this.#running.get(key) ?? this.#start(key, image, credentials);
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
      if (pull.waiters === 0) this.#end(key, pull);
    }
  }

  #start(key: string, image: string, credentials: RegistryCredentials | undefined): Pull {
    const abort = new AbortController();
    const tell: OnProgress = (progress) => {
      pull.progress = progress;
      for (const listener of pull.listeners) listener(progress);
    };
    const pull: Pull = {
      abort,
      listeners: new Set(),
      done: this.#fetch(image, credentials, abort.signal, tell),
      waiters: 0,
      progress: undefined,
    };
    this.#running.set(key, pull);
    return pull;
  }

  #end(key: string, pull: Pull): void {
    if (this.#running.get(key) === pull) this.#running.delete(key);
    pull.abort.abort();
    // When everybody left, nobody else hears how it ended.
    pull.done.catch(() => undefined);
  }

  async #fetch(
    image: string,
    credentials: RegistryCredentials | undefined,
    signal: AbortSignal,
    tell: OnProgress,
  ): Promise<void> {
    try {
      const query = pullQuery(image);
      const call: Call = { method: "POST", path: "/images/create", query, signal };
      const stream = await this.#connection.stream({ ...call, ...(credentials && { credentials }) });
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

/** Tells pulls apart. Credentials are in it as a digest only. */
function keyOf(image: string, credentials: RegistryCredentials | undefined): string {
  if (credentials === undefined) return image;
  const { username, password, identitytoken = "" } = credentials;
  const digest = createHash("sha256")
    .update(JSON.stringify([username, password, identitytoken]))
    .digest("hex");
  return `${image} ${digest}`;
}

/** Without a tag the Engine would fetch every tag of the repository; beside a digest a tag means nothing. */
export function pullQuery(image: string): { readonly fromImage: string; readonly tag: string } {
  const { name, tag, digest } = splitReference(image);
  return { fromImage: name, tag: digest ?? tag ?? "latest" };
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
