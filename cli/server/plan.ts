/**
 * Answers what would happen on the Hosts: objects go through the API as a dry run, then through the very functions that
 * decide in the controllers: schedule() on a ledger of what is bound, and plan() on what each host shows. Writes nothing.
 */
import type { User } from "../../api/auth/authentication.ts";
import type { Authorizer } from "../../api/auth/authorization.ts";
import { authorize } from "../../api/auth/authorization.ts";
import type { Client, DiscoveredType, Name } from "../../api/client/client.ts";
import { planKind } from "../../api/resources/builtin/plan.ts";
import { ApiError, badRequest } from "../../api/status.ts";
import type { Answerer } from "../../api/verbs/answer.ts";
import { adoptedID } from "../../controllers/container/adoption.ts";
import type { Plan } from "../../controllers/container/plan.ts";
import { preview, previewRemoval } from "../../controllers/container/preview.ts";
import { whyAway } from "../../controllers/container/reconciler.ts";
import { forEachParallel } from "../../controllers/runtime/parallel.ts";
import { keyOf } from "../../controllers/runtime/reconciler.ts";
import { placementFilters, wantOf } from "../../controllers/scheduler/filters.ts";
import { Ledger } from "../../controllers/scheduler/ledger.ts";
import { refusalOf, schedule } from "../../controllers/scheduler/schedule.ts";
import type { Container } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import { namespaceType } from "../../crds/core.ts";
import type { Host } from "../../crds/host.ts";
import { hosts } from "../../crds/host.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import type { Action, PlannedContainer, PlannedObject, PlannedStep, PlanSpec, PlanStatus } from "../../crds/plan.ts";
import type { Step } from "../../drivers/driver.ts";
import { HostUnreachableError, UnsupportedHostError } from "../../drivers/driver.ts";
import type { Clock } from "../../process/clock.ts";
import type { Target } from "../apply.ts";
import { rehearse } from "../apply.ts";
import type { ManifestHead } from "../manifests.ts";
import { typeOf } from "../resources.ts";
import type { OpenDriver } from "./container-log.ts";

export interface PlanOptions {
  /** Nothing but dry runs is written with it. */
  readonly client: () => Client;
  readonly openDriver: OpenDriver;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
}

/** How long a host has to show what it has. */
const lookTimeoutMs = 20_000;
/** Hosts that are looked at, and dry runs that are made, at once. */
const atOnce = 8;

/** What becomes of one object. */
interface Change {
  readonly type: ResourceType;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
  readonly change: PlannedObject["change"];
}

export function planAnswerer(options: PlanOptions): Answerer {
  return {
    definition: planKind,
    // Without what was asked: Secrets may be among the manifests.
    answer: async ({ object, user }) => ({ spec: {}, status: await statusOf(options, specOf(object["spec"]), user) }),
  };
}

const specOf = (spec: unknown): PlanSpec => spec as PlanSpec;

async function statusOf(options: PlanOptions, spec: PlanSpec, user: User): Promise<PlanStatus> {
  const client = options.client();
  const types = await client.discover();
  const allowed = (verb: string, type: ResourceType, name: Name): void => {
    const resource = { group: type.group, plural: type.plural, namespace: name.namespace, name: name.name };
    authorize(options.authorizer, user, { verb, path: "", resource });
  };
  const applied = await changesOfApply(client, spec.apply ?? [], types, allowed);
  const deleted = await changesOfDelete(client, spec.delete ?? [], types, allowed);
  const world = await World.look(options, client, [...applied, ...deleted]);
  const containersOf = (changes: readonly Change[]): readonly Change[] =>
    changes.filter(({ type }) => groupResource(type) === groupResource(containers));
  const planned = [
    ...(await world.planAll(containersOf(applied).map(({ after }) => after as Container))),
    ...(await world.planRemovals(containersOf(deleted).map(({ before }) => before as Container))),
  ];
  const objects = [...applied, ...deleted].map(plannedObject);
  const changes = objects.some(({ change }) => change !== "Unchanged") || planned.some(({ steps }) => steps.length > 0);
  return { changes, objects, containers: planned };
}

function plannedObject({ before, after, change }: Change): PlannedObject {
  const { apiVersion, kind, metadata } = (after ?? before) as KubeObject;
  const { namespace, name } = metadata;
  return { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), name, change };
}

type Allowed = (verb: string, type: ResourceType, name: Name) => void;

const words = { created: "Created", configured: "Changed", unchanged: "Unchanged" } as const;

/** In the order given. Throws ApiError as applying the first that is refused would. */
async function changesOfApply(
  client: Client,
  manifests: readonly object[],
  types: readonly DiscoveredType[],
  allowed: Allowed,
): Promise<readonly Change[]> {
  const targets = manifests.map((manifest) => targetOf(manifest as Target["manifest"]["object"], types));
  for (const { type, name } of targets) for (const verb of ["get", "create", "patch"]) allowed(verb, type, name);
  const coming = new Set(targets.filter(({ type }) => isNamespace(type)).map(({ name }) => name.name));
  const changes: Change[] = [];
  await forEachParallel([...targets.entries()], atOnce, async ([index, target]) => {
    const { before, after, verb } = await rehearse(client, target, "Strict", coming);
    changes[index] = { type: target.type, before, after, change: words[verb] };
  });
  return changes;
}

