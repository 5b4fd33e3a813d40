import type { ServerResponse } from "node:http";
import type { FakeContainer } from "./container.ts";

/** How many past events an Engine remembers. Source: moby daemon/events/events.go, eventsLimit. */
const remembered = 256;

interface Filters {
  readonly event?: readonly string[];
  readonly label?: readonly string[];
}

interface Told {
  readonly action: string;
  readonly container: FakeContainer;
  readonly line: string;
}

/** GET /events. */
export class EngineEvents {
  readonly #past: Told[] = [];
  readonly #listeners = new Set<(told: Told) => void>();

  tell(action: string, container: FakeContainer): void {
    const { id, name, request } = container;
    const now = Date.now();
    const event = {
      status: action,
      id,
      from: request.Image,
      Type: "container",
      Action: action,
      Actor: { ID: id, Attributes: { ...request.Labels, image: request.Image, name } },
      scope: "local",
      time: Math.floor(now / 1000),
      timeNano: now * 1_000_000,
    };
    const told = { action, container, line: `${JSON.stringify(event)}\n` };
    this.#past.push(told);
    if (this.#past.length > remembered) this.#past.shift();
    for (const listener of this.#listeners) listener(told);
  }

  async serve(query: URLSearchParams, response: ServerResponse): Promise<"written"> {
    const { event = [], label = [] } = JSON.parse(query.get("filters") ?? "{}") as Filters;
    const listener = ({ action, container, line }: Told): void => {
      if (event.includes(action) && container.carries(label)) response.write(line);
    };
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (query.has("since")) for (const told of this.#past) listener(told);
    this.#listeners.add(listener);
    response.once("close", () => this.#listeners.delete(listener));
    return "written";
  }
}
