/**
 * Makes the objects of manifests exist as they say. Everything is checked by the server, with a dry run, before the
 * first of them is written, so that one wrong manifest among many changes nothing.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Client, DiscoveredType, Draft, Name, WriteOptions } from "../api/client/client.ts";
import { UnreachableError } from "../api/client/unreachable.ts";
import { ApiError, hasReason, isNotFound } from "../api/status.ts";
import type { KubeObject } from "../crds/meta.ts";
import { apiVersionOf, groupResource } from "../crds/meta.ts";
import type { JsonObject } from "../formats/json-object.ts";
import { CommandError } from "./errors.ts";
import type { Manifest, Problem } from "./manifests.ts";
import { nearMatches } from "./near-matches.ts";
import { problemsOf, subjectOf } from "./refusals.ts";
import { objectName, typeOf } from "./resources.ts";
import { lastAppliedAnnotation, lastAppliedOf, threeWayPatch, withLastApplied } from "./three-way-patch.ts";

export interface ApplyOptions {
  /** Ask the server what it would do, and do nothing. */
  readonly dryRun: boolean;
  readonly validation: NonNullable<WriteOptions["fieldValidation"]>;
  /** For objects of namespaced kinds that do not name theirs. */
  readonly namespace: string;
  /** Whether `namespace` was asked for (-n): then manifests must not name another. */
  readonly namespaceAsked: boolean;
}

/** What became of one manifest. */
export interface Applied {
  readonly target: Target;
  readonly verb: "created" | "configured" | "unchanged";
  /** The object as it was; undefined where there was none. */
  readonly before: (KubeObject & JsonObject) | undefined;
  /** As it is now or, in a dry run, as it would be. */
  readonly after: KubeObject & JsonObject;
}

/** A manifest, and what it is to the server. */
export interface Target {
  readonly manifest: Manifest;
  readonly type: DiscoveredType;
  readonly name: Name;
}

export interface ApplyClient {
  readonly client: Client;
  /** Asks the server anew. */
  readonly types: () => Promise<readonly DiscoveredType[]>;
}

export interface ApplyReport {
  /** Told of each object as soon as it is written. */
  readonly applied: (applied: Applied) => void;
  readonly warn: (message: string) => void;
}

/** `container.stowage.dev/web`. */
export const targetName = ({ type, name }: Target): string => objectName(type, name.name);

const fieldManager = "stowage-apply";
/** Dry runs at once. */
const checksAtOnce = 8;

const isNamespace = ({ object }: Manifest): boolean => object.apiVersion === "v1" && object.kind === "Namespace";
const isDefinition = ({ object }: Manifest): boolean =>
  object.kind === "CustomResourceDefinition" && object.apiVersion.startsWith("apiextensions.k8s.io/");

/**
 * Namespaces first, then CustomResourceDefinitions, then everything else in the order given: others may need them.
 * Throws CommandError, with a line for each thing that is wrong, when manifests were refused; its last line says what
 * was not applied.
 */
export async function apply(
  server: ApplyClient,
  manifests: readonly Manifest[],
  options: ApplyOptions,
  report: ApplyReport,
): Promise<readonly Applied[]> {
  const types = await server.types();
  const first = manifests.filter((manifest) => isNamespace(manifest) || isDefinition(manifest));
  const rest = manifests.filter((manifest) => !first.includes(manifest));
  const ordered = [...first.filter(isNamespace), ...first.filter(isDefinition), ...rest];
  const definitions = first.filter(isDefinition);

  const { targets, unknown, problems } = targetsOf(ordered, types, options);
  const later = unknown.filter((manifest) => definitions.some((definition) => defines(definition, manifest)));
  const never = unknown.filter((manifest) => !later.includes(manifest));
  const faults = [...problems, ...never.map((manifest) => unknownKind(manifest, types))];
  if (faults.length > 0) throw refused(faults, manifests.length);

  const coming = new Set(first.filter(isNamespace).map(({ object }) => object.metadata.name));
  const work = new Work(server.client, options, coming, report);
  if (manifests.length > 1 && !options.dryRun) await work.rehearseAll(targets, manifests.length);
  await work.applyAll(targets);
  if (options.dryRun)
    for (const manifest of later) report.warn(`${subjectOf(manifest)}its kind does not exist yet: it was not checked`);
  else if (later.length > 0 && work.problems.length === 0) {
    const grown = await typesWithAll(server, later);
    const known = targetsOf(later, grown, options);
    work.problems.push(...known.problems, ...known.unknown.map((manifest) => unknownKind(manifest, grown)));
    await work.applyAll(known.targets);
  }
  if (work.problems.length > 0) throw refused(work.problems, manifests.length, work.done.length);
  return work.done;
}

