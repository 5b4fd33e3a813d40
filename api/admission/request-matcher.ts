/**
 * Which requests a webhook or a policy is about.
 * Source: k8s.io/apiserver/pkg/admission/plugin/webhook/{generic/webhook.go,predicates/{rules,namespace,object}} and
 * plugin/policy/matching/matching.go.
 */
import { asList, asText, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { LabelMatcher, Labels } from "../selectors/label-selector.ts";
import type { StructuredSelector } from "../selectors/structured-selector.ts";
import { compileStructuredSelector, isEmptySelector } from "../selectors/structured-selector.ts";
import type { AdmissionRequest } from "./admission.ts";
import { isNamespace, namespaceOf } from "./request-description.ts";
import type { AdmissionSurroundings } from "./surroundings.ts";

type Rule = (request: AdmissionRequest, as: ResourceDefinition) => boolean;

/** The part of a webhook or of MatchResources that says what is meant. */
export interface MatchOptions {
  /** Rules; without any, everything is meant. */
  readonly rules?: readonly JsonObject[] | undefined;
  readonly excludeRules?: readonly JsonObject[];
  readonly matchPolicy: unknown;
  readonly namespaceSelector: unknown;
  readonly objectSelector: unknown;
}

/** Of MatchResources, as policies and bindings have them. */
export function matchOptionsOf(matchResources: unknown): MatchOptions {
  const matching = isJsonObject(matchResources) ? matchResources : {};
  const rules = (key: string): readonly JsonObject[] => asList(matching[key]).filter(isJsonObject);
  const resourceRules = rules("resourceRules");
  const { matchPolicy, namespaceSelector, objectSelector } = matching;
  return {
    rules: resourceRules.length === 0 ? undefined : resourceRules,
    excludeRules: rules("excludeResourceRules"),
    matchPolicy,
    namespaceSelector,
    objectSelector,
  };
}

export class RequestMatcher {
  readonly #rules: readonly Rule[] | undefined;
  readonly #excluded: readonly Rule[];
  readonly #exact: boolean;
  readonly #namespaces: LabelMatcher | undefined;
  readonly #objects: LabelMatcher | undefined;

  constructor({ rules, excludeRules = [], matchPolicy, namespaceSelector, objectSelector }: MatchOptions) {
    this.#rules = rules?.map(compileRule);
    this.#excluded = excludeRules.map(compileRule);
    this.#exact = matchPolicy === "Exact";
    this.#namespaces = matcherOf(namespaceSelector);
    this.#objects = matcherOf(objectSelector);
  }

  /**
   * In which version the request is meant: undefined when it is not. Throws NotFound for an object in a namespace that
   * is not there.
   */
  async match(request: AdmissionRequest, surroundings: AdmissionSurroundings): Promise<ResourceDefinition | undefined> {
    const definition = this.#byRules(request, surroundings);
    if (definition === undefined || !this.#objectMatches(request)) return undefined;
    return (await this.#namespaceMatches(request, surroundings)) ? definition : undefined;
  }

  #byRules(request: AdmissionRequest, surroundings: AdmissionSurroundings): ResourceDefinition | undefined {
    if (this.#find(this.#excluded, request, surroundings) !== undefined) return undefined;
    return this.#rules === undefined ? request.definition : this.#find(this.#rules, request, surroundings);
  }

  /** Earlier rules come first, and the version of the request before others. */
  #find(
    rules: readonly Rule[],
    request: AdmissionRequest,
    surroundings: AdmissionSurroundings,
  ): ResourceDefinition | undefined {
    if (rules.some((rule) => rule(request, request.definition))) return request.definition;
    if (this.#exact || rules.length === 0) return undefined;
    const others = surroundings.otherVersions(request.definition);
    for (const rule of rules) {
      const found = others.find((other) => rule(request, other));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #objectMatches({ object, old }: AdmissionRequest): boolean {
    const matches = this.#objects;
    return matches === undefined || [object, old].some((one) => one !== undefined && matches(labelsOf(one)));
  }

  async #namespaceMatches(request: AdmissionRequest, surroundings: AdmissionSurroundings): Promise<boolean> {
    if (this.#namespaces === undefined) return true;
    const namespace = namespaceOf(request);
    // Cluster-scoped objects are never exempt.
    if (namespace === "" && !isNamespace(request.definition)) return true;
    return this.#namespaces(await namespaceLabels(request, namespace, surroundings));
  }
}

/** Of a namespace that is being written, what it would be; what is stored may not be there, or be older. */
async function namespaceLabels(
  request: AdmissionRequest,
  namespace: string,
  surroundings: AdmissionSurroundings,
): Promise<Labels | undefined> {
  const { definition, subresource, object } = request;
  if (isNamespace(definition) && subresource === undefined && object !== undefined) return labelsOf(object);
  return (await surroundings.namespace(namespace)).metadata.labels;
}

function labelsOf({ metadata }: JsonObject): Labels | undefined {
  const labels = isJsonObject(metadata) ? metadata["labels"] : undefined;
  return isJsonObject(labels) ? (labels as Labels) : undefined;
}

/** Undefined for one that matches everything. */
function matcherOf(selector: unknown): LabelMatcher | undefined {
  const structured: StructuredSelector = isJsonObject(selector) ? selector : {};
  return isEmptySelector(structured) ? undefined : compileStructuredSelector(structured);
}

function compileRule(rule: JsonObject): Rule {
  const texts = (key: string): ReadonlySet<string> => new Set(asList(rule[key]).map(asText));
  const [operations, groups, versions, names] = ["operations", "apiGroups", "apiVersions", "resourceNames"].map(texts);
  const resources = asList(rule["resources"]).map((resource) => asText(resource).split("/", 2));
  const { scope } = rule;
  const meant = (values: ReadonlySet<string> | undefined, value: string): boolean =>
    values !== undefined && (values.has("*") || values.has(value));
  return (request, { group, version, plural }) =>
    meant(operations, request.operation) &&
    meant(groups, group) &&
    meant(versions, version) &&
    resources.some(
      ([resource, sub = ""]) =>
        (resource === "*" || resource === plural) && (sub === "*" || sub === (request.subresource ?? "")),
    ) &&
    scopeMatches(scope, request) &&
    (names === undefined || names.size === 0 || names.has(request.name.name));
}

function scopeMatches(scope: unknown, request: AdmissionRequest): boolean {
  const namespaced = !isNamespace(request.definition) && namespaceOf(request) !== "";
  if (scope === "Namespaced") return namespaced;
  return scope === "Cluster" ? !namespaced : true;
}
