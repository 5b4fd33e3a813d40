/** Where scenarios are played: an API in process, the controllers of OpenStack, and a cloud, which may be a fake. */
import { PassThrough } from "node:stream";
import type { Client, ListOptions, WatchOptions } from "../../../api/client/client.ts";
import { ManagedClient } from "../../../api/client/managed-client.ts";
import { isNotFound } from "../../../api/status.ts";
import { deleteOrphans } from "../../../cli/server/orphans.ts";
import type { Context, AnyActuator, AnyExternal } from "../../../controllers/openstack/actuator.ts";
import type { Connect, Secret } from "../../../controllers/openstack/clouds.ts";
import { Clouds } from "../../../controllers/openstack/clouds.ts";
import type { ImageSources } from "../../../controllers/openstack/image-data.ts";
import { actuatorsWith } from "../../../controllers/openstack/kinds/index.ts";
import { openstackControllersOnDemand } from "../../../controllers/openstack/on-demand.ts";
import { ApiEventRecorder } from "../../../controllers/runtime/events.ts";
import { secretType } from "../../../crds/core.ts";
import { kinds } from "../../../crds/index.ts";
import type { Kind } from "../../../crds/kind.ts";
import type { Condition, KubeObject, ResourceType } from "../../../crds/meta.ts";
import { apiVersionOf, groupResource } from "../../../crds/meta.ts";
import { externalFinalizer, openstackGroup } from "../../../crds/openstack/external.ts";
import { connectWith } from "../../../openstack/connect.ts";
import { publicOr } from "../../../openstack/glance/networks.ts";
import { listMarked } from "../../../openstack/marked.ts";
import type { Service, ServiceRequest } from "../../../openstack/service.ts";
import type { Clock } from "../../../process/clock.ts";
import { systemClock, timeLimit, within } from "../../../process/clock.ts";
import { RecordingLog } from "../../fakes/log.ts";
import type { Files, ServedFiles } from "./files.ts";
import { loopback, serveFiles } from "./files.ts";
import type { ApiInProcess } from "../../integration/api-in-process.ts";
import { runControllers } from "../../integration/running-controllers.ts";
import { eventually } from "../../lab/stowage.ts";

/** What scenarios are played against. */
export interface CloudUnderTest {
  readonly cloudsYaml: string;
  /** An administrator's. */
  readonly cloudName: string;
  /** Its time, which is the controllers' too; the machine's own when absent. */
  readonly clock?: Clock;
}

/** A request of the controllers. */
export type Request = Pick<ServiceRequest<unknown>, "service" | "method" | "path" | "action">;

export interface StageOptions {
  readonly api: ApiInProcess;
  readonly cloud: CloudUnderTest;
  readonly namespace: string;
  /** How long all that is waited for may take together, in ms, and as long again to clean up. See {@link patienceOf}. */
  readonly patienceMs: number;
  /** The controllers see all namespaces, and not this one only: for an API that nobody else uses. */
  readonly everywhere?: boolean;
  /** Offered to the cloud and to us. */
  readonly files?: Files;
  /** The Hosts that have Docker images; none when absent. */
  readonly drivers?: ImageSources["drivers"];
  /** How long a service may think, in ms; a minute when absent. */
  readonly answerTimeoutMs?: number;
  /** How long a creation that was never answered may still be carried out, in ms; a second when absent. */
  readonly graceMs?: number;
}

/** As long as a test has, but for the time that it takes to tell what it waited for in vain. */
export const patienceOf = ({ timeout }: { readonly timeout: number }): number => 0.9 * timeout;

/** Of the Secret with clouds.yaml. */
export const secretName = "cloud";

const noHosts = { get: () => undefined };

const sourcesWith = (drivers: ImageSources["drivers"] = noHosts): ImageSources => ({
  mayReadFrom: publicOr([loopback]),
  drivers,
});

