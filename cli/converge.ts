/** Waits until applied objects are as asked. */
import type { Client } from "../api/client/client.ts";
import type { Target } from "./apply.ts";
import { targetName } from "./apply.ts";
import { timeoutSignal } from "./duration.ts";
import { CommandError } from "./errors.ts";
import type { Following } from "./follow.ts";
import type { Progress } from "./progress.ts";
import { progressOf } from "./progress.ts";
import type { ProgressView } from "./progress-view.ts";
import { untilAll } from "./until.ts";

/** Changes this close together are drawn at once: drawing each of many would take longer than the changes do. */
const redrawMs = 50;

/**
 * Returns once every object is as asked or has failed for good. Throws CommandError, with a line for each object that
 * is not, when one failed or `timeoutMs` passed.
 */
export async function converge(
  client: Client,
  targets: readonly Target[],
  timeoutMs: number,
  view: ProgressView,
  lost: Following["lost"],
): Promise<void> {
  const several = new Set(targets.flatMap(({ name }) => name.namespace ?? [])).size > 1;
  const label = (target: Target): string =>
    several && target.name.namespace !== undefined
      ? `${target.name.namespace}/${targetName(target)}`
      : targetName(target);
  const progress = new Map<string, Progress>(
    targets.map((target) => [label(target), { state: "working", text: "applied" }]),
  );
  using redraw = new Redraw(() => {
    view.show(progress);
  });
  await untilAll(client, targets, { signal: timeoutSignal(timeoutMs), lost }, (target, object) => {
    const now: Progress = object === undefined ? { state: "failed", text: "it was deleted" } : progressOf(object);
    progress.set(label(target), now);
    redraw.soon();
    return now.state !== "working";
  });
  redraw.now();
  const failed = lines(progress, "failed", (name, text) => `${name} failed: ${text}`);
  const working = lines(
    progress,
    "working",
    (name, text) => `${name} is not ready after ${timeoutMs / 1000}s: ${text}`,
  );
  if (failed.length + working.length > 0) throw new CommandError(...failed, ...working);
}

const lines = (
  progress: ReadonlyMap<string, Progress>,
  state: Progress["state"],
  line: (name: string, text: string) => string,
): readonly string[] =>
  [...progress].filter(([, now]) => now.state === state).map(([name, now]) => line(name, now.text));

class Redraw implements Disposable {
  readonly #draw: () => void;
  #timer: NodeJS.Timeout | undefined;
  constructor(draw: () => void) {
    this.#draw = draw;
  }

  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.now();
    }, redrawMs);
  }

  now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#draw();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