/** Whether a CustomResourceDefinition among the manifests is what makes another one's kind exist. */
function defines(definition: Manifest, manifest: Manifest): boolean {
  const spec = definition.object["spec"] as
    { readonly group?: unknown; readonly names?: { readonly kind?: unknown } | null } | null | undefined;
  return manifest.object.apiVersion.startsWith(`${String(spec?.group)}/`) && manifest.object.kind === spec?.names?.kind;
}

interface Targets {
  readonly targets: readonly Target[];
  /** Of kinds that the server does not have. */
  readonly unknown: readonly Manifest[];
  readonly problems: readonly Problem[];
}

/** Problems are namespaces that contradict each other, and objects that two manifests describe. */
function targetsOf(manifests: readonly Manifest[], types: readonly DiscoveredType[], options: ApplyOptions): Targets {
  const problems: Problem[] = [];
  const unknown: Manifest[] = [];
  const targets = new Map<string, Target>();
  for (const manifest of manifests) {
    const type = typeOf(manifest.object, types);
    if (type === undefined) {
      unknown.push(manifest);
      continue;
    }
    const { name, namespace = options.namespace } = manifest.object.metadata;
    const fault = (field: string, message: string): void => {
      problems.push({ where: manifest.where(field), message: `${subjectOf(manifest)}${field}: ${message}` });
    };
    if (type.namespaced && options.namespaceAsked && namespace !== options.namespace)
      fault("metadata.namespace", `"${namespace}" does not match the namespace "${options.namespace}" of -n`);
    const target = { manifest, type, name: type.namespaced ? { namespace, name } : { name } };
    const key = `${groupResource(type)} ${target.name.namespace ?? ""}/${name}`;
    const twin = targets.get(key);
    if (twin === undefined) targets.set(key, target);
    else fault("metadata.name", `Duplicate value: "${name}": ${twin.manifest.where()} describes the same object`);
  }
  return { targets: [...targets.values()], unknown, problems };
}

function unknownKind(manifest: Manifest, types: readonly DiscoveredType[]): Problem {
  const { apiVersion, kind } = manifest.object;
  const same = types.filter((type) => type.kind === kind);
  const near = nearMatches(kind, types.map((type) => type.kind)); // prettier-ignore
  const known = same.length > 0 ? same : types.filter((type) => near.includes(type.kind));
  const advice = known.map((type) => `${type.kind} in ${apiVersionOf(type)}`);
  const field = same.length > 0 ? "apiVersion" : "kind";
  return {
    where: manifest.where(field),
    message: `${subjectOf(manifest)}${field}: no kind "${kind}" in version "${apiVersion}"${advice.length === 0 ? "; kubectl api-resources lists the kinds there are" : `; did you mean ${[...new Set(advice)].join(" or ")}?`}`,
  };
}

const isMissingNamespace = (error: unknown, namespace: string): boolean =>
  hasReason(error, "NotFound") && error.details?.kind === "namespaces" && error.details.name === namespace;