/** How we look at the cloud; the controllers have their own. */
const actuators = actuatorsWith({ clock: systemClock, sources: sourcesWith() });

const external = kinds.filter(({ type }) => type.group === openstackGroup);

export const actuatorOf = (kind: Kind): AnyActuator => {
  const found = actuators.find((actuator) => groupResource(actuator.type) === groupResource(kind.type));
  if (found === undefined)
    throw new Error(`nothing looks after ${kind.type.kind}: controllers/openstack/kinds/index.ts`);
  return found;
};

export function conditionOf(object: AnyExternal | undefined, type: "Available" | "Progressing"): Condition | undefined {
  const condition = object?.status?.conditions?.find((one) => one.type === type);
  return condition?.observedGeneration === object?.metadata.generation ? condition : undefined;
}

export const isUp = (object: AnyExternal | undefined): object is AnyExternal =>
  conditionOf(object, "Available")?.status === "True" && conditionOf(object, "Progressing")?.reason === "Success";

/** What an object waits for or fails of. */
export const messageOf = (object: AnyExternal | undefined): string => conditionOf(object, "Progressing")?.message ?? "";

/**
 * One namespace with controllers of its own, which see nothing of others, over an API that others may use too. Disposing of
 * it deletes all objects, and throws where they leave anything in the cloud.
 */
export class Stage implements AsyncDisposable {
  readonly client: Client;
  readonly namespace: string;
  /** What the controllers asked their cloud for. */
  readonly requests: Request[] = [];
  /** Speaks to the cloud behind the controllers' back. */
  readonly behind: Service;
  readonly log = new RecordingLog();
  readonly #options: StageOptions;
  readonly #clock: Clock;
  /** Of every object that was made here. */
  readonly #uids = new Set<string>();
  /** By the machine's own clock. */
  #deadline: number;
  readonly #connect: Connect;
  readonly #stack: AsyncDisposableStack;
  readonly #files: ServedFiles;
  #controllers: AsyncDisposable | undefined;

