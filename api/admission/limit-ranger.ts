/**
 * Containers get the requests and limits that the LimitRanges of their namespace say by default, and keep within the
 * least and the most that these allow.
 * Source: kubernetes/plugin/pkg/admission/limitranger/admission.go, where Pods have containers.
 */
import { isDeepStrictEqual } from "node:util";
import type { Amount } from "../../crds/amount.ts";
import { readAmount, writeAmount } from "../../crds/amount.ts";
import { containers } from "../../crds/container.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import type { Quantity } from "../../crds/schema.ts";
import type { WritableObject } from "../codec.ts";
import { isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { forbidden } from "../status.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

const annotation = "kubernetes.io/limit-ranger";

type Resources = Readonly<Record<string, Quantity>>;

/** core/v1 LimitRangeItem. */
interface Limit {
  readonly type: string;
  readonly max?: Resources;
  readonly min?: Resources;
  readonly default?: Resources;
  readonly defaultRequest?: Resources;
  readonly maxLimitRequestRatio?: Resources;
}

interface LimitRange extends KubeObject {
  readonly spec: { readonly limits?: readonly Limit[] | null };
}

interface Requirements {
  readonly requests: Resources;
  readonly limits: Resources;
}

export class LimitRanger implements AdmissionPlugin {
  readonly #limitRanges: () => Endpoint;

  constructor(limitRanges: () => Endpoint) {
    this.#limitRanges = limitRanges;
  }

  mutate(request: AdmissionRequest & { readonly object?: WritableObject }): Promise<WritableObject> | undefined {
    const limits = this.#limitsFor(request);
    const { object } = request;
    if (limits.length === 0 || object === undefined) return undefined;
    return Promise.resolve(withDefaults(object, limits));
  }

  /** Throws Forbidden. */
  validate(request: AdmissionRequest): Promise<void> | undefined {
    const limits = this.#limitsFor(request);
    if (limits.length === 0 || request.object === undefined) return undefined;
    const requirements = requirementsOf(request.object);
    const wrong = limits.flatMap((limit) => problems(limit, requirements));
    if (wrong.length === 0) return undefined;
    const why = wrong.length === 1 ? (wrong[0] ?? "") : `[${wrong.join(", ")}]`;
    return Promise.reject(forbidden(request.definition, request.name.name, why));
  }

  /** What holds for containers; nothing where the request asks for no other resources than before. */
  #limitsFor({ operation, definition, subresource, name, object, old }: AdmissionRequest): readonly Limit[] {
    if ((operation !== "CREATE" && operation !== "UPDATE") || subresource !== undefined) return [];
    if (groupResource(definition) !== groupResource(containers) || object === undefined) return [];
    if (old !== undefined && isDeepStrictEqual(requirementsOf(object), requirementsOf(old))) return [];
    const { cacher, codec } = this.#limitRanges();
    return cacher
      .list(codec.prefix(name.namespace))
      .flatMap((entry) => (entry.object as LimitRange).spec.limits ?? [])
      .filter(({ type }) => type === "Container");
  }
}

const childOf = (object: JsonObject, field: string): JsonObject => {
  const value = object[field];
  return isJsonObject(value) ? value : {};
};

function requirementsOf(object: JsonObject): Requirements {
  const resources = childOf(childOf(object, "spec"), "resources");
  const [requests, limits] = ["requests", "limits"].map((field) => childOf(resources, field) as Resources);
  // What a Container does not request, it requests as much of as it may use (crds/container.ts).
  return { requests: { ...limits, ...requests }, limits: limits ?? {} };
}

/** Returns the object itself when there is nothing to fill in. */
function withDefaults(object: WritableObject, limits: readonly Limit[]): WritableObject {
  const given = requirementsOf(object);
  const defaultLimits = missing(limits, "default", given.limits);
  const defaultRequests = missing(limits, "defaultRequest", given.requests);
  const says = [...filledIn(object, "request", defaultRequests), ...filledIn(object, "limit", defaultLimits)];
  if (says.length === 0) return object;
  const { metadata, spec } = object;
  const resources = childOf(childOf(object, "spec"), "resources");
  return {
    ...object,
    metadata: {
      ...metadata,
      annotations: { ...childOf(metadata, "annotations"), [annotation]: `LimitRanger plugin set: ${says.join("; ")}` },
    },
    spec: {
      ...(spec as JsonObject),
      resources: {
        ...resources,
        requests: { ...defaultRequests, ...childOf(resources, "requests") },
        limits: { ...defaultLimits, ...childOf(resources, "limits") },
      },
    },
  };
}

/** What is the default of resources that are not given. */
function missing(limits: readonly Limit[], field: "default" | "defaultRequest", given: Resources): Resources {
  const all = limits.flatMap((limit) => Object.entries(limit[field] ?? {}));
  return Object.fromEntries(all.filter(([name]) => !Object.hasOwn(given, name)));
}

function filledIn({ metadata }: WritableObject, what: string, resources: Resources): readonly string[] {
  const names = Object.keys(resources).toSorted();
  return names.length === 0 ? [] : [`${names.join(", ")} ${what} for container ${String(metadata["name"])}`];
}

function problems(limit: Limit, { requests, limits }: Requirements): readonly string[] {
  return [
    ...each(limit.min, (name, least) => belowMin(name, least, read(requests, name), read(limits, name))),
    ...each(limit.max, (name, most) => aboveMax(name, most, read(requests, name), read(limits, name))),
    ...each(limit.maxLimitRequestRatio, (name, most) =>
      aboveRatio(name, most, read(requests, name), read(limits, name)),
    ),
  ];
}

function each(
  resources: Resources = {},
  look: (name: string, enforced: Amount) => string | undefined,
): readonly string[] {
  return Object.entries(resources).flatMap(([name, enforced]) => look(name, readAmount(enforced)) ?? []);
}

function read(resources: Resources, name: string): Amount | undefined {
  const quantity = resources[name];
  return quantity === undefined ? undefined : readAmount(quantity);
}

type Given = Amount | undefined;

function belowMin(name: string, least: Amount, request: Given, limit: Given): string | undefined {
  const says = `minimum ${name} usage per Container is ${writeAmount(least)}`;
  if (request === undefined) return `${says}.  No request is specified`;
  if (request.nano < least.nano) return `${says}, but request is ${writeAmount(request)}`;
  if (limit !== undefined && limit.nano < least.nano) return `${says}, but limit is ${writeAmount(limit)}`;
  return undefined;
}

function aboveMax(name: string, most: Amount, request: Given, limit: Given): string | undefined {
  const says = `maximum ${name} usage per Container is ${writeAmount(most)}`;
  if (limit === undefined) return `${says}.  No limit is specified`;
  if (limit.nano > most.nano) return `${says}, but limit is ${writeAmount(limit)}`;
  if (request !== undefined && request.nano > most.nano) return `${says}, but request is ${writeAmount(request)}`;
  return undefined;
}

function aboveRatio(name: string, most: Amount, request: Given, limit: Given): string | undefined {
  const says = `${name} max limit to request ratio per Container is ${writeAmount(most)}`;
  if (request === undefined || request.nano === 0n) return `${says}, but no request is specified or request is 0`;
  if (limit === undefined || limit.nano === 0n) return `${says}, but no limit is specified or limit is 0`;
  const ratio = Number(limit.nano) / Number(request.nano);
  return ratio > Number(most.nano) / 1e9 ? `${says}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}