function targetOf(object: Target["manifest"]["object"], types: readonly DiscoveredType[]): Target {
  const type = typeNamed(object, types);
  const { name, namespace = "default" } = object.metadata;
  return { manifest: { object, where: () => "" }, type, name: type.namespaced ? { namespace, name } : { name } };
}

function typeNamed({ apiVersion, kind }: Pick<ManifestHead, "apiVersion" | "kind">, types: readonly DiscoveredType[]) {
  const type = typeOf({ apiVersion, kind }, types);
  if (type === undefined) throw badRequest(`no kind "${kind}" in version "${apiVersion}"`);
  return type;
}

const isNamespace = (type: ResourceType): boolean => groupResource(type) === groupResource(namespaceType);

/** A Namespace takes the Containers in it along. Throws NotFound. */
async function changesOfDelete(
  client: Client,
  keys: NonNullable<PlanSpec["delete"]>,
  types: readonly DiscoveredType[],
  allowed: Allowed,
): Promise<readonly Change[]> {
  const changes = new Map<string, Change>();
  const add = (type: ResourceType, before: KubeObject): void => {
    changes.set(`${groupResource(type)} ${keyOf(before)}`, { type, before, after: undefined, change: "Deleted" });
  };
  for (const key of keys) {
    const type = typeNamed(key, types);
    const name = type.namespaced ? { namespace: key.namespace ?? "default", name: key.name } : { name: key.name };
    for (const verb of ["get", "delete"]) allowed(verb, type, name);
    add(type, await client.get(type, name));
    if (!isNamespace(type)) continue;
    const { items } = await client.list<Container>(containers, { namespace: key.name });
    for (const container of items) add(containers, container);
  }
  return [...changes.values()];
}

/** The API and the hosts as they are, and what is taken of each Host as one Container after the other is planned. */
class World {
  readonly #options: PlanOptions;
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #ledger: Ledger;
  /** Those that adopt something. */
  readonly #claims: readonly Container[];

  private constructor(
    options: PlanOptions,
    known: ReadonlyMap<string, Host>,
    ledger: Ledger,
    claims: readonly Container[],
  ) {
    this.#options = options;
    this.#hosts = known;
    this.#ledger = ledger;
    this.#claims = claims;
  }

