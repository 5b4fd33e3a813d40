/** Sends a sequence to one server and writes down what it answers. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { parse as parseYaml } from "yaml";
import { applyMergePatch } from "../../api/patch/merge-patch.ts";
import { Changed } from "./sequence.ts";
import type { Body, EventsStep, RequestStep, Sequence, Step, WatchStep } from "./sequence.ts";
import { patienceMs } from "./target.ts";
import type { Response, Target } from "./target.ts";

/** What a server said to one step. */
export interface Answer {
  /** The step in a few words. */
  readonly to: string;
  readonly status?: number;
  readonly headers?: IncomingHttpHeaders;
  /** JSON or YAML as a value, anything else as text. */
  readonly body?: unknown;
  readonly events?: readonly unknown[];
}

const pauseMs = 20;

/** `place` names the sequence's own namespace and group; the namespace is there already. */
export async function runSequence(
  target: Target,
  sequence: Sequence,
  place: Readonly<{ ns: string; group: string }>,
): Promise<readonly Answer[]> {
  await using session = new Session(target, place);
  const answers: Answer[] = [];
  for (const step of sequence.steps) answers.push(await session.take(step));
  return answers;
}

class Session implements AsyncDisposable {
  readonly #target: Target;
  readonly #place: Readonly<{ ns: string; group: string }>;
  readonly #answers = new Map<string, unknown>();
  readonly #watches = new Map<string, Watch>();

  constructor(target: Target, place: Readonly<{ ns: string; group: string }>) {
    this.#target = target;
    this.#place = place;
  }

  take(step: Step): Promise<Answer> {
    switch (step.do) {
      case "request":
        return this.#request(step);
      case "watch":
        return this.#watch(step);
      case "events":
        return this.#events(step);
      case "end":
        return this.#end(step.watch);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watch of this.#watches.values()) watch[Symbol.dispose]();
  }

  async #request(step: RequestStep): Promise<Answer> {
    const body = step.body === undefined ? undefined : this.#text(step.body);
    const headers = {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...this.#fill(step.headers),
    };
    const path = this.#fill(step.path);
    const enough = step.until ?? (() => true);
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const response = await this.#send(step.method, path, headers, body);
      const answer = valueOf(response);
      if (enough(response.status, answer as Body) || performance.now() > deadline) {
        if (step.name !== undefined) this.#answers.set(step.name, answer);
        const compared = step.part === undefined ? answer : partOf(answer, step.part);
        return {
          to: `${step.method} ${step.path}`,
          status: response.status,
          headers: response.headers,
          body: compared,
        };
      }
      await delay(pauseMs);
    }
  }

  /** A server that breaks off the connection has said something too. */
  async #send(...request: Parameters<Target["send"]>): Promise<Response> {
    try {
      return await this.#target.send(...request);
    } catch (error) {
      return { status: 0, headers: {}, text: (error as Error).message };
    }
  }

  async #watch(step: WatchStep): Promise<Answer> {
    const response = await this.#target.open("GET", this.#fill(step.path), this.#fill(step.headers));
    const watch = new Watch(response);
    this.#watches.set(step.name, watch);
    const answer = { to: `watch ${step.path}`, status: response.statusCode ?? 0, headers: response.headers };
    return response.statusCode === 200 ? answer : { ...answer, body: await watch.refusal() };
  }

  async #events(step: EventsStep): Promise<Answer> {
    const told = await this.#watchCalled(step.watch).next(step.count);
    return { to: `events of ${step.watch}`, events: told };
  }

  async #end(name: string): Promise<Answer> {
    const watch = this.#watchCalled(name);
    const ended = await watch.end();
    return { to: `end of ${name}${ended ? "" : " (did not come)"}`, events: watch.rest() };
  }

  #watchCalled(name: string): Watch {
    const watch = this.#watches.get(name);
    if (watch === undefined) throw new Error(`No earlier step watches as "${name}"`);
    return watch;
  }

  #text(body: unknown): string {
    return typeof body === "string" ? this.#fill(body) : JSON.stringify(this.#fill(body));
  }

  /** The same with what stands for something else filled in. */
  #fill<T>(value: T): T {
    return this.#filled(value) as T;
  }

  #filled(value: unknown): unknown {
    if (typeof value === "string") return this.#filledText(value);
    if (Array.isArray(value)) return value.map((item) => this.#filled(item));
    if (value instanceof Changed)
      return applyMergePatch(this.#answers.get(value.answer) as Body, this.#filled(value.change));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.#filledText(key), this.#filled(item)] as const),
    );
  }

  #filledText(text: string): string {
    return text
      .replaceAll("$ns", this.#place.ns)
      .replaceAll("$group", this.#place.group)
      .replaceAll(/\{([a-z]+)\.([\w.]+)\}/g, (_, name: string, path: string) => this.#lookUp(name, path.split(".")));
  }

  #lookUp(name: string, path: readonly string[]): string {
    let value: unknown = this.#answers.get(name);
    if (value === undefined) throw new Error(`No earlier answer is called "${name}"`);
    for (const key of path) value = (value as Readonly<Record<string, unknown>> | undefined)?.[key];
    // What one server leaves out shows in the differences of the answer itself.
    return typeof value === "string" || typeof value === "number" ? String(value) : "missing";
  }
}

/** Lines of a watch, gathered as they come. */
class Watch implements Disposable {
  readonly #response: IncomingMessage;
  readonly #lines: string[] = [];
  #rest = "";
  #ended = false;

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      const lines = (this.#rest + chunk).split("\n");
      this.#rest = lines.pop() ?? "";
      this.#lines.push(...lines);
    });
    response.on("error", () => undefined); // it is broken off in the end
    response.on("close", () => {
      if (this.#rest !== "") this.#lines.push(this.#rest);
      this.#ended = true;
    });
  }

  /** What is said instead of events. */
  async refusal(): Promise<unknown> {
    await this.end();
    return parseJson(this.#lines.splice(0).join("\n"));
  }

  /** So many events, or fewer once patience is at its end. */
  async next(count: number): Promise<readonly unknown[]> {
    await patiently(() => this.#lines.length >= count || this.#ended);
    return this.#lines.splice(0, count).map(parseJson);
  }

  /** Those that nobody took. */
  rest(): readonly unknown[] {
    return this.#lines.splice(0).map(parseJson);
  }

  /** Whether it ended in time. */
  async end(): Promise<boolean> {
    await patiently(() => this.#ended);
    return this.#ended;
  }

  [Symbol.dispose](): void {
    this.#response.destroy();
  }
}

async function patiently(enough: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!enough() && performance.now() < deadline) await delay(pauseMs);
}

function partOf(answer: unknown, part: (body: Body) => unknown): unknown {
  try {
    return part(answer as Body);
  } catch {
    return "(no such part)";
  }
}

function valueOf({ headers, text }: Response): unknown {
  const type = headers["content-type"] ?? "";
  // 1.20 sends OpenAPI as text/plain.
  if (type.includes("json") || text.startsWith("{")) return parseJson(text);
  if (type.includes("yaml")) return parseYaml(text);
  return text;
}

/** Numbers that JavaScript would write otherwise (1.0, or beyond 2^53) are kept as text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
      typeof value === "number" && context?.source !== undefined && String(value) !== context.source
        ? `number ${context.source}`
        : value,
    );
  } catch {
    return text;
  }
}