/** One `apply`, as it goes on. */
class Work {
  readonly done: Applied[] = [];
  readonly problems: Problem[] = [];
  readonly #client: Client;
  readonly #options: ApplyOptions;
  /** Namespaces among the manifests: a dry run does not make them. */
  readonly #coming: ReadonlySet<string>;
  readonly #report: ApplyReport;

  constructor(client: Client, options: ApplyOptions, coming: ReadonlySet<string>, report: ApplyReport) {
    this.#client = client;
    this.#options = options;
    this.#coming = coming;
    this.#report = report;
  }

  /** Throws CommandError when the server would refuse one of `total` manifests. */
  async rehearseAll(targets: readonly Target[], total: number): Promise<void> {
    const problems: (readonly Problem[])[] = [];
    const queue = targets.entries();
    const worker = async (): Promise<void> => {
      for (const [i, target] of queue) problems[i] = await this.#faultsOf(target);
    };
    await Promise.all(Array.from({ length: checksAtOnce }, worker));
    if (problems.flat().length > 0) throw refused(problems.flat(), total);
  }

  /** Writes one object after the other, and goes on after one that is refused. */
  async applyAll(targets: readonly Target[]): Promise<void> {
    for (const [i, target] of targets.entries()) {
      try {
        const applied = this.#options.dryRun
          ? await this.#rehearse(target)
          : await applyOne(this.#client, target, this.#options, this.#report.warn);
        this.done.push(applied);
        this.#report.applied(applied);
      } catch (error) {
        if (error instanceof ApiError) this.problems.push(...problemsOf(error, target.manifest));
        else if (error instanceof UnreachableError) throw interrupted(error, targets.slice(i));
        else throw error;
      }
    }
  }

  async #faultsOf(target: Target): Promise<readonly Problem[]> {
    try {
      await this.#rehearse(target);
      return [];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // A dry run that may not be made says nothing; the write itself will tell.
      return hasReason(error, "Forbidden") ? [] : problemsOf(error, target.manifest);
    }
  }

  #rehearse(target: Target): Promise<Applied> {
    return rehearse(this.#client, target, this.#options.validation, this.#coming);
  }
}

/** What the server gives each object. */
const unwritten = { uid: "", resourceVersion: "", creationTimestamp: "" };

/**
 * What applying one manifest would come to, after the namespaces `coming`. Throws what applying it would throw, as far as
 * that can be known: what a namespace that is not there yet will not allow cannot. Then `after` may lack defaults.
 */
export async function rehearse(
  client: Client,
  target: Target,
  validation: ApplyOptions["validation"],
  coming: ReadonlySet<string>,
): Promise<Applied> {
  const { namespace = "", name } = target.name;
  try {
    return await applyOne(client, target, { dryRun: true, validation }, () => undefined);
  } catch (error) {
    if (!isMissingNamespace(error, namespace) || !coming.has(namespace)) throw error;
  }
  // Its namespace will be there by then. Any other can tell whether the rest is right.
  const elsewhere = draftOf({ ...target, name: { namespace: "default", name } });
  const create = (draft: Draft): Promise<KubeObject & JsonObject> =>
    client.create(target.type, draft, { dryRun: true, fieldManager, fieldValidation: validation });
  const made = await create(elsewhere)
    .catch((error: unknown) => {
      if (!hasReason(error, "AlreadyExists")) throw error;
      const { name: _taken, ...metadata } = elsewhere.metadata;
      return create({ ...elsewhere, metadata: { ...metadata, generateName: "rehearsal-" } });
    })
    .catch((error: unknown) => {
      // That namespace's Pod Security level and quotas are not those of the one that comes.
      if (!hasReason(error, "Forbidden")) throw error;
      return { ...elsewhere, metadata: { ...elsewhere.metadata, ...unwritten } } as KubeObject & JsonObject;
    });
  return {
    target,
    verb: "created",
    before: undefined,
    after: { ...made, metadata: { ...made.metadata, namespace, name } },
  };
}