  /** With `changes` made. */
  static async look(options: PlanOptions, client: Client, changes: readonly Change[]): Promise<World> {
    const [{ items: hostList }, { items: bound }] = await Promise.all([
      client.list<Host>(hosts),
      client.list<Container>(containers),
    ]);
    const known = new Map(hostList.map((host) => [host.metadata.name, host]));
    const ledger = new Ledger();
    for (const container of bound) ledger.see(undefined, container);
    for (const { type, before, after } of changes) {
      if (groupResource(type) === groupResource(containers))
        ledger.see(before as Container | undefined, after as Container | undefined);
      if (groupResource(type) !== groupResource(hosts)) continue;
      if (after === undefined) known.delete(before?.metadata.name ?? "");
      else known.set(after.metadata.name, after as Host);
    }
    for (const host of known.values()) ledger.putHost(host);
    const claims = bound.filter((container) => adoptedID(container) !== undefined);
    const world = new World(options, known, ledger, claims);
    await forEachParallel([...known.values()], atOnce, (host) => world.#list(host));
    return world;
  }

  /** One after the other, so that the room that the first takes is not given to the second; hosts are asked at once. */
  async planAll(wanted: readonly Container[]): Promise<readonly PlannedContainer[]> {
    const places = wanted.map((container) => this.#place(container));
    const planned: PlannedContainer[] = [];
    await forEachParallel([...places.entries()], atOnce, async ([index, place]) => {
      const container = wanted[index];
      if (container !== undefined) planned[index] = await this.#planOne(container, place);
    });
    return planned;
  }

  async planRemovals(unwanted: readonly Container[]): Promise<readonly PlannedContainer[]> {
    const planned: PlannedContainer[] = [];
    await forEachParallel([...unwanted.entries()], atOnce, async ([index, container]) => {
      planned[index] = await this.#planRemoval(container);
    });
    return planned;
  }

  /** Whose containers it has: the scheduler goes by that. A host that does not answer tells nothing. */
  async #list(host: Host): Promise<void> {
    if (whyAway(host.metadata.name, host) !== undefined) return;
    try {
      const driver = await this.#options.openDriver(host);
      const found = await driver.owners(AbortSignal.timeout(lookTimeoutMs));
      const keys = found.map(({ owner }) => `${owner.namespace}/${owner.name}`);
      this.#ledger.putFound(host.metadata.name, new Set(keys));
    } catch (error) {
      if (whyUnknown(error) === undefined) throw error;
    }
  }

  #place(container: Container): Place {
    const { hostName } = container.status ?? {};
    const want = wantOf(container);
    if (hostName !== undefined) {
      const candidate = this.#ledger.candidate(hostName);
      const misplaced = candidate && refusalOf(placementFilters, want, candidate);
      return { hostName, ...(misplaced === undefined ? {} : { message: staysOn(hostName, misplaced) }) };
    }
    const placement = schedule(want, this.#ledger.candidates());
    if ("unschedulable" in placement) return { message: placement.unschedulable };
    this.#ledger.assume(container, placement.hostName, "bound");
    return placement;
  }

  async #planOne(container: Container, { hostName, message }: Place): Promise<PlannedContainer> {
    const nothing = { ...nameOf(container), ...(message === undefined ? {} : { message }), steps: [] };
    if (hostName === undefined) return { ...nothing, action: "Unschedulable" };
    return this.#onHost(hostName, { ...nothing, hostName }, async (host) => {
      const driver = await this.#options.openDriver(host);
      const signal = AbortSignal.timeout(lookTimeoutMs);
      const made = await preview(driver, container, this.#claims, this.#options.clock.now(), signal);
      return { ...nothing, hostName, ...described(made) };
    });
  }

  async #planRemoval(container: Container): Promise<PlannedContainer> {
    const { hostName } = container.status ?? {};
    const nothing = { ...nameOf(container), steps: [] };
    if (hostName === undefined) return { ...nothing, action: "None" };
    return this.#onHost(hostName, { ...nothing, hostName }, async (host) => {
      const driver = await this.#options.openDriver(host);
      const steps = await previewRemoval(driver, container, this.#claims, AbortSignal.timeout(lookTimeoutMs));
      return { ...nothing, hostName, action: steps.length === 0 ? "None" : "Delete", steps: steps.map(plannedStep) };
    });
  }

  /** What `look` says; or why nobody can tell what is there. */
  async #onHost(
    hostName: string,
    nothing: Omit<PlannedContainer, "action">,
    look: (host: Host) => Promise<PlannedContainer>,
  ): Promise<PlannedContainer> {
    const host = this.#hosts.get(hostName);
    const away = whyAway(hostName, host);
    if (host === undefined || away !== undefined) {
      return { ...nothing, action: "Unknown", message: away?.message ?? "" };
    }
    try {
      return await look(host);
    } catch (error) {
      const message = whyUnknown(error);
      if (message === undefined) throw error;
      return { ...nothing, action: "Unknown", message };
    }
  }
}

interface Place {
  readonly hostName?: string;
  readonly message?: string;
}

const nameOf = ({ metadata: { namespace = "", name } }: Container): { namespace: string; name: string } => ({
  namespace,
  name,
});

const staysOn = (hostName: string, misplaced: string): string =>
  `stays on Host "${hostName}", which ${misplaced}: to place it anew, delete it and apply it again`;

/** Why a host cannot be looked at; undefined where the error is about something else. */
function whyUnknown(error: unknown): string | undefined {
  if (error instanceof HostUnreachableError || error instanceof UnsupportedHostError) return error.message;
  if (error instanceof DOMException && error.name === "TimeoutError")
    return `The host did not show what it has within ${lookTimeoutMs / 1000} s`;
  // The Secret with its certificate.
  return error instanceof ApiError && error.reason === "NotFound" ? error.message : undefined;
}

function described(made: Plan): Pick<PlannedContainer, "action" | "steps"> & Partial<PlannedContainer> {
  const { replacing, updating, problem } = made;
  return {
    action: actionOf(made),
    ...(replacing.length === 0 ? {} : { replacing: [...replacing] }),
    ...(updating.length === 0 ? {} : { updating: [...updating] }),
    ...(problem === undefined ? {} : { message: problem.message }),
    steps: made.steps.map(plannedStep),
  };
}

/** The first of these that is among the steps says what it comes to. */
const byStep: readonly (readonly [Step["do"], Action])[] = [
  ["update", "Update"],
  ["start", "Start"],
  ["unpause", "Unpause"],
  ["pause", "Pause"],
  ["stop", "Stop"],
  ["remove", "Delete"],
];

function actionOf({ steps, keep, problem }: Plan): Action {
  const does = (what: Step["do"]): boolean => steps.some((step) => step.do === what);
  if (does("create")) return keep === undefined ? "Create" : "Replace";
  if (problem !== undefined) return "Blocked";
  return byStep.find(([what]) => does(what))?.[1] ?? "None";
}

/** Without the spec: values of env may be secret. */
function plannedStep(step: Step): PlannedStep {
  switch (step.do) {
    case "pull":
      return { do: step.do, image: step.image };
    case "create":
      return { do: step.do, image: step.container.spec.image };
    case "remove":
      return { do: step.do, id: step.id, why: step.why };
    default:
      return { do: step.do, id: step.id };
  }
}
