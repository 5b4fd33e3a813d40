/** Whether the server is well. Source: k8s.io/apiserver/pkg/server/healthz/healthz.go. */
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import type { Store } from "../storage/store.ts";
import type { Exchange } from "./exchange.ts";
import { pathNotFound } from "./exchange.ts";

export const healthPaths: readonly string[] = ["healthz", "livez", "readyz"];

export interface HealthOptions {
  readonly store: Store;
  /** Aborts when the server stops: it is not ready from then on. */
  readonly stopping: AbortSignal;
  readonly log: Log;
}

interface Check {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const textType = "text/plain; charset=utf-8";

export class Health {
  readonly #options: HealthOptions;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** GET /healthz, /livez, /readyz, and /livez/CHECK. Throws NotFound. */
  async reply(exchange: Exchange, [which = "", only, ...more]: readonly string[]): Promise<void> {
    const checks = this.#checks(which);
    if (only === undefined) return this.#replyAll(exchange, which, checks);
    const check = checks.find(({ name }) => name === only);
    if (check === undefined || more.length > 0) throw pathNotFound();
    const error = await failureOf(check);
    const text = error === undefined ? "ok" : `internal server error: ${error}\n`;
    return exchange.reply(error === undefined ? 200 : 500, textType, Buffer.from(text));
  }

  async #replyAll(exchange: Exchange, which: string, checks: readonly Check[]): Promise<void> {
    const excluded = exchange.query.getAll("exclude");
    const failed: string[] = [];
    const lines = await Promise.all(
      checks.map(async (check) => {
        const { name } = check;
        if (excluded.includes(name)) return `[+]${name} excluded: ok`;
        const error = await failureOf(check);
        if (error === undefined) return `[+]${name} ok`;
        failed.push(`${name}: ${error}`);
        // Anyone may ask; why it is not well is for the log.
        return `[-]${name} failed: reason withheld`;
      }),
    );
    const unknown = excluded.filter((name) => checks.every((check) => check.name !== name));
    if (unknown.length > 0) {
      const quoted = unknown.map((name) => JSON.stringify(name)).join(",");
      lines.push(`warn: some health checks cannot be excluded: no matches for ${quoted}`);
    }
    if (failed.length > 0) {
      this.#options.log.warn(`${which} check failed`, { failed: failed.join("; ") });
      return exchange.reply(500, textType, Buffer.from(`${lines.join("\n")}\n${which} check failed\n`));
    }
    const text = exchange.query.has("verbose") ? `${lines.join("\n")}\n${which} check passed\n` : "ok";
    return exchange.reply(200, textType, Buffer.from(text), { "x-content-type-options": "nosniff" });
  }

  #checks(which: string): readonly Check[] {
    const { store, stopping } = this.#options;
    const ping: Check = { name: "ping", run: async () => undefined };
    const answers: Check = {
      name: "store",
      run: async () => {
        await store.revision();
      },
    };
    const open: Check = {
      name: "shutdown",
      run: async () => {
        if (stopping.aborted) throw new Error("process is shutting down");
      },
    };
    // A process that cannot reach its store is not helped by a restart.
    if (which === "livez") return [ping];
    return which === "readyz" ? [ping, answers, open] : [ping, answers];
  }
}

async function failureOf({ run }: Check): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