function interrupted(error: UnreachableError, left: readonly Target[]): CommandError {
  const [first, ...others] = left.map(targetName);
  return new CommandError(
    error.message,
    `${first ?? ""} may or may not have been applied${others.length === 0 ? "" : `; not applied: ${others.join(", ")}`}`,
  );
}

/** What is sent for a manifest, in the namespace that it goes to. */
export function draftOf({ manifest, name }: Target): Draft & JsonObject {
  const { metadata, ...rest } = manifest.object;
  const place = name.namespace === undefined ? {} : { namespace: name.namespace };
  return withLastApplied({ ...rest, metadata: { ...metadata, ...place } });
}

async function applyOne(
  client: Client,
  target: Target,
  { dryRun, validation }: Pick<ApplyOptions, "dryRun" | "validation">,
  warn: (message: string) => void,
): Promise<Applied> {
  const { type, name } = target;
  const wanted = draftOf(target);
  const write = { dryRun, fieldManager, fieldValidation: validation };
  const current = await getOptional(client, type, name);
  if (current === undefined) {
    const after = await client.create<KubeObject & JsonObject>(type, wanted, write);
    return { target, verb: "created", before: undefined, after };
  }
  const lastApplied = lastAppliedOf(current);
  if (lastApplied === undefined && !dryRun)
    warn(
      `${targetName(target)} has no ${lastAppliedAnnotation} annotation, by which apply knows what was removed from a manifest: it was not created by apply. The annotation is added now.`,
    );
  const patch = threeWayPatch(lastApplied ?? {}, wanted, current);
  if (Object.keys(patch).length === 0) return { target, verb: "unchanged", before: current, after: current };
  if (current.metadata.deletionTimestamp !== undefined && !dryRun)
    warn(`${targetName(target)} is being deleted: what is applied now goes with it`);
  const after = await client.patch<KubeObject & JsonObject>(type, name, { type: "merge", body: patch }, write);
  return { target, verb: isSame(current, after) ? "unchanged" : "configured", before: current, after };
}

async function getOptional(
  client: Client,
  type: DiscoveredType,
  name: Name,
): Promise<(KubeObject & JsonObject) | undefined> {
  try {
    return await client.get<KubeObject & JsonObject>(type, name);
  } catch (error) {
    // A namespace that is missing is told apart from an object that is missing by what is written next.
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Whether a write changed nothing that anybody asked for: defaults that the server adds look like changes before it. */
function isSame(before: KubeObject, after: KubeObject): boolean {
  const bare = (object: KubeObject): unknown => ({
    ...object,
    status: undefined,
    metadata: { ...object.metadata, managedFields: undefined, resourceVersion: undefined },
  });
  return isDeepStrictEqual(bare(before), bare(after));
}

/** How long after a CustomResourceDefinition was stored its kind may take to be served, and how often to look. */
const establishMs = 10_000;
const lookMs = 100;

async function typesWithAll(
  { types }: ApplyClient,
  manifests: readonly Manifest[],
): Promise<readonly DiscoveredType[]> {
  for (let waited = 0; ; waited += lookMs) {
    const known = await types();
    if (manifests.every(({ object }) => typeOf(object, known) !== undefined) || waited >= establishMs) return known;
    await delay(lookMs);
  }
}

/** `applied` is how many of them were written all the same. */
function refused(problems: readonly Problem[], total: number, applied = 0): CommandError {
  const lines = problems.map(({ where, message }) => `${where}: ${message}`);
  if (total === 1) return new CommandError(...lines);
  return new CommandError(...lines, summaryOf(total, applied));
}

/** Says what manifests that were read became of, where some were refused. */
export function summaryOf(total: number, applied: number): string {
  return applied === 0
    ? "nothing was applied, because not all of it is right"
    : `${applied} of ${total} objects were applied, ${total - applied} were not`;
}
