/**
 * Containers that somebody else made, on one Engine: what they are, and which of them are adopted. Labels of a container
 * that exists cannot be changed, and renaming it would break who knows it by its name; so an adopted one is known by its
 * id alone. docs/adr/0005-adoption.md says why that is enough.
 */
import { z } from "zod";
import type { Adoptable, Adoption, Observed, OwnedContainer, Owner } from "../driver.ts";
import { specHash } from "../spec-hash.ts";
import type { Connection } from "./connection.ts";
import { unlessStatus } from "./errors.ts";
import type { Description, EngineDefaults } from "./from-inspect.ts";
import { fromInspect, FullInspect, ImageInspect, specOf } from "./from-inspect.ts";
import { ContainerList, isManaged, listedAs, observedAs } from "./observe.ts";
import { toolboxLabel } from "./toolbox/toolbox.ts";

const Defaults = z.object({ DefaultRuntime: z.string(), LoggingDriver: z.string() });

/** An Engine that takes longer to show something is as good as gone. */
const timeoutMs = 120_000;

/** One container as the Engine shows it. */
interface Found {
  readonly inspect: FullInspect;
  readonly description: Description;
}

export class Adopters {
  readonly #connection: Pick<Connection, "read">;
  readonly #hostName: string;
  /**
   * By id. Only what was observed is in it: after a restart of the control plane that is each adopted container again,
   * because each Container is looked at then.
   */
  readonly #adopted = new Map<string, Pick<Observed, "owner" | "uid">>();

  constructor(connection: Pick<Connection, "read">, hostName: string) {
    this.#connection = connection;
    this.#hostName = hostName;
  }

  adopterOf(id: string): Owner | undefined {
    return this.#adopted.get(id)?.owner;
  }

  /** What exists of an adoption; `made` is what carries the Container's labels. */
  async observe(
    owner: Owner,
    adoption: Adoption | undefined,
    made: readonly Pick<OwnedContainer, "id">[],
    signal: AbortSignal,
  ): Promise<readonly Observed[]> {
    if (adoption === undefined) return [];
    const { uid, ids, looking } = adoption;
    const others = ids.filter((id) => !made.some((one) => one.id === id));
    const identity = { owner, uid };
    const found = await Promise.all(others.map((id) => this.#observeOne(id, identity, signal)));
    if (looking === undefined) {
      others.forEach((id, index) => {
        if (found[index] === undefined) this.#adopted.delete(id);
        else this.#adopted.set(id, identity);
      });
    }
    return found.flatMap((one) => one ?? []);
  }

  /** The adopted ones that exist. */
  async list(signal: AbortSignal): Promise<readonly OwnedContainer[]> {
    if (this.#adopted.size === 0) return [];
    const list = await this.#list({ id: [...this.#adopted.keys()] }, signal);
    const hostName = this.#hostName;
    return listedAs(list, ({ Id: id }) => this.#adopted.get(id)).map((one) => ({ ...one, hostName }));
  }

  async adoptable(signal: AbortSignal): Promise<readonly Adoptable[]> {
    const [list, defaults] = await Promise.all([this.#list({}, signal), this.#defaults(signal)]);
    const foreign = list.filter(
      ({ Id: id, Labels: found }) => !isManaged(found) && found?.[toolboxLabel] === undefined && !this.#adopted.has(id),
    );
    const all = await Promise.all(foreign.map(({ Id: id }) => this.#look(id, () => defaults, signal)));
    return all.flatMap((found) => (found === undefined ? [] : [adoptableOf(found)]));
  }

  async #observeOne(
    id: string,
    identity: Pick<Observed, "owner" | "uid">,
    signal: AbortSignal,
  ): Promise<Observed | undefined> {
    const found = await this.#look(id, () => this.#defaults(signal), signal);
    if (found === undefined || isManaged(found.inspect.Config.Labels)) return undefined;
    const spec = specOf(found.description);
    return observedAs(found.inspect, identity, spec === undefined ? {} : specHash(spec));
  }

  /** Undefined where there is no container of exactly this id. */
  async #look(
    id: string,
    defaults: () => EngineDefaults | Promise<EngineDefaults>,
    signal: AbortSignal,
  ): Promise<Found | undefined> {
    const inspect = await this.#read(`/containers/${id}/json`, FullInspect, signal);
    if (inspect?.Id !== id) return undefined;
    const image = await this.#read(`/images/${inspect.Image}/json`, ImageInspect, signal);
    return { inspect, description: fromInspect(inspect, image, await defaults()) };
  }

  async #defaults(signal: AbortSignal): Promise<EngineDefaults> {
    const info = await this.#connection.read({ method: "GET", path: "/info", signal, timeoutMs }, Defaults);
    return { runtime: info.DefaultRuntime, loggingDriver: info.LoggingDriver };
  }

  async #list(filters: object, signal: AbortSignal): Promise<z.infer<typeof ContainerList>> {
    const query = { all: true, filters };
    return this.#connection.read({ method: "GET", path: "/containers/json", query, signal, timeoutMs }, ContainerList);
  }

  /** Undefined where there is none. */
  #read<T>(path: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T | undefined> {
    return unlessStatus(404, this.#connection.read({ method: "GET", path, signal, timeoutMs }, schema), undefined);
  }
}

function adoptableOf({ inspect, description }: Found): Adoptable {
  return {
    id: inspect.Id,
    hostSideName: inspect.Name.replace(/^\//, ""),
    state: inspect.State.Status,
    labels: inspect.Config.Labels ?? {},
    ...description,
  };
}