  private constructor(options: StageOptions, stack: AsyncDisposableStack, files: ServedFiles) {
    const { api, cloud, namespace, answerTimeoutMs } = options;
    this.#options = options;
    this.#clock = cloud.clock ?? systemClock;
    this.#deadline = Date.now() + options.patienceMs;
    this.#stack = stack;
    this.#files = files;
    this.client = api.client;
    this.namespace = namespace;
    const common = { clock: this.#clock, random: Math.random, log: this.log };
    this.#connect = connectWith({ ...common, ...(answerTimeoutMs !== undefined && { answerTimeoutMs }) });
    const { cloudsYaml, cloudName } = cloud;
    this.behind = stack.use(connectWith(common)({ cloudsYaml, cloudName, cacert: undefined })).service;
  }

  static async open(options: StageOptions): Promise<Stage> {
    await using stack = new AsyncDisposableStack();
    const files = stack.use(await serveFiles(options.files ?? {}));
    await options.api.createNamespace(options.namespace);
    const stage = new Stage(options, stack.move(), files);
    await stage.giveSecret(secretName, { "clouds.yaml": options.cloud.cloudsYaml });
    stage.start();
    return stage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _rest = this.#stack;
    this.#deadline = Date.now() + this.#options.patienceMs;
    let left: readonly string[];
    try {
      if (this.#controllers === undefined) this.start();
      await this.deleteAll();
    } finally {
      await this.stop();
      left = await this.#sweep();
    }
    if (left.length > 0)
      throw new Error(`"${this.namespace}" left in the cloud, from where it is deleted now: ${left.join(", ")}`);
  }

  /** Deletes what still carries the mark of an object of ours, so that no other stage finds it, and tells what that was. */
  async #sweep(): Promise<readonly string[]> {
    const {
      marked,
      failures: [failure],
    } = await listMarked(this.behind);
    if (failure !== undefined) throw failure;
    const left = marked.filter(({ uid }) => this.#uids.has(uid));
    const ids = left.map(({ id }) => id);
    if (left.length > 0) await deleteOrphans(this.behind, left, ids, { stdout: new PassThrough().resume() });
    return left.map(({ noun, id, name }) => `${noun} ${id} "${name}"`);
  }

  // -------------------------------------------------------------------------------------------------- controllers

  /** Runs the controllers, as a server does that was just started. */
  start(through: Client = this.client): void {
    const client = new ManagedClient(through, "stowage-openstack-controller");
    const { namespace } = this;
    const clock = this.#clock;
    const common = { client, clock, log: this.log };
    const events = new ApiEventRecorder({ ...common, component: "stowage-test" });
    const { everywhere = false } = this.#options;
    const visible = ({ namespaced }: ResourceType): { readonly namespace?: string } =>
      namespaced && !everywhere ? { namespace } : {};
    const ours = {
      list: <R extends KubeObject>(type: ResourceType, options?: ListOptions) =>
        client.list<R>(type, { ...options, ...visible(type) }),
      watch: <R extends KubeObject>(type: ResourceType, options: WatchOptions) =>
        client.watch<R>(type, { ...options, ...visible(type) }),
    };
    const running = runControllers(
      ours,
      (informers) =>
        openstackControllersOnDemand({
          ...common,
          informers,
          events,
          connect: () => Promise.resolve(this.#recorded),
          imageSources: sourcesWith(this.#options.drivers),
          resyncMs: 0,
          graceMs: this.#options.graceMs ?? 1000,
          random: Math.random,
        }),
      this.log,
      clock,
    );
    this.#controllers = {
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        await events[Symbol.asyncDispose]();
      },
    };
  }

  async stop(): Promise<void> {
    const running = this.#controllers;
    this.#controllers = undefined;
    await running?.[Symbol.asyncDispose]();
  }

  /**
   * Runs `act` with controllers that die before the first write that `dies` tells of, as by kill -9: the write is not
   * made, and nothing after it. Returns what was to be written.
   */
  async killedBefore(dies: Write, act: () => Promise<unknown>): Promise<AnyExternal> {
    await this.stop();
    const killed = Promise.withResolvers<AnyExternal>();
    const stopped = new AbortController();
    this.start(dying(this.client, stopped.signal, dies, killed.resolve));
    await act();
    const written = await within(systemClock, this.#leftMs, killed.promise);
    stopped.abort(new Error("killed"));
    await this.stop();
    if (written === undefined) throw new Error(`the controllers never came to where they were to die\n${this.#errors}`);
    return written;
  }

  get #leftMs(): number {
    return Math.max(0, this.#deadline - Date.now());
  }

  /** The last ones that the controllers told of. */
  get #errors(): string {
    const errors = this.log.lines.filter(({ level }) => level !== "info").slice(-5);
    return errors.map((line) => JSON.stringify(line)).join("\n");
  }

  readonly #recorded: Connect = (source) => {
    const { service, ...rest } = this.#connect(source);
    const note = ({ service: of, method = "GET", path, action }: ServiceRequest<unknown>): void => {
      this.requests.push({ service: of, method, path, action });
    };
    return {
      ...rest,
      [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose](),
      service: {
        onlyProject: service.onlyProject,
        projectId: (signal) => service.projectId(signal),
        userId: (signal) => service.userId(signal),
        request(request) {
          note(request);
          return service.request(request);
        },
        list(request) {
          note(request);
          return service.list(request);
        },
      },
    };
  };

  /** How many things the controllers asked the cloud to make; what is a part of another does not count. */
  get creations(): number {
    const makes = /^(create (?!security group rule)|assign |add an interface )/;
    return this.requests.filter(({ action }) => makes.test(action)).length;
  }

  // ------------------------------------------------------------------------------------------------------ objects

  /** What a spec for these fields is like. */
  specOf(kind: Kind, resource: object, more: object = {}): object {
    const asked = this.#files.located(resource);
    if (actuatorOf(kind).resourceOf !== undefined) return { ...asked, ...more };
    return { ...this.#credentials(), resource: asked, ...more };
  }

  /** Imports what is like `imported`. */
  importOf(imported: object, more: object = {}): object {
    return { ...this.#credentials(), managementPolicy: "unmanaged", import: imported, ...more };
  }

  #credentials(): object {
    return { cloudCredentialsRef: { secretName, cloudName: this.#options.cloud.cloudName } };
  }

  async create({ type }: Kind, name: string, spec: object): Promise<AnyExternal> {
    const object = await this.client.create<AnyExternal>(type, {
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: this.#named(name),
      ...{ spec },
    });
    this.#uids.add(object.metadata.uid);
    return object;
  }

  /** Merges `patch` into what is asked for. */
  change(kind: Kind, name: string, patch: object): Promise<AnyExternal> {
    const asked = this.#files.located(patch);
    const spec = actuatorOf(kind).resourceOf === undefined ? { resource: asked } : asked;
    return this.client.patch<AnyExternal>(kind.type, this.#named(name), { type: "merge", body: { spec } });
  }

  async delete({ type }: Kind, name: string): Promise<void> {
    await this.client.delete(type, this.#named(name));
  }

  async get({ type }: Pick<Kind, "type">, name: string): Promise<AnyExternal | undefined> {
    try {
      return await this.client.get<AnyExternal>(type, this.#named(name));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #named(name: string): { readonly namespace: string; readonly name: string } {
    return { namespace: this.namespace, name };
  }

  async giveSecret(name: string, values: Readonly<Record<string, string>>): Promise<void> {
    const data = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    );
    const body = { apiVersion: "v1", kind: "Secret", metadata: this.#named(name), ...{ data } };
    await this.client.patch(
      secretType,
      this.#named(name),
      { type: "apply", body, force: true },
      { fieldManager: "test" },
    );
  }

  async deleteSecret(name: string): Promise<void> {
    await this.client.delete(secretType, this.#named(name));
  }

  async untilSecretGone(name: string): Promise<void> {
    await this.#eventually(`Secret "${name}" is gone`, () =>
      this.client.get(secretType, this.#named(name)).then(() => false, isNotFound),
    );
  }

  /** As {@link eventually}, as long as there is time. */
  async #eventually(what: string, check: () => Promise<boolean>): Promise<void> {
    for (;;) {
      try {
        await eventually(what, check, 20);
        return;
      } catch (error) {
        if (this.#leftMs === 0) throw error;
      }
    }
  }

  /** Watches an object until `test` holds, and returns it as it is then. Throws with what it is like instead. */
  async until(
    { type }: Kind,
    name: string,
    what: string,
    test: (object: AnyExternal | undefined) => boolean,
  ): Promise<AnyExternal | undefined> {
    const { items, resourceVersion } = await this.client.list<AnyExternal>(type, { namespace: this.namespace });
    let last = items.find(({ metadata }) => metadata.name === name);
    if (test(last)) return last;
    const began = Date.now();
    const done = new AbortController();
    using limit = timeLimit(systemClock, this.#leftMs, done.signal);
    try {
      const options = { namespace: this.namespace, resourceVersion, signal: limit.signal };
      for await (const event of this.client.watch<AnyExternal>(type, options)) {
        if (event.type === "BOOKMARK" || event.object.metadata.name !== name) continue;
        last = event.type === "DELETED" ? undefined : event.object;
        if (test(last)) return last;
      }
    } finally {
      done.abort();
    }
    throw new Error(
      `${type.kind} "${name}" is not ${what} after ${Date.now() - began} ms: ${JSON.stringify(last?.status ?? last ?? "gone")}\n${this.#errors}`,
    );
  }

  async untilUp(kind: Kind, name: string): Promise<AnyExternal> {
    const object = await this.until(kind, name, "Available and up to date", isUp);
    if (object === undefined) throw new Error(`${kind.type.kind} "${name}" is gone`);
    return object;
  }

  async untilGone(kind: Kind, name: string): Promise<void> {
    await this.until(kind, name, "gone", (object) => object === undefined);
  }

  /**
   * Deletes every object of the namespace, in no order, and waits until all are gone. Throws where something that we made
   * outlives its object in the cloud.
   */
  async deleteAll(): Promise<void> {
    const left = async (): Promise<readonly (readonly [Kind, AnyExternal])[]> => {
      const lists = await Promise.all(
        external.map(async (kind) => {
          const { items } = await this.client.list<AnyExternal>(kind.type, { namespace: this.namespace });
          return items.map((object) => [kind, object] as const);
        }),
      );
      return lists.flat();
    };
    const objects = await left();
    const looks = await Promise.all(objects.map(([kind, object]) => this.#lookFor(kind, object)));
    for (const [kind, { metadata }] of objects) await this.delete(kind, metadata.name);
    await Promise.all(objects.map(([kind, { metadata }]) => this.untilGone(kind, metadata.name)));
    const outlived = (await Promise.all(looks.map((look) => look()))).filter((what) => what !== undefined);
    if (outlived.length > 0) throw new Error(`still in the cloud, and its object is gone: ${outlived.join(", ")}`);
  }

  /** Looks later whether it is still in the cloud, also when what it names is gone; tells nothing of what is to stay. */
  async #lookFor(kind: Kind, object: AnyExternal): Promise<() => Promise<string | undefined>> {
    const { spec, status } = object;
    const id = status?.id;
    if (id === undefined || spec.managementPolicy === "unmanaged" || spec.managedOptions?.onDelete === "detach")
      return () => Promise.resolve(undefined);
    const actuator = actuatorOf(kind);
    const context = await this.contextOf(actuator, object);
    return async () => {
      const remote = (await actuator.get(context, id, resourceOf(actuator, object))) as unknown;
      return remote === undefined ? undefined : `${kind.type.kind} ${id}`;
    };
  }

  // ------------------------------------------------------------------------------------------- behind their back

  /** How an actuator sees an object's cloud, as it is now. */
  async contextOf(actuator: AnyActuator, { metadata, spec }: AnyExternal): Promise<Context> {
    const known = new Map<string, AnyExternal>();
    const keyOf = (type: ResourceType, name: string): string => `${groupResource(type)}/${name}`;
    for (const { type, name } of actuator.references(spec)) {
      const object = await this.get({ type }, name);
      if (object !== undefined) known.set(keyOf(type, name), object);
    }
    const { namespace } = this;
    const { items } = await this.client.list<Secret>(secretType, { namespace });
    const secrets = new Map(items.map((secret) => [keyOfSecret(secret), secret]));
    const cache = { get: (key: string) => secrets.get(key), list: () => secrets.values(), byIndex: () => [] };
    const none = { get: () => undefined, list: () => [], byIndex: () => [] };
    const clouds = new Clouds({
      client: this.client,
      ...{ secrets: cache, clouds: none, namespaces: none, connect: this.#connect },
    });
    return {
      cloud: this.behind,
      name: metadata.name,
      uid: metadata.uid,
      tag: `stowage.dev/uid=${metadata.uid}`,
      signal: new AbortController().signal,
      beside: [],
      idOf: (type, name) => known.get(keyOf(type, name))?.status?.id ?? "",
      observedOf: (type, name) => known.get(keyOf(type, name))?.status?.resource,
      secret: (name, key, encoding) => clouds.secret(namespace, name, key, encoding),
      secretMark: (name, key) => clouds.secretMark(namespace, name, key, metadata.uid),
    };
  }

  /** What an object stands for in the cloud; undefined where it is gone. */
  async remoteOf(kind: Kind, object: AnyExternal, id = object.status?.id ?? ""): Promise<unknown> {
    const actuator = actuatorOf(kind);
    return (await actuator.get(await this.contextOf(actuator, object), id, resourceOf(actuator, object))) as unknown;
  }

  /** What of `remote`, as it is now where absent, would have to be changed for it to be as asked, for people. */
  async differences(kind: Kind, object: AnyExternal, remote?: unknown): Promise<readonly string[]> {
    const actuator = actuatorOf(kind);
    const moment = { now: this.#clock.now(), wasReady: true };
    const changes = actuator.changes(
      await this.contextOf(actuator, object),
      resourceOf(actuator, object),
      remote ?? (await this.remoteOf(kind, object)),
      moment,
    );
    return changes.map(({ what }) => what);
  }

  /** Makes it in the cloud as if `object` asked for `resource`. */
  async drift(kind: Kind, object: AnyExternal, resource: object): Promise<void> {
    const actuator = actuatorOf(kind);
    const asking = { ...object, spec: { ...object.spec, resource: this.#files.located(resource) } };
    const context = await this.contextOf(actuator, asking);
    let remote = await this.remoteOf(kind, object);
    const moment = { now: this.#clock.now(), wasReady: true };
    for (const { perform } of actuator.changes(context, asking.spec.resource, remote, moment))
      remote = (await perform(context, remote)) as unknown;
  }

  /** Deletes what an object stands for, and waits until it is gone. */
  async remove(kind: Kind, object: AnyExternal): Promise<void> {
    const actuator = actuatorOf(kind);
    const context = await this.contextOf(actuator, object);
    await this.#eventually(`${kind.type.kind} ${object.status?.id ?? ""} is gone from the cloud`, async () => {
      const remote = await this.remoteOf(kind, object);
      return remote === undefined || (await actuator.delete(context, remote, resourceOf(actuator, object))) === "gone";
    });
  }
}

const keyOfSecret = ({ metadata }: Secret): string => `${metadata.namespace ?? ""}/${metadata.name}`;

const resourceOf = (actuator: AnyActuator, { spec }: AnyExternal): unknown =>
  actuator.resourceOf === undefined ? spec.resource : actuator.resourceOf(spec);

/** A client that never does the first write that `dies` tells of, and none after it. */
function dying(client: Client, stopped: AbortSignal, dies: Write, died: (written: AnyExternal) => void): Client {
  let isDead = false;
  const never = (): Promise<never> =>
    new Promise((_resolve, reject) => {
      const end = (): void => {
        reject(new Error("killed"));
      };
      if (stopped.aborted) end();
      else stopped.addEventListener("abort", end);
    });
  const guarded = <T>(written: AnyExternal, write: () => Promise<T>): Promise<T> => {
    if (isDead) return never();
    if (!dies(written)) return write();
    isDead = true;
    died(written);
    return never();
  };
  return new Proxy(client, {
    get(target, property) {
      if (property === "updateStatus")
        return (...args: Parameters<Client["updateStatus"]>) =>
          guarded(args[1] as AnyExternal, () => target.updateStatus(...args));
      if (property === "patch")
        return (...args: Parameters<Client["patch"]>) => {
          const [{ kind }, { name }, { body }] = args;
          const { metadata, ...rest } = body as unknown as AnyExternal;
          return guarded({ ...rest, kind, metadata: { ...metadata, name } }, () => target.patch(...args));
        };
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

type Write = (written: AnyExternal) => boolean;

const isOf = ({ kind, metadata }: AnyExternal, of: Kind, name: string): boolean =>
  kind === of.type.kind && metadata.name === name;

/** The write that records what was made. */
export const recordsId =
  (kind: Kind, name: string): Write =>
  (written) =>
    isOf(written, kind, name) && written.status?.id !== undefined;

/** The write that lets an object go. */
export const letsGo =
  (kind: Kind, name: string): Write =>
  (written) =>
    isOf(written, kind, name) && written.metadata.finalizers?.includes(externalFinalizer) === false;
