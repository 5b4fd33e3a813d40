import type { Clock } from "../../process/clock.ts";
import { within } from "../../process/clock.ts";
import { WaitingError } from "./actuator.ts";

/** How far an image's data has come. */
export type UploadState =
  /** In bytes; `length` where it is known beforehand. */
  | { readonly kind: "running"; readonly sent: number; readonly length: number | undefined }
  | { readonly kind: "failed"; readonly error: unknown; readonly at: Date };

/** Sends the data of one image, and tells how far it has come. Ends soon after `signal` aborts. */
export type Upload = (told: (sent: number, length: number | undefined) => void, signal: AbortSignal) => Promise<void>;

interface Entry {
  state: UploadState;
  readonly stop: AbortController;
}

/** At once, so that a folder of images neither fills the line nor Glance. */
const mostRunning = 4;

/** Small images are there at once: it is not worth coming back for them. */
const patienceMs = 2000;

/** The data of images on its way to Glance, apart from the reconciliations that began it: it can take an hour. */
export class ImageUploads {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** undefined: none is under way, and none has failed that {@link forget} was not told of. */
  of(id: string): UploadState | undefined {
    return this.#entries.get(id)?.state;
  }

  /** Begins it, and returns when it has ended, or soon. Throws WaitingError while there are many others. */
  async start(id: string, upload: Upload, signal: AbortSignal): Promise<void> {
    const running = [...this.#entries.values()].filter(({ state }) => state.kind === "running").length;
    if (running >= mostRunning) throw new WaitingError("Waiting for other uploads to end", 3000);
    const entry: Entry = { state: { kind: "running", sent: 0, length: undefined }, stop: new AbortController() };
    this.#entries.set(id, entry);
    await within(this.#clock, patienceMs, this.#run(id, entry, upload, signal));
  }

  async #run(id: string, entry: Entry, upload: Upload, signal: AbortSignal): Promise<void> {
    try {
      await upload(
        (sent, length) => {
          entry.state = { kind: "running", sent, length };
        },
        AbortSignal.any([entry.stop.signal, signal]),
      );
      this.#drop(id, entry);
    } catch (error) {
      if (signal.aborted || entry.stop.signal.aborted) this.#drop(id, entry);
      else entry.state = { kind: "failed", error, at: this.#clock.now() };
    }
  }

  #drop(id: string, entry: Entry): void {
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
  }

  /** Ends it, and knows nothing of it any more. */
  forget(id: string): void {
    this.#entries.get(id)?.stop.abort();
    this.#entries.delete(id);
  }
}
